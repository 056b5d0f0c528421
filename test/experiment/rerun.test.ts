import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { firstDivergence, fork, play, pluginFilesOf, readRun, replay } from "../../src/experiment/index.ts";
import type { SummaryDocument } from "../../src/report/index.ts";
import { loadScenario } from "../../src/scenario/index.ts";
import type { Plan } from "../../src/world/index.ts";
import { World } from "../../src/world/index.ts";

const version = "1.2.3";
const root = mkdtempSync(join(tmpdir(), "orrery-rerun-"));
afterAll(() => rmSync(root, { recursive: true }));

const DEPLOYMENT = `apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 2
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: web, image: nginx, resources: { requests: { cpu: 100m } } }] }
`;
const SCENARIO = `apiVersion: kube-orrery/v1alpha1
kind: Scenario
metadata: { name: shop }
spec:
  duration: 10m
  manifests: [web.yaml]
  cluster: { nodePools: [{ name: general, count: 2, price: 1 }] }
  actions: [{ at: 2m, kubectl: scale deployment/web --replicas=4 }]
`;

/** Runs the scenario and gives its result folder. */
async function recorded(name: string, settings: readonly string[] = []): Promise<string> {
  const folder = join(root, name);
  mkdirSync(folder);
  writeFileSync(join(folder, "web.yaml"), DEPLOYMENT);
  writeFileSync(join(folder, "shop.yaml"), SCENARIO);
  const loaded = await loadScenario(join(folder, "shop.yaml"), { version, settings });
  const { resolved, inputs } = loaded;
  const plan = loaded.plan as Plan;
  await play({ id: name, plan, plugins: pluginFilesOf(loaded), folder: { out: folder, version, resolved, inputs } });
  return join(folder, "shop", "seed=1");
}

/** Runs a scenario whose plugin imports a file beside it, and gives its result folder. */
async function recordedWithPlugin(name: string): Promise<string> {
  const folder = join(root, name);
  mkdirSync(join(folder, "own"), { recursive: true });
  writeFileSync(join(folder, "web.yaml"), DEPLOYMENT);
  writeFileSync(join(folder, "own", "last.mjs"), `export const last = (node) => node.name.endsWith("2") ? 100 : 0;\n`);
  writeFileSync(
    join(folder, "own", "mine.mjs"),
    `import { last } from "./last.mjs";\nexport default { name: "Mine", score: (_pod, node) => last(node) };\n`,
  );
  const scheduler = `  scheduler:
    plugins: [{ name: Mine, path: own/mine.mjs }]
    profiles: [{ plugins: { multiPoint: { enabled: [{ name: Mine, weight: 100 }] } } }]
`;
  writeFileSync(join(folder, "shop.yaml"), SCENARIO + scheduler);
  const loaded = await loadScenario(join(folder, "shop.yaml"), { version });
  const { resolved, inputs } = loaded;
  const target = { out: folder, version, resolved, inputs };
  await play({ id: name, plan: loaded.plan as Plan, plugins: pluginFilesOf(loaded), folder: target });
  // What is replayed is what lies in the result folder.
  rmSync(join(folder, "own"), { recursive: true });
  return join(folder, "shop", "seed=1");
}

let shop = "";
beforeAll(async () => {
  shop = await recorded("a");
});

function edit(folder: string, change: (summary: SummaryDocument) => object): void {
  const file = join(folder, "summary.json");
  writeFileSync(file, JSON.stringify(change(JSON.parse(readFileSync(file, "utf8")) as SummaryDocument)));
}

describe("replay", () => {
  test("finds a run to be what it was, and says what is not", async () => {
    const run = await readRun(shop, { version });
    expect(await replay(run, version)).toMatchObject({ isSame: true, otherVersion: null, changed: [] });
    const other = await recorded("b");
    edit(other, (summary) => ({
      ...summary,
      version: "1.0.0",
      digest: "d1ce",
      metrics: summary.metrics.map((row) => (row.metric === "pod_starts" ? { ...row, sum: 9 } : row)),
    }));
    const result = await replay(await readRun(other, { version }), version);
    expect(result).toMatchObject({ isSame: false, recorded: "d1ce", otherVersion: "1.0.0" });
    expect(result.changed.map(({ measure, was }) => [measure.measure, was, measure.value])).toEqual([
      ["pod_starts sum", 9, 4],
    ]);
  });

  test("finds what a plugin imports in the result folder", async () => {
    const run = await readRun(await recordedWithPlugin("imports"), { version });
    expect(run.summary.inputs.map(({ path }) => path)).toEqual([
      "inputs/web.yaml",
      "inputs/own/mine.mjs",
      "inputs/own/last.mjs",
    ]);
    expect(await replay(run, version)).toMatchObject({ isSame: true, changed: [] });
  });

  test("refuses inputs that the run has not read, and folders that are none of a run", async () => {
    const other = await recorded("c");
    writeFileSync(join(other, "inputs", "web.yaml"), DEPLOYMENT.replace("replicas: 2", "replicas: 3"));
    await expect(readRun(other, { version })).rejects.toThrow(/web\.yaml is not what the run has read/);
    rmSync(join(other, "inputs", "web.yaml"));
    await expect(readRun(other, { version })).rejects.toThrow(/web\.yaml is missing/);
    await expect(readRun(root, { version })).rejects.toThrow(/is not the folder of a run/);
  });
});

