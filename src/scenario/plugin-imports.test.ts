import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { loadScenario } from "./load.ts";
import { bundleModules, moduleFiles, relativeImports } from "./plugin-imports.ts";

/** Not written out, so that it is no import of this file. */
const UP = "..";
const root = mkdtempSync(join(tmpdir(), "orrery-imports-"));
afterAll(() => rmSync(root, { recursive: true }));

function folder(name: string, files: Readonly<Record<string, string>>): string {
  for (const [file, text] of Object.entries(files)) {
    const path = join(root, name, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  return join(root, name);
}

test.each<[string, string, string[]]>([
  ["a name", `import { a } from "./a.mjs";`, ["./a.mjs"]],
  ["over lines", `import {\n  a,\n  b,\n} from "./b.mjs";`, ["./b.mjs"]],
  ["for its effects", `import './a.js'`, ["./a.js"]],
  ["passed on", `export * from "./a.mjs"; export { c } from './c.mjs'`, ["./a.mjs", "./c.mjs"]],
  ["while running", `const a = await import("./a.mjs");`, ["./a.mjs"]],
  ["data", `import table from "./table.json" with { type: "json" };`, ["./table.json"]],
  ["packages", `import { readFileSync } from "node:fs"; import p from "kube-orrery/plugin";`, []],
  ["in comments", `/** @type {import("./types.mjs").A} */ // import "./b.mjs"\nexport default {};`, []],
  ["in texts", 'const a = \'import "./a.mjs"\'; const b = `from "./b.mjs"`;', []],
  ["after comments in texts", `const all = "/*"; import "./a.mjs"; const end = "*/";`, ["./a.mjs"]],
  ["plain texts", `const a = "./a.mjs";`, []],
])("relative imports: %s", (_title, source, expected) => {
  expect(relativeImports(source).map(({ specifier }) => specifier)).toEqual(expected);
});

test("an import stands where its text begins", () => {
  expect(relativeImports(`// first\nimport { a }\n  from "./a.mjs";\n`)).toEqual([
    { specifier: "./a.mjs", line: 3, column: 8 },
  ]);
});

test("a module's files: each once, rings and all, and what is missing", () => {
  const texts: Record<string, string> = {
    "p/a.mjs": `import "./b.mjs"; import "./lib/c.mjs?x=1";`,
    "p/b.mjs": `import "./a.mjs";`,
    "p/lib/c.mjs": `import data from "${UP}/data.json"; import "./gone.mjs";`,
    "p/data.json": `{ "import": "./nothing.mjs" }`,
  };
  const { files, missing } = moduleFiles("./p/a.mjs", (name) => texts[name]);
  expect([...files.keys()]).toEqual(["p/a.mjs", "p/b.mjs", "p/lib/c.mjs", "p/data.json"]);
  expect(missing).toEqual([{ specifier: "./gone.mjs", line: 1, column: 41, file: "p/lib/c.mjs" }]);
});

test("a bundle for another machine keeps the folders below the common one", () => {
  const at = folder("bundle", {
    "x/one.mjs": `import "${UP}/lib/shared.mjs";`,
    "x/two.mjs": `import "./one.mjs";`,
    "lib/shared.mjs": "",
  });
  const { entries, files } = bundleModules([join(at, "x", "one.mjs"), join(at, "x", "two.mjs")]);
  expect(entries).toEqual(["x/one.mjs", "x/two.mjs"]);
  expect(Object.keys(files)).toEqual(["lib/shared.mjs", "x/one.mjs", "x/two.mjs"]);
});

describe("a scenario", () => {
  const scenario = (path: string) => `apiVersion: kube-orrery/v1alpha1
kind: Scenario
metadata: { name: s }
spec:
  duration: 1m
  cluster: { nodePools: [{ name: general, count: 1 }] }
  scheduler:
    plugins: [{ name: Mine, path: ${path} }]
    profiles: [{ plugins: { multiPoint: { enabled: [{ name: Mine }] } } }]
`;
  const plugin = (from: string) =>
    `import { most } from "${from}";\nexport default { name: "Mine", score: () => most };\n`;
  const load = (at: string) => loadScenario(join(at, "s.yaml"), { version: "1.0.0" });

  test("takes along what its plugins import", async () => {
    const files = { "s.yaml": scenario("own/mine.mjs"), "own/mine.mjs": plugin("./lib/most.mjs") };
    const loaded = await load(folder("along", { ...files, "own/lib/most.mjs": "export const most = 7;\n" }));
    expect(loaded.problems).toEqual([]);
    expect(loaded.inputs.map(({ copy }) => copy)).toEqual(["inputs/own/mine.mjs", "inputs/own/lib/most.mjs"]);
  });

  test("says where an import is that cannot be read", async () => {
    const loaded = await load(folder("gone", { "s.yaml": scenario("mine.mjs"), "mine.mjs": plugin("./most.mjs") }));
    expect(loaded.plan).toBeNull();
    const message = 'cannot read "./most.mjs", which is imported here';
    expect(loaded.problems).toMatchObject([{ code: "E0414", file: "mine.mjs", line: 1, column: 22, message }]);
  });

  test("warns of a file that copies would not find", async () => {
    const files = { "in/s.yaml": scenario("mine.mjs"), "in/mine.mjs": plugin("../most.mjs") };
    const at = folder("above", { ...files, "most.mjs": "export const most = 7;\n" });
    const { plan, problems } = await load(join(at, "in"));
    expect(plan).not.toBeNull();
    expect(problems.map(({ code, file }) => [code, file])).toEqual([["W0240", "../most.mjs"]]);
  });
});
