import type { MetricUnit } from "../../world/plan.ts";
import { formatValue } from "../text.ts";
import { keyOf } from "./figure.ts";
import { html, type Markup } from "./markup.ts";

/** One outcome of one variant: the mean over the seeds and its interval. */
export interface Outcome {
  /** Number of the variant. */
  readonly variant: number;
  readonly name: string;
  readonly mean: number;
  readonly low: number;
  readonly high: number;
  /** Whether it is told apart from the baseline: drawn full, else hollow. */
  readonly isTold: boolean;
  readonly isBaseline: boolean;
  /** What is said of it under the cursor. */
  readonly text: string;
}

/** Outcomes along the values of an axis, a line for each combination of the others. */
export interface Lines {
  readonly axis: string;
  readonly groups: readonly {
    readonly label: string;
    readonly points: readonly (Outcome & { readonly x: number })[];
  }[];
}

interface Scale {
  readonly low: number;
  readonly high: number;
  readonly ticks: readonly number[];
}

/** Values of an axis in words: as everywhere, or with more digits where two would read alike. */
function tickTexts(ticks: readonly number[], unit: MetricUnit, currency: string): string[] {
  const texts = ticks.map((tick) => formatValue(tick, unit, currency));
  if (new Set(texts).size === texts.length) return texts;
  const suffix = { seconds: "s", hours: "h" }[unit as string] ?? "";
  return ticks.map((tick) => `${Number(tick.toPrecision(4))}${suffix}`);
}

const WIDTH = 560;
const HEIGHT = 236;
const PAD = { left: 66, right: 14, top: 10, bottom: 40 };
/** Lines of more combinations are not told apart any more. */
export const LINES_MOST = 6;

/** Lines with error bars over a numeric axis. */
export function linesSvg({ axis, groups }: Lines, unit: MetricUnit, currency: string): Markup {
  const points = groups.flatMap((group) => group.points);
  const y = scaleOf(points, 4);
  const values = [...new Set(points.map(({ x }) => x))].sort((a, b) => a - b);
  const [first, last] = [values[0] ?? 0, values.at(-1) ?? 1];
  // Lines that lie on each other at a value stand side by side.
  const beside = (group: number): number => (groups.length === 1 ? 0 : (group - (groups.length - 1) / 2) * 7);
  const inner = WIDTH - PAD.left - PAD.right - 44;
  const atX = (value: number, group: number): number =>
    PAD.left + 22 + (last === first ? inner / 2 : ((value - first) / (last - first)) * inner) + beside(group);
  const atY = (value: number): number =>
    HEIGHT - PAD.bottom - ((value - y.low) / (y.high - y.low)) * (HEIGHT - PAD.top - PAD.bottom);
  const texts = tickTexts(y.ticks, unit, currency);
  const grid = y.ticks.map(
    (tick, index) =>
      html`<line class="grid-line" x1="${PAD.left}" x2="${WIDTH - PAD.right}" y1="${px(atY(tick))}" y2="${px(atY(tick))}"/><text class="tick" x="${PAD.left - 8}" y="${px(atY(tick) + 4)}" text-anchor="end">${texts[index] ?? ""}</text>`,
  );
  const marks = values.map(
    (value) =>
      html`<text class="tick" x="${px(atX(value, (groups.length - 1) / 2))}" y="${HEIGHT - PAD.bottom + 18}" text-anchor="middle">${value}</text>`,
  );
  const drawn = groups.map(({ points: own }, group) => {
    const path = own.map(({ x, mean }) => `${px(atX(x, group))},${px(atY(mean))}`).join(" ");
    const dots = own.map((one) => {
      const at = px(atX(one.x, group));
      return html`<g class="pt t${group}" data-v="${one.variant}"><title>${one.text}</title><line x1="${at}" x2="${at}" y1="${px(atY(one.low))}" y2="${px(atY(one.high))}"/>${one.isBaseline ? html`<circle class="base" cx="${at}" cy="${px(atY(one.mean))}" r="8.5"/>` : null}<circle class="${one.isTold ? "told" : ""}" cx="${at}" cy="${px(atY(one.mean))}" r="4"/></g>`;
    });
    return html`<polyline class="path t${group} d${group}" points="${path}"/>${dots}`;
  });
  return html`<svg class="outcome" viewBox="0 0 ${WIDTH} ${HEIGHT}" aria-hidden="true">${grid}${marks}<text class="axis" x="${px(PAD.left + (WIDTH - PAD.left - PAD.right) / 2)}" y="${HEIGHT - 5}" text-anchor="middle">${axis}</text>${drawn}</svg>`;
}

