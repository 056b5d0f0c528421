import { type Estimate, estimate } from "../../statistics/index.ts";
import type { MetricUnit } from "../../world/plan.ts";
import type { SummaryDocument } from "../summary.ts";

/** One measure over the seeds of a scenario. */
export interface SeedRow {
  readonly name: string;
  readonly unit: MetricUnit;
  readonly estimate: Estimate;
  readonly least: number;
  readonly greatest: number;
}

const TOTALS: readonly (readonly [metric: string, name: string, unit: MetricUnit, stat: "sum" | "max"])[] = [
  ["cost", "cost", "currency", "sum"],
  ["node_hours", "node hours", "hours", "sum"],
  ["pod_starts", "pod starts", "count", "sum"],
  ["pod_evictions", "evictions", "count", "sum"],
  ["container_restarts", "container restarts", "count", "sum"],
  ["hpa_reversals", "HPA reversals", "count", "sum"],
  ["service_overload_seconds", "Services overloaded for", "seconds", "sum"],
  ["service_unserved_requests", "requests not served", "count", "sum"],
  ["pod_pending_seconds", "longest wait for a node", "seconds", "max"],
];

/** What is asserted, then the usual measures, each with its interval over the seeds. Of one seed there is nothing to say. */
export function seedRows(summaries: readonly SummaryDocument[]): SeedRow[] {
  const first = summaries[0];
  if (first === undefined || summaries.length < 2) return [];
  const asserted = first.assertions.map(({ text, unit }, index) => ({
    name: text,
    unit,
    values: summaries.map(({ assertions }) => assertions[index]?.value ?? Number.NaN),
  }));
  const totals = TOTALS.map(([metric, name, unit, stat]) => ({
    name,
    unit,
    values: summaries.map(({ metrics }) =>
      metrics
        .filter((one) => one.metric === metric && one.count > 0)
        .reduce((total, one) => (stat === "sum" ? total + one.sum : Math.max(total, one.max)), 0),
    ),
  }));
  return [...asserted, ...totals]
    .filter(({ values }) => values.every((value) => !Number.isNaN(value)) && values.some((value) => value !== 0))
    .map(({ name, unit, values }) => ({
      name,
      unit,
      estimate: estimate(values),
      least: Math.min(...values),
      greatest: Math.max(...values),
    }));
}
