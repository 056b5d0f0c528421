import { formatClock, formatDuration } from "../../units/index.ts";
import type { SummaryDocument } from "../summary.ts";
import { formatValue, plural, shortNumber } from "../text.ts";
import type { FailoverBudget } from "./failover.ts";
import { html, type Markup } from "./markup.ts";
import type { PendingReason } from "./pending-reasons.ts";
import type { SeedRow } from "./seeds.ts";

/** The verdict as the header says it. */
export function verdictOf({ assertions, partial, endSeconds }: SummaryDocument): { tone: string; text: string } {
  const failed = assertions.filter(({ holds }) => !holds).length;
  if (partial) return { tone: "bad", text: `Stopped at ${formatClock(endSeconds * 1_000_000)}: partial` };
  if (assertions.length === 0) return { tone: "plain", text: "No assertions" };
  if (failed === 0)
    return {
      tone: "good",
      text: assertions.length === 1 ? "The assertion holds" : `All ${assertions.length} assertions hold`,
    };
  return { tone: "bad", text: `${failed} of ${assertions.length} assertions failed` };
}

export function assertionsTable({ assertions, currency }: SummaryDocument): Markup {
  if (assertions.length === 0) {
    return html`<p class="muted">The scenario asserts nothing. Lines such as <code>service_overload_seconds sum &lt; 2m</code> under <code>assertions</code> turn a run into a test.</p>`;
  }
  const rows = assertions.map(
    ({ text, value, unit, threshold, holds, source }) => html`
<tr class="${holds ? "good" : "bad"}"><td class="mark"><span aria-hidden="true">${holds ? "✓" : "✗"}</span><span class="sr">${holds ? "holds" : "failed"}</span></td>
<td><code>${text}</code></td><td class="num strong">${value === null ? "nothing observed" : formatValue(value, unit, currency)}</td>
<td class="num">${formatValue(threshold, unit, currency)}</td><td class="muted place">${source.file}:${source.line}</td></tr>`,
  );
  return html`<div class="scroll"><table class="assertions"><thead><tr><th><span class="sr">outcome</span></th><th>assertion</th><th class="num">found</th><th class="num">limit</th><th>written at</th></tr></thead><tbody>${rows}</tbody></table></div>`;
}

interface Fact {
  readonly name: string;
  readonly value: string;
  readonly isBad?: boolean;
}

/** Money, disruption and risk beside each other: none is to be read without the others. */
export function balanceCards(summary: SummaryDocument): Markup {
  const sum = (metric: string): number =>
    summary.metrics.filter((one) => one.metric === metric).reduce((total, one) => total + one.sum, 0);
  const worst = (metric: string, stat: "p99" | "max" | "min"): number | null => {
    const values = summary.metrics.filter((one) => one.metric === metric && one.count > 0).map((one) => one[stat]);
    return values.length === 0 ? null : values.reduce((a, b) => (stat === "min" ? Math.min(a, b) : Math.max(a, b)));
  };
  const seconds = (value: number | null): string => (value === null ? "—" : formatValue(value, "seconds", ""));
  const count = (metric: string, isBad = false): Omit<Fact, "name"> => {
    const value = sum(metric);
    return { value: shortNumber(value), isBad: isBad && value > 0 };
  };
  const requests = sum("service_requests");
  const unserved = sum("service_unserved_requests");
  const money: Fact[] = [
    { name: "cost", value: formatValue(sum("cost"), "currency", summary.currency) },
    { name: "node hours", value: shortNumber(sum("node_hours")) },
    ...(requests === 0
      ? []
      : [
          {
            name: "cost of a million requests",
            value: formatValue((sum("cost") / requests) * 1e6, "currency", summary.currency),
          },
        ]),
  ];
  const disruption: Fact[] = [
    { name: "evictions", ...count("pod_evictions", true) },
    { name: "container restarts", ...count("container_restarts", true) },
    { name: "killed for memory", ...count("container_oom_kills", true) },
    { name: "pod starts", ...count("pod_starts") },
    { name: "changes by autoscalers", ...count("hpa_rescales") },
    { name: "of these reversals", ...count("hpa_reversals") },
  ];
  const overload = sum("service_overload_seconds");
  const risk: Fact[] = [
    { name: "Services overloaded for", value: seconds(overload), isBad: overload > 0 },
    {
      name: "requests not served",
      value: requests === 0 ? "—" : `${shortNumber((unserved / requests) * 100)}%`,
      isBad: unserved > 0,
    },
    { name: "longest wait for a node", value: seconds(worst("pod_pending_seconds", "max")) },
    { name: "creation to ready, p99", value: seconds(worst("pod_ready_seconds", "p99")) },
    {
      name: "node time not ready",
      value: seconds(sum("node_not_ready_seconds")),
      isBad: sum("node_not_ready_seconds") > 0,
    },
    {
      name: "fewest endpoints of a Service",
      value:
        worst("service_ready_endpoints", "min") === null
          ? "—"
          : shortNumber(worst("service_ready_endpoints", "min") ?? 0),
    },
  ];
  return html`<div class="cards three">${[card("Money", money), card("Disruption", disruption), card("Risk", risk)]}</div>`;
}

