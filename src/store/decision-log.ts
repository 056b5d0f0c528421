import type { Engine } from "../engine/index.ts";
import { RisingNumbers } from "./rising-numbers.ts";

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

/** How many events back the search for the decision behind an event goes. */
const SEARCH_DEPTH = 64;
const REMEMBERED = 1 << 20;

/**
 * The stream of decisions. An observer: nothing in the simulation reads it, and without a sink nothing is built.
 *
 * `cause` is found in the journal: the nearest event up the chain of causes in which something was decided. Deliveries
 * and timers in between are plumbing and are passed over.
 */
export class DecisionLog {
  sink: ((decision: LoggedDecision) => void) | undefined;
  readonly #engine: Engine;
  readonly #decided = new RisingNumbers(REMEMBERED);

  constructor(engine: Engine) {
    this.#engine = engine;
    // A fork goes on with the causes of its origin.
    engine.cells.add({
      name: "store.decided",
      save: () => ({ form: "numbers", data: this.#decided.all() }),
      load: (state) => this.#decided.replace(state.data as Float64Array),
    });
  }

  /** Ask before building a decision: nobody may be listening. */
  get isEnabled(): boolean {
    return this.sink !== undefined;
  }

  write(decision: Decision): void {
    if (this.sink === undefined) return;
    const { now: t, eventNumber: n } = this.#engine;
    this.sink({ t, n, cause: this.#decisionBehind(n), ...decision });
    this.#decided.add(n);
  }

  #decisionBehind(eventNumber: number): number {
    const { journal } = this.#engine;
    let number = journal.entry(eventNumber)?.cause ?? 0;
    for (let step = 0; step < SEARCH_DEPTH && number !== 0; step++) {
      if (this.#decided.has(number)) return number;
      number = journal.entry(number)?.cause ?? 0;
    }
    return 0;
  }
}
