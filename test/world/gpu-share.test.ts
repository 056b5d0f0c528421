import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { main } from "../../src/cli/main.ts";
import type { NodeView, PodView, SchedulerPlugin, SchedulingCycle } from "../../src/plugin/index.ts";
import { loadScenario } from "../../src/scenario/index.ts";
import { World } from "../../src/world/index.ts";

/** The policies of examples/gpu-share: their scores by hand, and a cut of the trace under each of them. */

const EXAMPLE = join(import.meta.dirname, "../../examples/gpu-share");
const scratch = mkdtempSync(join(tmpdir(), "orrery-gpu-"));
afterAll(() => rmSync(scratch, { recursive: true }));

const POLICIES = {
  Random: "random",
  DotProd: "dot-prod",
  Clustering: "clustering",
  Packing: "packing",
  BestFit: "best-fit",
  FGD: "fgd",
} as const;
type Policy = keyof typeof POLICIES;

function moduleOf<T>(file: string): Promise<T> {
  return import(pathToFileURL(join(EXAMPLE, file)).href) as Promise<T>;
}

const COUNT = "alibabacloud.com/gpu-count";
const MILLI = "alibabacloud.com/gpu-milli";
const MODEL = "alibabacloud.com/gpu-card-model";
const draw = (): number => 0.999;
const CYCLE = { args: { share: "tightest" }, draw } as unknown as SchedulingCycle;

let pods = 0;
/** A pod that asks for CPU and for GPUs of so many milli each. */
function pod(cpuMilli: number, gpus = 0, milli = 1000): PodView {
  const labels = gpus === 0 ? {} : { [COUNT]: `${gpus}`, [MILLI]: `${milli}` };
  const name = `p-${String(pods++).padStart(5, "0")}`;
  return { name, uid: name, labels, spec: {}, requests: { cpuMilli } } as unknown as PodView;
}

function node(cpuMilli: number, gpus: number, there: readonly PodView[] = []): NodeView {
  const labels = { [COUNT]: `${gpus}`, [MODEL]: "T4" };
  return { name: "n", labels, allocatable: { cpuMilli }, pods: there, revision: 1 } as unknown as NodeView;
}

async function scoreOf(policy: Policy, asked: PodView, on: NodeView): Promise<number | undefined> {
  const { default: plugin } = await moduleOf<{ default: SchedulerPlugin }>(`${POLICIES[policy]}.mjs`);
  return plugin.score?.(asked, on, CYCLE);
}

// A node of 128 CPU and 8 GPUs, and what is on it when a pod comes that is to be scored.
const SHARE = () => pod(12_000, 1, 460);
const EMPTY = () => node(128_000, 8);
/** 116 CPU left, 540 of one GPU, seven whole ones: 7,540 milli. */
const SHARED = () => node(128_000, 8, [SHARE()]);
/** Besides a whole GPU in use: 104 CPU, 540 and six whole ones: 6,540 milli. */
const MIXED = () => node(128_000, 8, [SHARE(), pod(12_000, 1)]);

