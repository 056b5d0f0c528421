import type { KubeNode, PodSnapshot } from "../../kube/index.ts";

/** A pod as a simulation knows it: the same object for the same state of the pod. */
export type SimulatedPod = PodSnapshot;

/**
 * A copy of the cluster in which nodes and pods can be put and taken away, and that says by the scheduler's own filters whether
 * a pod may go to a node. Everything since a mark can be taken back.
 */
export interface PlacementSimulation {
  addNode(node: KubeNode, pods?: readonly SimulatedPod[]): void;
  removeNode(name: string): void;
  hasNode(name: string): boolean;
  /** Counts the pod as on the node, wherever it was. */
  place(pod: SimulatedPod, nodeName: string): void;
  /** Takes the pod off its node. */
  take(uid: string): void;
  /** Why the pod cannot go to the node, as its filters say; null when it can. */
  reasonsAgainst(pod: SimulatedPod, nodeName: string): readonly string[] | null;
  /** Position in `nodeNames` of the first node, from `start` on and round, that the pod can go to; -1 for none. */
  firstFit(pod: SimulatedPod, nodeNames: readonly string[], start: number): number;
  mark(): number;
  /** Takes back all steps since the mark. */
  revert(mark: number): void;
  /** All steps so far stay; earlier marks are void. */
  commit(): void;
  /** Namespaces or services have changed. */
  refresh(): void;
}

/** A new node of a group as the autoscaler imagines it: the Node, and the DaemonSet pods that it will have. */
export interface NodeTemplate {
  readonly node: KubeNode;
  readonly pods: readonly SimulatedPod[];
}

/** A group of like nodes of which the cloud can be asked for more. */
export interface NodeGroup {
  readonly id: string;
  readonly min: number;
  readonly max: number;
  /** Machines that the cloud has been asked for. */
  readonly target: number;
  readonly pricePerHour: number;
  readonly template: NodeTemplate;
}

export function podKey({ namespace, name }: Pick<SimulatedPod, "namespace" | "name">): string {
  return `${namespace}/${name}`;
}

/** What the cloud offers: groups of machines that it can be asked to change. */
export interface NodeCloud {
  /** Another number whenever a machine was ordered or taken away. */
  readonly version: number;
  readonly groups: readonly CloudGroup[];
  /** Names of the machines of a group, booting or running, oldest first. */
  machinesOf(group: string): readonly string[];
  /** The node that the next machine of the group would be. */
  nextNode(group: string): KubeNode;
  /** Asks for more machines; what was wrong if the cloud refused. */
  increase(group: string, count: number): string | undefined;
  /** Takes a machine away. */
  remove(name: string): void;
}

export interface CloudGroup {
  readonly id: string;
  readonly min: number;
  readonly max: number;
  readonly pricePerHour: number;
}