describe("firstDivergence", () => {
  const sideOf = async (settings: readonly string[]): Promise<Awaited<ReturnType<typeof readRun>>> =>
    readRun(shop, { version, settings });

  test("is null of equal runs, whatever they record", async () => {
    expect(
      await firstDivergence(await sideOf([]), await sideOf(["record.sample=1m", "record.events=false"])),
    ).toBeNull();
  });

  test("names the event, which is the first of which the runs' own journals differ", async () => {
    const [left, right] = [await sideOf([]), await sideOf(['actions[0].kubectl="scale deployment/web --replicas=6"'])];
    const found = await firstDivergence(left, right);
    const worlds = [left, right].map(({ plan }) => {
      const world = World.from(plan);
      world.run();
      return world;
    }) as [World, World];
    const entry = (world: World, number: number): string => {
      const { kind, time, subject } = world.engine.journal.entry(number) ?? { kind: "", time: 0, subject: 0 };
      return `${time} ${kind} ${subject}`;
    };
    let number = 1;
    while (entry(worlds[0], number) === entry(worlds[1], number)) number++;
    // An argument may differ before anything that a journal shows.
    expect(found?.number).toBeLessThanOrEqual(number);
    expect(found?.last?.time).toBeGreaterThanOrEqual(120_000_000);
    expect(found?.left.event?.time).toBeGreaterThanOrEqual(120_000_000);
    expect(found?.left.causes.at(-1)?.kind).toBe("action");
  });

  test("a run that ends earlier parts where it ends", async () => {
    const found = await firstDivergence(await sideOf(["duration=90s"]), await sideOf([]));
    expect(found?.left.event).toBeNull();
    expect(found?.right.event?.time).toBeGreaterThan(90_000_000);
  });
});

describe("fork", () => {
  const changedBy = (settings: readonly string[]): Promise<Awaited<ReturnType<typeof readRun>>> =>
    readRun(shop, { version, settings });

  test("goes on as a run in which a person does the same at that instant", async () => {
    const run = await readRun(shop, { version });
    const image = "Deployment/web:spec.template.spec.containers";
    const changed = await changedBy([`${image}=[{name: web, image: caddy, resources: {requests: {cpu: 100m}}}]`]);
    const { comparison, digests } = await fork(run, changed, 300_000_000);
    expect(digests.asItWas).toBe(run.summary.digest);
    const typed = await changedBy(['actions[1]={at: 5m, kubectl: "set image deployment/web web=caddy"}']);
    const world = World.from(typed.plan);
    world.run();
    // What the past has scaled to stays: a change of the image is no change of the replicas.
    expect(digests.changed).toBe(world.finish().digest);
    const starts = comparison.measures.find(({ measure }) => measure === "pod_starts sum");
    expect([starts?.base.mean, starts?.other.mean]).toEqual([4, 8]);
  });

  test("plays new actions and failures", async () => {
    const run = await readRun(shop, { version });
    const later = 'actions[1]={at: 6m, kubectl: "scale deployment/web --replicas=1"}';
    const crash = "failures=[{at: 7m, kind: crash, nodes: {names: [general-01]}}]";
    const changed = await changedBy([later, crash]);
    const { digests } = await fork(run, changed, 300_000_000);
    const world = World.from(changed.plan);
    world.run();
    expect(digests.changed).toBe(world.finish().digest);
  });

  test.each([
    [["timing.hpaSync=30s"], 300, /spec\.timing cannot change in the middle of a run/],
    [["actions[0].at=3m"], 300, /spec\.actions of the past cannot change/],
    [['actions[1]={at: 1m, kubectl: "scale deployment/web --replicas=1"}'], 300, /lies before the instant/],
    [["duration=20m"], 600, /the run is over by that instant/],
  ])("refuses %j at %d s", async (settings, seconds, message) => {
    const run = await readRun(shop, { version });
    await expect(fork(run, await changedBy(settings), seconds * 1_000_000)).rejects.toThrow(message);
  });
});
