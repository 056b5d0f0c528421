import type { Micros } from "../engine/index.ts";
import { drawKeyed, drawWord, keyOf } from "../random/index.ts";

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
  readonly period: Micros;
  readonly spread: Micros;
  readonly #hasPhase: boolean;

  /** `seed` of the draws, from `Streams.seedOf`. */
  constructor(seed: number, { periodMicros, jitter, hasRandomPhase }: HousekeepingOptions) {
    this.#seed = seed;
    this.spread = Math.floor((periodMicros * jitter) / 2);
    this.period = periodMicros + this.spread;
    this.#hasPhase = hasRandomPhase && this.spread === 0;
  }

  /** Whether every instant is a look. */
  get isContinuous(): boolean {
    return this.period === 0;
  }

  /** The word by which the looks at a pod are drawn. */
  keyOf(row: number): number {
    return keyOf(this.#seed, row);
  }

  // hot: once a pod and scrape (bench/world).
  /** Instant of the last look at or before `now`, of a pod with this key (`keyOf`) that started at `startedAt`. */
  lastLookAt(key: number, startedAt: Micros, now: Micros): Micros {
    const { period, spread } = this;
    if (this.isContinuous) return now;
    if (spread > 0) return jitteredLook(key, startedAt, now, period, spread);
    const phase = this.#hasPhase ? Math.floor(drawKeyed(key, 0) * period) : 0;
    const look = Math.floor((now - startedAt + phase) / period);
    return look === 0 ? startedAt : startedAt - phase + look * period;
  }
}

// hot: once a pod and scrape (bench/world). Apart and small, so that a loop takes it in and no result is boxed.
/** `lastLookAt` with jitter: the newest look that may have been, or else the one before; they are farther apart than the spread. */
export function jitteredLook(key: number, startedAt: Micros, now: Micros, period: Micros, spread: Micros): Micros {
  let look = Math.floor((now - startedAt + spread * 0.5) / period);
  if (look <= 0) return startedAt;
  let at = startedAt + look * period + Math.floor(spread * (drawWord(key, look) - 0.5));
  if (at <= now) return at;
  look--;
  if (look === 0) return startedAt;
  at = startedAt + look * period + Math.floor(spread * (drawWord(key, look) - 0.5));
  return at;
}