test.each<[Policy, string, PodView, NodeView, number]>([
  // 1 - (128/128 * 6/128 + 8/8 * 0.46/8) / 2 = 1 - (0.046875 + 0.0575) / 2
  ["DotProd", "an empty node", pod(6000, 1, 460), EMPTY(), 94],
  // 1 - (0.90625 * 0.046875 + 0.9425 * 0.0575) / 2 = 1 - (0.04248 + 0.05419) / 2
  ["DotProd", "a used one has less to multiply", pod(6000, 1, 460), SHARED(), 95],
  ["DotProd", "without GPU only CPU counts", pod(64_000), EMPTY(), 75],
  // 1 - (122/128 + 7.54/8) / 2 = 1 - (0.953125 + 0.9425) / 2
  ["BestFit", "an empty node", pod(6000, 1, 460), EMPTY(), 5],
  // 1 - (110/128 + 7.08/8) / 2 = 1 - (0.859375 + 0.885) / 2
  ["BestFit", "a used one has less left", pod(6000, 1, 460), SHARED(), 12],
  // 1 - (64/128 + 8/8) / 2
  ["BestFit", "without GPU", pod(64_000), EMPTY(), 25],
  ["Clustering", "an empty node", pod(6000, 1, 460), EMPTY(), 25],
  // 25 * 460 / 8000 = 1.4
  ["Clustering", "only shares there, and a share", pod(6000, 1, 810), SHARED(), 76],
  ["Clustering", "only shares there, and two GPUs", pod(6000, 2), SHARED(), 1],
  // 25 * 1460 / 8000 = 4.6
  ["Clustering", "a share and a GPU there, and a GPU", pod(6000, 1), MIXED(), 54],
  ["Clustering", "without GPU", pod(6000), MIXED(), 0],
  ["Packing", "an empty node of 8", pod(6000, 1, 460), EMPTY(), 25],
  ["Packing", "an empty node of 2", pod(6000, 1, 460), node(64_000, 2), 31],
  ["Packing", "a GPU in use with 54 % left", pod(6000, 1, 460), SHARED(), 95],
  ["Packing", "an unused GPU beside one in use", pod(6000, 1, 810), SHARED(), 49],
  ["Packing", "three of them", pod(6000, 3), SHARED(), 47],
  ["Packing", "without GPU", pod(6000), SHARED(), 0],
])("%s: %s", async (policy, _title, asked, on, expected) => {
  expect(await scoreOf(policy, asked, on)).toBe(expected);
});

describe("GPUs of a node", () => {
  type DevicesModule = {
    devicesOf(on: NodeView, choose: unknown, draw: () => number): { readonly free: readonly number[] };
    readonly tightest: unknown;
    readonly anyOne: unknown;
  };

  test("follow from the pods in the order of their arrival, whatever order they are listed in", async () => {
    const { devicesOf, tightest, anyOne } = await moduleOf<DevicesModule>("devices.mjs");
    const four = [pod(1, 1, 460), pod(1, 2), pod(1, 1, 600), pod(1, 1, 400)];
    // 460 on the first; two whole; 600 needs a fresh one; 400 fits the tighter of 540 and 400.
    const free = [540, 0, 0, 0];
    expect(devicesOf(node(9000, 4, four), tightest, draw).free).toEqual(free);
    expect(devicesOf(node(9000, 4, [...four].reverse()), tightest, draw).free).toEqual(free);
    // The last of those with room is drawn.
    expect(devicesOf(node(9000, 4, four), anyOne, draw).free).toEqual([0, 0, 400, 140]);
  });

  test("are the same when pods come one by one", async () => {
    const { devicesOf, tightest } = await moduleOf<DevicesModule>("devices.mjs");
    const several = Array.from({ length: 12 }, (_, index) => pod(1, 1, 150 + 70 * (index % 5)));
    const growing = { ...node(9000, 4), revision: 0, pods: [] as PodView[] };
    for (const [index, one] of several.entries()) {
      growing.pods = [one, ...growing.pods];
      growing.revision = index + 1;
      devicesOf(growing, tightest, draw);
    }
    const { free } = devicesOf(growing, tightest, draw);
    expect(free).toEqual(devicesOf(node(9000, 4, several), tightest, draw).free);
  });
});

interface Typical {
  readonly cpuMilli: number;
  readonly gpus: number;
  readonly milli: number;
  readonly models: readonly string[];
  readonly share: number;
}
type Fragmentation = (cpuLeft: number, free: readonly number[], model: string) => number;
interface FragmentationModule {
  typicalOf(pods: readonly (readonly [number, number, number, string, number])[]): Typical[];
  fragmentationFor(typical: readonly Typical[]): Fragmentation;
  readonly fragmentation: Fragmentation;
  placedScore(
    devices: { cpuLeft: number; free: readonly number[]; model: string },
    request: Omit<Typical, "share">,
  ): { readonly score: number; readonly gpu: number };
}
type PodsModule = { readonly PODS: Parameters<FragmentationModule["typicalOf"]>[0] };

