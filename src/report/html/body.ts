import { severityOf } from "../../scenario/index.ts";
import { formatClock } from "../../units/index.ts";
import type { FinishedRun } from "../finished-run.ts";
import type { SummaryDocument } from "../summary.ts";
import { formatValue, plural } from "../text.ts";
import { askedSection } from "./asked.ts";
import { hpaCharts, pendingChart, serviceCharts, timelineCharts } from "./charts-of-run.ts";
import type { Figure } from "./figure.ts";
import { HEAT_MEASURES, type Heat } from "./heat.ts";
import type { HpaStory } from "./hpa-story.ts";
import { html, Markup } from "./markup.ts";
import { assertionsTable, balanceCards, failoverBars, pendingTable, seedsTable } from "./sections.ts";
import { seedRows } from "./seeds.ts";
import type { Mark, Story } from "./story.ts";

export interface PageInput {
  readonly run: FinishedRun;
  readonly story: Story;
  /** Summaries of all seeds when there are several, that of the run among them. */
  readonly seeds: readonly SummaryDocument[];
  /** Resolved scenario that this one is to be held against, or null. */
  readonly base: string | null;
}

export interface Section {
  readonly id: string;
  readonly title: string;
  readonly body: Markup;
}

/** More Services or autoscalers than this are left to the series: the page has to stay small enough to open. */
const OBJECTS_SHOWN = 24;
const HAPPENINGS_SHOWN = 200;
const HAPPENINGS_OPEN = 14;

/** All sections in their order; those with nothing to say are left out. */
export function sectionsOf({ run, story, seeds, base }: PageInput, heat: Heat | null, figure: Figure): Section[] {
  const { summary, scenario } = run;
  const section = (id: string, title: string, body: Markup | null): Section[] =>
    body === null ? [] : [{ id, title, body }];
  return [
    ...section("verdict", "Verdict", assertionsTable(summary)),
    ...section("asked", "What was asked", askedSection(scenario.plan, run.resolved, base)),
    ...section("timeline", "Timeline", timelineSection(run, story, figure)),
    ...section("services", "Services", servicesSection(run, figure)),
    ...section("hpas", "Autoscalers", hpasSection(run, story, figure)),
    ...section("heat", "Nodes", heat === null ? null : heatSection(heat)),
    ...section("failover", "Failover budgets", story.failovers.length === 0 ? null : failoverBars(story.failovers)),
    ...section("pending", "Pending pods", pendingSection(run, story, figure)),
    ...section("balance", "Money, disruption, risk", balanceCards(summary)),
    ...section("seeds", "Seeds", seeds.length < 2 ? null : seedsTable(seedRows(seeds), seeds.length, summary.currency)),
    ...section("reproduce", "Reproduce", reproduceSection(summary)),
    ...section("limits", "Not simulated", limitsSection(run)),
  ];
}

function timelineSection(
  { series, summary }: FinishedRun,
  { marks, happenings, leftOut }: Story,
  figure: Figure,
): Markup {
  const buttons = marks.map((mark, index) => {
    const beside = marks.slice(0, index).filter(({ at }) => at === mark.at).length;
    return markButton(mark, summary.endSeconds, beside);
  });
  const lane =
    marks.length === 0
      ? null
      : html`<div class="lane" id="lane" role="group" aria-label="Marks on the timeline">${buttons}</div>
<p class="legend lane-legend"><span class="entry"><i class="glyph failure"></i>failure</span><span class="entry"><i class="glyph recovery"></i>recovery</span><span class="entry"><i class="glyph action"></i>action</span><span class="entry"><i class="glyph rollout"></i>rollout</span></p>`;
  const items = happenings
    .slice(0, HAPPENINGS_SHOWN)
    .map(
      ({ t, text, isWarning, more }) =>
        html`<li class="${isWarning ? "warn" : ""}"><button type="button" class="at" data-at="${t / 1_000_000}">${formatClock(t)}</button><span>${text}${more > 0 ? ` (+${more} more)` : ""}</span></li>`,
    );
  const left = happenings.length - items.length + leftOut;
  const rest = left > 0 ? html`<p class="muted">${left} more in decisions.jsonl.</p>` : null;
  const open = new Markup(happenings.length <= HAPPENINGS_OPEN ? " open" : "");
  const words =
    items.length === 0
      ? null
      : html`<details class="happenings"${open}><summary>${plural(happenings.length + leftOut, "happening")} in words</summary><ol>${items}</ol>${rest}</details>`;
  return html`<div class="panel stack">${lane}${timelineCharts(series).map(figure)}</div>${words}`;
}

