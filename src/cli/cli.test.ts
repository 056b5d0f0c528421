import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { inlineRunner } from "../experiment/index.ts";
import type { Plan, ResultSink, RunnableWorld, RunSummary } from "../world/plan.ts";
import { runCommandLine } from "./command-line.ts";
import { main } from "./main.ts";
import type { RunContext } from "./run.ts";
import { EXIT, type Terminal, UsageError } from "./terminal.ts";

const root = mkdtempSync(join(tmpdir(), "orrery-cli-"));
afterAll(() => rmSync(root, { recursive: true }));

const SCENARIO = join(root, "shop.yaml");
writeFileSync(
  SCENARIO,
  `apiVersion: kube-orrery/v1alpha1
kind: Scenario
metadata: { name: shop }
spec:
  seed: 42
  duration: 10m
  cluster: { nodePools: [{ name: general, count: 2 }] }
  assertions: [nodes_ready min >= 2]
`,
);

class Screen implements Terminal {
  stdout = "";
  stderr = "";
  readonly outHasColour = false;
  readonly errHasColour = false;
  readonly hasProgress = false;
  out(text: string): void {
    this.stdout += text;
  }
  err(text: string): void {
    this.stderr += text;
  }
}

/** A world of ten slices, for what surrounds a world. */
class TenSlices implements RunnableWorld {
  nowMicros = 0;
  eventCount = 0;
  private readonly plan: Plan;
  private readonly sink: ResultSink;
  private readonly ready: number;

  constructor(plan: Plan, sink: ResultSink, ready: number) {
    this.plan = plan;
    this.sink = sink;
    this.ready = ready;
  }

  runSlice(untilMicros: number): boolean {
    this.nowMicros += untilMicros / 10;
    this.eventCount++;
    this.sink.sample("nodes", { at_s: this.nowMicros / 1_000_000, ready: this.ready });
    this.sink.event({ kind: "Event" });
    return this.nowMicros >= untilMicros;
  }

  checkpoint(): never {
    throw new Error("ten slices need no checkpoint");
  }

  finish(): RunSummary {
    const assertions = this.plan.assertions.map((assertion) => ({
      assertion,
      value: this.ready,
      holds: this.ready >= 2,
    }));
    const counts = { nodes: 2, pods: 0, workloads: 0 };
    return {
      endMicros: this.nowMicros,
      eventCount: this.eventCount,
      digest: "d1ce",
      unseed: "u",
      counts,
      metrics: [],
      assertions,
    };
  }
}

interface Setting {
  readonly ready?: number;
  readonly interruptAfter?: number;
  readonly fault?: string;
}

async function orrery(
  words: readonly string[],
  { ready = 2, interruptAfter, fault }: Setting = {},
): Promise<Screen & { exit: number }> {
  const terminal = new Screen();
  let interrupt = (): void => {};
  let slices = 0;
  const context: RunContext = {
    terminal,
    makeRunner: async () => inlineRunner(),
    makeRedisRunner: async () => inlineRunner(),
    onInterrupt: (stop) => {
      interrupt = stop;
      return () => {};
    },
    makeWorld: async (plan, sink) => {
      if (fault !== undefined) throw new Error(fault);
      const world = new TenSlices(plan, sink, ready);
      const play = world.runSlice.bind(world);
      world.runSlice = (until) => {
        if (++slices === interruptAfter) interrupt();
        return play(until);
      };
      return world;
    },
  };
  try {
    return Object.assign(terminal, { exit: await runCommandLine(words, terminal, context) });
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    terminal.err(error.message);
    return Object.assign(terminal, { exit: EXIT.usage });
  }
}

let count = 0;
function freshOut(): string {
  return join(root, `out-${count++}`);
}

