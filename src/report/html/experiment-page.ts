import type { MetricUnit } from "../../world/plan.ts";
import { formatValue, plural } from "../text.ts";
import { readExperimentAssets } from "./assets.ts";
import { LINES_MOST, type Lines, linesLegend, linesSvg, type Outcome, rowsSvg } from "./experiment-chart.ts";
import { framed } from "./frame.ts";
import { html, type Markup } from "./markup.ts";

/** What came out of an experiment, for its page. */
export interface ExperimentPage {
  readonly name: string;
  readonly version: string;
  readonly identity: string;
  /** `1..20` */
  readonly seeds: string;
  readonly seedCount: number;
  readonly baseline: string;
  readonly currency: string;
  /** What tuning has found; null without tuning. */
  readonly best: { readonly name: string; readonly isFeasible: boolean; readonly text: string } | null;
  readonly variants: readonly PageVariant[];
}

export interface PageVariant {
  readonly name: string;
  /** The value of each axis. */
  readonly values: Readonly<Record<string, string>>;
  readonly failedCount: number;
  readonly measures: readonly PageMeasure[];
}

export interface PageMeasure {
  readonly measure: string;
  readonly unit: MetricUnit;
  readonly estimate: { readonly mean: number; readonly low: number | null; readonly high: number | null };
  readonly verdict: string;
}

/** Variants in a chart that has a row for each, and in the table. */
const ROWS_MOST = 60;
const TABLE_MOST = 1000;

/** The page of an experiment: one file without network; the same runs give the same bytes. */
export function experimentPageText(page: ExperimentPage): string {
  const measures = measuresIn(page);
  const assets = readExperimentAssets();
  const section = (id: string, title: string, body: Markup | null) => (body === null ? [] : [{ id, title, body }]);
  return framed({
    title: page.name,
    version: page.version,
    header: headerOf(page),
    sections: [
      ...section("outcomes", "Outcomes", outcomesOf(page, measures)),
      ...section("variants", "All variants", tableOf(page, measures)),
      ...section("varied", "What was varied", variedOf(page)),
      ...section("reproduce", "Reproduce", reproduceOf(page)),
    ],
    footer: html`kube-orrery ${page.version} · experiment <code>${page.identity.slice(0, 16)}</code>`,
    keys: [
      ["Tab", "next chart or heading"],
      ["← →", "previous and next variant, in all charts"],
      ["Home End", "first and last variant"],
      ["Enter", "on a heading: sort by it"],
      ["Esc", "let go of the variant"],
    ],
    ...assets,
    data: { variants: page.variants.slice(0, TABLE_MOST).map(({ name }) => name) },
  });
}

function headerOf({ name, variants, seedCount, seeds, baseline, best }: ExperimentPage): Markup {
  const facts = [
    plural(variants.length, "variant"),
    `${plural(seedCount, "seed")} each (${seeds})`,
    plural(variants.length * seedCount, "run"),
  ];
  const failed = variants.filter(({ failedCount }) => failedCount > 0).length;
  const verdict =
    best !== null
      ? { tone: best.isFeasible ? "good" : "bad", text: best.text }
      : failed > 0
        ? { tone: "bad", text: `${plural(failed, "variant")} with runs that fail an assertion` }
        : { tone: "good", text: "The scenario's assertions hold in every run" };
  return html`<header class="top"><h1>${name}</h1><p class="facts">${facts.join(" · ")} · baseline <code>${baseline}</code></p><p class="verdict ${verdict.tone}"><span aria-hidden="true">${verdict.tone === "good" ? "✓" : "✗"}</span> ${verdict.text}</p></header>`;
}

/** The measures of all variants, in their order. */
function measuresIn({ variants }: ExperimentPage): PageMeasure[] {
  const known = new Map<string, PageMeasure>();
  for (const { measures } of variants)
    for (const one of measures) if (!known.has(one.measure)) known.set(one.measure, one);
  return [...known.values()];
}

