import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { main } from "../../src/cli/main.ts";
import type { SchedulerPlugin } from "../../src/plugin/index.ts";
import { loadScenario } from "../../src/scenario/index.ts";
import type { LoggedDecision } from "../../src/store/index.ts";
import { World } from "../../src/world/index.ts";

const EXAMPLE = join(import.meta.dirname, "../../assets/starters/plugin/scenario.yaml");
const folder = mkdtempSync(join(tmpdir(), "orrery-plugins-"));
afterAll(() => rmSync(folder, { recursive: true }));

async function load(file: string, settings: readonly string[] = []) {
  const { plan, problems, plugins, inputs, resolved } = await loadScenario(file, { version: "0", settings });
  return {
    plan,
    plugins,
    inputs,
    resolved,
    problems: problems.map(({ code, line, message }) => `${line} ${code} ${message}`),
  };
}

test.each<[string, readonly string[], boolean]>([
  ["with the plugin large pods find room", [], true],
  ["without it they do not", ["scheduler.config=default.yaml"], false],
])("fragmentation: %s", async (_title, settings, holds) => {
  const { plan, plugins, problems, inputs } = await load(EXAMPLE, settings);
  expect(problems.filter((line) => / E\d/.test(line))).toEqual([]);
  expect(inputs.map(({ copy }) => copy)).toContain("inputs/fragmentation-score.mjs");
  if (plan === null) throw new Error("no plan");
  const runs = [1, 2].map(() => {
    const world = World.from(plan, undefined, plugins);
    world.run();
    return world.finish();
  });
  expect(runs[0]?.assertions.map((result) => result.holds)).toEqual([holds]);
  expect(runs[0]?.digest).toBe(runs[1]?.digest);
});

let count = 0;

function scenario(
  plugin: string,
  scheduler = "profiles: [{ plugins: { multiPoint: { enabled: [{ name: Mine }] } } }]",
): string {
  const name = `case-${count++}`;
  writeFileSync(join(folder, `${name}.mjs`), plugin);
  const text = `apiVersion: kube-orrery/v1alpha1
kind: Scenario
metadata: { name: ${name} }
spec:
  duration: 1m
  scheduler:
    plugins: [{ name: Mine, path: ${name}.mjs }]
    ${scheduler}
  objects:
    - { apiVersion: v1, kind: Pod, metadata: { name: a }, spec: { containers: [{ name: c, image: c }] } }
`;
  writeFileSync(join(folder, `${name}.yaml`), text);
  return join(folder, `${name}.yaml`);
}

test("with a memoKey a plugin decides the same, and is asked less", async () => {
  const asks = { kept: 0, plain: 0 };
  const digests = [true, false].map(async (isKept) => {
    const { plan } = await load(EXAMPLE);
    const { plugins } = await load(EXAMPLE);
    const [[name, plugin]] = [...plugins] as [[string, SchedulerPlugin]];
    const counted: SchedulerPlugin = {
      name,
      score: (pod, node, cycle) => {
        asks[isKept ? "kept" : "plain"]++;
        return Math.max(0, 100 - node.pods.length - (plugin.score?.(pod, node, cycle) ?? 0));
      },
      ...(isKept ? { memoKey: ({ requests }) => `${requests.cpuMilli}/${requests.memoryBytes}` } : {}),
    };
    if (plan === null) throw new Error("no plan");
    const world = World.from(plan, undefined, new Map([[name, counted]]));
    world.run();
    return world.finish().digest;
  });
  const [kept, plain] = await Promise.all(digests);
  expect(kept).toBe(plain);
  expect(asks.kept).toBeLessThan(asks.plain);
});

