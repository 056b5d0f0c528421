import { formatClock, formatDuration } from "../units/index.ts";
import type { DecisionRecord } from "../world/plan.ts";
import { plural, shortNumber } from "./text.ts";

type Fields = { readonly [key: string]: unknown };

/** Fields of every decision, which the headline shows already. */
const COMMON: ReadonlySet<string> = new Set(["t", "n", "cause", "by", "what", "object"]);
const KEY_WIDTH = 12;
const ROWS_SHOWN = 10;

/** The inputs and outcome of a decision, one line a field; lists of maps become rows. */
export function detailLines(decision: DecisionRecord): string[] {
  return Object.entries(decision).flatMap(([key, value]) => {
    if (COMMON.has(key)) return [];
    return PENDING[key]?.(value) ?? fieldLines(key, value);
  });
}

/** What would end a pod's waiting, as a sentence. */
const PENDING: Readonly<Record<string, (value: unknown) => string[]>> = {
  nearest: (value) =>
    isFields(value) ? [row("nearest", `${String(value.node)}: ${String(value.why)}`, undefined)] : [],
  wouldFit: (value) =>
    Array.isArray(value) && value.length > 0
      ? [row("would fit", `if ${value.map(String).join(", or ")}`, undefined)]
      : [],
};

function fieldLines(key: string, value: unknown): string[] {
  const name = `  ${key.padEnd(KEY_WIDTH)} `;
  if (Array.isArray(value) && value.some(isFields)) {
    const rows = value
      .slice(0, ROWS_SHOWN)
      .map((row, index) => `${index === 0 ? name : " ".repeat(name.length)}${inline(row)}`);
    const left = value.length - ROWS_SHOWN;
    return left > 0 ? [...rows, `${" ".repeat(name.length)}… ${left} more`] : rows;
  }
  if (isFields(value)) {
    return Object.entries(value).map(
      ([inner, one], index) => `${index === 0 ? name : " ".repeat(name.length)}${inner}  ${inline(one)}`,
    );
  }
  return [`${name}${inline(value)}`];
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function inline(value: unknown): string {
  if (Array.isArray(value)) return value.map(inline).join(", ");
  if (!isFields(value)) return typeof value === "number" ? shortNumber(value) : String(value);
  return Object.entries(value)
    .map(([key, one]) => (isFields(one) ? `${key} {${inline(one)}}` : `${key} ${inline(one)}`))
    .join(" · ");
}

/** One sync of an HPA, from the samples to the replicas. */
export function hpaLines(decision: DecisionRecord, when: string): string[] {
  const from = number(decision, "from") ?? 0;
  const to = number(decision, "to") ?? from;
  const change =
    decision.what === "scale"
      ? `${from} → ${to} replicas`
      : decision.what === "fail"
        ? "no decision"
        : `stays at ${plural(from, "replica")}`;
  const lines = [
    `${decision.object} at ${when} — sync ${String(decision.sync ?? "?")} at ${formatClock(decision.t)}, ${change}`,
  ];
  const metrics = Array.isArray(decision.metrics) ? decision.metrics.filter(isFields) : [];
  for (const metric of metrics) lines.push(...metricLines(metric, from, decision.t));
  if (decision.stabilised !== undefined) {
    const proposed = number(decision, "proposed");
    const stabilised = number(decision, "stabilised");
    lines.push(
      row(
        "stabilise",
        proposed === stabilised
          ? `nothing to hold back`
          : `${proposed ?? "?"} held at ${stabilised ?? "?"} by recommendations in the window`,
        stabilised,
      ),
    );
  }
  lines.push(...policyLines(decision));
  const limited = typeof decision.limited === "string" ? ` (${decision.limited})` : "";
  lines.push(
    row("limits", `min ${String(decision.min)}, max ${String(decision.max)}${limited}`, number(decision, "normalised")),
  );
  if (typeof decision.error === "string") lines.push(row("error", decision.error, undefined));
  lines.push(
    row(
      "result",
      decision.what === "scale"
        ? `${to}, applied`
        : decision.what === "fail"
          ? "left as it is"
          : `${from}, nothing to do`,
      undefined,
    ),
  );
  return lines;
}

function metricLines(metric: Fields, from: number, at: number): string[] {
  const lines = [`  metric ${String(metric.name)} (${String(metric.type)}, target ${String(metric.target)})`];
  if (typeof metric.error === "string") return [...lines, row("  error", metric.error, undefined)];
  const counts = ["ready", "unready", "missing", "ignored"].map((key) => [key, number(metric, key) ?? 0] as const);
  const pods = counts.reduce((sum, [, count]) => sum + count, 0);
  if (pods > 0) {
    const parts = counts.filter(([, count]) => count > 0).map(([key, count]) => `${count} ${key}`);
    const age = number(metric, "oldestSampleAge");
    const oldest = age === undefined ? "" : `; oldest sample ${formatDuration(age)} (scrape ${formatClock(at - age)})`;
    lines.push(row("  samples", `${plural(pods, "pod")}: ${parts.join(", ")}${oldest}`, undefined));
  }
  const usage = number(metric, "utilization");
  const ratio = number(metric, "ratio");
  const rebalanced = number(metric, "rebalancedRatio");
  const mean = usage === undefined ? `value ${String(metric.value)}` : `${usage}% (${String(metric.value)} a pod)`;
  const after = rebalanced === undefined ? "" : `, ${shortNumber(rebalanced)} with the pods set aside counted in`;
  lines.push(row("  usage", `${mean} → ratio ${ratio === undefined ? "?" : shortNumber(ratio)}${after}`, undefined));
  const counted = number(metric, "countedPods") ?? from;
  const raw = number(metric, "rawReplicas");
  const factor = rebalanced ?? ratio;
  if (raw !== undefined && factor !== undefined)
    lines.push(row("  formula", `ceil(${counted} × ${shortNumber(factor)}) = ${raw}`, undefined));
  lines.push(row("  proposal", String(metric.step ?? ""), number(metric, "replicas")));
  return lines;
}

function policyLines(decision: DecisionRecord): string[] {
  const policies = decision.policies;
  if (!isFields(policies)) return [];
  const allow = Array.isArray(policies.allow) ? policies.allow.filter(isFields) : [];
  const texts = allow.map((one) => `${String(one.policy)} allows ${String(one.replicas ?? "?")}`);
  const text = `${String(policies.direction)}: ${texts.join(", ")}; select ${String(policies.select)}`;
  return [row("behaviour", text, number(decision, "policyLimit"))];
}

function number(fields: Fields, key: string): number | undefined {
  const value = fields[key];
  return typeof value === "number" ? value : undefined;
}

function row(key: string, text: string, outcome: number | undefined): string {
  return `  ${key.padEnd(KEY_WIDTH)} ${outcome === undefined ? text : `${text.padEnd(64)} → ${outcome}`}`.trimEnd();
}
