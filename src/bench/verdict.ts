import { median, outlierCount, type Ratio, ratioOfMedians } from "../statistics/index.ts";
import type { Measured } from "./bench-file.ts";
import type { DecisionChange, Pair } from "./measure.ts";

/** One line of the answer: a scenario with its medians, held against what it was before. */
export interface Verdict {
  readonly name: string;
  readonly nodes: number;
  readonly pods: number;
  readonly events: number;
  readonly digest: string;
  readonly samples: number;
  /** Medians. */
  readonly cpuMillis: number;
  readonly wallMillis: number;
  readonly allocatedBytes: number;
  readonly peakRssBytes: number;
  readonly eventsPerCpuSecond: number;
  /** Half the distance between the quartiles of the events per CPU second. */
  readonly eventsPerCpuSecondSpread: number;
  readonly decisions: number;
  /** Samples whose CPU time is far from the others'. */
  readonly outliers: number;
  readonly against: Against | null;
}

export interface Against {
  /** Speed now over speed before, by CPU time: above 1 is faster. */
  readonly speed: Ratio;
  readonly allocatedRatio: number;
  readonly isSameDigest: boolean;
  readonly hasSameDecisions: boolean;
  /** What changed, when both versions could be run. */
  readonly change: DecisionChange | null;
  /** Decisions by `by/what` whose number changed: before and now. */
  readonly kinds: Readonly<Record<string, readonly [before: number, now: number]>>;
  /** Slower than the limit, and certainly slower than before; of a limit above 1: certainly not that much faster. */
  readonly isTooSlow: boolean;
}

/** @param failBelow least speed, as a share of the speed before; null: no limit */
export function verdictOf({ now, before, change }: Pair, failBelow: number | null): Verdict {
  const { samples } = now;
  const [first] = samples;
  if (first === undefined) throw new RangeError("a verdict needs at least one sample");
  const cpu = samples.map(({ cpuMillis }) => cpuMillis);
  const speeds = samples.map(({ events, cpuMillis }) => (events / cpuMillis) * 1000).sort((a, b) => a - b);
  const quartile = (share: number): number => speeds[Math.round((speeds.length - 1) * share)] ?? 0;
  const { events, nodes, pods, digest } = first;
  return {
    ...{ name: now.name, nodes, pods, events, digest, samples: samples.length },
    cpuMillis: median(cpu),
    wallMillis: median(samples.map(({ wallMillis }) => wallMillis)),
    allocatedBytes: median(samples.map(({ allocatedBytes }) => allocatedBytes)),
    peakRssBytes: median(samples.map(({ peakRssBytes }) => peakRssBytes)),
    eventsPerCpuSecond: median(speeds),
    eventsPerCpuSecondSpread: (quartile(0.75) - quartile(0.25)) / 2,
    decisions: now.behaviour.decisions,
    outliers: outlierCount(cpu),
    against: before === null ? null : against(now, before, change, failBelow),
  };
}

function against(now: Measured, before: Measured, change: DecisionChange | null, failBelow: number | null): Against {
  const cpuOf = ({ samples }: Measured): number[] => samples.map(({ cpuMillis }) => cpuMillis);
  const heapOf = ({ samples }: Measured): number => median(samples.map(({ allocatedBytes }) => allocatedBytes));
  const speed = ratioOfMedians(cpuOf(before), cpuOf(now));
  return {
    speed,
    allocatedRatio: heapOf(now) / Math.max(1, heapOf(before)),
    isSameDigest: now.samples[0]?.digest === before.samples[0]?.digest,
    hasSameDecisions: now.behaviour.hash === before.behaviour.hash,
    change,
    kinds: changedKinds(before.behaviour.kinds, now.behaviour.kinds),
    isTooSlow: failBelow !== null && speed.ratio < failBelow && speed.high < Math.max(1, failBelow),
  };
}

function changedKinds(
  before: Readonly<Record<string, number>>,
  now: Readonly<Record<string, number>>,
): Record<string, [number, number]> {
  const names = [...new Set([...Object.keys(before), ...Object.keys(now)])].sort();
  const pairs = names.map((name): [string, [number, number]] => [name, [before[name] ?? 0, now[name] ?? 0]]);
  return Object.fromEntries(pairs.filter(([, [old, young]]) => old !== young));
}
