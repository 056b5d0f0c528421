import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { loadScenario } from "../../src/scenario/index.ts";
import { type Plan, World } from "../../src/world/index.ts";

const root = mkdtempSync(join(tmpdir(), "orrery-arrivals-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let count = 0;

const POD = (name: string, cpu: string): string =>
  `apiVersion: v1\nkind: Pod\nmetadata: { name: ${name} }\nspec: { containers: [{ name: a, image: "a:1", resources: { requests: { cpu: "${cpu}" } } }] }\n`;
const TEMPLATES = `${POD("small", "100m")}---\n${POD("large", "1")}`;
const LIST = "template,at,for\nsmall,0,\nsmall,5,10\nlarge,5,\nlarge,20,\n";

async function load(arrivals: string, { list = LIST, templates = TEMPLATES, seed = 1 } = {}) {
  const folder = join(root, String(count++));
  mkdirSync(folder);
  writeFileSync(join(folder, "t.yaml"), templates);
  writeFileSync(join(folder, "list.csv"), list);
  const scenario = `apiVersion: kube-orrery/v1alpha1
kind: Scenario
metadata: { name: a }
spec:
  seed: ${seed}
  duration: 2m
  cluster: { nodePools: [{ name: n, count: 2, capacity: { cpu: "8", memory: 8Gi, pods: "110" } }] }
  arrivals: [{ templates: t.yaml, csv: list.csv${arrivals} }]
`;
  writeFileSync(join(folder, "s.yaml"), scenario);
  const { plan, problems, resolved } = await loadScenario(join(folder, "s.yaml"), { version: "test" });
  return { plan, resolved, messages: problems.map(({ code, message }) => `${code} ${message}`) };
}

function podsOf(world: World): string[] {
  const { pods } = world.store;
  return pods
    .matching("default", () => true)
    .map((row) => `${pods.name.get(row)} ${pods.nodeId.get(row) === -1 ? "pending" : "bound"}`);
}

test("pods come when the list says, are placed, and are deleted after their time", async () => {
  const { plan, resolved, messages } = await load("");
  expect(messages).toEqual([]);
  expect(resolved).toContain("templates: inputs/t.yaml");
  const world = World.from(plan as Plan);
  const names = (untilSeconds: number): string[] => {
    world.run(untilSeconds * 1_000_000);
    return podsOf(world);
  };
  expect(names(4)).toEqual(["small-00000 bound"]);
  expect(names(6)).toEqual(["small-00000 bound", "small-00001 bound", "large-00002 bound"]);
  expect(names(60)).toEqual(["small-00000 bound", "large-00002 bound", "large-00003 bound"]);
});

test("the order is drawn by the seed, and more pods are drawn up to a share of what there is", async () => {
  const every = ", every: 100ms, order: shuffled, fill: { resource: cpu, share: 0.5 }";
  const namesOf = async (seed: number): Promise<string[]> => {
    const world = World.from((await load(every, { seed })).plan as Plan);
    world.run();
    return podsOf(world).map((text) => text.replace(/-.*/, ""));
  };
  const first = await namesOf(1);
  const cpu = first.reduce((sum, name) => sum + (name === "large" ? 1000 : 100), 0);
  // The nodes have 16 CPU; the next pod would have gone beyond 8, and none asks for more than 1.
  expect(cpu).toBeGreaterThan(7000);
  expect(cpu).toBeLessThanOrEqual(8000);
  expect(await namesOf(1)).toEqual(first);
  expect(await namesOf(2)).not.toEqual(first);
});

test("a fork goes on as the original does", async () => {
  const plan = (await load(", every: 1s, order: shuffled, fill: { resource: cpu, share: 0.9 }")).plan as Plan;
  const world = World.from(plan);
  world.run(3_500_000);
  const fork = World.fork(plan, world.checkpoint());
  world.run();
  fork.run();
  expect(fork.finish().digest).toBe(world.finish().digest);
  expect(podsOf(fork)).toEqual(podsOf(world));
});

describe("errors", () => {
  test.each<[string, string, object, string]>([
    [
      "no distance",
      ", order: shuffled",
      {},
      `E0111 "every" is missing in arrivals[0]: order: shuffled needs a distance of two arrivals`,
    ],
    [
      "no template",
      "",
      { list: "template,at\nsmal,1\n" },
      `E0404 list.csv:2: there is no Pod "smal" among the templates — did you mean "small"?`,
    ],
    ["no column", "", { list: "template\nsmall\n" }, `E0404 list.csv has no column "at" — it has template`],
    [
      "time goes back",
      "",
      { list: "template,at\nsmall,2\nsmall,1\n" },
      "E0404 list.csv:3: the time is before that of the row above",
    ],
    [
      "after the end",
      "",
      { list: "template,at\nsmall,3m\n" },
      "W0208 the last rows of list.csv come after the end of the run",
    ],
    ["no such resource", ", every: 1s, fill: { resource: a/b, share: 1 }", {}, `E0405 no node has "a/b"`],
    [
      "nobody asks",
      ", every: 1s, fill: { resource: memory, share: 1 }",
      {},
      `E0405 no pod of the list asks for "memory"`,
    ],
    [
      "no pods",
      "",
      { templates: "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: small }\n", list: "template,at\nsmall,1\n" },
      "E0005 t.yaml:1 is a ConfigMap; templates of arrivals are Pods",
    ],
  ])("%s", async (_title, arrivals, files, expected) => {
    expect((await load(arrivals, files)).messages).toContain(expected);
  });
});
