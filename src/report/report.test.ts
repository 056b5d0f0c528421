import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { DecisionRecord, Plan, RunSummary } from "../world/plan.ts";
import { ExplainError, explain, explanationLines } from "./explain.ts";
import { OutputError } from "./output-error.ts";
import { ResultFolder, seedFolder } from "./result-folder.ts";
import { Screen } from "./screen.ts";
import type { SummaryDocument } from "./summary.ts";
import { formatCount, formatValue, shortNumber, sparkline } from "./text.ts";

const root = mkdtempSync(join(tmpdir(), "orrery-report-"));
afterAll(() => rmSync(root, { recursive: true }));

const PLAN = {
  name: "shop",
  seed: 7,
  run: 0,
  durationMicros: 3_600_000_000,
  warmupMicros: 0,
  kubernetesVersion: "1.37",
  currency: "USD",
  record: { sampleMicros: 15_000_000, events: true, decisions: true },
} as Plan;

const ASSERTION = {
  metric: "cost",
  matchers: [],
  stat: "sum",
  comparison: "<",
  threshold: 40,
  unit: "currency",
  text: "cost sum < 40 USD",
  source: { file: "shop.yaml", line: 3, column: 7 },
} as const;

function summary(value = 23.871): RunSummary {
  return {
    endMicros: 3_600_000_000,
    eventCount: 12,
    digest: "9f3c0000000000e1",
    unseed: "u",
    counts: { nodes: 1, pods: 2, workloads: 1 },
    metrics: [],
    assertions: [{ assertion: ASSERTION, value, holds: value < 40 }],
  };
}

function folder(out: string): ResultFolder {
  const inputs = [{ copy: "inputs/k8s/web.yaml", text: "kind: Pod\n" }];
  return new ResultFolder({ out, plan: PLAN, version: "1.2.3", resolved: "kind: Scenario\n", inputs });
}

function decision(n: number, cause: number, rest: Omit<DecisionRecord, "n" | "cause">): DecisionRecord {
  return { n, cause, ...rest } as DecisionRecord;
}

function readJson(path: string): SummaryDocument {
  return JSON.parse(readFileSync(path, "utf8")) as SummaryDocument;
}

describe("ResultFolder", () => {
  it("writes what a run hands out, and marks it until the end", async () => {
    const out = join(root, "a");
    const result = folder(out);
    expect(result.path).toBe(join(out, "shop", "seed=7"));
    result.event({ kind: "Event", count: 1 });
    result.decision(decision(1, 0, { t: 5, by: "hpa", what: "scale", object: "hpa/shop/web" }));
    result.sample("pods", { at_s: 0, total: 2 });
    await result.flush();
    result.sample("pods", { at_s: 15, total: 3 });
    expect(existsSync(join(result.path, "PARTIAL"))).toBe(true);
    expect(readJson(join(result.path, "summary.json"))).toMatchObject({
      schema: "kube-orrery/summary.v1",
      partial: true,
      digest: null,
    });
    await result.finish(summary(), false);
    expect(readdirSync(result.path).sort()).toEqual([
      "decisions.jsonl",
      "events.jsonl",
      "inputs",
      "scenario.resolved.yaml",
      "series",
      "summary.json",
    ]);
    expect(readFileSync(join(result.path, "series", "pods.csv"), "utf8")).toBe("at_s,total\n0,2\n15,3\n");
    expect(readFileSync(join(result.path, "events.jsonl"), "utf8")).toBe('{"kind":"Event","count":1}\n');
    expect(readFileSync(join(result.path, "inputs", "sha256.txt"), "utf8")).toMatch(
      /^[0-9a-f]{64} {2}k8s\/web\.yaml\n$/,
    );
    expect(readJson(join(result.path, "summary.json"))).toMatchObject({
      partial: false,
      digest: "9f3c0000000000e1",
      assertions: [{ holds: true }],
    });
    expect(JSON.parse(readFileSync(join(out, "shop", "index.json"), "utf8"))).toEqual({
      schema: "kube-orrery/index.v1",
      scenario: "shop",
      runs: [
        { seed: 7, path: "seed=7", partial: false, digest: "9f3c0000000000e1", assertions: { total: 1, failed: 0 } },
      ],
    });
  });

  it("leaves a stopped run marked, and replaces an older one whole", async () => {
    const out = join(root, "b");
    const first = folder(out);
    first.sample("old", { at_s: 0 });
    await first.finish(summary(), false);
    const second = folder(out);
    expect(existsSync(join(second.path, "series", "old.csv"))).toBe(false);
    await second.finish(summary(), true);
    expect(existsSync(join(second.path, "PARTIAL"))).toBe(true);
    expect(readJson(join(second.path, "summary.json")).partial).toBe(true);
    expect(readdirSync(join(out, "shop")).sort()).toEqual(["index.json", "seed=7"]);
  });

  it("says clearly that it cannot write, and leaves the older result alone", async () => {
    const out = join(root, "c");
    await folder(out).finish(summary(), false);
    writeFileSync(join(root, "file"), "");
    expect(() => folder(join(root, "file"))).toThrow(
      new OutputError(`cannot write ${join(root, "file", "shop", "seed=7")}: a file is in the way`),
    );
    // Root may write anywhere; a file where the new folder goes stops everybody.
    mkdirSync(join(root, "locked"));
    chmodSync(join(root, "locked"), 0o500);
    if (process.getuid?.() !== 0) expect(() => folder(join(root, "locked"))).toThrow(/permission denied/);
    expect(existsSync(join(out, "shop", "seed=7", "summary.json"))).toBe(true);
  });

  it("escapes seeds that a file system would not take", () => {
    expect(["7", "a/b", "*"].map(seedFolder)).toEqual(["seed=7", "seed=a%2Fb", "seed=%2A"]);
  });
});

