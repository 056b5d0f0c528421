/** Compares replays of the recorded HPA scenarios with what the original controller did. */
import type { KubeletSpec } from "./kubelets.ts";
import { playScenario } from "./play.ts";
import {
  type RecordedKubeEvent,
  type Replay,
  replayHpa,
  type SyncScenario,
  stable,
  type TimelineEntry,
} from "./replay.ts";

export interface ScenarioAgreement {
  readonly name: string;
  readonly entries: number;
  readonly events: number;
  /** The first few lines that differ: "-" recorded only, "+" ours only. */
  readonly differences: readonly string[];
}

/** The HPA alone, with pods as recorded: its status entries and events. */
export function runHpaSync(scenarios: readonly SyncScenario[]): ScenarioAgreement[] {
  return scenarios.map((scenario) =>
    compare(
      scenario,
      scenario.timeline.filter(({ k }) => k === "HorizontalPodAutoscaler"),
      scenario.events.filter(({ obj }) => obj.startsWith("HorizontalPodAutoscaler/")),
      replayHpa(scenario),
    ),
  );
}

/** HPA and ReplicaSet in the closed loop: every entry and event of HPA, ReplicaSet and pods. */
export function runHpaLoop(
  scenarios: readonly (SyncScenario & { readonly kubelet: KubeletSpec })[],
): ScenarioAgreement[] {
  return scenarios.map((scenario) => compare(scenario, scenario.timeline, scenario.events, playScenario(scenario)));
}

function compare(
  { name, racy }: SyncScenario,
  entries: readonly TimelineEntry[],
  events: readonly RecordedKubeEvent[],
  actual: Replay,
): ScenarioAgreement {
  const isRacy = racy?.includes("events") === true;
  const textOf = eventTextOf([...events, ...actual.events], isRacy);
  const cut = cutBatches(entries, events);
  const eventText = (event: RecordedKubeEvent) =>
    textOf(
      cut.has(event.t)
        ? { ...event, msg: event.msg.replace(/^Deleted pod: .*/, "Deleted pod: one of the batch") }
        : event,
    );
  return {
    name,
    entries: entries.length,
    events: events.length,
    differences: [
      ...multisetDifference(entries.map(entryText), actual.timeline.map(entryText)),
      ...multisetDifference(events.map(eventText), actual.events.map(eventText)),
    ],
  };
}

/** Instants at which the spam filter cut a batch of deletions short: which of them it let through is chance. */
function cutBatches(entries: readonly TimelineEntry[], events: readonly RecordedKubeEvent[]): Set<number> {
  const deleting = new Set<string>();
  const deletions = new Map<number, number>();
  for (const { t, k, id, gone, s } of entries) {
    if (k !== "Pod") continue;
    const isNew = s?.deleting === true || (gone === true && !deleting.has(id));
    if (!isNew) continue;
    deletions.set(t, (deletions.get(t) ?? 0) + 1);
    deleting.add(id);
  }
  const told = (at: number) => events.filter(({ t, reason }) => t === at && reason === "SuccessfulDelete").length;
  return new Set([...deletions].filter(([t, count]) => told(t) < count).map(([t]) => t));
}

function entryText(entry: TimelineEntry): string {
  return `${entry.t} ${entry.k}/${entry.id} ${entry.gone === true ? "gone" : stable(entry.s ?? null)}`;
}

/** The text of an event; its count is left out where the original forgets messages at random. */
function eventTextOf(all: readonly RecordedKubeEvent[], isRacy: boolean): (event: RecordedKubeEvent) => string {
  const messages = new Map<string, Set<string>>();
  for (const { obj, reason, msg } of all) {
    const key = `${obj}|${reason}`;
    messages.set(key, (messages.get(key) ?? new Set()).add(msg));
  }
  return ({ t, obj, type, reason, msg, n }) => {
    const isForgetful = isRacy || (messages.get(`${obj}|${reason}`)?.size ?? 0) >= 10;
    return `${t} ${obj} ${type} ${reason} "${msg}" ${isForgetful ? "" : (n ?? 1)}`;
  };
}

function multisetDifference(expected: readonly string[], actual: readonly string[]): string[] {
  const rest = [...actual];
  const missing: string[] = [];
  for (const text of expected) {
    const at = rest.indexOf(text);
    if (at === -1) missing.push(`- ${text}`);
    else rest.splice(at, 1);
  }
  return [...missing, ...rest.map((text) => `+ ${text}`)];
}
