import { compareMeasures, type MeasureComparison, type Measured, type Seed } from "../../experiment/index.ts";
import type { KubeObject } from "../../kube/index.ts";
import type { PluginModules } from "../../world/index.ts";
import type { Plan } from "../../world/plan.ts";
import { type Fleet, fewestNodes, isBetter } from "../fewest-nodes.ts";
import { nodeTypesOf } from "../node-types.ts";
import type { ObservedRun } from "./observe.ts";
import { patchedPlan, patchesOf } from "./patches.ts";
import { type Sizing, type SizingPolicy, sizingOf, workloadName } from "./proposal.ts";
import { togetherPeaks } from "./run-facts.ts";
import { togetherUsed } from "./usage.ts";

export interface RightsizeQuestion {
  readonly plan: Plan;
  readonly plugins?: PluginModules;
  readonly seeds: readonly Seed[];
  readonly policy: SizingPolicy;
  /** Whether the fewest nodes are looked for too, by simulated clusters. */
  readonly countsNodes: boolean;
  readonly play: (plan: Plan) => Promise<ObservedRun>;
  readonly onRun?: () => void;
}

export interface RightsizeAnswer extends Sizing {
  readonly patches: readonly KubeObject[];
  /** Each measure before and after, seed by seed; empty when nothing changes. */
  readonly measures: readonly MeasureComparison[];
  /** null: not asked for, or nothing changes. */
  readonly nodes: { readonly before: FleetNeed | null; readonly after: FleetNeed | null } | null;
  /** What requests are there to prevent and what got worse, assertions that hold no more; the answer is no when there is one. */
  readonly harm: readonly string[];
}

/** The fewest nodes on which all pods of the busiest instant find a place. */
export interface FleetNeed {
  /** Nodes by type. */
  readonly counts: readonly { readonly type: string; readonly count: number }[];
  readonly nodes: number;
  readonly costPerHour: number;
}

/** What too small requests do to a cluster. */
const HARM =
  /^(container_oom_kills sum|pods_pending last|pod_evictions sum|service_unserved_requests|service_overload_seconds|node_cpu_short_seconds|node_memory_short_seconds)/;
const MOST_NODES = 1000;

/** Sizes requests by what a scenario's containers use, and plays it again with them: the same seeds meet the same load. */
export async function rightsize(question: RightsizeQuestion): Promise<RightsizeAnswer> {
  const { plan, seeds, policy, countsNodes, plugins } = question;
  const before = await playAll(question, plan);
  const sizing = sizingOf(plan, togetherUsed(before.map(({ usage }) => usage)), policy);
  const patches = patchesOf(plan, sizing.proposals);
  if (patches.length === 0) return { ...sizing, patches, measures: [], nodes: null, harm: [] };
  const changed = patchedPlan(plan, patches);
  const after = await playAll(question, changed);
  const measures = compareMeasures(seeds, bySeed(seeds, before), bySeed(seeds, after));
  const nodes = countsNodes ? { before: fewest(plan, before, plugins), after: fewest(changed, after, plugins) } : null;
  return { ...sizing, patches, measures, nodes, harm: harmOf(measures, before, after) };
}

async function playAll({ seeds, play, onRun }: RightsizeQuestion, plan: Plan): Promise<ObservedRun[]> {
  return Promise.all(
    seeds.map(async (seed) => {
      const run = await play({ ...plan, seed });
      onRun?.();
      return run;
    }),
  );
}

function bySeed(seeds: readonly Seed[], runs: readonly ObservedRun[]): Map<Seed, readonly Measured[]> {
  return new Map(seeds.map((seed, index) => [seed, runs[index]?.measures ?? []]));
}

function harmOf(
  measures: readonly MeasureComparison[],
  before: readonly ObservedRun[],
  after: readonly ObservedRun[],
): string[] {
  const failures = (runs: readonly ObservedRun[], text: string): number =>
    runs.filter(({ failed }) => failed.includes(text)).length;
  const failing = [...new Set(after.flatMap(({ failed }) => failed))];
  return [
    ...failing.filter((text) => failures(after, text) > failures(before, text)),
    ...measures
      .filter(({ measure, verdict }) => verdict === "worse" && HARM.test(measure))
      .map(({ measure }) => measure),
  ];
}

function fewest(plan: Plan, runs: readonly ObservedRun[], plugins?: PluginModules): FleetNeed | null {
  const types = nodeTypesOf(plan);
  const isPriced = types.some(({ template }) => template.pricePerHour > 0);
  const objective = isPriced ? "cost" : "nodes";
  const { alone, mixed } = fewestNodes({
    plan: atPeak(plan, runs),
    ...(plugins !== undefined && { plugins }),
    ...{ types, extra: [], objective, keepsNodes: false, mostNodes: MOST_NODES },
  });
  const best = [...alone, mixed].reduce<Fleet | null>(
    (found, fleet) => (fleet !== null && (found === null || isBetter(fleet, found, objective)) ? fleet : found),
    null,
  );
  if (best === null) return null;
  const counts = types.map(({ name }, index) => ({ type: name, count: best.counts[index] ?? 0 }));
  return { counts: counts.filter(({ count }) => count > 0), nodes: best.nodes, costPerHour: best.costPerHour };
}

/** The plan with as many replicas of each workload as any run had at its most. */
function atPeak(plan: Plan, runs: readonly ObservedRun[]): Plan {
  const peaks = togetherPeaks(runs.map((run) => run.peaks));
  const objects = plan.objects.map((planned) => {
    const replicas = peaks.get(workloadName(planned.object));
    if (replicas === undefined) return planned;
    const { spec } = planned.object as KubeObject & { readonly spec: object };
    return { ...planned, object: { ...planned.object, spec: { ...spec, replicas } } as KubeObject };
  });
  return { ...plan, objects };
}
