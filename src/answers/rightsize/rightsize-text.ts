import { CPU_BUCKETS, MEMORY_BUCKETS, percentile } from "../../control/index.ts";
import { comparisonLines, type MeasureComparison, type Seed } from "../../experiment/index.ts";
import { formatValue, type Paint } from "../../report/index.ts";
import type { Plan } from "../../world/plan.ts";
import { columns } from "../text.ts";
import { amountOf, type Proposal, type SizingPolicy } from "./proposal.ts";
import type { FleetNeed, RightsizeAnswer } from "./rightsize.ts";

export interface RightsizePrinting {
  readonly plan: Plan;
  readonly seeds: readonly Seed[];
  readonly policy: SizingPolicy;
  readonly paint: Paint;
}

/** Measures that requests have a part in; assertions come besides. */
const SHOWN =
  /^(requested_|nodes_used|nodes_ready|node_hours|cost|pods_pending|pod_pending_seconds|pod_throttled|pod_evictions|container_oom|node_cpu_short|node_memory_short|hpa_replicas|service_overload|service_unserved)/;

/** The proposals, what they do to the cluster, and how few nodes it would need. */
export function rightsizeLines(answer: RightsizeAnswer, printing: RightsizePrinting): string[] {
  const { plan, policy } = printing;
  const how = `cpu ${quantileText(policy.cpuQuantile)}, memory ${quantileText(policy.memoryQuantile)}, ${percent(policy.headroom)} headroom`;
  return [
    `Requests from use (${how}):`,
    ...proposalLines(answer.proposals),
    ...answer.notes.map(({ workloads, text }) => `  ${workloads.map(shortName).join(", ")}: ${text}`),
    ...(answer.patches.length === 0 ? ["Nothing to change."] : changeLines(answer, printing)),
    ...(answer.nodes === null ? [] : [nodesLine(answer.nodes, plan.currency)]),
    ...(answer.harm.length === 0 ? [] : [`Not to be done as it is: ${answer.harm.join(", ")} got worse.`]),
  ];
}

const HEADINGS = [
  "  workload",
  "container",
  "cpu used p50 / p95 / max",
  "cpu request",
  "limit",
  "memory used p50 / max",
  "memory request",
  "limit",
];

function proposalLines(proposals: readonly Proposal[]): string[] {
  const rows = proposals.map((proposal) => {
    const { workload, container, usage } = proposal;
    const cpu = [
      percentile(usage.cpu, CPU_BUCKETS, 0.5),
      percentile(usage.cpu, CPU_BUCKETS, 0.95),
      usage.cpuCoresMax,
    ].map((cores) => formatValue(Math.min(cores, usage.cpuCoresMax), "cores", ""));
    const half = Math.min(percentile(usage.memory, MEMORY_BUCKETS, 0.5), usage.memoryBytesMax);
    const memory = [half, usage.memoryBytesMax].map((bytes) => formatValue(bytes, "bytes", ""));
    return [
      `  ${shortName(workload)}`,
      container,
      cpu.join(" / "),
      change(proposal, "requests", "cpu"),
      change(proposal, "limits", "cpu"),
      memory.join(" / "),
      change(proposal, "requests", "memory"),
      change(proposal, "limits", "memory"),
    ];
  });
  if (rows.length === 0) return [];
  return columns(
    [HEADINGS, ...rows],
    HEADINGS.map(() => false),
  );
}

function change({ before, ...after }: Proposal, list: "requests" | "limits", resource: string): string {
  const [old, next] = [before[list][resource], after[list][resource]];
  if (next === undefined) return old ?? "—";
  const sign = old === undefined ? "+" : amountOf(resource, next) > amountOf(resource, old) ? "↑" : "↓";
  return `${old ?? "—"} → ${next} ${sign === "+" ? "" : sign}`.trimEnd();
}

/** `Deployment web`; the namespace only where it is not the default one. */
function shortName(workload: string): string {
  const [kind = "", namespace = "", name = ""] = workload.split("/");
  return `${kind} ${namespace === "default" ? "" : `${namespace}/`}${name}`;
}

function changeLines({ measures }: RightsizeAnswer, { plan, seeds, paint }: RightsizePrinting): string[] {
  const shown = measures.filter(({ measure, isAsserted }: MeasureComparison) => isAsserted || SHOWN.test(measure));
  const comparison = { base: "before", other: "after", seeds, changes: [], measures: shown };
  return comparisonLines(comparison, plan.currency, paint);
}

function nodesLine({ before, after }: NonNullable<RightsizeAnswer["nodes"]>, currency: string): string {
  return `Fewest nodes for the busiest instant: ${needText(before, currency)} → ${needText(after, currency)}.`;
}

function needText(need: FleetNeed | null, currency: string): string {
  if (need === null) return "more than 1000";
  const counts = need.counts.map(({ type, count }) => `${count} ${type}`).join(" + ");
  const price = need.costPerHour === 0 ? "" : ` (${need.costPerHour.toFixed(2)} ${currency}/h)`;
  return `${counts}${price}`;
}

function quantileText(share: number): string {
  return share === 1 ? "the most seen" : `p${Number((share * 100).toPrecision(4))}`;
}

function percent(ratio: number): string {
  return `${Number((ratio * 100).toPrecision(4))}%`;
}