describe("fragmentation", () => {
  const typical: Typical[] = [
    { cpuMilli: 1000, gpus: 1, milli: 500, models: [], share: 0.6 },
    { cpuMilli: 2000, gpus: 1, milli: 1000, models: [], share: 0.2 },
    { cpuMilli: 1000, gpus: 2, milli: 1000, models: ["T4", "A10"], share: 0.1 },
    { cpuMilli: 4000, gpus: 0, milli: 0, models: [], share: 0.1 },
  ];

  test.each<[string, number, number[], string, number]>([
    // 0.6 * 300 (the first GPU) + 0.2 * 300 + 0.1 * 1300 (needs two) + 0.1 * 1300 (wants none)
    ["what is too little for a share, and all for who does not fit", 2000, [300, 1000], "T4", 500],
    // The second kind lacks CPU: 180 + 0.2 * 1300 + 130 + 130
    ["all of it without CPU", 1500, [300, 1000], "T4", 700],
    ["two whole GPUs serve all who want some", 2000, [1000, 1000], "A10", 200],
    ["not on another model", 2000, [1000, 1000], "P100", 400],
    ["nothing is free", 2000, [0, 0], "T4", 0],
  ])("%s", async (_title, cpuLeft, free, model, expected) => {
    const { fragmentationFor } = await moduleOf<FragmentationModule>("fragmentation.mjs");
    expect(fragmentationFor(typical)(cpuLeft, free, model)).toBeCloseTo(expected, 9);
  });

  test("typical pods: the most frequent, until 95 % are covered", async () => {
    const { typicalOf } = await moduleOf<FragmentationModule>("fragmentation.mjs");
    const kinds = typicalOf([
      [1000, 1, 500, "T4|A10", 6],
      [4000, 0, 0, "", 4],
      [2000, 1, 1000, "", 90],
    ]);
    expect(kinds).toEqual([
      { cpuMilli: 2000, gpus: 1, milli: 1000, models: [], share: 90 / 96 },
      { cpuMilli: 1000, gpus: 1, milli: 500, models: ["T4", "A10"], share: 6 / 96 },
    ]);
  });

  test("FGD scores the change of it, and takes the first of the best GPUs", async () => {
    const { fragmentation, placedScore } = await moduleOf<FragmentationModule>("fragmentation.mjs");
    const left = fc.array(fc.constantFrom<number>(0, 190, 540, 680, 1000), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(
        left,
        fc.constantFrom(320, 460, 810),
        fc.integer({ min: 3000, max: 90_000 }),
        (free, milli, cpuLeft) => {
          const before = fragmentation(cpuLeft, free, "T4");
          const scores = free.map((one, index) => {
            if (one < milli) return -1;
            const after = fragmentation(cpuLeft - 3000, free.with(index, one - milli), "T4");
            return Math.floor(100 / (1 + Math.exp((after - before) / 1000)));
          });
          fc.pre(scores.some((score) => score >= 0));
          const best = Math.max(...scores);
          const request = { cpuMilli: 3000, gpus: 1, milli, models: [] };
          expect(placedScore({ cpuLeft, free, model: "T4" }, request)).toEqual({
            score: best,
            gpu: scores.indexOf(best),
          });
        },
      ),
    );
  });
});

