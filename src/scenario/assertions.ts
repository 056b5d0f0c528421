import { parseDuration, parseQuantity, quantityMilliValue, quantityValue, UnitError } from "../units/index.ts";
import {
  type Assertion,
  type Comparison,
  type LabelMatcher,
  METRICS,
  type MetricDefinition,
  type MetricUnit,
  type Stat,
} from "../world/plan.ts";
import type { Field } from "./field.ts";
import { nearestLabels } from "./loads.ts";
import type { ObjectIndex } from "./objects.ts";
import { didYouMean } from "./spelling.ts";

const STATS: readonly Stat[] = ["p50", "p90", "p95", "p99", "max", "min", "mean", "sum", "last", "count"];
const LINE = /^\s*([a-zA-Z_]\w*)\s*(?:\{([^}]*)\})?\s+(\w+)\s*(<=|>=|==|!=|<|>)\s*(.+?)\s*$/;
const MATCHER = /^\s*([A-Za-z_][\w./-]*)\s*(!=|=)\s*"((?:[^"\\]|\\.)*)"\s*$/;

/** Reads one line such as `pod_pending_seconds{app="web"} p99 < 60s`; null (and a problem) when it cannot. */
export function readAssertion(field: Field, currency: string): Assertion | null {
  const text = field.text();
  const parts = LINE.exec(text);
  if (parts === null) {
    field.report("E0407", `cannot read the assertion — write it like pod_pending_seconds{app="web"} p99 < 60s`);
    return null;
  }
  const [, name = "", labels = "", stat = "", comparison = "", amount = ""] = parts;
  const metric = METRICS.find((known) => known.name === name);
  if (metric === undefined) {
    const names = METRICS.map((known) => known.name);
    const near = didYouMean(name, names);
    field.report("E0408", `there is no metric "${name}"${near === "" ? ` — there are ${names.join(", ")}` : near}`);
    return null;
  }
  const matchers = readMatchers(field, metric, labels);
  if (!(STATS as readonly string[]).includes(stat)) {
    field.report("E0407", `there is no statistic "${stat}" — it is one of ${STATS.join(", ")}`);
    return null;
  }
  const threshold = readThreshold(field, metric.unit, amount, currency);
  if (threshold === null || matchers === null) return null;
  return {
    metric: name,
    matchers,
    stat: stat as Stat,
    comparison: comparison as Comparison,
    threshold,
    unit: metric.unit,
    text: text.trim(),
    source: field.place,
  };
}

function readMatchers(field: Field, metric: MetricDefinition, labels: string): LabelMatcher[] | null {
  const matchers: LabelMatcher[] = [];
  for (const part of labels.split(/,(?=(?:[^"]*"[^"]*")*[^"]*$)/)) {
    if (part.trim() === "") continue;
    const match = MATCHER.exec(part);
    if (match === null) {
      field.report("E0407", `cannot read the label ${part.trim()} — write it like app="web"`);
      return null;
    }
    const [, label = "", operator = "", value = ""] = match;
    if (!metric.podLabels && !metric.labels.includes(label)) {
      const known = metric.labels.length === 0 ? "it has none" : `it has ${metric.labels.join(", ")}`;
      field.report("E0407", `${metric.name} has no label "${label}"${didYouMean(label, metric.labels)} (${known})`);
      return null;
    }
    matchers.push({ label, operator: operator as "=" | "!=", value });
  }
  return matchers;
}

const EXPECTED: Readonly<Record<MetricUnit, string>> = {
  seconds: "a duration such as 60s",
  bytes: "bytes such as 200Mi",
  cores: "CPUs such as 500m",
  ratio: "a share such as 80% or 0.8",
  count: "a number",
  hours: "hours such as 84 or 84h",
  currency: "an amount such as 40 USD",
};

function readThreshold(field: Field, unit: MetricUnit, amount: string, currency: string): number | null {
  try {
    return thresholdIn(unit, amount, currency);
  } catch (error) {
    if (!(error instanceof UnitError)) throw error;
    field.report("E0407", `expected ${EXPECTED[unit]} as threshold; got "${amount}"`);
    return null;
  }
}

/** A threshold in the base unit. @throws UnitError */
export function thresholdIn(unit: MetricUnit, amount: string, currency: string): number {
  switch (unit) {
    case "seconds":
      return isPlain(amount) ? Number(amount) : parseDuration(amount) / 1_000_000;
    case "hours":
      return isPlain(amount) ? Number(amount) : parseDuration(amount) / 3_600_000_000;
    case "bytes":
      return quantityValue(parseQuantity(amount));
    case "cores":
      return quantityMilliValue(parseQuantity(amount)) / 1000;
    case "ratio":
      return amount.endsWith("%") ? plain(amount.slice(0, -1)) / 100 : plain(amount);
    case "currency":
      return plain(amount.endsWith(currency) ? amount.slice(0, -currency.length).trim() : amount);
    case "count":
      return plain(amount);
  }
}

function isPlain(amount: string): boolean {
  return /^-?[0-9]+(\.[0-9]+)?$/.test(amount);
}

function plain(amount: string): number {
  if (!isPlain(amount)) throw new UnitError("not a number");
  return Number(amount);
}

/** Complains about a matcher that no object of the plan can ever meet. */
export function checkMatchers(field: Field, assertion: Assertion, index: ObjectIndex, nodes: readonly string[]): void {
  for (const { label, operator, value } of assertion.matchers) {
    if (operator === "!=") continue;
    const known = valuesOf(assertion, label, index, nodes);
    if (known === null || known.includes(value)) continue;
    const pairs = known.length > 0 ? known.map((word) => `${label}=${word}`) : podLabelPairs(index);
    const hint = nearestLabels(`${label}=${value}`, pairs);
    field.report("E0401", `${label}="${value}" matches nothing${hint}`);
  }
}

function podLabelPairs(index: ObjectIndex): string[] {
  return index.podSources.flatMap((source) => Object.entries(source.labels).map(([key, value]) => `${key}=${value}`));
}

function valuesOf(assertion: Assertion, label: string, index: ObjectIndex, nodes: readonly string[]): string[] | null {
  const definition = METRICS.find((metric) => metric.name === assertion.metric);
  if (definition?.podLabels) {
    if (label === "namespace") return index.podSources.map((source) => source.namespace);
    if (label === "node") return [...nodes];
    if (label === "pod") return null;
    return index.podSources.flatMap((source) => source.labels[label] ?? []);
  }
  const names = (kind: string): string[] => index.namesOf(kind).map((name) => name.slice(name.indexOf("/") + 1));
  if (label === "svc") return names("Service");
  if (label === "hpa") return names("HorizontalPodAutoscaler");
  if (label === "vpa") return names("VerticalPodAutoscaler");
  if (label === "node") return [...nodes];
  return null;
}