function outcomesOf(page: ExperimentPage, measures: readonly PageMeasure[]): Markup | null {
  if (measures.length === 0) return null;
  const figures = measures.map(({ measure, unit }, index) => figureOf(page, measure, unit, index));
  const isTold = page.variants.length > 1;
  const legend = isTold
    ? html`<p class="muted outcome-legend"><span class="entry"><svg class="dot-key t0" width="14" height="14" aria-hidden="true"><circle class="told" cx="7" cy="7" r="4"/></svg>differs from the baseline with the same seeds</span><span class="entry"><svg class="dot-key t0" width="14" height="14" aria-hidden="true"><circle cx="7" cy="7" r="4"/></svg>not told apart from it</span><span class="entry"><svg class="dot-key t0" width="20" height="20" aria-hidden="true"><circle class="base" cx="10" cy="10" r="8.5"/><circle cx="10" cy="10" r="4"/></svg>baseline</span><span class="entry">bars: 95% interval of the mean</span></p>`
    : null;
  return html`${legend}<div class="outcomes">${figures}</div>`;
}

function figureOf(page: ExperimentPage, measure: string, unit: MetricUnit, index: number): Markup {
  const outcomes = outcomesFor(page, measure, unit);
  const lines = linesOf(page, outcomes);
  const shown = outcomes.slice(0, ROWS_MOST);
  const left = lines === null ? outcomes.length - shown.length : 0;
  const drawing = lines === null ? rowsSvg(shown, unit, page.currency) : linesSvg(lines, unit, page.currency);
  const legend = lines === null ? null : linesLegend(lines);
  const more = left === 0 ? "" : ` ${left} more in the table.`;
  return html`<figure class="panel chart outcome-chart${lines === null ? " wide" : ""}" tabindex="0" role="group" aria-label="${measure}" aria-describedby="text-${index}"><figcaption><span class="title"><code>${measure}</code></span><span class="legend">${legend}</span></figcaption>
<p class="cursor" aria-hidden="true"> </p><div class="drawing">${drawing}</div><p class="text" id="text-${index}">${textOf(outcomes, page, unit)}${more}</p></figure>`;
}

function outcomesFor({ variants, baseline, currency }: ExperimentPage, measure: string, unit: MetricUnit): Outcome[] {
  return variants.flatMap(({ name, measures }, variant) => {
    const found = measures.find((one) => one.measure === measure);
    if (found === undefined) return [];
    const { mean, low, high } = found.estimate;
    const isBaseline = name === baseline;
    const isTold = ["better", "worse", "different"].includes(found.verdict);
    const text = `${name}: ${estimateText(found, unit, currency)}${isBaseline ? " (baseline)" : `, ${found.verdict}`}`;
    return [{ variant, name, mean, low: low ?? mean, high: high ?? mean, isTold, isBaseline, text }];
  });
}

function estimateText({ estimate: { mean, low, high } }: PageMeasure, unit: MetricUnit, currency: string): string {
  const value = (number: number): string => formatValue(number, unit, currency);
  const interval = low === null || high === null || low === high ? "" : ` [${value(low)}, ${value(high)}]`;
  return `${value(mean)}${interval}`;
}

/** Outcomes as lines over the axis with most numbers, where its values meet all others; null where rows say more. */
function linesOf({ variants }: ExperimentPage, outcomes: readonly Outcome[]): Lines | null {
  const axes = Object.keys(variants[0]?.values ?? {});
  const numbers = (axis: string): Set<string> => new Set(variants.map(({ values }) => values[axis] ?? ""));
  const isNumeric = (axis: string): boolean =>
    [...numbers(axis)].every((text) => text.trim() !== "" && Number.isFinite(Number(text)));
  const [axis] = axes.filter(isNumeric).sort((a, b) => numbers(b).size - numbers(a).size);
  if (axis === undefined || numbers(axis).size < 3) return null;
  const others = axes.filter((one) => one !== axis);
  const groups = new Map<string, (Outcome & { readonly x: number })[]>();
  for (const outcome of outcomes) {
    const values = variants[outcome.variant]?.values ?? {};
    const label = others.map((one) => `${one} ${values[one]}`).join(", ");
    const points = groups.get(label) ?? [];
    points.push({ ...outcome, x: Number(values[axis]) });
    groups.set(label, points);
  }
  const isGrid = [...groups.values()].every((points) => points.length === numbers(axis).size);
  if (groups.size > LINES_MOST || !isGrid) return null;
  const sorted = [...groups].map(([label, points]) => ({ label, points: points.sort((a, b) => a.x - b.x) }));
  return { axis, groups: sorted };
}