describe("the trace", () => {
  beforeAll(async () => {
    const lists = ["node_list_gpu_node", "pod_list_default"].map((list) => join(EXAMPLE, `trace/openb_${list}.csv`));
    const files = lists.flatMap((list) => ["-f", list]);
    await main(["import", "--format", "gpu-trace", ...files, "--out", join(scratch, "imported")], silent());
  });
  const imported = (file: string): string => readFileSync(join(scratch, "imported", file), "utf8");
  const example = (file: string): string => readFileSync(join(EXAMPLE, file), "utf8");

  test("is in the example as orrery import makes it", () => {
    expect(example("templates.yaml")).toBe(imported("templates.yaml"));
    expect(example("pods.csv")).toBe(imported("pods.csv").replaceAll(/,.*$/gm, ""));
    const clusters = [example("gpu-share.yaml"), imported("scenario.yaml")].map(
      (text) => (parse(text) as { spec: { cluster: unknown } }).spec.cluster,
    );
    expect(clusters[0]).toEqual(clusters[1]);
  });

  test("has the kinds of pods that FGD goes by", async () => {
    const { PODS } = await moduleOf<PodsModule>("typical-pods.mjs");
    const counts = new Map<string, number>();
    for (const row of example("trace/openb_pod_list_default.csv").trim().split("\n").slice(1)) {
      const [, cpu, , gpus, milli, models] = row.split(",");
      const key = JSON.stringify([Number(cpu), Number(gpus), Number(milli), models]);
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    const listed = PODS.map(([cpu, gpus, milli, models, count]) => [JSON.stringify([cpu, gpus, milli, models]), count]);
    expect(Object.fromEntries(listed)).toEqual(Object.fromEntries(counts));
  });
});

describe("a cut of the trace", () => {
  const cut = join(scratch, "cut");
  const share = (policy: Policy): string => {
    return policy === "FGD" ? "leastFragmenting" : policy === "Random" ? "any" : "tightest";
  };

  beforeAll(() => {
    cpSync(EXAMPLE, cut, { recursive: true });
    const rows = readFileSync(join(EXAMPLE, "pods.csv"), "utf8").split("\n");
    writeFileSync(join(cut, "pods.csv"), rows.filter((_row, index) => index === 0 || index % 40 === 0).join("\n"));
  });

  const settingsOf = (policy: Policy): string[] => {
    const plugins = ["NodeOrderCoarse: node-order-coarse", "NodeOrderFine: node-order-fine", "GpuShare: gpu-share"];
    const all = [...plugins, `${policy}: ${POLICIES[policy]}`].map((one) => one.split(": "));
    const list = all.map(([name, file]) => `{ name: ${name}, path: ${file}.mjs }`);
    const pools = (
      parse(readFileSync(join(EXAMPLE, "gpu-share.yaml"), "utf8")) as {
        spec: { cluster: { nodePools: { count: number }[] } };
      }
    ).spec.cluster.nodePools;
    const few = pools.map((pool) => ({ ...pool, count: Math.ceil(pool.count / 40) }));
    return [
      `cluster.nodePools=${JSON.stringify(few)}`,
      `scheduler={ config: policies/${POLICIES[policy]}.yaml, plugins: [${list.join(", ")}] }`,
    ];
  };

  test.each(Object.keys(POLICIES) as Policy[])("%s: what is kept decides as asking anew", async (policy) => {
    const loaded = await loadScenario(join(cut, "gpu-share.yaml"), { version: "0", settings: settingsOf(policy) });
    expect(loaded.problems).toEqual([]);
    const { plan, plugins } = loaded;
    if (plan === null) throw new Error("no plan");
    const { config } = plan.scheduler as NonNullable<typeof plan.scheduler>;
    expect(JSON.stringify(config)).toContain(`"share":"${share(policy)}"`);
    const forgetful = new Map([...plugins].map(([name, { memoKey, ...plugin }]) => [name, plugin]));
    const outcomes = [plugins, forgetful].map((modules) => {
      const world = World.from(plan, undefined, modules);
      world.run();
      return world.finish();
    });
    expect(outcomes[0]?.digest).toBe(outcomes[1]?.digest);
    const allocated = outcomes[0]?.assertions[0]?.value ?? 0;
    expect(allocated).toBeGreaterThan(0.8);
    expect(allocated).toBeLessThanOrEqual(1);
  });

  test("the fragmented share is read off a run, and the allocation with it", async () => {
    const settings = settingsOf("FGD").flatMap((one) => ["--set", one]);
    await main(["run", join(cut, "gpu-share.yaml"), "--out", join(scratch, "out"), "--quiet", ...settings], silent());
    const folder = join(scratch, "out", "gpu-share", "seed=1");
    type Row = { readonly asked: number; readonly allocated: number; readonly fragmented: number };
    const { rowsOf } = await moduleOf<{ rowsOf(folder: string): Row[] }>("fragmented-share.mjs");
    const rows = rowsOf(folder);
    const summary = JSON.parse(readFileSync(join(folder, "summary.json"), "utf8")) as {
      assertions: { value: number }[];
    };
    expect(rows.at(-1)?.allocated).toBeCloseTo((summary.assertions[0]?.value ?? 0) * 100, 0);
    for (const { fragmented } of rows) expect(fragmented).toBeLessThanOrEqual(100);
    // As on the whole cluster: what typical pods cannot use is a little at first, and most of it in the end.
    expect(rows[0]?.fragmented).toBeLessThan(20);
    expect(rows.at(-1)?.fragmented).toBeGreaterThan(80);
  });
});

function silent() {
  const nothing = () => undefined;
  return { out: nothing, err: nothing, outHasColour: false, errHasColour: false, hasProgress: false };
}
