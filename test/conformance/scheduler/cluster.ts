import type {
  KubeNode,
  KubeObject,
  LabelSelector,
  Namespace,
  OwnerReference,
  Pod,
  PodDisruptionBudget,
  ReplicaSet,
  ReplicationController,
  Service,
  StringMap,
} from "../../../src/kube/index.ts";
import {
  type ClusterView,
  defaultFramework,
  type Framework,
  NominatedPods,
  PodCompiler,
  type PodInfo,
  PreemptionsUnderWay,
  podSource,
  SchedulerCache,
} from "../../../src/scheduler/index.ts";

/** A cluster made of a recording's objects, with the scheduler's own parts around it. */
export class RecordedCluster implements ClusterView {
  readonly cache = new SchedulerCache();
  readonly compiler = new PodCompiler();
  readonly nominated = new NominatedPods();
  readonly preemptions = new PreemptionsUnderWay();
  readonly framework: Framework = defaultFramework(this, { underWay: this.preemptions });
  readonly nodeIndex = new Map<string, number>();
  readonly revision = 1;
  readonly #objects: readonly KubeObject[];

  constructor(nodes: readonly KubeNode[], objects: readonly KubeObject[], pods: readonly Pod[]) {
    this.#objects = objects;
    for (const [index, node] of nodes.entries()) {
      this.nodeIndex.set(node.metadata.name ?? "", index);
      this.cache.addNode(node);
    }
    for (const pod of pods) this.cache.addPod(this.compile(pod));
  }

  compile(pod: Pod): PodInfo {
    return this.compiler.compile(podSource(pod));
  }

  labelsOfNamespace(name: string): StringMap {
    return (this.#find("Namespace", undefined, name) as Namespace | undefined)?.metadata.labels ?? {};
  }

  servicesIn(namespace: string): readonly Service[] {
    return this.#objects.filter(
      (object): object is Service => object.kind === "Service" && object.metadata.namespace === namespace,
    );
  }

  selectorOfOwner(namespace: string, owner: OwnerReference): LabelSelector | undefined {
    const object = this.#find(owner.kind, namespace, owner.name);
    if (object === undefined) return undefined;
    if (owner.kind === "ReplicationController") {
      const { selector } = (object as ReplicationController).spec;
      return selector === undefined ? undefined : { matchLabels: selector };
    }
    const isKnown = owner.kind === "ReplicaSet" || owner.kind === "StatefulSet";
    return isKnown ? (object as ReplicaSet).spec.selector : undefined;
  }

  budgetsIn(namespace: string): readonly PodDisruptionBudget[] {
    return this.#objects.filter(
      (object): object is PodDisruptionBudget =>
        object.kind === "PodDisruptionBudget" && object.metadata.namespace === namespace,
    );
  }

  startOf({ startAt }: PodInfo): number {
    return startAt;
  }

  #find(kind: string, namespace: string | undefined, name: string): KubeObject | undefined {
    return this.#objects.find(
      ({ kind: is, metadata }) => is === kind && metadata.name === name && metadata.namespace === namespace,
    );
  }
}
