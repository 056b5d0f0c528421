import { areSimilar, balance, type GroupIncrease } from "./balance.ts";
import { type EquivalenceGroup, equivalenceGroups } from "./equivalence.ts";
import { estimateNodes } from "./estimator.ts";
import { chooseOption, type ExpanderContext, type ExpanderRound, type Option } from "./expanders.ts";
import type { ClusterAutoscalerSettings } from "./settings.ts";
import type { NodeGroup, PlacementSimulation, SimulatedPod } from "./types.ts";

/** Why a group is not asked at all. @source cluster-autoscaler 1.37 core/scaleup/orchestrator/skippedreasons.go */
export const SKIPPED = {
  backoff: "in backoff after failed scale-up",
  max: "max node group size reached",
  notReady: "not ready for scale-up",
} as const;

export interface ScaleUpInput {
  /** Pods that fit nowhere, in the order in which they are to be helped. */
  readonly pods: readonly SimulatedPod[];
  readonly groups: readonly NodeGroup[];
  /** Why a group must not grow now. */
  readonly unsafe: ReadonlyMap<string, string>;
  /** Nodes of the cluster, those on their way included. */
  readonly nodeNames: readonly string[];
  readonly priorities: ExpanderContext["priorities"];
  readonly settings: Pick<
    ClusterAutoscalerSettings,
    "expanders" | "balancesSimilarGroups" | "maxNodesTotal" | "maxNodesPerScaleUp"
  >;
  /** One of n at random, 0 to n − 1. */
  readonly pick: (n: number) => number;
}

/** A group that was considered: what it would have done, and why it was not taken; "" for the one that was. */
export interface ConsideredGroup {
  readonly group: string;
  readonly nodes: number;
  readonly pods: number;
  readonly lost: string;
}

export interface ScaleUpPlan {
  readonly increases: readonly GroupIncrease[];
  /** Pods that the increases are for. */
  readonly helped: readonly SimulatedPod[];
  /** Pods that no group could take, with the reasons as the event counts them. */
  readonly unhelped: readonly { readonly pod: SimulatedPod; readonly reasons: string }[];
  readonly considered: readonly ConsideredGroup[];
  readonly rounds: readonly ExpanderRound[];
}

/** One exemplar's verdict about all groups. */
interface Verdicts {
  readonly group: EquivalenceGroup;
  readonly fits: Set<string>;
  readonly reasons: Map<string, readonly string[]>;
}

/**
 * Which groups are to grow by how much so that pending pods find room. Leaves the simulation as it was.
 * @source cluster-autoscaler 1.37 core/scaleup/orchestrator/orchestrator.go
 */
export function planScaleUp(simulation: PlacementSimulation, input: ScaleUpInput): ScaleUpPlan {
  const { groups, unsafe, settings } = input;
  const skipped = new Map<string, string>();
  for (const { id, target, max } of groups) {
    const why = unsafe.get(id) ?? (target >= max ? SKIPPED.max : undefined);
    if (why !== undefined) skipped.set(id, why);
  }
  const valid = groups.filter(({ id }) => !skipped.has(id));
  const verdicts = judge(simulation, equivalenceGroups(input.pods), valid);
  const options = valid.flatMap((group) => {
    const option = optionOf(simulation, group, valid, verdicts, input);
    return option === undefined ? [] : [option];
  });
  const context = { nodeCount: input.nodeNames.length, priorities: input.priorities, groups };
  const { best, rounds } = chooseOption(options, settings.expanders, context, input.pick);
  const increases = best === undefined ? [] : increasesOf(best, input);
  return {
    increases,
    helped: increases.length === 0 ? [] : (best?.pods ?? []),
    unhelped: verdicts.flatMap(({ group, fits, reasons }) =>
      fits.size > 0 ? [] : group.pods.map((pod) => ({ pod, reasons: countedReasons(reasons, skipped) })),
    ),
    considered: groups.map((group) => consider(group, skipped, options, { best, rounds, verdicts })),
    rounds,
  };
}

function judge(
  simulation: PlacementSimulation,
  groups: readonly EquivalenceGroup[],
  valid: readonly NodeGroup[],
): Verdicts[] {
  const verdicts = groups.map((group) => ({
    group,
    fits: new Set<string>(),
    reasons: new Map<string, readonly string[]>(),
  }));
  for (const { id, template } of valid) {
    const mark = simulation.mark();
    simulation.addNode(template.node, template.pods);
    for (const { group, fits, reasons } of verdicts) {
      const against = simulation.reasonsAgainst(group.pods[0] as SimulatedPod, template.node.metadata.name ?? "");
      if (against === null) fits.add(id);
      else reasons.set(id, against);
    }
    simulation.revert(mark);
  }
  return verdicts;
}