describe("Screen", () => {
  const plain = (_style: string, text: string): string => text;

  it("tells what happened, what held and where to look", () => {
    const screen = new Screen();
    for (let t = 0; t < 32; t++) {
      screen.sample("hpa", { at_s: t, name: "web", current: t < 16 ? 1 : 4, utilization_percent: t === 0 ? "" : 50 });
      screen.sample("pods", { at_s: t, pending: t === 16 ? 3 : 0, cpu_used_cores: 0.5 });
    }
    screen.decision(
      decision(1, 0, {
        t: 120_000_000,
        by: "fault",
        what: "crash",
        object: "node/n1",
        notable: "node/n1 crashed",
        failure: "failures[0]",
      }),
    );
    for (const name of ["a", "b"])
      screen.decision(
        decision(2, 1, { t: 465_100_000, by: "taint-eviction", what: "evict", object: `pod/shop/${name}` }),
      );
    screen.decision(
      decision(3, 0, {
        t: 500_000_000,
        by: "hpa",
        what: "scale",
        object: "hpa/shop/web",
        from: 1,
        to: 4,
        reason: "cpu above target",
      }),
    );
    screen.decision(decision(4, 0, { t: 500_000_000, by: "hpa", what: "keep", object: "hpa/shop/web" }));
    const result = { ...fullSummary(50), partial: false };
    expect(screen.lines(result, "results/shop/seed=7", plain)).toEqual([
      "",
      "  replicas web                1 ▁▁▁▁▁▁▁▁████████ 4            pending pods                0 ▁▁▁▁▁▁▁▁█▁▁▁▁▁▁▁ 3",
      "  cpu web                   50% ▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁ 50%          cpu used                  0.5 ▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁ 0.5 cores",
      "",
      "  00:02:00  ! node/n1 crashed (failures[0])",
      "  00:07:45  ! pod/shop/a evicted   +1 more",
      "  00:08:20    hpa/shop/web 1 → 4: cpu above target",
      "",
      "ASSERTIONS",
      "  ✗ cost sum < 40 USD   50.00 USD     shop.yaml:3:7",
      "",
      "1 of 1 assertions failed.   results/shop/seed=7   digest 9f3c…00e1",
      "why: orrery explain node/n1 --at 2m1s --run results/shop/seed=7",
    ]);
  });

  it("tells of a failing autoscaler only when it goes on", () => {
    const screen = new Screen();
    for (let sync = 0; sync < 8; sync++) {
      screen.decision(
        decision(sync, 0, {
          t: sync * 15_000_000,
          by: "hpa",
          what: sync === 2 ? "keep" : "fail",
          object: "hpa/shop/web",
          error: "no metrics",
        }),
      );
    }
    expect(screen.happenings()).toMatchObject([{ t: 105_000_000, text: "hpa/shop/web no metrics", isWarning: true }]);
  });

  it("says that a run was stopped", () => {
    const lines = new Screen().lines({ ...fullSummary(1), partial: true, endSeconds: 600 }, "r", plain);
    expect(lines.join("\n")).toContain("Stopped at 10m of 1h: the result is partial.   r");
  });
});

function fullSummary(value: number): SummaryDocument {
  return {
    ...({
      schema: "kube-orrery/summary.v1",
      version: "1",
      scenario: "shop",
      seed: 7,
      run: 0,
      kubernetesVersion: "1.37",
    } as const),
    partial: false,
    durationSeconds: 3600,
    endSeconds: 3600,
    warmupSeconds: 0,
    currency: "USD",
    events: 1,
    digest: "9f3c00000000000000e1",
    unseed: "",
    counts: { nodes: 1, pods: 1, workloads: 1 },
    assertions: [
      {
        text: ASSERTION.text,
        metric: "cost",
        value,
        unit: "currency",
        threshold: 40,
        holds: value < 40,
        source: ASSERTION.source,
      },
    ],
    metrics: [],
    inputs: [],
  };
}