test.each<[string, string, string]>([
  [
    "looks elsewhere with a memoKey",
    'memoKey: () => "", score: (_p, _n, c) => c.nodes.length',
    "cycle.nodes is not to be had by a plugin with memoKey",
  ],
  ["no text for a memoKey", "memoKey: () => 3, score: () => 1", "memoKey(): gave 3; expected a text or null"],
  ["throws", 'score() { throw new Error("oops"); }', "score(pod/default/a, node/default-01): oops"],
  ["out of range", "score: () => 101", "gave 101; a score is a whole number from 0 to 100"],
  ["a fraction", "score: () => 0.5", "gave 0.5; a score is a whole number from 0 to 100"],
  [
    "normalised out of range",
    "score: () => 1, normalize: (_p, _n, s) => s.map(() => -1)",
    "gave -1; a score is a whole number from 0 to 100",
  ],
  ["too few", "score: () => 1, normalize: () => []", "gave []; expected 3 scores"],
  ["counts its calls", "score: () => calls++ % 100", "gave 0, and 1 when asked again; a plugin must not remember"],
  ["chance", "score: () => Math.floor(Math.random() * 100)", "Math.random is not to be had in a simulation"],
  [
    "the clock",
    "filter: () => (Date.now() > 0 ? undefined : 'no')",
    "Date is not to be had in a simulation: cycle.nowMicros",
  ],
  [
    "a promise",
    "async score() { return 1; }",
    "score(pod/default/a, node/default-01): is asynchronous; a plugin answers at once",
  ],
  ["no reason", "filter: () => false", "gave false; expected a reason, or nothing"],
  ["no wait", "permit: () => true", "gave true; expected a reason, { waitMicros }, or nothing"],
  ["no time", "permit: () => ({ waitMicros: '10s' })", 'gave waitMicros "10s"; expected microseconds, a whole number'],
])("a plugin that errs is named: %s", async (_title, method, message) => {
  const { plan, plugins, problems } = await load(
    scenario(`let calls = 0; export const plugin = { name: "Mine", ${method} };`),
  );
  if (plan === null) throw new Error(problems.join("\n"));
  const world = World.from(plan, undefined, plugins);
  const error = fault(() => world.run());
  expect(error).toMatchObject({ name: "PluginError", plugin: "Mine" });
  expect(error?.message).toMatch(/^plugin "Mine" \(case-\d+\.mjs\): \w+\((pod\/default\/a.*)?\): /);
  expect(error?.message).toContain(message);
  expect(Math.random()).toBeLessThan(1);
});