function card(title: string, facts: readonly Fact[]): Markup {
  const rows = facts.map(
    ({ name, value, isBad }) =>
      html`<div><dt>${name}</dt><dd class="${isBad === true ? "bad" : ""}">${value}</dd></div>`,
  );
  return html`<article class="card"><h3>${title}</h3><dl>${rows}</dl></article>`;
}

const STEP_TONES = ["t3", "t5", "t1", "t4", "t2"];

/** Where the time of each failover went, as a bar, a legend and a table in one. */
export function failoverBars(budgets: readonly FailoverBudget[]): Markup {
  const shown = budgets.slice(0, 24);
  const widest = Math.max(1, ...shown.map(({ steps }) => steps.reduce((sum, { micros }) => sum + micros, 0)));
  const bars = shown.map((budget) => {
    const spent = budget.steps.reduce((sum, { micros }) => sum + micros, 0);
    const parts = budget.steps.map(
      ({ name, micros }, index) =>
        html`<span class="part ${STEP_TONES[index] ?? "t0"}" style="flex:${Math.max(micros, spent * 0.006)}" title="${name}: ${spanText(micros)}"></span>`,
    );
    const rows = budget.steps.map(
      ({ name, micros, why }, index) =>
        html`<li><i class="key ${STEP_TONES[index] ?? "t0"}"></i><b>${spanText(micros)}</b> ${name}<small>${why}</small></li>`,
    );
    const total =
      budget.totalMicros === null ? "" : `${spanText(budget.totalMicros)} from failure to the last replacement running`;
    const pods =
      budget.evicted === 0
        ? "no pods evicted"
        : `${plural(budget.evicted, "pod")} evicted, ${budget.replaced} running again`;
    return html`<article class="failover"><header><h3><code>node/${budget.node}</code> ${budget.failure}</h3><p>${formatClock(budget.at)} · ${pods}${total === "" ? "" : ` · ${total}`}</p></header>
<div class="bar" aria-hidden="true" style="width:${Math.max(4, (spent / widest) * 100).toFixed(2)}%">${parts}</div><ol class="steps">${rows}</ol>${budget.note === "" ? null : html`<p class="muted">${budget.note}</p>`}</article>`;
  });
  const more =
    budgets.length > shown.length
      ? html`<p class="muted">${budgets.length - shown.length} more in decisions.jsonl.</p>`
      : null;
  return html`${bars}${more}`;
}

/** `42.1s`, `5m`, `0.3s`: as fine as a person reads. */
function spanText(micros: number): string {
  if (micros < 10_000_000) return `${shortNumber(Math.round(micros / 1000) / 1000)}s`;
  return formatDuration(Math.round(micros / 100_000) * 100_000);
}

export function pendingTable(reasons: readonly PendingReason[]): Markup {
  const rows = reasons.slice(0, 12).map(
    ({ reason, podSeconds, podsMost, example, message }) => html`
<tr><td>${reason}</td><td class="num strong">${spanText(Math.round(podSeconds * 1_000_000))}</td><td class="num">${podsMost}</td><td><code>${example}</code><details><summary>message</summary><p class="message">${message}</p></details></td></tr>`,
  );
  return html`<div class="scroll"><table><thead><tr><th>main reason</th><th class="num">pod time</th><th class="num">at most</th><th>for example</th></tr></thead><tbody>${rows}</tbody></table></div>`;
}

/** One measure a row over all seeds: mean, interval, range. */
export function seedsTable(rows: readonly SeedRow[], count: number, currency: string): Markup {
  const body = rows.map(({ name, unit, estimate: { mean, low, high }, least, greatest }) => {
    const say = (value: number): string => formatValue(value, unit, currency);
    const [from, to] = [low ?? mean, high ?? mean];
    const [first, last] = [Math.min(least, from), Math.max(greatest, to)];
    const at = (value: number): number => (last === first ? 50 : ((value - first) / (last - first)) * 100);
    const place = (left: number, right: number): string =>
      `left:${at(left).toFixed(1)}%;width:${(at(right) - at(left)).toFixed(1)}%`;
    return html`<tr><td>${name}</td><td class="num strong">${say(mean)}</td><td class="num">${low === null || high === null ? "—" : `${say(low)} … ${say(high)}`}</td><td class="num">${say(least)} … ${say(greatest)}</td>
<td class="interval" aria-hidden="true"><div><span class="whole" style="${place(least, greatest)}"></span><span class="part" style="${place(from, to)}"></span><span class="dot" style="left:${at(mean).toFixed(1)}%"></span></div></td></tr>`;
  });
  return html`<p>${count} seeds of the same scenario. The interval holds the true mean in 95 of 100 such reports (Student's t); the charts above show one seed.</p>
<div class="scroll"><table><thead><tr><th>measure</th><th class="num">mean</th><th class="num">95% interval</th><th class="num">range</th><th><span class="sr">drawing</span></th></tr></thead><tbody>${body}</tbody></table></div>`;
}
