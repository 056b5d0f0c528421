import { type KubeNode, podRequests } from "../../kube/index.ts";
import { cpuMilliOf, wholeValueOf } from "../../units/index.ts";
import type { EquivalenceGroup } from "./equivalence.ts";
import type { NodeTemplate, PlacementSimulation, SimulatedPod } from "./types.ts";

const HOSTNAME = "kubernetes.io/hostname";
const SPREAD_REASON = "node(s) didn't match pod topology spread constraints";

export interface EstimationLimits {
  /** New nodes at most. */
  readonly nodes: number;
  /** Nodes of the cluster, for pods that must not share a host. */
  readonly existingNodes: readonly string[];
}

/** So many new nodes, and the pods that they would take. */
export interface Estimate {
  readonly nodeCount: number;
  readonly pods: readonly SimulatedPod[];
}

/**
 * How many nodes like the template the pods need: first fit, the largest pods first, by the scheduler's filters. Leaves the
 * simulation as it was. Cost: for each pod, the nodes made so far.
 * @source cluster-autoscaler 1.37 estimator/binpacking_estimator.go
 */
export function estimateNodes(
  simulation: PlacementSimulation,
  groups: readonly EquivalenceGroup[],
  template: NodeTemplate,
  limits: EstimationLimits,
): Estimate {
  const mark = simulation.mark();
  const packing = new Packing(simulation, template, limits);
  let mayAdd = true;
  for (const group of inPackingOrder(groups, template.node)) {
    const rest = packing.fillMadeNodes(group.pods);
    if (mayAdd) mayAdd = packing.fillNewNodes(rest);
  }
  simulation.revert(mark);
  return { nodeCount: packing.usedNodes.size, pods: packing.placed };
}

/** One estimation under way. */
class Packing {
  readonly placed: SimulatedPod[] = [];
  readonly usedNodes = new Set<string>();
  readonly #made: string[] = [];
  readonly #madeNames = new Set<string>();
  readonly #simulation: PlacementSimulation;
  readonly #template: NodeTemplate;
  readonly #limits: EstimationLimits;
  /** Where the search over the nodes made so far goes on: the original deals pods round. */
  #next = 0;

  constructor(simulation: PlacementSimulation, template: NodeTemplate, limits: EstimationLimits) {
    this.#simulation = simulation;
    this.#template = template;
    this.#limits = limits;
  }

  /** Puts pods on the nodes made for others, up to the first that none of them takes; gives the rest. */
  fillMadeNodes(pods: readonly SimulatedPod[]): readonly SimulatedPod[] {
    for (const [index, pod] of pods.entries()) {
      const at = this.#made.length === 0 ? -1 : this.#simulation.firstFit(pod, this.#made, this.#next);
      if (at === -1) return pods.slice(index);
      this.#next = (at + 1) % this.#made.length;
      this.#put(pod, this.#made[at] as string);
    }
    return [];
  }

  /** Puts pods on the newest node, and makes another one when it is full; false when no more may be made. */
  fillNewNodes(pods: readonly SimulatedPod[]): boolean {
    for (const pod of pods) {
      if (this.#takesNewest(pod)) continue;
      const newest = this.#made.at(-1);
      if (newest !== undefined && !this.usedNodes.has(newest)) return true;
      if (this.#made.length >= this.#limits.nodes) return false;
      const added = this.#addNode();
      if (this.#simulation.reasonsAgainst(pod, added) !== null) return true;
      this.#put(pod, added);
    }
    return true;
  }

  /** A pod that may not share a host with its like may still find one elsewhere. */
  #takesNewest(pod: SimulatedPod): boolean {
    const newest = this.#made.at(-1);
    if (newest === undefined) return false;
    const reasons = this.#simulation.reasonsAgainst(pod, newest);
    if (reasons === null) {
      this.#put(pod, newest);
      return true;
    }
    if (!isSpreadByHost(pod) || !reasons.some((reason) => reason.startsWith(SPREAD_REASON))) return false;
    const others = [...this.#limits.existingNodes, ...this.#made.slice(0, -1)];
    const at = this.#simulation.firstFit(pod, others, 0);
    if (at === -1) return false;
    this.#put(pod, others[at] as string);
    return true;
  }

  #put(pod: SimulatedPod, node: string): void {
    this.#simulation.place(pod, node);
    this.placed.push(pod);
    if (this.#madeNames.has(node)) this.usedNodes.add(node);
  }

  #addNode(): string {
    const { node, pods } = this.#template;
    const name = `${node.metadata.name}-${this.#made.length}`;
    this.#simulation.addNode(renamed(node, name), podsOf(pods, name));
    this.#made.push(name);
    this.#madeNames.add(name);
    return name;
  }
}

/** The larger share of a node a pod asks for, the earlier it is packed. */
function inPackingOrder(groups: readonly EquivalenceGroup[], node: KubeNode): readonly EquivalenceGroup[] {
  const { cpu = "0", memory = "0" } = node.status?.allocatable ?? {};
  const [cpuMilli, memoryBytes] = [cpuMilliOf(cpu), wholeValueOf(memory)];
  const scored = groups.map((group, index) => {
    const requests = podRequests((group.pods[0] as SimulatedPod).spec);
    const cpuShare = cpuMilli > 0 ? requests.cpuMilli / cpuMilli : 0;
    const memoryShare = memoryBytes > 0 ? requests.memoryBytes / memoryBytes : 0;
    return { group, index, score: cpuShare + memoryShare };
  });
  return scored.sort((a, b) => b.score - a.score || a.index - b.index).map(({ group }) => group);
}

/** The template under another name. */
export function renamed(node: KubeNode, name: string): KubeNode {
  return { ...node, metadata: { ...node.metadata, name, labels: { ...node.metadata.labels, [HOSTNAME]: name } } };
}

/** The template's DaemonSet pods for one node. */
export function podsOf(pods: readonly SimulatedPod[], node: string): SimulatedPod[] {
  return pods.map((pod) => ({ ...pod, name: `${pod.name}-${node}`, uid: `${pod.uid}-${node}`, nodeName: node }));
}

function isSpreadByHost({ spec }: SimulatedPod): boolean {
  return spec.topologySpreadConstraints?.some(({ topologyKey }) => topologyKey === HOSTNAME) === true;
}
