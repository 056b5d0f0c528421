import { formatDuration } from "../../units/index.ts";
import type { FinishedRun } from "../finished-run.ts";
import type { SummaryDocument } from "../summary.ts";
import { formatCount, plural } from "../text.ts";
import { readAssets } from "./assets.ts";
import { type PageInput, sectionsOf, shownHpas } from "./body.ts";
import type { Chart } from "./chart.ts";
import { figureOf } from "./figure.ts";
import { framed } from "./frame.ts";
import { heatOf } from "./heat.ts";
import { explanationsOf } from "./hpa-story.ts";
import { html, type Markup } from "./markup.ts";
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
  return framed({
    title,
    version: summary.version,
    header: headerOf(summary, run),
    sections,
    footer: html`kube-orrery ${summary.version} · Kubernetes ${summary.kubernetesVersion} rules · digest <code>${summary.digest ?? "none"}</code>`,
    keys: KEYS,
    css: assets.css,
    scripts: assets.scripts,
    notice: `uPlot, inlined below:\n${assets.notice}`,
    data,
  });
}

const KEYS = [
  ["Tab", "next chart"],
  ["← →", "move the cursor, with Shift ten steps"],
  ["Home End", "first and last instant"],
  ["n p", "next and previous mark"],
  ["+ − 0", "zoom in, out, all"],
  ["Enter", "explain an autoscaler here"],
  ["Esc", "let go of the cursor"],
] as const;

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