/** The legend of the lines; of a single one there is nothing to tell. */
export function linesLegend({ groups }: Lines): Markup | null {
  if (groups.length < 2) return null;
  return html`${groups.map(({ label }, index) => html`<span class="entry">${keyOf(index)}${label}</span>`)}`;
}

const ROW = 24;
const NAME_WIDTH = 230;
const WIDE = 900;
const NAME_LONGEST = 36;

/** A row a variant: a dot at the mean, a bar from end to end of the interval. */
export function rowsSvg(outcomes: readonly Outcome[], unit: MetricUnit, currency: string): Markup {
  const x = scaleOf(outcomes, 6);
  const height = outcomes.length * ROW + 34;
  const atX = (value: number): number =>
    NAME_WIDTH + 20 + ((value - x.low) / (x.high - x.low)) * (WIDE - NAME_WIDTH - 60);
  const texts = tickTexts(x.ticks, unit, currency);
  const grid = x.ticks.map(
    (tick, index) =>
      html`<line class="grid-line" x1="${px(atX(tick))}" x2="${px(atX(tick))}" y1="4" y2="${height - 28}"/><text class="tick" x="${px(atX(tick))}" y="${height - 10}" text-anchor="middle">${texts[index] ?? ""}</text>`,
  );
  const rows = outcomes.map((one, index) => {
    const at = 4 + index * ROW + ROW / 2;
    const [low, high] = [px(atX(one.low)), px(atX(one.high))];
    return html`<g class="pt row t0" data-v="${one.variant}"><title>${one.text}</title><rect class="band" x="0" y="${at - ROW / 2}" width="${WIDE}" height="${ROW}"/><text class="name" x="${NAME_WIDTH}" y="${at + 4}" text-anchor="end">${shortened(one.name)}</text><line x1="${low}" x2="${high}" y1="${at}" y2="${at}"/>${one.isBaseline ? html`<circle class="base" cx="${px(atX(one.mean))}" cy="${at}" r="8.5"/>` : null}<circle class="${one.isTold ? "told" : ""}" cx="${px(atX(one.mean))}" cy="${at}" r="4"/></g>`;
  });
  return html`<svg class="outcome" viewBox="0 0 ${WIDE} ${height}" aria-hidden="true">${grid}${rows}</svg>`;
}

function shortened(name: string): string {
  const characters = [...name];
  return characters.length <= NAME_LONGEST ? name : `…${characters.slice(1 - NAME_LONGEST).join("")}`;
}

/** From 0, unless all values lie so far from it that nothing could be told apart. */
export function scaleOf(outcomes: readonly Pick<Outcome, "low" | "high">[], count: number): Scale {
  const least = outcomes.reduce((low, one) => Math.min(low, one.low), Number.POSITIVE_INFINITY);
  const most = outcomes.reduce((high, one) => Math.max(high, one.high), Number.NEGATIVE_INFINITY);
  if (outcomes.length === 0 || (least === 0 && most === 0)) return { low: 0, high: 1, ticks: [0, 1] };
  const isFar = least > 0 && least > 0.6 * most;
  const from = isFar ? least : Math.min(0, least);
  const to = Math.max(most, isFar ? from : 0);
  const span = to - from || Math.abs(to) * 0.2 || 1;
  const step = niceStep(span / count);
  const [low, high] = [
    Math.floor((from - (isFar ? span * 0.1 : 0)) / step) * step,
    Math.ceil((to + span * 0.04) / step) * step,
  ];
  const ticks = Array.from({ length: Math.round((high - low) / step) + 1 }, (_, index) =>
    Number((low + index * step).toPrecision(12)),
  );
  return { low, high, ticks };
}

/** The next larger of 1, 2 and 5 times a power of ten. */
function niceStep(raw: number): number {
  const power = 10 ** Math.floor(Math.log10(raw));
  const factor = [1, 2, 5, 10].find((one) => one * power >= raw * 0.999) ?? 10;
  return factor * power;
}

function px(value: number): string {
  return String(Math.round(value * 10) / 10);
}
