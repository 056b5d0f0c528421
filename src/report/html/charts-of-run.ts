import type { SeriesTable } from "../finished-run.ts";
import { type Chart, chartOf } from "./chart.ts";
import type { HpaStory } from "./hpa-story.ts";
import type { PendingReason } from "./pending-reasons.ts";

type Series = ReadonlyMap<string, SeriesTable>;

/** The charts of the timeline: load, replicas, pending, nodes, cost; those that there is something to show of. */
export function timelineCharts(series: Series): Chart[] {
  return [loadChart(series), replicasChart(series), podsChart(series), nodesChart(series), costChart(series)].filter(
    (chart) => chart !== null,
  );
}

function loadChart(series: Series): Chart | null {
  const services = series.get("services");
  const pods = series.get("pods");
  if (services !== undefined) {
    const { x, sums } = summed(services, ["demand_rps", "capacity_rps"]);
    const [demand = [], capacity = []] = sums;
    const lines = [{ label: "demand", values: demand, tone: 0, fill: true }];
    // A sum over services of which some have no limit would say nothing.
    const isLimited = services.numbers("capacity_rps").every((value) => !Number.isNaN(value));
    const title = "Load on all Services";
    const capacities = isLimited ? [{ label: "capacity of ready endpoints", values: capacity, tone: 1 }] : [];
    return chartOf({ id: "load", title, unit: "rps", x, lines: [...lines, ...capacities] });
  }
  if (pods === undefined) return null;
  const lines = [{ label: "CPU used", values: pods.numbers("cpu_used_cores"), tone: 0, fill: true }];
  return chartOf({ id: "load", title: "Load", unit: "cores", x: pods.numbers("at_s"), lines });
}

function replicasChart(series: Series): Chart | null {
  const workloads = series.get("workloads");
  if (workloads === undefined) return null;
  const { x, sums } = summed(workloads, ["wanted", "ready"]);
  const [wanted = [], ready = []] = sums;
  const lines = [
    { label: "wanted", values: wanted, tone: 1 },
    { label: "ready", values: ready, tone: 2, fill: true },
  ];
  return chartOf({ id: "replicas", title: "Replicas of all workloads", unit: "", x, lines, isStep: true });
}

function podsChart(series: Series): Chart | null {
  const pods = series.get("pods");
  if (pods === undefined) return null;
  const lines = [
    { label: "pending", values: pods.numbers("pending"), tone: 3, fill: true },
    { label: "terminating", values: pods.numbers("terminating"), tone: 5 },
  ];
  return chartOf({
    id: "pending",
    title: "Pods pending and terminating",
    unit: "",
    x: pods.numbers("at_s"),
    lines,
    isStep: true,
  });
}

function nodesChart(series: Series): Chart | null {
  const nodes = series.get("nodes");
  if (nodes === undefined) return null;
  const lines = [
    { label: "ready", values: nodes.numbers("ready"), tone: 2, fill: true },
    { label: "not ready", values: nodes.numbers("not_ready"), tone: 3 },
  ];
  return chartOf({ id: "nodes", title: "Nodes", unit: "", x: nodes.numbers("at_s"), lines, isStep: true });
}

function costChart(series: Series): Chart | null {
  const nodes = series.get("nodes");
  if (nodes === undefined) return null;
  const values = nodes.numbers("cost_per_hour");
  if (values.every((value) => value === 0)) return null;
  const lines = [{ label: "cost per hour", values, tone: 4, fill: true }];
  return chartOf({ id: "cost", title: "Cost per hour", unit: "", x: nodes.numbers("at_s"), lines, isStep: true });
}

/** What a Service was asked for and could serve, and how evenly its endpoints were used. */
export function serviceCharts(table: SeriesTable, rows: readonly number[], id: string): (Chart | null)[] {
  const pick = picker(table, rows);
  const x = pick("at_s");
  const lines = [
    { label: "demand", values: pick("demand_rps"), tone: 0, fill: true },
    { label: "capacity", values: pick("capacity_rps"), tone: 1 },
    { label: "not served", values: rates(pick("unserved_requests"), x), tone: 3, fill: true },
  ];
  const spread = [
    { label: "busiest", values: pick("endpoint_cpu_max_cores"), tone: 3 },
    { label: "mean", values: pick("endpoint_cpu_mean_cores"), tone: 0, fill: true },
    { label: "least busy", values: pick("endpoint_cpu_min_cores"), tone: 2 },
  ];
  const endpoints = [{ label: "ready endpoints", values: pick("ready_endpoints"), tone: 2, fill: true }];
  return [
    chartOf({ id: `${id}-demand`, title: "Demand and capacity", unit: "rps", x, lines: lines.filter(isMoving) }),
    chartOf({ id: `${id}-spread`, title: "CPU of one endpoint", unit: "cores", x, lines: spread }),
    chartOf({ id: `${id}-endpoints`, title: "Ready endpoints", unit: "", x, lines: endpoints, isStep: true }),
  ];
}