/** @param beside how many marks of the same instant are there already */
function markButton({ at, kind, text }: Mark, end: number, beside: number): Markup {
  const left = end === 0 ? 0 : (at / end) * 100;
  const name = `${formatClock(at * 1_000_000)} ${text}`;
  return html`<button type="button" class="glyph ${kind}" data-at="${at}" style="left:${left.toFixed(3)}%;margin-left:${beside * 13 - 6}px" title="${name}" aria-label="${name}"></button>`;
}

function servicesSection({ series, summary }: FinishedRun, figure: Figure): Markup | null {
  const table = series.get("services");
  if (table === undefined) return null;
  const services = [...table.groups("namespace", "name").entries()];
  const sum = (metric: string, key: string): number =>
    summary.metrics
      .filter(({ metric: name, labels }) => name === metric && `${labels.namespace}/${labels.svc}` === key)
      .reduce((total, one) => total + one.sum, 0);
  // The ones in trouble first, then the busiest.
  const ranked = services
    .map(([key, rows]) => ({
      key,
      rows,
      overload: sum("service_overload_seconds", key),
      requests: sum("service_requests", key),
    }))
    .sort((a, b) => b.overload - a.overload || b.requests - a.requests || (a.key < b.key ? -1 : 1));
  const items = ranked.slice(0, OBJECTS_SHOWN).map(({ key, rows, overload }, index) => {
    const charts = serviceCharts(table, rows, `service-${index}`).map(figure);
    const state =
      overload > 0
        ? html`<span class="tag bad">overloaded for ${formatValue(overload, "seconds", "")}</span>`
        : html`<span class="tag good">never overloaded</span>`;
    return fold(html`<code>${key}</code> ${state}`, html`<div class="grid three">${charts}</div>`, index < 4);
  });
  return html`${items}${moreOf(ranked.length, "Service")}`;
}

function hpasSection({ series }: FinishedRun, { hpas }: Story, figure: Figure): Markup | null {
  if (hpas.length === 0) return null;
  const items = shownHpas(hpas).map((story, index) => {
    const charts = hpaCharts(story, series.get("hpa"), `hpa-${index}`).map(figure);
    const explain = html`<div class="explain" data-explain="${story.key}"><p class="muted">Click a chart, or press Enter on it, to see how that sync came to its number.</p></div>`;
    return fold(hpaTitle(story), html`<div class="grid two">${charts}</div>${explain}`, index < 4);
  });
  return html`${items}${moreOf(hpas.length, "autoscaler")}`;
}

/** The autoscalers that the page draws: those that changed most. */
export function shownHpas(hpas: readonly HpaStory[]): HpaStory[] {
  const ranked = [...hpas].sort((a, b) => b.changes - a.changes || (a.key < b.key ? -1 : 1));
  return ranked.slice(0, OBJECTS_SHOWN);
}

function hpaTitle({ key, target, changes, flaps }: HpaStory): Markup {
  const at = flaps.slice(0, 8).map((seconds) => formatClock(Math.floor(seconds) * 1_000_000));
  const more = flaps.length > at.length ? " …" : "";
  const turned =
    flaps.length === 0
      ? html`<span class="tag plain">no flaps</span>`
      : html`<span class="tag warn" title="turned at ${at.join(", ")}${more}">${plural(flaps.length, "reversal")}</span>`;
  return html`<code>${key}</code> <span class="muted">${target}</span> <span class="tag plain">${plural(changes, "change")}</span> ${turned}`;
}