function optionOf(
  simulation: PlacementSimulation,
  group: NodeGroup,
  valid: readonly NodeGroup[],
  verdicts: readonly Verdicts[],
  { settings, nodeNames }: ScaleUpInput,
): Option | undefined {
  const fitting = verdicts.filter(({ fits }) => fits.has(group.id));
  if (fitting.length === 0) return undefined;
  const similar = settings.balancesSimilarGroups
    ? valid.filter(
        (other) => other !== group && areSimilar(group, other) && fitting.every(({ fits }) => fits.has(other.id)),
      )
    : [];
  let room = 0;
  for (const { target, max } of [group, ...similar]) room += Math.max(0, max - target);
  const inCluster = settings.maxNodesTotal > 0 ? settings.maxNodesTotal - nodeNames.length : room;
  const nodes = Math.min(room, inCluster, settings.maxNodesPerScaleUp > 0 ? settings.maxNodesPerScaleUp : room);
  const limits = { nodes, existingNodes: nodeNames };
  const estimate = estimateNodes(
    simulation,
    fitting.map(({ group: pods }) => pods),
    group.template,
    limits,
  );
  return estimate.nodeCount === 0 || estimate.pods.length === 0 ? undefined : { ...estimate, group, similar };
}

function increasesOf({ group, similar, nodeCount }: Option, { settings, nodeNames }: ScaleUpInput): GroupIncrease[] {
  const room = settings.maxNodesTotal > 0 ? settings.maxNodesTotal - nodeNames.length : nodeCount;
  return balance([group, ...similar], Math.min(nodeCount, Math.max(0, room)));
}

function consider(
  group: NodeGroup,
  skipped: ReadonlyMap<string, string>,
  options: readonly Option[],
  outcome: {
    readonly best: Option | undefined;
    readonly rounds: readonly ExpanderRound[];
    readonly verdicts: readonly Verdicts[];
  },
): ConsideredGroup {
  const { best, rounds, verdicts } = outcome;
  const option = options.find((one) => one.group.id === group.id);
  const base = { group: group.id, nodes: option?.nodeCount ?? 0, pods: option?.pods.length ?? 0 };
  const skip = skipped.get(group.id);
  if (skip !== undefined) return { ...base, lost: skip };
  if (option === undefined) return { ...base, lost: noPodFits(group, verdicts) };
  if (option === best) return { ...base, lost: "" };
  if (best?.similar.some(({ id }) => id === group.id) === true) return { ...base, lost: `similar to ${best.group.id}` };
  const lostIn = rounds.find(({ left }) => !left.includes(group.id));
  return { ...base, lost: lostIn === undefined ? "" : lossIn(lostIn, group.id) };
}

function noPodFits({ id }: NodeGroup, verdicts: readonly Verdicts[]): string {
  const reasons = new Set(verdicts.flatMap(({ reasons }) => reasons.get(id) ?? []));
  return reasons.size === 0 ? "no node may be added" : `no pod fits: ${[...reasons].sort().join(", ")}`;
}

function lossIn({ expander, scores, left }: ExpanderRound, group: string): string {
  if (expander === "random") return `random chose ${left[0]}`;
  const own = scores.find((score) => score.group === group)?.score ?? null;
  const best = scores.find((score) => score.group === left[0])?.score ?? null;
  if (own === null || best === null) return `${expander}: no pattern matches`;
  const sign = expander === "most-pods" || expander === "priority" ? -1 : 1;
  return `${expander}: ${rounded(own * sign)} against ${rounded(best * sign)} of ${left[0]}`;
}

function rounded(value: number): number {
  return Math.floor(value * 10_000 + 0.5) / 10_000;
}

/** `1 Insufficient cpu, 2 max node group size reached`. The original gives the reasons in no order; here by their text. */
function countedReasons(
  rejected: ReadonlyMap<string, readonly string[]>,
  skipped: ReadonlyMap<string, string>,
): string {
  const counts = new Map<string, number>();
  for (const reason of [...[...rejected.values()].flat(), ...skipped.values()])
    counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return [...counts.keys()]
    .sort()
    .map((reason) => `${counts.get(reason)} ${reason}`)
    .join(", ");
}