/** A chart in words: where it is least and most, and how many stand out against the baseline. */
function textOf(
  outcomes: readonly Outcome[],
  { variants, baseline, currency }: ExperimentPage,
  unit: MetricUnit,
): string {
  const sorted = [...outcomes].sort((a, b) => a.mean - b.mean || a.variant - b.variant);
  const [least, most] = [sorted[0], sorted.at(-1)];
  if (least === undefined || most === undefined) return "Nothing was observed.";
  const value = (one: Outcome): string => formatValue(one.mean, unit, currency);
  if (least.mean === most.mean) return `${value(least)} with every variant.`;
  const told = outcomes.filter(({ isTold }) => isTold).length;
  const rest = outcomes.filter(({ isTold, isBaseline }) => !isTold && !isBaseline).length;
  const against = variants.length < 2 ? "" : ` ${told} of ${told + rest} differ from ${baseline}.`;
  return `Least ${value(least)} with ${least.name}, most ${value(most)} with ${most.name}.${against}`;
}

const TONES: Readonly<Record<string, string>> = { better: "good", worse: "bad" };

function tableOf(page: ExperimentPage, measures: readonly PageMeasure[]): Markup {
  const { variants, baseline, currency } = page;
  const isAnyFailed = variants.some(({ failedCount }) => failedCount > 0);
  const heading = (text: Markup | string, isNumber: boolean): Markup =>
    html`<th class="${isNumber ? "num" : ""}" aria-sort="none"><button type="button" class="sort">${typeof text === "string" ? html`${text}` : text}</button></th>`;
  const rows = variants.slice(0, TABLE_MOST).map(({ name, failedCount, measures: own }, variant) => {
    const cells = measures.map(({ measure, unit }) => {
      const found = own.find((one) => one.measure === measure);
      if (found === undefined) return html`<td class="num" data-value="">—</td>`;
      const tone = TONES[found.verdict];
      const sign =
        tone === undefined || name === baseline ? null : html` <span class="tag ${tone}">${found.verdict}</span>`;
      return html`<td class="num" data-value="${found.estimate.mean}">${estimateText(found, unit, currency)}${sign}</td>`;
    });
    const failed = isAnyFailed
      ? html`<td class="num ${failedCount > 0 ? "fails" : ""}" data-value="${failedCount}">${failedCount}</td>`
      : null;
    return html`<tr data-v="${variant}"><td data-value="${name}"><code>${name}</code>${name === baseline ? html` <span class="tag plain">baseline</span>` : null}</td>${cells}${failed}</tr>`;
  });
  const left = variants.length - rows.length;
  const more = left > 0 ? html`<p class="muted">${left} more in summary.csv.</p>` : null;
  const headings = measures.map(({ measure }) => heading(html`<code>${measure}</code>`, true));
  return html`<div class="scroll"><table class="variants" aria-label="All variants"><thead><tr>${heading("variant", false)}${headings}${isAnyFailed ? heading("runs that fail", true) : null}</tr></thead><tbody>${rows}</tbody></table></div>${more}`;
}

function variedOf({ variants }: ExperimentPage): Markup | null {
  const axes = Object.keys(variants.at(-1)?.values ?? {});
  if (axes.length === 0) return null;
  const rows = axes.map((axis) => {
    const values = [...new Set(variants.flatMap((variant) => variant.values[axis] ?? []))];
    const shown = values.slice(0, 40).join(", ");
    return html`<tr><td><code>${axis}</code></td><td>${shown}${values.length > 40 ? ", …" : ""}</td><td class="num">${values.length}</td></tr>`;
  });
  return html`<div class="scroll"><table><thead><tr><th>axis</th><th>values</th><th class="num">how many</th></tr></thead><tbody>${rows}</tbody></table></div>`;
}

function reproduceOf({ version, identity, seeds }: ExperimentPage): Markup {
  return html`<p>Every variant's resolved scenario and inputs are below <code>variants/</code>; one run of one of them:</p><pre class="command">npx kube-orrery@${version} run variants/NAME/scenario.resolved.yaml --seeds ${seeds.replaceAll(" ", "")}</pre>
<dl class="facts"><div><dt>version</dt><dd><code>kube-orrery ${version}</code></dd></div><div><dt>identity</dt><dd><code class="hash">${identity}</code></dd></div></dl>
<p class="muted">All numbers, run by run, are in summary.csv; compare.md holds each variant against the baseline.</p>`;
}