function fold(title: Markup, body: Markup, isOpen: boolean): Markup {
  return html`<details class="panel object"${new Markup(isOpen ? " open" : "")}><summary>${title}</summary>${body}</details>`;
}

function moreOf(count: number, word: string): Markup | null {
  if (count <= OBJECTS_SHOWN) return null;
  return html`<p class="muted">${plural(count - OBJECTS_SHOWN, `more ${word}`)} in the series and decisions of the run.</p>`;
}

const MEASURE_NAMES: Readonly<Record<(typeof HEAT_MEASURES)[number], string>> = {
  cpu_requested: "CPU requested",
  cpu_used: "CPU used",
  memory_requested: "memory requested",
  memory_used: "memory used",
};

function heatSection({ text }: Heat): Markup {
  const choices = HEAT_MEASURES.map(
    (measure, index) =>
      html`<label><input type="radio" name="heat" value="${measure}"${new Markup(index === 0 ? " checked" : "")}><span>${MEASURE_NAMES[measure]}</span></label>`,
  );
  return html`<div class="panel"><fieldset class="choice"><legend class="sr">What the heat map shows</legend>${choices}</fieldset>
<figure class="chart heat" id="chart-heat" data-heat tabindex="0" role="group" aria-label="Heat map of nodes over time" aria-describedby="text-heat"><figcaption><span class="title">Share of what can be allocated</span><span class="legend"><span class="entry">0 <i class="scale"></i> 100% and over</span><span class="entry"><i class="key hatch"></i>not ready</span><span class="entry"><b id="heat-now"></b></span></span></figcaption><div class="plot"><canvas></canvas></div>
<p class="text" id="text-heat">${text}</p><details class="data"><summary>Numbers</summary><div class="scroll"></div></details></figure></div>`;
}

function pendingSection({ summary }: FinishedRun, { pending }: Story, figure: Figure): Markup {
  const chart = pending.length === 0 ? null : figure(pendingChart(pending, summary.endSeconds));
  if (chart === null) return html`<p class="calm">No pod was ever found unschedulable.</p>`;
  return html`<div class="panel">${chart}${pendingTable(pending)}</div>`;
}

function reproduceSection(summary: SummaryDocument): Markup {
  const facts: [string, string][] = [
    ["version", `kube-orrery ${summary.version}`],
    ["rules", `Kubernetes ${summary.kubernetesVersion}`],
    ["seed", `${summary.seed}`],
    ["digest", summary.digest ?? "none: the run did not end"],
    ["unseed", summary.unseed ?? "none"],
  ];
  const inputs = summary.inputs.map(
    ({ path, sha256 }) => html`<tr><td><code>${path}</code></td><td><code class="hash">${sha256}</code></td></tr>`,
  );
  return html`<p>In the folder of the run, which holds every input:</p><pre class="command">npx kube-orrery@${summary.version} run scenario.resolved.yaml</pre>
<p>The same version, scenario and seed give the same digest, to the last bit, on any machine.</p>
<dl class="facts">${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd><code>${value}</code></dd></div>`)}</dl>
${inputs.length === 0 ? null : html`<details><summary>${plural(inputs.length, "input file")} with SHA-256</summary><div class="scroll"><table><tbody>${inputs}</tbody></table></div></details>`}`;
}

function limitsSection({ scenario }: FinishedRun): Markup {
  const notes = scenario.problems.filter((problem) => severityOf(problem) === "note");
  const counts = new Map<string, number>();
  for (const { code, message } of notes) counts.set(`${code} ${message}`, (counts.get(`${code} ${message}`) ?? 0) + 1);
  const items = [...counts].map(([text, count]) => html`<li>${text}${count > 1 ? ` (${count} times)` : ""}</li>`);
  const found =
    items.length === 0
      ? html`<p>Every field that the scenario and its manifests use is simulated.</p>`
      : html`<p>The scenario's manifests use these; they were read and kept, and had no effect:</p><ul class="limits">${items}</ul>`;
  return html`${found}<p class="muted">What the model leaves out or does otherwise by design is listed, with reasons, in <code>docs/fidelity.md</code> of kube-orrery.</p>`;
}
