import type { SummaryDocument } from "../report/index.ts";
import type { Direction } from "../statistics/index.ts";
import { METRICS, type MetricDefinition, type MetricSummary, type MetricUnit, type Stat } from "../world/plan.ts";

/** One number of a run that runs are compared by. */
export interface Measured {
  /** As an assertion would name it: `service_overload_seconds{svc="web"} sum`. */
  readonly measure: string;
  readonly unit: MetricUnit;
  readonly direction: Direction;
  /** Whether an assertion of the scenario asks for it. */
  readonly isAsserted: boolean;
  /** null when nothing was observed. */
  readonly value: number | null;
}

/** Less of these is better; of all other metrics, a difference is only a difference. */
const LOWER_IS_BETTER: ReadonlySet<string> = new Set([
  "pod_pending_seconds",
  "pod_ready_seconds",
  "pod_starts",
  "container_restarts",
  "container_oom_kills",
  "pod_evictions",
  "pods_pending",
  "hpa_rescales",
  "hpa_reversals",
  "service_unserved_requests",
  "service_overload_seconds",
  "node_not_ready_seconds",
  "node_hours",
  "cost",
]);

const STATS: Readonly<Record<MetricDefinition["shape"], readonly Stat[]>> = {
  sample: ["mean", "p99"],
  gauge: ["mean"],
  total: ["sum"],
};

/**
 * What a finished run is compared by: the values of its assertions, then every metric: by object for autoscalers, Services and
 * workloads, all together for pods and nodes.
 */
export function measuresOf(summary: SummaryDocument): Measured[] {
  const measured = new Map<string, Measured>();
  for (const { text, unit, value } of summary.assertions) {
    const { measure, direction } = assertionParts(text);
    measured.set(measure, { measure, unit, direction, isAsserted: true, value });
  }
  for (const metric of METRICS) {
    for (const [object, rows] of rowsByObject(metric, summary.metrics)) {
      for (const stat of STATS[metric.shape]) {
        const measure = `${metric.name}${object} ${stat}`;
        if (measured.has(measure)) continue;
        const direction = LOWER_IS_BETTER.has(metric.name) ? "lower" : null;
        const value = together(rows, stat);
        measured.set(measure, { measure, unit: metric.unit, direction, isAsserted: false, value });
      }
    }
  }
  return [...measured.values()];
}

/** What a measure is in a run that has not observed it: nothing has added up to 0, and the rest is unknown. */
export function valueOfAbsent(measure: string): number | null {
  return measure.endsWith(" sum") ? 0 : null;
}

/** A measure as an assertion that every value meets: for what is asked without a threshold. */
export function asAssertion(measure: string): string {
  return `${measure} >= 0`;
}

/** `cost sum < 40 USD` taken apart: what is measured, and which way is better. */
export function assertionParts(text: string): { readonly measure: string; readonly direction: Direction } {
  const match = /^(.*?)\s*(<=|>=|==|!=|<|>)\s*([^"<>=]+)$/.exec(text);
  const measure = (match?.[1] ?? text).trim().replaceAll(/\s+/g, " ");
  const comparison = match?.[2] ?? "";
  const metric = /^\w+/.exec(measure)?.[0] ?? "";
  if (text === asAssertion(measure)) return { measure, direction: LOWER_IS_BETTER.has(metric) ? "lower" : null };
  return { measure, direction: comparison.startsWith("<") ? "lower" : comparison.startsWith(">") ? "higher" : null };
}

/** The rows of a metric: all nodes together, other objects each by itself. */
function rowsByObject(metric: MetricDefinition, metrics: readonly MetricSummary[]): Map<string, MetricSummary[]> {
  const rows = new Map<string, MetricSummary[]>();
  for (const row of metrics) {
    if (row.metric !== metric.name) continue;
    const object = metric.labels.includes("node") ? "" : labelText(row.labels);
    const known = rows.get(object);
    if (known === undefined) rows.set(object, [row]);
    else known.push(row);
  }
  return rows;
}

/** `{svc="web"}`; the namespace only where it is not the default one. */
function labelText(labels: MetricSummary["labels"]): string {
  const shown = Object.entries(labels).filter(([label, value]) => label !== "namespace" || value !== "default");
  return shown.length === 0 ? "" : `{${shown.map(([label, value]) => `${label}="${value}"`).join(",")}}`;
}

/** One statistic over several rows. Of rows that are added up there is a sum and a mean, and no quantile. */
function together(rows: readonly MetricSummary[], stat: Stat): number | null {
  const [first] = rows;
  if (first !== undefined && rows.length === 1) return first.count === 0 && stat !== "sum" ? null : first[stat];
  const sum = rows.reduce((total, row) => total + row.sum, 0);
  const count = rows.reduce((total, row) => total + row.count, 0);
  return stat === "sum" ? sum : count === 0 ? null : sum / count;
}
