import type { Entry, EventEntry, Outcome, Scenario } from "./scenario.ts";

/** Events of one object and type after which the spam filter may have dropped some. */
const TOKENS = 25;
/** From this many different messages of one reason on, the original's counts are random. */
const AGGREGATED = 10;

/** What differs from the recording, by the rules of FORMAT.md, "What counts as agreement": "-" recorded only, "+" ours only. */
export function differences(scenario: Scenario, outcome: Outcome): string[] {
  const { racy = [], timeline, events } = scenario;
  return [
    ...(racy.includes("timeline")
      ? unlike(racyEntries(timeline), racyEntries(outcome.timeline))
      : unlike(timeline.map(entryText), outcome.timeline.map(entryText))),
    ...(racy.includes("events")
      ? unlike(events.map(racyEventText), foldedEvents(outcome.events).map(racyEventText))
      : unlikeEvents(events, foldedEvents(outcome.events))),
  ];
}

function entryText({ t, k, id, gone, s }: Entry): string {
  return `${t} ${k} ${id} ${gone === true ? "gone" : canonical(s)}`;
}

/** Entries by instant, kind and state without the object's id, and the final states. */
function racyEntries(timeline: readonly Entry[]): string[] {
  const final = new Map<string, Record<string, unknown>>();
  for (const { k, id, gone, s } of timeline) {
    const key = `${k} ${id}`;
    if (gone === true) final.delete(key);
    else final.set(key, { ...final.get(key), ...s });
  }
  return [
    ...timeline.map(({ t, k, gone, s }) => `${t} ${k} ${gone === true ? "gone" : canonical(s)}`),
    ...[...final].map(([key, state]) => `final ${key.split(" ")[0]} ${canonical(state)}`),
  ];
}

function racyEventText({ t, obj, type, reason }: EventEntry): string {
  return `${t} ${obj.startsWith("Pod/") ? "Pod" : obj} ${type} ${reason}`;
}

/** Equal repeats within one instant count once, as the recordings fold them. */
function foldedEvents(events: readonly EventEntry[]): EventEntry[] {
  const seen = new Set<string>();
  return events.filter(({ t, obj, reason, msg }) => {
    const key = `${t}|${obj}|${reason}|${msg}`;
    return !seen.has(key) && seen.add(key) !== undefined;
  });
}

function unlikeEvents(expected: readonly EventEntry[], actual: readonly EventEntry[]): string[] {
  const messages = new Map<string, Set<string>>();
  for (const { obj, reason, msg } of [...expected, ...actual]) {
    const key = `${obj}|${reason}`;
    messages.set(key, (messages.get(key) ?? new Set()).add(msg));
  }
  const text = ({ t, obj, type, reason, msg, n = 1 }: EventEntry): string => {
    const isAggregated = (messages.get(`${obj}|${reason}`)?.size ?? 0) >= AGGREGATED;
    return `${t} ${obj} ${type} ${reason} "${msg}" ${isAggregated || obj.startsWith("CronJob/") ? "" : n}`;
  };
  const found = unlike(expected.map(text), actual.map(text));
  if (found.length === 0) return found;
  // Which events of a batch got the last tokens is left open, but not how many did.
  const spent = new Map<string, number>();
  for (const { obj, type } of expected) spent.set(`${obj} ${type}`, (spent.get(`${obj} ${type}`) ?? 0) + 1);
  const batch = (line: string): string => line.slice(2).split(" ").slice(0, 4).join(" ");
  const isSpent = (line: string): boolean => (spent.get(batch(line).split(" ").slice(1, 3).join(" ")) ?? 0) >= TOKENS;
  const balance = new Map<string, number>();
  for (const line of found) balance.set(batch(line), (balance.get(batch(line)) ?? 0) + (line.startsWith("-") ? -1 : 1));
  return found.filter((line) => !isSpent(line) || balance.get(batch(line)) !== 0);
}

/** The multiset difference of two lists of texts, in order. */
function unlike(expected: readonly string[], actual: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const text of actual) counts.set(text, (counts.get(text) ?? 0) + 1);
  const missing = expected.filter((text) => {
    const count = counts.get(text) ?? 0;
    if (count > 0) counts.set(text, count - 1);
    return count === 0;
  });
  const surplus = actual.filter((text) => {
    const count = counts.get(text) ?? 0;
    if (count > 0) counts.set(text, count - 1);
    return count > 0;
  });
  const lines = [...missing.map((text) => `- ${text}`), ...surplus.map((text) => `+ ${text}`)];
  return lines.sort(
    (a, b) => Number.parseFloat(a.slice(2)) - Number.parseFloat(b.slice(2)) || (a.slice(2) < b.slice(2) ? -1 : 1),
  );
}

function canonical(value: unknown): string {
  return (
    JSON.stringify(value, (_key, part: unknown) =>
      typeof part === "object" && part !== null && !Array.isArray(part)
        ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
        : part,
    ) ?? ""
  );
}
