import { differingFacts } from "./compare.ts";
import { factsOf } from "./facts.ts";
import { heard, noiseOf, withoutNoise } from "./noise.ts";
import { playControlPlane } from "./play.ts";
import type { Mark, Recording, TraceEntry } from "./recording.ts";
import { scriptOf } from "./scenario.ts";

/** How far one recording of a whole control plane agrees: facts of its content. */
export interface ControlPlaneAgreement {
  readonly family: string;
  readonly facts: number;
  readonly agreed: number;
  readonly differences: readonly string[];
}

/** A heartbeat's period: so far may be what follows from the last one. Seconds. */
const HEARTBEAT = 10;

/** Plays one recorded scenario and compares what FORMAT.md calls its content. */
export async function runControlPlane(recording: Recording): Promise<ControlPlaneAgreement> {
  const family = `control-plane/${recording.name}`;
  if (scriptOf(recording.name) === undefined) {
    return { family, facts: 1, agreed: 0, differences: ["nobody knows how to play this scenario"] };
  }
  const recorded = withoutNoise(recording);
  const { marks } = recording;
  const end = recorded.at(-1)?.t ?? 0;
  const phases = [...marks.map(({ t }) => t).filter((t) => t < end), end + SETTLING];
  const { entries, drainLines, node } = await playControlPlane(recording);
  const named = marks.map((mark) => /node-\d{4}/.exec(mark.do)?.[0]).find((name) => name !== undefined) ?? "";
  const { hasUnknownHeartbeat = false, open = [], untimed = [] } = noiseOf(recording.name);
  const own = heard(recording.name, entries).filter(({ t }) => t < end + SETTLING);
  const ours = hasUnknownHeartbeat ? inStep(own, node, recorded, named, marks) : own;
  const expected = factsOf({ entries: recorded, phases, node: named, drainLines: recording.drainLines });
  const actual = factsOf({ entries: ours, phases, node, drainLines });
  const isOpen = (name: string): boolean => open.some((start) => name.startsWith(start));
  const isUntimed = (name: string): boolean => untimed.some((start) => name.startsWith(start));
  const { compared, differences } = differingFacts(expected, actual, { isOpen, isUntimed });
  return { family, facts: compared, agreed: compared - differences.length, differences };
}

/** What comes after the last recorded entry of a thing that is over. Seconds. */
const SETTLING = 2;

/** Our entries from the node's silence to its return, moved so that it becomes NotReady when it did in the recording. */
function inStep(
  entries: readonly TraceEntry[],
  node: string,
  recorded: readonly TraceEntry[],
  named: string,
  marks: readonly Mark[],
): readonly TraceEntry[] {
  const lostAt = (list: readonly TraceEntry[], name: string): number =>
    list.find(({ k, n, ready }) => k === "Node" && n === name && !String(ready).startsWith("True"))?.t ?? 0;
  const from = lostAt(entries, node);
  const shift = lostAt(recorded, named) - from;
  const until = marks.at(-1)?.t ?? 0;
  if (Math.abs(shift) > HEARTBEAT) return entries;
  return entries.map((entry) => (entry.t >= from && entry.t < until ? { ...entry, t: entry.t + shift } : entry));
}
