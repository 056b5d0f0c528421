import { formatClock } from "../../units/index.ts";
import { shortNumber } from "../text.ts";
import { thinRows } from "./thin.ts";

/** One line of a chart. Missing values are null. */
export interface ChartLine {
  readonly label: string;
  readonly values: readonly (number | null)[];
  /** Number of a colour of the page; each has a dash pattern of its own too, so that colour is never alone. */
  readonly tone: number;
  readonly fill: boolean;
}

/** What the page draws as one chart, and says in words. */
export interface Chart {
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  /** Seconds since the start. */
  readonly x: readonly number[];
  readonly lines: readonly ChartLine[];
  /** Values hold until the next one. */
  readonly isStep: boolean;
  /** Lines are added up. */
  readonly isStacked: boolean;
  /** What the chart shows, as sentences. */
  readonly text: string;
  /** Key of the explanations that a click shows, or null. */
  readonly explains: string | null;
}

export interface LineInput {
  readonly label: string;
  readonly values: readonly number[];
  readonly tone: number;
  readonly fill?: boolean;
}

export interface ChartInput {
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  readonly x: readonly number[];
  readonly lines: readonly LineInput[];
  readonly isStep?: boolean;
  readonly isStacked?: boolean;
  readonly explains?: string;
  /** Said before the words on the lines. */
  readonly lead?: string;
}

const POINTS_LIMIT = 700;

/** Thins a chart's lines and puts them in words; null when there is nothing to draw. */
export function chartOf(input: ChartInput): Chart | null {
  const lines = input.lines.filter(({ values }) => values.some((value) => !Number.isNaN(value)));
  if (lines.length === 0) return null;
  const rows = thinRows(
    lines.map(({ values }) => values),
    input.x.length,
    POINTS_LIMIT,
  );
  const words = lines.map((line) => lineText(line, input.x, input.unit));
  return {
    id: input.id,
    title: input.title,
    unit: input.unit,
    x: rows.map((row) => short(input.x[row] ?? 0)),
    lines: lines.map(({ label, values, tone, fill }) => ({
      label,
      tone,
      fill: fill === true,
      values: rows.map((row) => pointOf(values[row])),
    })),
    isStep: input.isStep === true,
    isStacked: input.isStacked === true,
    text: [...(input.lead === undefined ? [] : [input.lead]), ...words].join(" "),
    explains: input.explains ?? null,
  };
}

function pointOf(value: number | undefined): number | null {
  return value === undefined || Number.isNaN(value) ? null : short(value);
}

/** Five digits are more than a pixel shows. */
function short(value: number): number {
  return Number.isInteger(value) ? value : Number(value.toPrecision(5));
}

function lineText({ label, values }: LineInput, x: readonly number[], unit: string): string {
  let [low, high, highAt, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, Number.NaN];
  for (const [row, value] of values.entries()) {
    if (Number.isNaN(value)) continue;
    if (value < low) low = value;
    if (value > high) [high, highAt] = [value, x[row] ?? 0];
    last = value;
  }
  const name = label.charAt(0).toUpperCase() + label.slice(1);
  const suffix = unit === "%" ? "%" : unit === "" ? "" : ` ${unit}`;
  if (low === high) return `${name}: ${shortNumber(low)}${suffix} throughout.`;
  const peak = formatClock(Math.floor(highAt) * 1_000_000);
  return `${name}: ${shortNumber(low)} to ${shortNumber(high)}${suffix}, peak at ${peak}, last ${shortNumber(last)}.`;
}
