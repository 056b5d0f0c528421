import type { KubeNode } from "../../kube/index.ts";
import type { Micros } from "../../units/index.ts";
import { type AllowedDisruptions, type Blocking, type NodePod, podsOfNode } from "./drainability.ts";
import { isReadyNode } from "./group-state.ts";
import type { ClusterAutoscalerSettings } from "./settings.ts";
import type { NodeGroup, PlacementSimulation } from "./types.ts";
import { type Utilization, utilizationOf } from "./utilization.ts";

const SCALE_DOWN_DISABLED = "cluster-autoscaler.kubernetes.io/scale-down-disabled";

/** A node of a group that may be taken away if nobody needs it. */
export interface CandidateNode {
  readonly node: KubeNode;
  readonly name: string;
  readonly group: string;
  readonly pods: readonly NodePod[];
}

/** What earlier iterations found out. Instants are microseconds. */
export interface ScaleDownMemory {
  /** Since when a node is unneeded. */
  readonly unneededSince: ReadonlyMap<string, Micros>;
  /** Until when a node that could not be emptied is left alone. */
  readonly unremovableUntil: ReadonlyMap<string, Micros>;
}

export interface ScaleDownInput {
  readonly now: Micros;
  /** In the order in which they are looked at. */
  readonly candidates: readonly CandidateNode[];
  /** Nodes that pods may go to, those that are on their way excluded. */
  readonly destinations: readonly string[];
  readonly groups: readonly NodeGroup[];
  readonly allowed: AllowedDisruptions;
  readonly memory: ScaleDownMemory;
  readonly settings: ClusterAutoscalerSettings;
}

/** A node that could go, and where its pods would be in the simulation. */
export interface UnneededNode {
  readonly candidate: CandidateNode;
  readonly utilization: Utilization;
  readonly since: Micros;
  readonly toMove: readonly NodePod[];
  readonly ofDaemonSets: readonly NodePod[];
}

/** Why a node stays. */
export interface NeededNode {
  readonly name: string;
  readonly reason:
    | "ScaleDownDisabledAnnotation"
    | "NodeGroupMinSizeReached"
    | "RecentlyUnremovable"
    | "NotUnderutilized"
    | "BlockedByPod"
    | "NoPlaceToMovePods"
    | "NotUnneededLongEnough"
    | "NotUnreadyLongEnough";
  readonly utilization?: Utilization;
  readonly blocking?: Blocking;
}

export interface ScaleDownPlan {
  readonly unneeded: readonly UnneededNode[];
  readonly needed: readonly NeededNode[];
  readonly memory: ScaleDownMemory;
}

/**
 * Which nodes nobody needs: little is asked of them, and all their pods may move and fit elsewhere, each node counting on those
 * before it being gone. Leaves the simulation as it was. Cost: for each pod of such a node, the nodes that could take it.
 * @source cluster-autoscaler 1.37 core/scaledown/planner/planner.go categorizeNodes
 */
export function findUnneeded(simulation: PlacementSimulation, input: ScaleDownInput): ScaleDownPlan {
  const { now, settings, memory } = input;
  const unremovableUntil = new Map([...memory.unremovableUntil].filter(([, until]) => until > now));
  const needed: NeededNode[] = [];
  const unneeded: UnneededNode[] = [];
  const allowed = new Map(input.allowed);
  const destinations = new Set(input.destinations);
  const mark = simulation.mark();
  for (const candidate of inOrder(input)) {
    const { name, node, pods } = candidate;
    const verdict = firstLook(candidate, input, unremovableUntil);
    if ("reason" in verdict) {
      needed.push(verdict);
      continue;
    }
    const utilization = utilizationOf(node, pods, now, settings);
    const { toMove, ofDaemonSets, blocking } = podsOfNode(pods, now, allowed, settings);
    if (blocking !== undefined) {
      needed.push({ name, reason: "BlockedByPod", utilization, blocking });
      unremovableUntil.set(name, now + settings.unremovableRecheckMicros);
      continue;
    }
    if (!moveElsewhere(simulation, name, toMove, destinations)) {
      needed.push({ name, reason: "NoPlaceToMovePods", utilization });
      unremovableUntil.set(name, now + settings.unremovableRecheckMicros);
      continue;
    }
    destinations.delete(name);
    charge(allowed, toMove);
    unneeded.push({ candidate, utilization, since: memory.unneededSince.get(name) ?? now, toMove, ofDaemonSets });
  }
  simulation.revert(mark);
  const unneededSince = new Map(unneeded.map(({ candidate, since }) => [candidate.name, since]));
  return { unneeded, needed, memory: { unneededSince, unremovableUntil } };
}

