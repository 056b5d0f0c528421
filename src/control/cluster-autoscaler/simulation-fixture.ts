import { type KubeNode, podRequests } from "../../kube/index.ts";
import { cpuMilliOf } from "../../units/index.ts";
import type { NodePod } from "./drainability.ts";
import type { NodeGroup, PlacementSimulation, SimulatedPod } from "./types.ts";

/** For tests: a simulation that knows cpu and node selectors only. */
export class CpuSimulation implements PlacementSimulation {
  #nodes = new Map<string, KubeNode>();
  #placed = new Map<string, { readonly pod: SimulatedPod; readonly node: string }>();
  readonly #marks: {
    readonly nodes: Map<string, KubeNode>;
    readonly placed: Map<string, { readonly pod: SimulatedPod; readonly node: string }>;
  }[] = [];

  addNode(node: KubeNode, pods: readonly SimulatedPod[] = []): void {
    const { name = "" } = node.metadata;
    this.#nodes.set(name, node);
    for (const pod of pods) this.place(pod, name);
  }
  removeNode(name: string): void {
    this.#nodes.delete(name);
  }
  hasNode(name: string): boolean {
    return this.#nodes.has(name);
  }
  place(pod: SimulatedPod, node: string): void {
    this.#placed.set(pod.uid, { pod, node });
  }
  take(uid: string): void {
    this.#placed.delete(uid);
  }
  reasonsAgainst(pod: SimulatedPod, name: string): readonly string[] | null {
    const node = this.#nodes.get(name);
    if (node === undefined) return ["no such node"];
    for (const [key, value] of Object.entries(pod.spec.nodeSelector ?? {})) {
      if (node.metadata.labels?.[key] !== value) return ["node(s) didn't match Pod's node affinity/selector"];
    }
    let used = podRequests(pod.spec).cpuMilli;
    for (const { pod: other, node: on } of this.#placed.values()) {
      if (on === name && other.uid !== pod.uid) used += podRequests(other.spec).cpuMilli;
    }
    return used > cpuMilliOf(node.status?.allocatable?.cpu ?? "0") ? ["Insufficient cpu"] : null;
  }
  firstFit(pod: SimulatedPod, names: readonly string[], start: number): number {
    for (let step = 0; step < names.length; step++) {
      const at = (start + step) % names.length;
      if (this.reasonsAgainst(pod, names[at] as string) === null) return at;
    }
    return -1;
  }
  mark(): number {
    return this.#marks.push({ nodes: new Map(this.#nodes), placed: new Map(this.#placed) }) - 1;
  }
  revert(mark: number): void {
    const state = this.#marks[mark];
    if (state === undefined) return;
    this.#nodes = new Map(state.nodes);
    this.#placed = new Map(state.placed);
    this.#marks.length = mark;
  }
  commit(): void {
    this.#marks.length = 0;
  }
  refresh(): void {}
  /** Where everything is. */
  get places(): ReadonlyMap<string, string> {
    return new Map([...this.#placed].map(([uid, { node }]) => [uid, node]));
  }
}

export function nodeOf(
  name: string,
  cpu: string,
  memory = "16Gi",
  labels: Readonly<Record<string, string>> = {},
): KubeNode {
  const amounts = { cpu, memory, pods: "110" };
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name, labels },
    status: { capacity: amounts, allocatable: amounts, conditions: [{ type: "Ready", status: "True" }] },
  };
}

export function podOf(
  name: string,
  cpu: string,
  parts: Partial<SimulatedPod> & { readonly memory?: string } = {},
): SimulatedPod {
  const { memory = "1Gi", ...rest } = parts;
  return {
    namespace: "default",
    name,
    uid: name,
    labels: {},
    spec: { containers: [{ name: "c", image: "i", resources: { requests: { cpu, memory } } }] },
    owner: { apiVersion: "apps/v1", kind: "ReplicaSet", name: "web", uid: "rs", controller: true },
    nodeName: "",
    nominatedNodeName: "",
    isTerminating: false,
    startAt: -1,
    ...rest,
  };
}

export function podsOfSize(count: number, cpu: string, prefix = "web"): SimulatedPod[] {
  return Array.from({ length: count }, (_, index) => podOf(`${prefix}-${index}`, cpu));
}

export function groupOf(
  id: string,
  cpu: string,
  parts: Partial<NodeGroup> & { readonly memory?: string } = {},
): NodeGroup {
  const { memory, ...rest } = parts;
  const node = nodeOf(`template-node-for-${id}`, cpu, memory);
  return { id, min: 0, max: 10, target: 0, pricePerHour: 0, template: { node, pods: [] }, ...rest };
}

export function onNode(pod: SimulatedPod, parts: Partial<NodePod> = {}): NodePod {
  return {
    pod,
    annotations: {},
    createdAt: -1e12,
    isTerminal: false,
    deletionAt: -1,
    hasOwner: true,
    budgets: [],
    ...parts,
  };
}
