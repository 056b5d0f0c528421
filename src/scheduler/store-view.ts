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
import type { SchedulerCache } from "./cache.ts";
import type { ClusterView } from "./cluster-view.ts";
import type { PodInfo } from "./pod-info.ts";

const NO_LABELS: StringMap = Object.freeze({});

/** What plugins look up, from the store. */
export class StoreView implements ClusterView {
  readonly cache: SchedulerCache;
  revision = 0;
  readonly #store: Store;
  #services = new Map<string, readonly Service[]>();
  readonly #plainSelectors = new WeakMap<StringMap, LabelSelector>();

  constructor(store: Store, cache: SchedulerCache) {
    this.#store = store;
    this.cache = cache;
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
