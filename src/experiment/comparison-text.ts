import { formatValue, type Paint, plural } from "../report/index.ts";
import type { Verdict } from "../statistics/index.ts";
import { type Comparison, isTelling, type MeasureComparison, verdictCounts } from "./comparison.ts";
import type { Change } from "./plan-changes.ts";
import { seedsText } from "./seeds.ts";

/** The comparison for a screen: what was changed, a row a measure, and the count of verdicts. */
export function comparisonLines(comparison: Comparison, currency: string, paint: Paint): string[] {
  const rows = [headings(comparison), ...comparison.measures.filter(isTelling).map((one) => cells(one, currency))];
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => [...(row[column] ?? "")].length)));
  const lines = rows.map((row, index) => {
    const padded = row.map((cell, column) =>
      (column === 0 || column > 5 ? padEnd : padStart)(cell, widths[column] ?? 0),
    );
    const verdict = index === 0 ? "" : (row.at(-1) ?? "");
    return `  ${padded.slice(0, -1).join("   ")}   ${paint(styleOf(verdict), padded.at(-1)?.trimEnd() ?? "")}`.trimEnd();
  });
  return [...changeLines(comparison.changes), "", ...lines, "", closing(comparison)];
}

/** The comparison for a pull request. */
export function comparisonMarkdown(comparison: Comparison, currency: string): string[] {
  const escaped = (text: string): string => text.replaceAll("|", "\\|");
  const { base, other, changes } = comparison;
  const row = (values: readonly string[]): string => `| ${values.join(" | ")} |`;
  const [measure = "", ...rest] = headings(comparison).map(escaped);
  const body = comparison.measures.filter(isTelling).map((one) => {
    const [name = "", ...values] = cells(one, currency).map(escaped);
    const verdict = values.pop() ?? "";
    return row([`\`${name}\``, ...values, verdict === "better" || verdict === "worse" ? `**${verdict}**` : verdict]);
  });
  return [
    `### ${base} → ${other}`,
    "",
    ...(changes.length === 0 ? [] : ["```diff", ...changeLines(changes), "```", ""]),
    row([measure, ...rest]),
    row(["---", "--:", "--:", "--:", "--:", "--:", "---"]),
    ...body,
    "",
    closing(comparison),
  ];
}

/** `+ ~ -` lines, the values of a change below it. */
export function changeLines(changes: readonly Change[]): string[] {
  return changes.flatMap(({ sign, what, values }) => [
    `${sign} ${what}`,
    ...values.map(({ path, from, to }) => `    ${path}: ${shown(from)} → ${shown(to)}`),
  ]);
}

function headings({ base, other }: Comparison): string[] {
  return ["", base, other, "difference", "95 % interval", "relative", ""];
}

function cells(
  { measure, unit, base, other, difference, ratio, verdict }: MeasureComparison,
  currency: string,
): string[] {
  const value = (number: number): string => formatValue(number, unit, currency);
  const signed = (number: number): string => `${signOf(number)}${value(Math.abs(number))}`;
  const { low, high, mean } = difference;
  const isSame = verdict === "same";
  return [
    measure,
    value(base.mean),
    value(other.mean),
    isSame ? "0" : signed(mean),
    isSame || low === null || high === null ? "—" : `[${signed(low)}, ${signed(high)}]`,
    isSame || ratio === null ? "—" : `${signOf(ratio)}${formatValue(Math.abs(ratio), "ratio", currency)}`,
    verdict,
  ];
}

function signOf(number: number): string {
  return number > 0 ? "+" : number < 0 ? "−" : "";
}

const VERDICTS: readonly Verdict[] = ["better", "worse", "different", "unclear", "same"];

function closing(comparison: Comparison): string {
  const counts = verdictCounts(comparison);
  const said = VERDICTS.filter((verdict) => counts[verdict] > 0).map((verdict) => `${counts[verdict]} ${verdict}`);
  const { seeds } = comparison;
  const pairs = seeds.length === 1 ? "1 seed: no interval" : plural(seeds.length, "paired seed");
  return `${pairs} (${seedsText(seeds)}). ${said.length === 0 ? "Nothing to compare" : said.join(", ")}.`;
}

function shown(value: unknown): string {
  if (value === undefined) return "(none)";
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

function styleOf(verdict: string): "good" | "bad" | "dim" {
  return verdict === "better" ? "good" : verdict === "worse" ? "bad" : "dim";
}

function padStart(text: string, width: number): string {
  return " ".repeat(Math.max(0, width - [...text].length)) + text;
}

function padEnd(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - [...text].length));
}
