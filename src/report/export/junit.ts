import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { guarded } from "../output-error.ts";
import type { SummaryDocument } from "../summary.ts";
import { formatValue } from "../text.ts";

/** Writes assertions as JUnit XML: a suite a run, a case an assertion. @returns the path */
export function writeJunit(summaries: readonly SummaryDocument[], file: string): string {
  const text = junitText(summaries);
  guarded(file, () => {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  });
  return file;
}

export function junitText(summaries: readonly SummaryDocument[]): string {
  const cases = summaries.reduce((sum, { assertions }) => sum + assertions.length, 0);
  const failures = summaries.reduce((sum, summary) => sum + failedOf(summary), 0);
  return [
    `<?xml version="1.0" encoding="UTF-8"?>`,
    `<testsuites name="orrery" tests="${cases}" failures="${failures}" errors="0">`,
    ...summaries.flatMap(suiteLines),
    "</testsuites>",
    "",
  ].join("\n");
}

function failedOf({ assertions }: SummaryDocument): number {
  return assertions.filter(({ holds }) => !holds).length;
}

function suiteLines(summary: SummaryDocument): string[] {
  const { scenario, seed, assertions, digest, version, currency } = summary;
  const name = `${scenario} seed=${seed}`;
  const cases = assertions.flatMap(({ text, value, unit, holds, source }) => {
    const head = `    <testcase classname="${escapeXml(name)}" name="${escapeXml(text)}" file="${escapeXml(source.file)}" line="${source.line}"`;
    if (holds) return [`${head}/>`];
    const found = value === null ? "nothing was observed" : `found ${formatValue(value, unit, currency)}`;
    const message = escapeXml(`${text}: ${found}`);
    return [
      `${head}>`,
      `      <failure message="${message}">${message} (${escapeXml(source.file)}:${source.line}:${source.column})</failure>`,
      `    </testcase>`,
    ];
  });
  return [
    `  <testsuite name="${escapeXml(name)}" tests="${assertions.length}" failures="${failedOf(summary)}" errors="0">`,
    `    <properties>`,
    `      <property name="version" value="${escapeXml(version)}"/>`,
    `      <property name="digest" value="${escapeXml(digest ?? "")}"/>`,
    `    </properties>`,
    ...cases,
    `  </testsuite>`,
  ];
}

/** Characters that XML 1.0 knows no way to write are left out. */
function escapeXml(text: string): string {
  return text
    .replace(CONTROL, "")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("\n", "&#10;");
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;