/** What keeps a node before its pods are looked at. */
function firstLook(
  { name, node, pods, group }: CandidateNode,
  { now, groups, settings }: ScaleDownInput,
  unremovableUntil: ReadonlyMap<string, Micros>,
): NeededNode | { readonly isLittleUsed: true } {
  const { min = 0, target = 0 } = groups.find(({ id }) => id === group) ?? {};
  if (target <= min) return { name, reason: "NodeGroupMinSizeReached" };
  if (unremovableUntil.has(name)) return { name, reason: "RecentlyUnremovable" };
  if (isScaleDownDisabled(node)) return { name, reason: "ScaleDownDisabledAnnotation" };
  const utilization = utilizationOf(node, pods, now, settings);
  const isGpu = utilization.resource !== "cpu" && utilization.resource !== "memory";
  const threshold = isGpu ? settings.gpuUtilizationThreshold : settings.utilizationThreshold;
  return utilization.utilization > threshold
    ? { name, reason: "NotUnderutilized", utilization }
    : { isLittleUsed: true };
}

/** Empty nodes first, then those that were unneeded before, otherwise as they come.
 *  @source cluster-autoscaler 1.37 processors/scaledowncandidates */
function inOrder({ candidates, memory }: ScaleDownInput): readonly CandidateNode[] {
  const rank = ({ name, pods }: CandidateNode): number => {
    const isEmpty = pods.every(({ pod }) => pod.owner?.kind === "DaemonSet");
    return isEmpty ? 0 : memory.unneededSince.has(name) ? 1 : 2;
  };
  return candidates
    .map((candidate, index) => ({ candidate, index, rank: rank(candidate) }))
    .sort((a, b) => a.rank - b.rank || a.index - b.index)
    .map(({ candidate }) => candidate);
}

/** Puts the pods on other nodes of the simulation; all or none. */
function moveElsewhere(
  simulation: PlacementSimulation,
  from: string,
  pods: readonly NodePod[],
  destinations: ReadonlySet<string>,
): boolean {
  const mark = simulation.mark();
  const others = [...destinations].filter((name) => name !== from);
  for (const { pod } of pods) simulation.take(pod.uid);
  let next = 0;
  for (const { pod } of pods) {
    const free = { ...pod, nodeName: "" };
    const at = others.length === 0 ? -1 : simulation.firstFit(free, others, next);
    if (at === -1) {
      simulation.revert(mark);
      return false;
    }
    simulation.place(free, others[at] as string);
    next = (at + 1) % others.length;
  }
  return true;
}

function charge(allowed: Map<string, number>, pods: readonly NodePod[]): void {
  for (const { budgets } of pods) {
    for (const budget of budgets) allowed.set(budget, (allowed.get(budget) ?? 0) - 1);
  }
}

export interface Deletions {
  /** Nodes without pods of their own, to go at once. */
  readonly empty: readonly UnneededNode[];
  readonly drained: readonly UnneededNode[];
  readonly kept: readonly NeededNode[];
}

/** Deletions of a group, and in all, that are under way already. */
export interface DeletionsUnderWay {
  readonly byGroup: ReadonlyMap<string, number>;
  readonly empty: number;
  readonly drained: number;
}

/**
 * The unneeded nodes that are to go now: unneeded for long enough, no group below its size, and no more at a time than
 * allowed.
 * @source cluster-autoscaler 1.37 core/scaledown/unneeded/nodes.go RemovableAt, core/scaledown/budgets/budgets.go
 */
export function chooseDeletions(
  unneeded: readonly UnneededNode[],
  underWay: DeletionsUnderWay,
  { now, groups, settings }: Pick<ScaleDownInput, "now" | "groups" | "settings">,
): Deletions {
  const kept: NeededNode[] = [];
  const empty: UnneededNode[] = [];
  const drained: UnneededNode[] = [];
  const room = new Map(groups.map(({ id, target, min }) => [id, target - min - (underWay.byGroup.get(id) ?? 0)]));
  let places = settings.maxParallelDeletions - underWay.empty - underWay.drained;
  let drains = settings.maxParallelDrains - underWay.drained;
  const emptyFirst = [
    ...unneeded.filter((one) => one.toMove.length === 0),
    ...unneeded.filter((one) => one.toMove.length > 0),
  ];
  for (const one of emptyFirst) {
    const { node, name, group } = one.candidate;
    const isReady = isReadyNode(node);
    const wait = isReady ? settings.unneededMicros : settings.unreadyMicros;
    if (one.since + wait >= now) {
      kept.push({ name, reason: isReady ? "NotUnneededLongEnough" : "NotUnreadyLongEnough" });
      continue;
    }
    const left = room.get(group) ?? 0;
    if (left <= 0) {
      kept.push({ name, reason: "NodeGroupMinSizeReached" });
      continue;
    }
    const isEmpty = one.toMove.length === 0;
    if (places <= 0 || (!isEmpty && drains <= 0)) continue;
    places--;
    if (!isEmpty) drains--;
    room.set(group, left - 1);
    (isEmpty ? empty : drained).push(one);
  }
  return { empty, drained, kept };
}

export function isScaleDownDisabled({ metadata }: KubeNode): boolean {
  return metadata.annotations?.[SCALE_DOWN_DISABLED] === "true";
}
