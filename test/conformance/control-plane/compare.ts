import type { Fact } from "./facts.ts";

/** What a loaded machine adds to one instant: so many seconds, and a share of the time since the start, as each turn of a loop is late. */
const NOISE = 2.5;
const DRIFT = 0.01;
/** Events are written behind the controllers' backs, so they come later still. Seconds. */
const EVENT_NOISE = 3;
/** One in so many of a batch may come later by so many seconds. */
const BATCH = 20;
const STRAGGLER_NOISE = 5;
/** Of the middle of many spans. Seconds. */
const SPAN_NOISE = 0.5;

interface Leniency {
  /** Not compared. */
  readonly isOpen: (name: string) => boolean;
  /** Compared by number, not by time. */
  readonly isUntimed: (name: string) => boolean;
}

/** Compares facts by name. */
export function differingFacts(
  expected: ReadonlyMap<string, Fact>,
  actual: ReadonlyMap<string, Fact>,
  { isOpen, isUntimed }: Leniency,
): { readonly compared: number; readonly differences: readonly string[] } {
  const isFresh = (fact: Fact | undefined): boolean => fact !== undefined && "text" in fact && fact.isFresh === true;
  const names = [...new Set([...expected.keys(), ...actual.keys()])].filter(
    (name) => !isOpen(name) && !isFresh(expected.get(name)),
  );
  const differences = names.flatMap((name) => {
    const [recorded, ours] = [expected.get(name), actual.get(name)];
    if (recorded !== undefined && ours !== undefined && agree(recorded, ours, isUntimed(name))) return [];
    return [`${name}\n- ${textOf(recorded)}\n+ ${textOf(ours)}`];
  });
  return { compared: names.length, differences };
}

function agree(recorded: Fact, ours: Fact, isUntimed: boolean): boolean {
  if ("text" in recorded) return "text" in ours && recorded.text === ours.text;
  if ("span" in recorded) return "span" in ours && Math.abs(recorded.span - ours.span) <= SPAN_NOISE;
  if (isUntimed) return "times" in ours && ours.times.length === recorded.times.length;
  return "times" in ours && areInStep(recorded.times, ours.times, recorded.isEvent === true ? EVENT_NOISE : NOISE);
}

function areInStep(recorded: readonly number[], ours: readonly number[], noise: number): boolean {
  if (ours.length !== recorded.length) return false;
  const off = recorded.map((t, i) => Math.abs(t - (ours[i] ?? Number.NaN)) - DRIFT * t);
  const stragglers = off.filter((by) => !(by <= noise));
  return stragglers.length <= recorded.length / BATCH && stragglers.every((by) => by <= STRAGGLER_NOISE);
}

function textOf(fact: Fact | undefined): string {
  if (fact === undefined) return "nothing";
  if ("text" in fact) return fact.text.replaceAll("\n", " | ");
  if ("span" in fact) return `${fact.span.toFixed(2)} s`;
  return `${fact.times.length} at ${fact.times.map((t) => t.toFixed(1)).join(" ")}`;
}
