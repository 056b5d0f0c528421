import type {
  LabelSelector,
  OwnerReference,
  PodDisruptionBudget,
  ReplicaSet,
  ReplicationController,
  Service,
  StringMap,
} from "../kube/index.ts";
import type { Store } from "../store/index.ts";
import type { Micros } from "../units/index.ts";
import type { WaitingPod } from "./binding-cycles.ts";
import type { SchedulerCache } from "./cache.ts";
import type { ClusterView } from "./cluster-view.ts";
import type { PodInfo } from "./pod-info.ts";
import type { StorageView } from "./storage-view.ts";
import { StoreStorage } from "./store-storage.ts";

const NO_LABELS: StringMap = Object.freeze({});

/** What plugins look up, from the store. */
export class StoreView implements ClusterView {
  readonly cache: SchedulerCache;
  readonly storage: StorageView;
  revision = 0;
  /** Gives the pods that wait for permission. */
  waiting: () => readonly WaitingPod[] = () => [];
  readonly #store: Store;
  #services = new Map<string, readonly Service[]>();
  readonly #plainSelectors = new WeakMap<StringMap, LabelSelector>();

  constructor(store: Store, cache: SchedulerCache) {
    this.#store = store;
    this.cache = cache;
    this.storage = new StoreStorage(store);
  }

  labelsOfNamespace(name: string): StringMap {
    return this.#store.documents("Namespace").find("", name)?.metadata.labels ?? NO_LABELS;
  }

  servicesIn(namespace: string): readonly Service[] {
    let services = this.#services.get(namespace);
    if (services === undefined) {
      services = this.#store.documents<Service>("Service").list(namespace);
      this.#services.set(namespace, services);
    }
    return services;
  }

  selectorOfOwner(namespace: string, { kind, name }: OwnerReference): LabelSelector | undefined {
    if (kind === "ReplicationController") {
      const plain = this.#store.documents<ReplicationController>(kind).find(namespace, name)?.spec.selector;
      return plain === undefined ? undefined : this.#asSelector(plain);
    }
    if (kind !== "ReplicaSet" && kind !== "StatefulSet") return undefined;
    return this.#store.documents<ReplicaSet>(kind).find(namespace, name)?.spec.selector;
  }

  budgetsIn(namespace: string): readonly PodDisruptionBudget[] {
    return this.#store.documents<PodDisruptionBudget>("PodDisruptionBudget").list(namespace);
  }

  startOf({ row, startAt }: PodInfo): Micros {
    return row === undefined ? startAt : this.#store.pods.startTime.get(row);
  }

  /** Nobody, until the scheduler says who. */
  waitingPods(): readonly WaitingPod[] {
    return this.waiting();
  }

  /** Services have changed: what was derived from them no longer holds. */
  servicesChanged(): void {
    this.revision++;
    this.#services.clear();
  }

  #asSelector(plain: StringMap): LabelSelector {
    let selector = this.#plainSelectors.get(plain);
    if (selector === undefined) {
      selector = Object.freeze({ matchLabels: plain });
      this.#plainSelectors.set(plain, selector);
    }
    return selector;
  }
}
