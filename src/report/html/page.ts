import { formatDuration } from "../../units/index.ts";
import type { FinishedRun } from "../finished-run.ts";
import type { SummaryDocument } from "../summary.ts";
import { formatCount, plural } from "../text.ts";
import { readAssets } from "./assets.ts";
import { type PageInput, sectionsOf, shownHpas } from "./body.ts";
import type { Chart } from "./chart.ts";
import { figureOf } from "./figure.ts";
import { heatOf } from "./heat.ts";
import { explanationsOf } from "./hpa-story.ts";
import { html, Markup, scriptJson } from "./markup.ts";
import { verdictOf } from "./sections.ts";

/** Explanations in the page, of somewhat under a kilobyte each. */
const TEXTS_LIMIT = 1600;

/** The whole report: one file that needs no network. The same run gives the same bytes. */
export function pageText(input: PageInput): string {
  const { run, story } = input;
  const charts: Chart[] = [];
  const figure = (chart: Chart | null): Markup | null => {
    if (chart === null) return null;
    charts.push(chart);
    return figureOf(chart);
  };
  const heat = heatOf(run.series.get("node_usage"));
  const sections = sectionsOf(input, heat, figure);
  const { summary } = run;
  const hpas = shownHpas(story.hpas);
  const textsEach = Math.ceil(TEXTS_LIMIT / Math.max(1, hpas.length));
  const data = {
    end: summary.endSeconds,
    marks: story.marks,
    charts,
    heat,
    explain: Object.fromEntries(hpas.map((hpa) => [hpa.key, explanationsOf(hpa, textsEach)])),
  };
  const assets = readAssets();
  const title = `${summary.scenario} · seed ${summary.seed}`;
  return `${
    html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:">
<meta name="color-scheme" content="light dark"><meta name="generator" content="kube-orrery ${summary.version}"><title>${title} — kube-orrery</title>
${new Markup(`<!-- uPlot, inlined below:\n${assets.notice}\n-->\n<style>${assets.css}</style>`)}</head>
<body><a class="skip" href="#verdict">Skip to the verdict</a>
<div class="layout"><nav aria-label="Sections"><p class="brand">${ORRERY}kube-orrery</p><ol>${sections.map(({ id, title: name }) => html`<li><a href="#${id}">${name}</a></li>`)}</ol>
<div class="tools"><button type="button" id="theme" title="Colours: follow the system, light, dark">Colours: system</button><button type="button" id="keys-button" aria-expanded="false" aria-controls="keys">Keys</button></div>
<div id="keys" hidden><dl><dt>Tab</dt><dd>next chart</dd><dt>← →</dt><dd>move the cursor, with Shift ten steps</dd><dt>Home End</dt><dd>first and last instant</dd><dt>n p</dt><dd>next and previous mark</dd><dt>+ − 0</dt><dd>zoom in, out, all</dd><dt>Enter</dt><dd>explain an autoscaler here</dd><dt>Esc</dt><dd>let go of the cursor</dd></dl></div></nav>
<main>${headerOf(summary, run)}${sections.map(({ id, title: name, body }) => html`<section id="${id}" aria-labelledby="${id}-h"><h2 id="${id}-h">${name}</h2>${body}</section>`)}
<footer>kube-orrery ${summary.version} · Kubernetes ${summary.kubernetesVersion} rules · digest <code>${summary.digest ?? "none"}</code></footer></main></div>
<div id="now" role="status" aria-live="polite" class="sr"></div>
${new Markup(`<script type="application/json" id="data">${scriptJson(data)}</script>\n${assets.scripts.map((script) => `<script>${script}</script>`).join("\n")}`)}
</body></html>`.text
  }\n`;
}

const ORRERY = new Markup(
  `<svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true"><circle cx="12" cy="12" r="3.2" fill="currentColor"/><ellipse cx="12" cy="12" rx="10" ry="4.6" fill="none" stroke="currentColor" stroke-width="1.2" transform="rotate(-24 12 12)"/><circle cx="20.6" cy="7.2" r="1.7" fill="currentColor"/><circle cx="4.7" cy="13.4" r="1.2" fill="currentColor"/></svg>`,
);

function headerOf(summary: SummaryDocument, { scenario }: FinishedRun): Markup {
  const { tone, text } = verdictOf(summary);
  const zones = new Set(scenario.plan?.nodes.map(({ zone }) => zone).filter((zone) => zone !== null));
  const facts = [
    plural(summary.counts.nodes, "node") + (zones.size > 0 ? ` in ${plural(zones.size, "zone")}` : ""),
    plural(summary.counts.workloads, "workload"),
    `${plural(summary.counts.pods, "pod")} at the end`,
    `${formatDuration(summary.endSeconds * 1_000_000)} simulated`,
    `${formatCount(summary.events)} events`,
    `seed ${summary.seed}`,
  ];
  return html`<header class="top"><h1>${summary.scenario}</h1><p class="facts">${facts.join(" · ")}</p><p class="verdict ${tone}"><span aria-hidden="true">${tone === "good" ? "✓" : tone === "bad" ? "✗" : "–"}</span> ${text}</p></header>`;
}