function fault(work: () => void): Error | undefined {
  try {
    work();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  return undefined;
}

test("what plugins see, and how they speak", async () => {
  const seen = `export default {
    name: "Mine",
    preFilter: (pod, cycle) => { cycle.state.set("n", cycle.nodes.length); return pod.name === "a" ? undefined : { skip: true }; },
    filter: (pod, node, { state, args, nowMicros }) =>
      node.name === args.node ? undefined : { reason: [pod.uid !== "", state.get("n"), nowMicros >= 0, node.allocatable.cpuMilli, node.requested.pods, node.pods.length].join(" "), canPreemptionHelp: false },
  };`;
  const config = `profiles: [{ plugins: { multiPoint: { enabled: [{ name: Mine }] } }, pluginConfig: [{ name: Mine, args: { node: none } }] }]`;
  const { plan, plugins } = await load(scenario(seen, config));
  if (plan === null) throw new Error("no plan");
  const messages: unknown[] = [];
  const world = World.from(
    plan,
    {
      event: () => {},
      sample: () => {},
      decision: (one) => one.what === "unschedulable" && messages.push(one.message),
    },
    plugins,
  );
  world.run();
  expect(messages).toEqual([
    "0/3 nodes are available: 3 true 3 true 4000 0 0. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.",
  ]);
});

test("chance follows from the seed and the text, whoever asks for it and how often", async () => {
  const file = scenario(
    'export default { name: "Mine", filter: (pod, node, { draw }) => draw("a") + " " + draw("b") };',
  );
  const drawn = async (seed: number): Promise<number[]> => {
    const { plan, plugins } = await load(file, [`seed=${seed}`]);
    if (plan === null) throw new Error("no plan");
    const texts: string[] = [];
    const sink = {
      event: () => {},
      sample: () => {},
      decision: (one: LoggedDecision) => void texts.push(String(one.message)),
    };
    const world = World.from(plan, sink, plugins);
    world.run();
    // All three nodes are told the same.
    const [, a = "", b = ""] = /: 3 ([\d.]+) ([\d.]+)\./.exec(texts[0] ?? "") ?? [];
    return [Number(a), Number(b)];
  };
  const [first = [], other = []] = await Promise.all([drawn(1), drawn(2)]);
  expect(await drawn(1)).toEqual(first);
  const all = [...first, ...other];
  expect(new Set(all).size).toBe(4);
  for (const one of all) expect(one > 0 && one < 1).toBe(true);
});

test.each<[string, string, string | undefined, readonly string[]]>([
  [
    "another name",
    'export default { name: "Yours", score: () => 1 };',
    undefined,
    ['7 E0414 "NAME": its plugin is named "Yours", not "Mine"'],
  ],
  [
    "not enabled",
    'export default { name: "Mine", score: () => 1 };',
    "profiles: []",
    ['7 W0212 no profile enables the plugin "Mine": it does nothing'],
  ],
  [
    "a wrong field of the configuration",
    'export default { name: "Mine", score: () => 1 };',
    "profiles: [{ plugins: { multipoint: { enabled: [{ name: Mine }] } } }]",
    [
      '7 W0212 no profile enables the plugin "Mine": it does nothing',
      '8 E0413 unknown field "multipoint" in profiles[0].plugins — did you mean "multiPoint"?',
    ],
  ],
])("problems: %s", async (_title, plugin, scheduler, expected) => {
  const file = scenario(plugin, scheduler);
  const { problems } = await load(file);
  const name = file.split("/").at(-1)?.replace(".yaml", ".mjs") ?? "";
  const ours = problems.filter((line) => !line.includes(" N"));
  const errors = ours.filter((line) => !line.includes('no plugin "Mine"'));
  expect(errors.map((line) => line.replace(name, "NAME"))).toEqual(expected);
});

/** The blocks of docs/plugins.md that begin with a comment naming their file. */
function documentedFiles(): Map<string, string> {
  const text = readFileSync(join(import.meta.dirname, "../../docs/plugins.md"), "utf8");
  const blocks = [...text.matchAll(/```(?:js|yaml)\n((?:\/\/|#) ([\w.-]+)\n[\s\S]*?)```/g)];
  return new Map(blocks.map(([, block = "", name = ""]) => [name, block]));
}

test("docs/plugins.md: every block is a file, and the scenarios run as they say", async () => {
  const files = documentedFiles();
  expect([...files.keys()]).toEqual([
    "two-profiles.yaml",
    "fewest-pods.mjs",
    "fewest-pods.yaml",
    "gang.mjs",
    "gang.yaml",
  ]);
  const own = mkdtempSync(join(folder, "docs-"));
  for (const [name, text] of files) writeFileSync(join(own, name), text);
  for (const name of [...files.keys()].filter((one) => one.endsWith(".yaml"))) {
    const { plan, plugins, problems } = await load(join(own, name));
    expect(problems.filter((line) => / [EW]\d/.test(line))).toEqual([]);
    if (plan === null) throw new Error("no plan");
    const world = World.from(plan, undefined, plugins);
    world.run();
    expect(world.finish().assertions.map(({ holds }) => holds)).toEqual([true]);
  }
});

test("a plugin that errs in a run of the command: named, exit 2, partial result", async () => {
  const file = scenario('export default { name: "Mine", score: (_pod, node) => (node.pods.length === 0 ? 101 : 1) };');
  const written: string[] = [];
  const terminal = {
    out: () => {},
    err: (text: string) => void written.push(text),
    outHasColour: false,
    errHasColour: false,
    hasProgress: false,
  };
  const exit = await main(["run", file, "--out", join(folder, "results")], terminal);
  expect(written.join("")).toMatch(
    /plugin "Mine" \(case-\d+\.mjs\): score\(pod\/default\/a, node\/default-01\): gave 101/,
  );
  expect(exit).toBe(2);
  const name = file.split("/").at(-1)?.replace(".yaml", "") ?? "";
  const summary = JSON.parse(readFileSync(join(folder, "results", name, "seed=1", "summary.json"), "utf8")) as object;
  expect(summary).toMatchObject({ partial: true });
});