/** What is never anything but 0 is left out, unless it is the demand itself. */
function isMoving({ label, values }: { readonly label: string; readonly values: readonly number[] }): boolean {
  return label === "demand" || values.some((value) => value !== 0 && !Number.isNaN(value));
}

/** A running total as a rate: each row the mean since the row before. */
function rates(totals: readonly number[], x: readonly number[]): number[] {
  return totals.map((total, row) => {
    if (row === 0) return 0;
    const span = (x[row] ?? 0) - (x[row - 1] ?? 0);
    return span <= 0 ? 0 : Math.max(0, (total - (totals[row - 1] ?? 0)) / span);
  });
}

/** What an autoscaler saw, and what it made of it. */
export function hpaCharts(story: HpaStory, table: SeriesTable | undefined, id: string): (Chart | null)[] {
  const x = story.syncs.map(({ atSeconds }) => atSeconds);
  const rows = table?.groups("namespace", "name").get(story.key) ?? [];
  const target =
    table === undefined ? [] : picker(table, rows)("target_percent").filter((value) => !Number.isNaN(value));
  const metric = [
    { label: "seen", values: story.syncs.map(({ utilization }) => utilization), tone: 0 },
    ...(target.length === 0 ? [] : [{ label: "target", values: x.map(() => target[0] ?? 0), tone: 1 }]),
  ];
  const replicas = [
    { label: "raw", values: story.syncs.map(({ raw }) => raw), tone: 3 },
    { label: "stabilised", values: story.syncs.map(({ stabilised }) => stabilised), tone: 1 },
    { label: "final", values: story.syncs.map(({ final }) => final), tone: 2, fill: true },
  ];
  const shared = { x, isStep: true, explains: story.key };
  return [
    metric[0]?.values.some((value) => !Number.isNaN(value)) === true
      ? chartOf({ ...shared, id: `${id}-metric`, title: "Metric, of the request", unit: "%", lines: metric })
      : null,
    chartOf({ ...shared, id: `${id}-replicas`, title: "Replicas, from raw to final", unit: "", lines: replicas }),
  ];
}

const REASONS_SHOWN = 6;

/** Waiting pods by reason, added up. */
export function pendingChart(reasons: readonly PendingReason[], endSeconds: number): Chart | null {
  const shown = reasons.slice(0, REASONS_SHOWN);
  const instants = new Set([0, endSeconds * 1_000_000]);
  for (const { steps } of shown) for (const { at } of steps) instants.add(at);
  const x = [...instants].sort((a, b) => a - b);
  const lines = shown.map(({ reason, steps }, tone) => {
    let next = 0;
    const values = x.map((at) => {
      while (next < steps.length && (steps[next]?.at ?? 0) <= at) next++;
      return next === 0 ? 0 : (steps[next - 1]?.count ?? 0);
    });
    return { label: reason, values, tone, fill: true };
  });
  const title = "Pods found unschedulable, by main reason";
  const inSeconds = x.map((at) => at / 1_000_000);
  return chartOf({ id: "reasons", title, unit: "", x: inSeconds, lines, isStep: true, isStacked: true });
}

function picker(table: SeriesTable, rows: readonly number[]): (column: string) => number[] {
  return (column) => {
    const values = table.numbers(column);
    return rows.map((row) => values[row] ?? Number.NaN);
  };
}

/** Sums of columns over the rows of each instant. */
function summed(table: SeriesTable, columns: readonly string[]): { x: number[]; sums: number[][] } {
  const at = table.numbers("at_s");
  const x = [...new Set(at)].sort((a, b) => a - b);
  const rowOf = new Map(x.map((time, row) => [time, row]));
  const sums = columns.map((column) => {
    const values = table.numbers(column);
    const sum: number[] = x.map(() => 0);
    for (let row = 0; row < table.rowCount; row++) {
      const target = rowOf.get(at[row] ?? 0) ?? 0;
      const value = values[row] ?? Number.NaN;
      if (!Number.isNaN(value)) sum[target] = (sum[target] ?? 0) + value;
    }
    return sum;
  });
  return { x, sums };
}
