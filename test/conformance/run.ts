/**
 * Plays recordings of the real Kubernetes code against this simulator and says what agrees.
 *
 *   npm run conformance [-- PATH…]      files or folders, .json or .json.gz; the repository's own by default
 *
 * A recording of a whole control plane is named by its NAME.marks.json. The last line is `N passed, M failed`: decisions of
 * the scheduler, vectors of the HPA calculator, scenarios of the controllers, facts about whole control planes. Exit 1 on any difference, 2 when a path cannot be read.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { gunzipSync } from "node:zlib";
import { runControlFile } from "./control/run.ts";
import type { Scenario } from "./control/scenario.ts";
import { isControlPlaneMarks, readControlPlane } from "./control-plane/recording.ts";
import { runControlPlane } from "./control-plane/run.ts";
import { runHpaCalc } from "./hpa/run.ts";
import type { SchedulerDocument } from "./scheduler/document.ts";
import { runSchedulerFile } from "./scheduler/run.ts";

interface Family {
  readonly family: string;
  readonly cases: number;
  readonly checked: number;
  readonly agreed: number;
  readonly differences: readonly string[];
}

const SHOWN = 3;
const OWN = join(import.meta.dirname, "recordings");

process.exitCode = await main(process.argv.slice(2));

async function main(paths: readonly string[]): Promise<number> {
  let passed = 0;
  let failed = 0;
  const files: string[] = [];
  try {
    for (const path of paths.length === 0 ? [ownRecordings()] : paths) files.push(...recordingsIn(resolve(path)));
  } catch (error) {
    process.stderr.write(`conformance: ${error instanceof Error ? error.message : String(error)}\n`);
    return 2;
  }
  for (const file of files) {
    for (const result of isControlPlaneMarks(file) ? [await playControlPlane(file)] : play(file)) {
      passed += result.agreed;
      failed += result.checked - result.agreed;
      print(result);
    }
  }
  process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
  return failed === 0 && passed > 0 ? 0 : 1;
}

/** The recordings lie beside the sources, not in the build. */
function ownRecordings(): string {
  return OWN.replace(/([\\/])build[\\/]test[\\/]/, "$1test$1");
}

function recordingsIn(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { recursive: true, encoding: "utf8" })
    .filter((name) => /\.json(\.gz)?$/.test(name))
    .sort()
    .map((name) => join(path, name));
}

function play(file: string): Family[] {
  const bytes = readFileSync(file);
  const text = (bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes).toString("utf8");
  const document: unknown = JSON.parse(text);
  if (Array.isArray(document)) {
    const first = document[0] as Record<string, unknown> | undefined;
    if (first === undefined) return [];
    if ("timeline" in first) return playControl(document as Scenario[]);
    if ("specReplicas" in first) {
      return runHpaCalc(text).map(({ family, cases, agreed, differences }) => ({
        family: `hpa-calc/${family}`,
        cases,
        checked: cases,
        agreed,
        differences: differences.map(String),
      }));
    }
  } else if (isSchedulerDocument(document)) {
    const { family, cases, decisions, agreed, differences } = runSchedulerFile(document);
    return [{ family, cases, checked: decisions, agreed, differences: differences.map((line) => textOf(line)) }];
  }
  return [
    { family: basename(file), cases: 0, checked: 1, agreed: 0, differences: ["not a recording of a known format"] },
  ];
}

function playControl(scenarios: readonly Scenario[]): Family[] {
  const { family, scenarios: count, agreed, differences } = runControlFile(scenarios);
  const lines = differences.map(({ scenario, lines: [first = "", ...rest] }) => {
    const more = rest.length === 0 ? "" : ` (and ${rest.length} more)`;
    return `${scenario}: ${first}${more}`;
  });
  return [{ family, cases: count, checked: count, agreed, differences: lines }];
}

async function playControlPlane(file: string): Promise<Family> {
  const { family, facts, agreed, differences } = await runControlPlane(readControlPlane(file));
  return { family, cases: 1, checked: facts, agreed, differences };
}

function isSchedulerDocument(document: unknown): document is SchedulerDocument {
  return typeof document === "object" && document !== null && "kind" in document && "cases" in document;
}

function print({ family, cases, checked, agreed, differences }: Family): void {
  const mark = agreed === checked ? "✓" : "✗";
  const figures = `${String(agreed).padStart(5)} of ${String(checked).padStart(5)}   ${String(cases).padStart(4)} cases`;
  process.stdout.write(`${mark} ${family.padEnd(30)} ${figures}\n`);
  for (const line of differences.slice(0, SHOWN)) process.stdout.write(`    ${line.replaceAll("\n", "\n    ")}\n`);
  if (differences.length > SHOWN) process.stdout.write(`    … ${differences.length - SHOWN} more\n`);
}

function textOf(difference: unknown): string {
  return typeof difference === "string" ? difference : JSON.stringify(difference);
}
