import type { PodInfo } from "../pod-info.ts";
import type { Candidate } from "./candidates.ts";

/** A pod by what stays the same while it changes. */
export interface PodHandle {
  readonly uid: string;
  /** "namespace/name". */
  readonly key: string;
  /** The number that the caller knows it by; -1 when it gave none. */
  readonly row: number;
}

/** A preemption that was decided and is being carried out. Plain data. */
export interface PreemptionOrder {
  readonly id: number;
  readonly preemptor: PodHandle;
  readonly schedulerName: string;
  readonly nodeName: string;
  /** Pods to delete, the last one after all others. */
  readonly victims: readonly PodHandle[];
  /** Pods of lower priority that lose their nomination to the node. */
  readonly cleared: readonly PodHandle[];
}

/** Preemptions under way: their preemptors stay out of the queue until the last victim's deletion is requested.
 *  @source kubernetes 1.37 framework/preemption executor.go, asynchronous preemption */
export class PreemptionsUnderWay {
  #orders = new Map<number, PreemptionOrder>();
  #nextId = 1;

  begin(preemptor: PodInfo, { node, victims }: Candidate, cleared: readonly PodInfo[]): PreemptionOrder {
    const order = Object.freeze({
      id: this.#nextId++,
      preemptor: handleOf(preemptor),
      schedulerName: preemptor.template.spec.schedulerName ?? "default-scheduler",
      nodeName: node.name,
      victims: Object.freeze(victims.filter((victim) => !victim.isTerminating).map(handleOf)),
      cleared: Object.freeze(cleared.map(handleOf)),
    });
    this.#orders.set(order.id, order);
    return order;
  }

  /** The preemptor may be tried again. `undefined` when the order is done with already. */
  end(id: number): PreemptionOrder | undefined {
    const order = this.#orders.get(id);
    this.#orders.delete(id);
    return order;
  }

  isUnderWay(preemptorUid: string): boolean {
    for (const { preemptor } of this.#orders.values()) if (preemptor.uid === preemptorUid) return true;
    return false;
  }

  save(): UnderWayState {
    return { orders: [...this.#orders.values()], nextId: this.#nextId };
  }

  load({ orders, nextId }: UnderWayState): void {
    this.#orders = new Map(orders.map((order) => [order.id, order]));
    this.#nextId = nextId;
  }
}

/** Plain data. */
export interface UnderWayState {
  readonly orders: readonly PreemptionOrder[];
  readonly nextId: number;
}

function handleOf({ uid, key, row }: PodInfo): PodHandle {
  return Object.freeze({ uid, key, row: row ?? -1 });
}
