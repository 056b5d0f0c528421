import { formatDuration, formatQuantity, quantityFromValue } from "../units/index.ts";
import type { MetricUnit } from "../world/plan.ts";

/** A value with its unit, short enough for a table: `41.2s`, `83%`, `120Mi`, `23.87 USD`. */
export function formatValue(value: number, unit: MetricUnit, currency: string): string {
  switch (unit) {
    case "seconds":
      return `${shortNumber(value)}s`;
    case "hours":
      return `${shortNumber(value)}h`;
    case "ratio":
      return `${shortNumber(value * 100)}%`;
    case "bytes":
      return formatBytes(value);
    case "cores":
      return value < 1 ? `${Math.round(value * 1000)}m` : shortNumber(value);
    case "currency":
      return `${value.toFixed(2)} ${currency}`;
    case "count":
      return shortNumber(value);
  }
}

const MEBIBYTE = 1024 * 1024;

function formatBytes(bytes: number): string {
  if (bytes < MEBIBYTE) return `${Math.round(bytes)}`;
  return formatQuantity(quantityFromValue(Math.round(bytes / MEBIBYTE) * MEBIBYTE, "BinarySI"));
}

/** Three significant digits below 1000, whole above: `0.012`, `41.2`, `312`, `12345`; two of what is below 0.0005. */
export function shortNumber(value: number): string {
  if (Number.isInteger(value)) return String(value);
  const size = Math.abs(value);
  if (size >= 100) return String(Math.round(value));
  if (size < 0.0005) return String(Number(value.toPrecision(2)));
  return String(Number(value.toFixed(size >= 10 ? 1 : size >= 1 ? 2 : 3)));
}

/** `1.9M`, `12.3k`, `840`. */
export function formatCount(count: number): string {
  if (count >= 1_000_000) return `${(count / 1_000_000).toFixed(1)}M`;
  if (count >= 10_000) return `${(count / 1000).toFixed(1)}k`;
  return String(count);
}

/** `3 nodes`, `1 node`. */
export function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}

/** Seconds of an instant as a duration that can be typed behind `--at`. */
export function atText(micros: number): string {
  return formatDuration(Math.floor(micros / 1_000_000) * 1_000_000);
}

const BARS = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"] as const;

/** Values thinned to `width` bars, the highest of each stretch; as many as there are when fewer. */
export function sparkline(values: readonly number[], width: number): string {
  if (values.length === 0) return "";
  const low = values.reduce((least, value) => Math.min(least, value));
  const high = values.reduce((most, value) => Math.max(most, value));
  const count = Math.min(width, values.length);
  let text = "";
  for (let bar = 0; bar < count; bar++) {
    const from = Math.floor((bar * values.length) / count);
    const to = Math.max(from + 1, Math.floor(((bar + 1) * values.length) / count));
    const top = values.slice(from, to).reduce((most, value) => Math.max(most, value));
    const level = high === low ? 0 : Math.floor(((top - low) / (high - low)) * (BARS.length - 1) + 0.5);
    text += BARS[level] ?? "";
  }
  return text;
}
