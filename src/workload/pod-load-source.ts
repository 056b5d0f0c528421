import type { Micros } from "../engine/index.ts";
import type { UsageSource } from "../metrics/index.ts";
import { levelAt, nextLook } from "./curve.ts";
import type { Noise, PodLoad, TimedCurve } from "./types.ts";

/**
 * The looks at a pod load as changes of a level: at its start, every `tickMicros` after that, and at its end. A load that never
 * moves has none.
 */
export class PodLoadSource implements UsageSource {
  readonly noise: Noise | null;
  /** Whether the load has to be looked at again and again. */
  readonly isMoving: boolean;
  readonly #load: PodLoad;
  readonly #tickMicros: Micros;
  /** Index of the look at the end; Infinity for a load without end. */
  readonly #last: number;
  #lastTime = -1;
  #lastLevel = 0;

  constructor(load: PodLoad, tickMicros: Micros) {
    this.#load = load;
    this.#tickMicros = tickMicros;
    this.noise = load.cpuMilli?.noise ?? null;
    this.isMoving = needsLooks(load, tickMicros);
    this.#last = Math.max(0, Math.ceil((load.endMicros - load.startMicros) / tickMicros));
  }

  changeAt(index: number): Micros {
    if (!this.isMoving || index > this.#last) return Number.POSITIVE_INFINITY;
    const { startMicros, endMicros } = this.#load;
    const at = startMicros + index * this.#tickMicros;
    return at < endMicros ? at : Math.max(startMicros, endMicros);
  }

  levelAt(index: number): number {
    return this.levelOf(this.changeAt(index));
  }

  firstAfter(time: Micros): number {
    const { startMicros, endMicros } = this.#load;
    if (!this.isMoving || time < startMicros) return 0;
    if (time >= endMicros) return this.#last + 1;
    return Math.floor((time - startMicros) / this.#tickMicros) + 1;
  }

  /** Milli-CPU of the curve at an instant of the run, noise apart; all who ask at one instant get what was worked out once. */
  levelOf(now: Micros): number {
    const { startMicros, endMicros, cpuMilli } = this.#load;
    if (cpuMilli === null || now < startMicros || now >= endMicros) return 0;
    if (this.#lastTime !== now) {
      this.#lastTime = now;
      this.#lastLevel = levelAt(cpuMilli.curve, now - startMicros, this.#tickMicros);
    }
    return this.#lastLevel;
  }
}

function needsLooks({ cpuMilli, memoryBytes, startMicros, endMicros }: PodLoad, tickMicros: Micros): boolean {
  const moves = (timed: TimedCurve | null): boolean =>
    timed !== null && (timed.noise !== null || nextLook(timed.curve, 0, tickMicros) !== Number.POSITIVE_INFINITY);
  return moves(cpuMilli) || moves(memoryBytes) || startMicros > 0 || endMicros !== Number.POSITIVE_INFINITY;
}

/** Whether pods under this load can follow it: only their CPU moves, and all alike but for noise. */
export function isFollowable({ cpuMilli, memoryBytes, startMicros, endMicros }: PodLoad): boolean {
  if (cpuMilli !== null && cpuMilli.since !== "run") return false;
  if (memoryBytes === null) return true;
  const isStill = memoryBytes.noise === null && memoryBytes.curve.kind === "constant";
  return isStill && startMicros === 0 && endMicros === Number.POSITIVE_INFINITY;
}
