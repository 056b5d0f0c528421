/** What every engine is given: sizes and operations of the three workloads. Times are whole microseconds. */
export const SIZES = {
  /** Pending events, each pushed back at now + exponential(1 s) when it is due. */
  hold: { pending: 100_000, operations: 1_000_000 },
  /** Timers of 10 s (nodes) and of 15 s (pods) with phases. */
  beats: { nodes: 5_000, pods: 150_000, untilMicros: 90_000_000 },
  /** Timers of 40 s and more, a thousand of them cancelled and set anew every 100 ms. */
  rearm: { timers: 100_000, operations: 1_000_000, batch: 1000, everyMicros: 100_000 },
} as const;

export type Workload = keyof typeof SIZES;
export const WORKLOADS = Object.keys(SIZES) as Workload[];

/** What a process prints. */
export interface Timed {
  readonly operations: number;
  readonly cpuSeconds: number;
  /** The clock at the end, in microseconds: equal work ends at the same instant. */
  readonly endMicros: number;
}

/** Delays with mean 1 s, the same for all engines. */
export function delays(): Float64Array {
  let state = 1;
  return Float64Array.from({ length: 1 << 16 }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return Math.ceil(-Math.log((state + 1) / 2 ** 31) * 1e6) + 1;
  });
}

/** First beat and period of a timer. */
export function beatOf(index: number): readonly [firstMicros: number, periodMicros: number] {
  const period = index < SIZES.beats.nodes ? 10_000_000 : 15_000_000;
  return [(index * 7919) % period, period];
}

/** How long timer `index` runs when it is set anew. */
export function rearmDelay(index: number): number {
  return 40_000_000 + ((index * 31) & 0xfffff);
}

/** The timer that is set anew after `index`. */
export function nextTimer(index: number): number {
  return (index + 7919) % SIZES.rearm.timers;
}

/** Measures the CPU time of the work alone. */
export function timed(work: () => { readonly operations: number; readonly endMicros: number }): Timed {
  const before = process.cpuUsage();
  const { operations, endMicros } = work();
  const { user, system } = process.cpuUsage(before);
  return { operations, endMicros, cpuSeconds: (user + system) / 1e6 };
}
