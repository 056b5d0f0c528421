import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { describe, expect, test } from "vitest";

/**
 * The rules of the house that can be read off the text: which room may import which, faces, names that a simulation
 * must not use, sizes, and deviations that are owned up to. A failing line says the rule and what to do.
 */

const ROOT = join(import.meta.dirname, "..");
const SRC = join(ROOT, "src");

/** A room may import the rooms named here, and itself. `docs/architecture.md` explains the arrows. */
const BASE = ["units", "random", "tables", "engine", "kube"];
const STATE = [...BASE, "store"];
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  units: [],
  random: ["tables"],
  tables: [],
  engine: ["tables", "random", "units"],
  kube: ["units", "tables"],
  store: BASE,
  metrics: STATE,
  scheduler: STATE,
  control: [...STATE, "metrics"],
  node: STATE,
  network: STATE,
  workload: [...STATE, "metrics", "network"],
  plugin: STATE,
  world: [...STATE, "metrics", "scheduler", "control", "node", "network", "workload", "plugin"],
  scenario: [...BASE, "world", "workload", "scheduler", "plugin"],
  statistics: ["random"],
  report: [...BASE, "world", "scenario", "statistics"],
  experiment: [...BASE, "world", "scenario", "statistics", "report"],
  answers: [...STATE, "control", "scheduler", "workload", "world", "scenario", "statistics", "report", "experiment"],
  bench: [...BASE, "world", "scenario", "statistics"],
  testing: [...STATE, "world"],
  import: [...BASE, "scenario"],
  "index.ts": ["scenario", "world"],
  cli: [...BASE, "world", "scenario", "statistics", "report", "experiment", "answers", "bench", "import"],
};

