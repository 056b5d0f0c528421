import type { Micros } from "../engine/index.ts";
import { drawKeyed, keyOf } from "../random/index.ts";

export interface HousekeepingOptions {
  /** Least distance of two looks at a container; 0: its counters are always those of the instant. */
  readonly periodMicros: Micros;
  /** The distance is up to this part of the period longer, at random. cAdvisor's is 1: between one and two periods. */
  readonly jitter: number;
  /** Without jitter: whether the looks at each container have a phase of their own instead of counting from its start. */
  readonly hasRandomPhase: boolean;
}

/** Counters are those of the instant. */
export const NO_HOUSEKEEPING: HousekeepingOptions = { periodMicros: 0, jitter: 0, hasRandomPhase: false };

/**
 * When cAdvisor in the kubelet looked at the containers of a pod: at their start, and then every period with its jitter. What
 * others read of a container is what was there at the last look.
 *
 * Look k is at start + k · p + s · (u(row, k) − ½), with p = period · (1 + jitter / 2) and s = period · jitter / 2: distances lie
 * between period and period · (1 + jitter) as the original's do, and any look is found without walking to it. cAdvisor also
 * waits longer (15 s) while nothing changes, which nobody can see.
 *
 * @source cadvisor manager/container.go housekeeping, nextHousekeepingInterval and jitter; kubernetes 1.37
 * pkg/kubelet/cadvisor/cadvisor_linux.go (10 s, at most 15 s)
 */
export class Housekeeping {
  readonly #seed: number;
  readonly #period: Micros;
  readonly #spread: Micros;
  readonly #hasPhase: boolean;

  /** `seed` of the draws, from `Streams.seedOf`. */
  constructor(seed: number, { periodMicros, jitter, hasRandomPhase }: HousekeepingOptions) {
    this.#seed = seed;
    this.#spread = Math.floor((periodMicros * jitter) / 2);
    this.#period = periodMicros + this.#spread;
    this.#hasPhase = hasRandomPhase && this.#spread === 0;
  }

  // hot: once a pod and scrape (bench/world).
  /** The last look at or before `now` at the containers of a pod that started at `startedAt` ≤ now. */
  lastAt(row: number, startedAt: Micros, now: Micros): Micros {
    const period = this.#period;
    if (period === 0) return now;
    const spread = this.#spread;
    const since = now - startedAt;
    if (spread === 0) {
      const phase = this.#hasPhase ? Math.floor(drawKeyed(keyOf(this.#seed, row), 0) * period) : 0;
      const at = startedAt - phase + Math.floor((since + phase) / period) * period;
      return at < startedAt ? startedAt : at;
    }
    // Look k + 1 is later than now for certain; k may be; k − 1 is not.
    const k = Math.floor((since + spread / 2) / period);
    if (k <= 0) return startedAt;
    const keyed = keyOf(this.#seed, row);
    const at = startedAt + k * period + Math.floor(spread * (drawKeyed(keyed, k) - 0.5));
    if (at <= now) return at;
    if (k === 1) return startedAt;
    return startedAt + (k - 1) * period + Math.floor(spread * (drawKeyed(keyed, k - 1) - 0.5));
  }
}