describe("texts", () => {
  it.each([
    [formatValue(41.23, "seconds", "USD"), "41.2s"],
    [formatValue(312, "seconds", "USD"), "312s"],
    [formatValue(0.831, "ratio", "USD"), "83.1%"],
    [formatValue(125_829_120, "bytes", "USD"), "120Mi"],
    [formatValue(0.25, "cores", "USD"), "250m"],
    [formatValue(23.871, "currency", "EUR"), "23.87 EUR"],
    [formatCount(1_912_345), "1.9M"],
    [shortNumber(0.01234), "0.012"],
    [sparkline([0, 1, 2, 3], 2), "▃█"],
    [sparkline([5, 5], 16), "▁▁"],
    [sparkline([], 16), ""],
  ])("%s", (found, expected) => expect(found).toBe(expected));
});

describe("explain", () => {
  const run = join(root, "explain");
  const records = [
    decision(1, 0, {
      t: 1_000_000,
      by: "node-lifecycle",
      what: "not-ready",
      object: "node/n1",
      from: "True",
      to: "Unknown",
    }),
    decision(2, 1, { t: 2_000_000, by: "taint-eviction", what: "evict", object: "pod/shop/web-1", node: "n1" }),
    decision(3, 2, { t: 2_000_000, by: "replicaset", what: "create", object: "replicaset/shop/web", pods: ["web-2"] }),
    decision(4, 3, {
      t: 3_000_000,
      by: "scheduler",
      what: "unschedulable",
      object: "pod/shop/web-2",
      message: "0/1 nodes are available: 1 Insufficient cpu.",
      reasons: { "Insufficient cpu": 1 },
    }),
    decision(5, 4, {
      t: 9_000_000,
      by: "scheduler",
      what: "bind",
      object: "pod/shop/web-2",
      node: "n2",
      top: [{ node: "n2", total: 7, scores: { Fit: 7 } }],
    }),
    decision(6, 0, {
      ...{
        t: 30_000_000,
        by: "hpa",
        what: "scale",
        object: "hpa/shop/web",
        sync: 3,
        from: 2,
        to: 4,
        min: 1,
        max: 4,
        proposed: 5,
        stabilised: 5,
        normalised: 4,
        limited: "TooManyReplicas",
      },
      metrics: [
        {
          type: "Resource",
          name: "cpu",
          target: "50%",
          ready: 2,
          oldestSampleAge: 4_000_000,
          utilization: 110,
          value: "220m",
          ratio: 2.2,
          rawReplicas: 5,
          step: "scaled",
          replicas: 5,
        },
      ],
    }),
  ];
  mkdirSync(run);
  writeFileSync(join(run, "decisions.jsonl"), `${records.map((one) => JSON.stringify(one)).join("\n")}\n{"t":4`);

  const lines = async (target: string, atMicros: number | null = null): Promise<string[]> =>
    explanationLines(await explain({ run, target, atMicros }));

  it("leads from a lost heartbeat to the new pod", async () => {
    expect(await lines("pod/web-2", 5_000_000)).toEqual([
      "pod/shop/web-2 at 00:00:05 — scheduler: unschedulable (0/1 nodes are available: 1 Insufficient cpu.)",
      "  message      0/1 nodes are available: 1 Insufficient cpu.",
      "  reasons      Insufficient cpu  1",
      "",
      "CAUSES",
      "  00:00:01  node/n1                              node-lifecycle: not-ready True → Unknown",
      "  00:00:02  pod/shop/web-1                       taint-eviction: evict → n1",
      "  00:00:02  replicaset/shop/web                  replicaset: create",
      "  00:00:03  pod/shop/web-2                       scheduler: unschedulable (0/1 nodes are available: 1 Insufficient cpu.)",
    ]);
    expect((await lines("pod/shop/web-2"))[2]).toBe("  top          node n2 · total 7 · scores {Fit 7}");
  });

  it("leads from the samples to the replicas", async () => {
    expect(await lines("hpa/web")).toEqual([
      "hpa/shop/web at 00:00:30 — sync 3 at 00:00:30, 2 → 4 replicas",
      "  metric cpu (Resource, target 50%)",
      "    samples    2 pods: 2 ready; oldest sample 4s (scrape 00:00:26)",
      "    usage      110% (220m a pod) → ratio 2.2",
      "    formula    ceil(2 × 2.2) = 5",
      "    proposal   scaled                                                           → 5",
      "  stabilise    nothing to hold back                                             → 5",
      "  limits       min 1, max 4 (TooManyReplicas)                                   → 4",
      "  result       4, applied",
    ]);
  });

  it.each([
    ["pod/nothing", /nothing was decided about "pod\/nothing" by then — there are pod\/shop\/web-1/],
    ["web", /cannot be explained/],
  ])("refuses %s", async (target, message) => {
    await expect(lines(target)).rejects.toThrow(message);
    await expect(lines(target)).rejects.toBeInstanceOf(ExplainError);
  });

  it("refuses a folder that is no run", async () => {
    await expect(explain({ run: root, target: "pod/x", atMicros: null })).rejects.toThrow(/no decisions in/);
  });
});