describe("run", () => {
  it("ends with 0 when all assertions hold, and prints nothing of this machine on stdout", async () => {
    const out = freshOut();
    const { exit, stdout, stderr } = await orrery(["run", SCENARIO, "--out", out]);
    expect(exit).toBe(EXIT.done);
    expect(stdout).toContain(
      "scenario shop · Kubernetes 1.37 rules · seed 42\n2 nodes · 0 workloads · 0 pods · 10m simulated\n",
    );
    expect(stdout).toContain(`The assertion holds.   ${join(out, "shop", "seed=42")}   digest d1ce`);
    expect(stderr).toMatch(/^10 events in [0-9.]+s\n$/);
    expect(existsSync(join(out, "shop", "seed=42", "PARTIAL"))).toBe(false);
    expect(existsSync(join(out, "shop", "seed=42", "host.json"))).toBe(true);
  });

  it("ends with 3 when an assertion fails", async () => {
    const { exit, stdout } = await orrery(["run", SCENARIO, "--out", freshOut()], { ready: 1 });
    expect(exit).toBe(EXIT.assertion);
    expect(stdout).toContain("✗ nodes_ready min >= 2   1     shop.yaml:8:16");
  });

  it("ends with 130 when interrupted, and keeps a partial result", async () => {
    const out = freshOut();
    const { exit, stdout } = await orrery(["run", SCENARIO, "--out", out], { interruptAfter: 3 });
    const folder = join(out, "shop", "seed=42");
    expect(exit).toBe(EXIT.interrupted);
    expect(stdout).toContain("Stopped at 3m of 10m: the result is partial.");
    expect(existsSync(join(folder, "PARTIAL"))).toBe(true);
    expect(JSON.parse(readFileSync(join(folder, "summary.json"), "utf8"))).toMatchObject({
      partial: true,
      endSeconds: 180,
    });
    expect(readFileSync(join(folder, "series", "nodes.csv"), "utf8").split("\n").length).toBe(5);
  });

  it("takes --seed, --until and --set, and prints JSON with the exit code", async () => {
    const words = [
      "run",
      SCENARIO,
      "--out",
      freshOut(),
      "--seed",
      "7",
      "--until",
      "2h",
      "--set",
      "cluster.nodePools[0].count=5",
      "-o",
      "json",
    ];
    const { exit, stdout } = await orrery(words, { ready: 1 });
    expect(JSON.parse(stdout)).toMatchObject({
      schema: "kube-orrery/summary.v1",
      seed: 7,
      durationSeconds: 7200,
      digest: "d1ce",
      exit: 3,
      timeline: [],
    });
    expect(exit).toBe(EXIT.assertion);
  });

  it("writes the same bytes for the same run, but for host.json", async () => {
    const [first, second] = [freshOut(), freshOut()];
    const runs = [await orrery(["run", SCENARIO, "--out", first]), await orrery(["run", SCENARIO, "--out", second])];
    expect(runs[0]?.stdout.replaceAll(first, "")).toBe(runs[1]?.stdout.replaceAll(second, ""));
    for (const file of [
      "summary.json",
      "scenario.resolved.yaml",
      "events.jsonl",
      "decisions.jsonl",
      "series/nodes.csv",
    ]) {
      const read = (out: string): string => readFileSync(join(out, "shop", "seed=42", file), "utf8");
      expect(read(first)).toBe(read(second));
    }
  });

  it("is quiet with --quiet", async () => {
    const { stdout, stderr } = await orrery(["run", SCENARIO, "--out", freshOut(), "--quiet"]);
    expect(stdout + stderr).toBe("");
  });

  it.each<[string, string[], RegExp]>([
    ["no scenario", ["run"], /Not enough non-option arguments/],
    [
      "no such file",
      ["run", join(root, "gone.yaml")],
      /gone\.yaml {2}error E0001 {2}cannot read the file: no such file/,
    ],
    ["bad seed of values", ["run", SCENARIO, "--set", "duration=soon"], /--set duration=soon {2}error E0110/],
    ["unknown flag", ["run", SCENARIO, "--sed", "3"], /Unknown argument/],
    ["twice a seed", ["run", SCENARIO, "--seed", "3", "--seed", "4"], /--seed is given 2 times/],
    ["unknown format", ["run", SCENARIO, "-o", "xml"], /Invalid values/],
    ["unknown command", ["rum", SCENARIO], /Did you mean run\?/],
  ])("ends with 2 and writes nothing: %s", async (_name, words, message) => {
    const out = freshOut();
    const { exit, stdout, stderr } = await orrery(
      words[0] === "run" && words.length > 1 ? [...words, "--out", out] : words,
    );
    expect(exit).toBe(EXIT.usage);
    expect(stderr).toMatch(message);
    expect(stdout).toBe("");
    expect(existsSync(out)).toBe(false);
  });

  it("runs none of several scenarios when one is bad", async () => {
    const out = freshOut();
    const { exit, stderr } = await orrery(["run", SCENARIO, join(root, "gone.yaml"), "--out", out]);
    expect(exit).toBe(EXIT.usage);
    expect(stderr).toContain("1 error. Nothing was run.   orrery explain E0001");
    expect(existsSync(out)).toBe(false);
  });
});

describe("main", () => {
  const say = async (words: readonly string[]): Promise<Screen & { exit: number }> => {
    const terminal = new Screen();
    return Object.assign(terminal, { exit: await main(words, terminal) });
  };

  it("shows the version, fast", async () => {
    expect((await say(["--version"])).stdout).toMatch(/^orrery \d+\.\d+\.\d+ \(Kubernetes 1\.37 rules\)\n$/);
    expect(JSON.parse((await say(["version", "-o", "json"])).stdout)).toMatchObject({ kubernetesVersions: ["1.37"] });
  });

  it("ends with 1 and a clear word when the output folder cannot be written", async () => {
    const file = join(root, "a-file");
    writeFileSync(file, "");
    const { exit, stderr } = await say(["run", SCENARIO, "--out", file]);
    expect(exit).toBe(EXIT.failed);
    expect(stderr).toBe(`orrery: cannot write ${join(file, "shop", "seed=42")}: a file is in the way\n`);
  });

  it("explains codes, and refuses what it does not know", async () => {
    expect((await say(["explain", "E0107"])).stdout).toMatch(/^E0107 {2}unknown field in a scenario\n/);
    expect(await say(["explain", "E9999"])).toMatchObject({
      exit: EXIT.usage,
      stderr: "orrery: there is no code E9999\n",
    });
    expect(await say(["explain", "pod/x", "--run", root])).toMatchObject({ exit: EXIT.usage });
  });
});

