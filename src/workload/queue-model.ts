import { type CellRegistry, StateValue } from "../tables/index.ts";
import { levelAt } from "./curve.ts";
import type { Micros, QueueSpec } from "./types.ts";

const MICROS_PER_SECOND = 1_000_000;

/**
 * A queue as a fluid: what came in less what the workers took, never below nothing. It is worked out when it is looked at;
 * the workers that are ready then count for the whole time since the last look.
 */
export class QueueModel {
  readonly #spec: QueueSpec;
  readonly #state: StateValue<{ readonly length: number; readonly at: Micros }>;

  /** `name` is unique among the queues. */
  constructor(registry: CellRegistry, name: string, spec: QueueSpec) {
    this.#spec = spec;
    const start = Object.freeze({ length: spec.initialLength, at: 0 });
    this.#state = new StateValue(registry, `workload.queue.${name}`, start);
  }

  /** The length now, with so many ready workers; `factor` is what noise makes of the arrivals. */
  lengthAt(now: Micros, workerCount: number, factor = 1): number {
    const { length, at } = this.#state.value;
    const { arrivalsPerSecond, takenPerSecond } = this.#spec;
    const seconds = (now - at) / MICROS_PER_SECOND;
    const arrivals = levelAt(arrivalsPerSecond.curve, at, Math.max(1, now - at)) * factor;
    const next = Math.max(0, length + (arrivals - workerCount * takenPerSecond) * seconds);
    this.#state.value = Object.freeze({ length: next, at: now });
    return next;
  }
}
