import type { Micros } from "../../engine/index.ts";
import type { Store } from "../../store/index.ts";
import { Column } from "../../tables/index.ts";
import { minutes, seconds } from "../../units/index.ts";

/** @source kubernetes 1.37 cmd/kube-controller-manager app/apps.go NewBackOff(1s, 15min) */
const BACKOFF_INITIAL = seconds(1);
const BACKOFF_MAX = minutes(15);

/**
 * How long a set has to wait before it deletes the next failed pod on a node, so that it does not fight a kubelet that
 * refuses its pods. Kept by slot; another observed generation of the set starts anew.
 *
 * @source kubernetes 1.37 client-go util/flowcontrol Backoff
 */
export class FailedPodBackoff {
  readonly #store: Store;
  /** The observed generation that the delay belongs to; -1 for none. */
  readonly #generation: Column<Int32Array>;
  readonly #delay: Column<Float64Array>;
  readonly #since: Column<Float64Array>;

  constructor(store: Store) {
    const { cells } = store.engine;
    this.#store = store;
    this.#generation = new Column<Int32Array>(cells, "daemonset.backoffGeneration", Int32Array, -1);
    this.#delay = new Column<Float64Array>(cells, "daemonset.backoffDelay", Float64Array);
    this.#since = new Column<Float64Array>(cells, "daemonset.backoffSince", Float64Array);
  }

  /** 0 when a failed pod may be deleted now, which doubles the delay for the next one; else the delay in force. */
  next(slot: number, generation: number): Micros {
    const { now } = this.#store.engine;
    const age = now - this.#since.get(slot);
    const isKnown = this.#generation.get(slot) === generation && age <= 2 * BACKOFF_MAX;
    const delay = this.#delay.get(slot);
    if (isKnown && age < delay) return delay;
    this.#generation.set(slot, generation);
    this.#delay.set(slot, isKnown ? Math.min(2 * delay, BACKOFF_MAX) : BACKOFF_INITIAL);
    this.#since.set(slot, now);
    return 0;
  }

  forget(slot: number): void {
    this.#generation.set(slot, -1);
  }
}