/** Rooms in which the same input must give the same bytes for ever. */
const SIMULATION = [
  "units",
  "random",
  "tables",
  "engine",
  "kube",
  "store",
  "metrics",
  "scheduler",
  "control",
  "node",
  "network",
  "workload",
  "world",
];
const BANNED: readonly { readonly pattern: RegExp; readonly why: string; readonly except?: readonly string[] }[] = [
  { pattern: /\bDate\b(?=[.(])|new Date\b/, why: "no wall clock: use engine.now and src/units/instant.ts" },
  {
    pattern: /\bperformance\.now|\bprocess\.hrtime|\bsetTimeout|\bsetInterval|\bsetImmediate|\bqueueMicrotask/,
    why: "no real time: schedule an event",
  },
  { pattern: /Math\.random|crypto\./, why: "no ambient randomness: use engine.streams.stream(name)" },
  {
    pattern: /Math\.(exp|log|log2|log10|log1p|expm1|pow|sin|cos|tan|atan|atan2|asin|acos|sinh|cosh|tanh|cbrt|hypot)\b/,
    why: "implementation-defined: use src/random ln/exp/pow",
  },
  { pattern: /localeCompare|toLocale\w+|\bIntl\b/, why: "no locale: compare with < and >" },
  { pattern: /\bPromise\b|\basync\b|\bawait\b/, why: "no promises in a world: microtasks would own the order" },
  { pattern: /from "node:/, why: "no IO in the simulation: it belongs to scenario/load, report and cli" },
  { pattern: /\bconsole\./, why: "no console: return data, or write a decision" },
];
const KUBERNETES_WORDS =
  /\b(pods?|nodes?|kubelets?|kubernetes|deployments?|replicasets?|schedulers?|namespaces?|leases?)\b/i;
const LINES_MAX = 500;

const files = sources(SRC);
const roomOf = (file: string): string => relative(SRC, file).split("/")[0] as string;

function sources(folder: string): string[] {
  return readdirSync(folder)
    .sort()
    .flatMap((name) => {
      const path = join(folder, name);
      return statSync(path).isDirectory() ? sources(path) : name.endsWith(".ts") ? [path] : [];
    });
}

/** The text without comments, so that a rule named in a comment is not a breach of it. */
function code(file: string): string {
  return readFileSync(file, "utf8")
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/^\s*\/\/.*$/gm, "")
    .replace(/([^:"'`])\/\/ .*$/gm, "$1");
}

function imports(file: string): string[] {
  return [...code(file).matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)].map((match) => match[1] as string);
}

describe("arrows", () => {
  test.each(Object.keys(MAY_IMPORT))("%s imports only what it may, and only faces", (room) => {
    const breaches: string[] = [];
    for (const file of files.filter((path) => roomOf(path) === room)) {
      for (const target of imports(file).filter((path) => path.startsWith("."))) {
        const path = join(file, "..", target);
        const other = roomOf(path);
        const where = relative(ROOT, file);
        if (other === room) continue;
        if (!MAY_IMPORT[room]?.includes(other)) breaches.push(`${where}: ${room} must not import ${other}`);
        if (relative(SRC, path) !== `${other}/index.ts` && relative(SRC, path) !== "world/plan.ts") {
          breaches.push(`${where}: import the face ${other}/index.ts, not ${target}`);
        }
      }
    }
    expect(breaches).toEqual([]);
  });

  test("every room is known", () => {
    expect([...new Set(files.map(roomOf))].filter((room) => !(room in MAY_IMPORT))).toEqual([]);
  });
});

describe("determinism", () => {
  test.each(SIMULATION)("%s uses no clock, no chance, no locale, no IO", (room) => {
    const breaches: string[] = [];
    for (const file of files.filter((path) => roomOf(path) === room && !path.endsWith(".test.ts"))) {
      const text = code(file);
      for (const { pattern, why } of BANNED) {
        const found = pattern.exec(text);
        if (found !== null) breaches.push(`${relative(ROOT, file)}: "${found[0]}": ${why}`);
      }
      if (/from "seedrandom"/.test(text) && room !== "random")
        breaches.push(`${relative(ROOT, file)}: seedrandom is imported in src/random only`);
    }
    expect(breaches).toEqual([]);
  });
});

test("the engine knows no Kubernetes word", () => {
  const breaches = files
    .filter((file) => ["engine", "tables", "random", "units"].includes(roomOf(file)) && !file.endsWith(".test.ts"))
    .flatMap((file) => {
      const found = KUBERNETES_WORDS.exec(code(file).replace(/"node:[^"]+"/g, ""));
      return found === null ? [] : [`${relative(ROOT, file)}: "${found[0]}"`];
    });
  expect(breaches).toEqual([]);
});

test("files can be read in one sitting", () => {
  const long = files
    .map((file) => ({ file: relative(ROOT, file), lines: readFileSync(file, "utf8").trimEnd().split("\n").length }))
    .filter(({ lines }) => lines > LINES_MAX)
    .map(({ file, lines }) => `${file}: ${lines} lines, at most ${LINES_MAX}: split it`);
  expect(long).toEqual([]);
});

test("no default exports, no leftovers", () => {
  const breaches = files.flatMap((file) => {
    const text = readFileSync(file, "utf8");
    const where = relative(ROOT, file);
    return [
      ...(/^export default/m.test(text) ? [`${where}: a default export`] : []),
      ...(/\b(TODO|FIXME|XXX|HACK)\b/.test(text) ? [`${where}: a leftover note`] : []),
      ...(/\/work\/|\.\.\/shared/.test(text) ? [`${where}: names a place outside the project`] : []),
    ];
  });
  expect(breaches).toEqual([]);
});

test("every deliberate departure from Kubernetes is listed in docs/fidelity.md, and no other", () => {
  const marked = files.flatMap((file) =>
    [...readFileSync(file, "utf8").matchAll(/DEVIATION\(([\w-]+)\)/g)].map((m) => m[1] as string),
  );
  const listed = [...readFileSync(join(ROOT, "docs/fidelity.md"), "utf8").matchAll(/^\| `([\w-]+)` \|/gm)].map(
    (m) => m[1] as string,
  );
  expect([...new Set(listed)].sort()).toEqual([...new Set(marked)].sort());
});
