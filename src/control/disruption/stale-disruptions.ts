import type { Condition } from "../../kube/index.ts";
import type { Store } from "../../store/index.ts";
import { minutes, parseRfc3339 } from "../../units/index.ts";
import { WorkQueue } from "../work-queue.ts";

/** @source kubernetes 1.37 disruption.go stalePodDisruptionTimeout */
const STALE_AFTER = minutes(2);
/** Written by kubelets, which may take any time between the condition and the end of the pod. */
const BY_KUBELET = "TerminationByKubelet";

/**
 * Takes back the condition DisruptionTarget of pods that are not being deleted two minutes after they got it.
 *
 * @source kubernetes 1.37 pkg/controller/disruption syncStalePodDisruption
 */
export class StaleDisruptions {
  readonly #store: Store;
  readonly #queue: WorkQueue;

  constructor(store: Store) {
    this.#store = store;
    this.#queue = new WorkQueue(store, "disruption.stale", store.pods.rows, (pod) => this.#sync(pod));
  }

  /** To be called for each change of a pod. */
  note(pod: number): void {
    const condition = this.#targetOf(pod);
    if (condition !== undefined) this.#queue.addAfter(pod, this.#timeLeft(condition));
  }

  #sync(pod: number): void {
    const condition = this.#targetOf(pod);
    if (condition === undefined) return;
    const left = this.#timeLeft(condition);
    if (left > 0) this.#queue.addAfter(pod, left);
    else this.#store.podWriter.setExtraCondition(pod, "DisruptionTarget", "False", "", "");
  }

  /** The condition of a pod that somebody meant to disrupt and that lives on. */
  #targetOf(pod: number): Condition | undefined {
    const { pods } = this.#store;
    const { conditions } = pods.extra.get(pod);
    if (conditions === undefined || !pods.isPresent(pod) || !pods.isActive(pod)) return undefined;
    return conditions.find(
      ({ type, status, reason }) => type === "DisruptionTarget" && status === "True" && reason !== BY_KUBELET,
    );
  }

  #timeLeft({ lastTransitionTime }: Condition): number {
    const { engine, epochMicros } = this.#store;
    const since = lastTransitionTime === undefined ? engine.now : parseRfc3339(lastTransitionTime) - epochMicros;
    return Math.max(0, since + STALE_AFTER - engine.now);
  }
}