describe("check", () => {
  it.each<[string, string, number, RegExp]>([
    ["a good scenario", readFileSync(SCENARIO, "utf8"), EXIT.done, /^no problems in 1 file\.\n$/],
    [
      "a bad manifest",
      "apiVersion: v1\nkind: Pod\nmatadata: { name: x }\n",
      EXIT.usage,
      /:3:1 {2}error E0104 {2}unknown field "matadata" — did you mean "metadata"\?\n {4}2 \| kind: Pod\n {4}3 \| matadata/,
    ],
    [
      "a manifest with a word",
      "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: x }\nimmutable: yes\n",
      EXIT.done,
      /warning W0210/,
    ],
  ])("%s", async (_name, text, expected, output) => {
    const file = join(root, `check-${count++}.yaml`);
    writeFileSync(file, text);
    const { exit, stdout } = await orrery(["check", file]);
    expect(stdout).toMatch(output);
    expect(exit).toBe(expected);
    const strict = await orrery(["check", "--strict", file]);
    expect(strict.exit).toBe(/warning|error/.test(stdout) ? EXIT.usage : EXIT.done);
  });
});

it("says that a fault is its own, with the way to report it", async () => {
  await expect(orrery(["run", SCENARIO, "--out", freshOut()], { fault: "the clock stands still" })).rejects.toThrow(
    "the clock stands still",
  );
});

describe("orrery compare", () => {
  const changed = "cluster.nodePools[0].count=3";

  it("runs both with the same seeds and says what differs", async () => {
    const { stdout, exit } = await orrery(["compare", SCENARIO, "--set", changed, "--seeds", "1..3", "--exit-code"]);
    expect(stdout).toContain("spec.cluster.nodePools[general].count: 2 → 3");
    expect(stdout).toMatch(/nodes_ready min +2 +3 +\+1 +\[\+1, \+1\] +\+50% +better/);
    expect(stdout).toContain("3 paired seeds (1..3).");
    expect(exit).toBe(EXIT.differs);
  });

  it("finds a scenario to be like itself", async () => {
    const { stdout, exit } = await orrery([
      "compare",
      SCENARIO,
      SCENARIO,
      "--seeds",
      "1,2",
      "--exit-code",
      "-o",
      "json",
    ]);
    const { comparisons } = JSON.parse(stdout) as { comparisons: { measures: { verdict: string }[] }[] };
    expect(new Set(comparisons[0]?.measures.map(({ verdict }) => verdict))).toEqual(new Set(["same"]));
    expect(exit).toBe(EXIT.done);
  });

  it.each([
    [[SCENARIO], /nothing to compare with/],
    [[SCENARIO, SCENARIO, "--seeds", "5..1"], /--seeds: expected seeds such as 1\.\.20/],
    [[SCENARIO, SCENARIO, "-j", "0"], /-j: expected a whole number/],
    [[SCENARIO, "/nowhere.yaml"], /cannot read the file/],
  ])("refuses %j", async (words, message) => {
    const { stdout, stderr, exit } = await orrery(["compare", ...words]);
    expect([stdout, exit]).toEqual(["", EXIT.usage]);
    expect(stderr).toMatch(message);
  });
});

describe("orrery run --seeds", () => {
  it("writes a result folder a seed, and what they have in common", async () => {
    const out = join(root, "seeds");
    const { stdout, exit } = await orrery(["run", SCENARIO, "--seeds", "1..4", "--shard", "1/2", "--out", out]);
    expect(stdout).toContain("· seeds 1, 3");
    expect(stdout).toMatch(/nodes_ready min +2 +\[2, 2\] +2 +2/);
    expect(stdout).toContain("✓ nodes_ready min >= 2   holds with 2 of 2 seeds");
    expect(exit).toBe(EXIT.done);
    expect(readFileSync(join(out, "shop", "summary.csv"), "utf8")).toMatch(
      /^seed,digest,nodes_ready min,.*\n1,\w+,2,.*\n3,/,
    );
    const { runs } = JSON.parse(readFileSync(join(out, "shop", "index.json"), "utf8")) as { runs: { seed: number }[] };
    expect(runs.map(({ seed }) => seed)).toEqual([1, 3]);
    const alone = await orrery(["run", SCENARIO, "--seed", "3", "--out", join(root, "alone"), "-q"]);
    expect(alone.exit).toBe(EXIT.done);
    const resolved = (folder: string): string =>
      readFileSync(join(folder, "shop", "seed=3", "scenario.resolved.yaml"), "utf8");
    expect(resolved(out)).toBe(resolved(join(root, "alone")));
  });

  it.each([
    [["--seeds", "1..3", "--seed", "4"], /exclude each other/],
    [["--shard", "1/2"], /--shard divides the seeds/],
    [["--seeds", "1..3", "--shard", "3/2"], /--shard: expected a part/],
  ])("refuses %j", async (words, message) => {
    const { stderr, exit } = await orrery(["run", SCENARIO, ...words]);
    expect([exit, stderr]).toEqual([EXIT.usage, expect.stringMatching(message)]);
  });
});
