import type { Chart } from "./chart.ts";
import { html, type Markup } from "./markup.ts";

/** Registers a chart with the page's data and gives the place where it is drawn. */
export type Figure = (chart: Chart | null) => Markup | null;

/** The dash patterns of the tones, as charts.js has them. */
const DASHES = ["", "6 3", "", "2 2.5", "8 2 2 2", "4 2.5"];

/** A piece of a line as it looks in a chart. */
export function keyOf(tone: number): Markup {
  return html`<svg class="key t${tone}" width="24" height="8" aria-hidden="true"><line x1="1" x2="23" y1="4" y2="4" stroke-dasharray="${DASHES[tone] ?? ""}"/></svg>`;
}

/** The frame of a chart: title, legend with the values under the cursor, the chart in words, its numbers. */
export function figureOf({ id, title, unit, lines, text, explains }: Chart): Markup {
  const keys = lines.map(
    ({ label, tone }, index) => html`<span class="entry">${keyOf(tone)}${label} <b data-value="${index}"></b></span>`,
  );
  const name = `${title}${unit === "" ? "" : `, ${unit}`}`;
  const hint = explains === null ? null : html` <small class="hint">click or Enter: why</small>`;
  return html`<figure class="chart" id="chart-${id}" data-chart="${id}" tabindex="0" role="group" aria-label="${name}" aria-describedby="text-${id}">
<figcaption><span class="title">${title}${unit === "" ? null : html` <small>${unit}</small>`}${hint}</span><span class="legend">${keys}</span></figcaption><div class="plot"></div>
<p class="text" id="text-${id}">${text}</p><details class="data"><summary>Numbers</summary><div class="scroll"></div></details></figure>`;
}
