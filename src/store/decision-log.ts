import type { Engine } from "../engine/index.ts";

/** What a component decided: which, about what, from what, with what outcome. Plain data; keys in the order written. */
export interface Decision {
  /** The component: scheduler, hpa, deployment, replicaset, node-lifecycle, taint-eviction, kubelet, … */
  readonly by: string;
  /** What was decided, in a word: bind, unschedulable, scale, create, delete, taint, evict, not-ready, … */
  readonly what: string;
  /** The object, as `pod/ns/name`, `hpa/ns/name`, `node/name`. */
  readonly object: string;
  /** Inputs and outcome. */
  readonly [detail: string]: unknown;
}

/** A decision with its instant (microseconds), its event number, and the number of the decision that led to it (0: none known). */
export type LoggedDecision = Decision & { readonly t: number; readonly n: number; readonly cause: number };

/** The stream of decisions. An observer: nothing in the simulation reads it, and without a sink nothing is built. */
export class DecisionLog {
  sink: ((decision: LoggedDecision) => void) | undefined;
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Ask before building a decision: nobody may be listening. */
  get isEnabled(): boolean {
    return this.sink !== undefined;
  }

  write(decision: Decision): void {
    if (this.sink === undefined) return;
    const { now: t, eventNumber: n } = this.#engine;
    this.sink({ t, n, cause: this.#engine.origin, ...decision });
  }
}
