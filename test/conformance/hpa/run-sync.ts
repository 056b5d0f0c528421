/** Compares replays of the recorded HPA scenarios with what the original controller did. */
import { type RecordedKubeEvent, replayHpa, type SyncScenario, stable, type TimelineEntry } from "./replay.ts";

export interface ScenarioAgreement {
  readonly name: string;
  readonly entries: number;
  readonly events: number;
  /** The first few lines that differ: "-" recorded only, "+" ours only. */
  readonly differences: readonly string[];
}

export function runHpaSync(scenarios: readonly SyncScenario[]): ScenarioAgreement[] {
  return scenarios.map((scenario) => {
    const actual = replayHpa(scenario);
    const expectedEntries = scenario.timeline.filter(({ k }) => k === "HorizontalPodAutoscaler");
    const expectedEvents = scenario.events.filter(({ obj }) => obj.startsWith("HorizontalPodAutoscaler/"));
    const isRacy = scenario.racy?.includes("events") === true;
    const eventText = eventTextOf([...expectedEvents, ...actual.events], isRacy);
    return {
      name: scenario.name,
      entries: expectedEntries.length,
      events: expectedEvents.length,
      differences: [
        ...multisetDifference(expectedEntries.map(entryText), actual.timeline.map(entryText)),
        ...multisetDifference(expectedEvents.map(eventText), actual.events.map(eventText)),
      ],
    };
  });
}

function entryText(entry: TimelineEntry): string {
  return `${entry.t} ${entry.id} ${stable(entry.s ?? null)}`;
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
