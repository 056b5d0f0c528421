import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Sample } from "./bench-file.ts";
import { type Circumstances, keepHistory } from "./history.ts";
import { findInstalled, type Installed } from "./installed.ts";
import { decisionChange, measurePair, type Pair, type Sampler } from "./measure.ts";
import { verdictOf } from "./verdict.ts";

let scratch = "";
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "orrery-bench-test-"));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const version = (name: string): Installed => ({ version: name, folder: `/${name}`, entry: `/${name}/dist/index.js` });
const SCENARIO = { name: "steady", file: "steady.yaml" };

function sampleOf(cpuMillis: number, rest: Partial<Sample> = {}): Sample {
  const sizes = { allocatedBytes: 1000, peakRssBytes: 2000, events: 10_000, nodes: 3, pods: 30 };
  return { wallMillis: cpuMillis, cpuMillis, ...sizes, digest: "d", behaviour: null, ...rest };
}

/** A pair of versions of which each sample takes the next of these times. */
async function pairOf(now: readonly number[], before: readonly number[], rest: Partial<Sample> = {}): Promise<Pair> {
  const left = { now: [...now], before: [...before] };
  const sampler: Sampler = async ({ version: name }, _file, decisionsFile) => {
    const behaviour = {
      decisions: 1,
      hash: rest.digest !== undefined && name === "now" ? "h2" : "h",
      kinds: { "hpa/scale": 1 },
    };
    const changes = name === "now" ? rest : {};
    if (decisionsFile === undefined) return sampleOf(left[name as "now" | "before"].shift() ?? 0, changes);
    writeFileSync(decisionsFile, name === "now" && rest.digest !== undefined ? '{"t":2}\n' : '{"t":1}\n');
    return sampleOf(1, { behaviour, ...changes });
  };
  return measurePair(sampler, { now: version("now"), before: version("before") }, SCENARIO, now.length);
}

describe("two versions", () => {
  test("take turns, and who begins alternates", async () => {
    const order: string[] = [];
    const sampler: Sampler = async ({ version: name }, _file, decisions) => {
      order.push(decisions === undefined ? name : `${name}!`);
      if (decisions !== undefined) writeFileSync(decisions, "");
      return sampleOf(1);
    };
    await measurePair(sampler, { now: version("now"), before: version("before") }, SCENARIO, 2);
    expect(order).toEqual(["now!", "before!", "now", "before", "before", "now"]);
  });

  test.each([
    { now: [100, 101, 102, 99, 98], before: [100, 102, 101, 98, 99], isTooSlow: false, low: 0.9, high: 1.1 },
    { now: [120, 121, 119, 122, 118], before: [100, 102, 101, 98, 99], isTooSlow: true, low: 0.8, high: 0.86 },
    { now: [70, 71, 69, 70, 72], before: [100, 102, 101, 98, 99], isTooSlow: false, low: 1.35, high: 1.5 },
    // Slower by the median, and nobody can tell.
    { now: [60, 180, 115, 70, 150], before: [100, 102, 101, 98, 99], isTooSlow: false, low: 0.5, high: 1.7 },
  ])("$now against $before: too slow is $isTooSlow", async ({ now, before, isTooSlow, low, high }) => {
    const { against } = verdictOf(await pairOf(now, before), 0.95);
    expect(against?.isTooSlow).toBe(isTooSlow);
    expect(against?.speed.low).toBeGreaterThan(low);
    expect(against?.speed.high).toBeLessThan(high);
    expect(against).toMatchObject({
      isSameDigest: true,
      hasSameDecisions: true,
      change: { onlyBefore: 0, onlyNow: 0 },
    });
  });

  test.each([
    { now: [70, 71, 69, 70, 72], limit: 1.3, isTooSlow: false },
    { now: [70, 71, 69, 70, 72], limit: 1.8, isTooSlow: true },
    { now: [100, 101, 102, 99, 98], limit: 1.2, isTooSlow: true },
    // It may be that much faster.
    { now: [60, 180, 115, 70, 150], limit: 1.5, isTooSlow: false },
  ])(
    "a limit of $limit demands that much more speed: $now falls short is $isTooSlow",
    async ({ now, limit, isTooSlow }) => {
      const { against } = verdictOf(await pairOf(now, [100, 102, 101, 98, 99]), limit);
      expect(against?.isTooSlow).toBe(isTooSlow);
    },
  );

  test("another digest is another program, and its decisions are counted", async () => {
    const { against } = verdictOf(await pairOf([50], [100], { digest: "other" }), 0.95);
    expect(against).toMatchObject({
      isSameDigest: false,
      hasSameDecisions: false,
      change: { onlyBefore: 1, onlyNow: 1, first: { before: '{"t":1}', now: '{"t":2}' } },
    });
  });

  test("a scenario that gives two digests in one version is refused", async () => {
    let count = 0;
    const sampler: Sampler = async () => sampleOf(1, { digest: `d${count++}` });
    const versions = { now: version("now"), before: null };
    await expect(measurePair(sampler, versions, SCENARIO, 2)).rejects.toThrow("steady is not reproducible");
  });

  test("an outlier is counted", async () => {
    expect(verdictOf(await pairOf([100, 101, 99, 100, 180], [100, 100, 100, 100, 100]), null).outliers).toBe(1);
    expect(verdictOf(await pairOf([100, 101, 99, 100, 102], [100, 100, 100, 100, 100]), null).outliers).toBe(0);
  });
});

test.each([
  ["a b c", "a b c", 0, 0, null],
  ["a b c", "a c", 1, 0, "b"],
  ["a b c", "a x b c", 0, 1, "b"],
  ["a b c", "b a c", 0, 0, "a"],
  ["a a b", "a b b", 1, 1, "a"],
] as const)("decisions %s, then %s: %i gone, %i new", async (before, now, onlyBefore, onlyNow, first) => {
  const [left, right] = [join(scratch, "left"), join(scratch, "right")];
  writeFileSync(left, before.replaceAll(" ", "\n"));
  writeFileSync(right, now.replaceAll(" ", "\n"));
  const change = await decisionChange(left, right);
  expect(change).toMatchObject({ onlyBefore, onlyNow });
  expect(change.first?.before ?? null).toBe(first);
});

test("the history grows by a row a scenario, and the page shows all of it", async () => {
  const at: Circumstances = {
    ...{ measuredAt: "2026-01-02T03:04:05.000Z", version: "1.0.0", commit: "abc", node: "v20", cpu: "2 × x" },
    ...{ load: 0.5, command: "orrery bench", against: "" },
  };
  const verdict = verdictOf(await pairOf([100], [100]), null);
  await keepHistory(scratch, [verdict], at);
  await keepHistory(scratch, [{ ...verdict, name: "<b>", digest: "e" }, verdict], at);
  const lines = readFileSync(join(scratch, "history.csv"), "utf8").trim().split("\n");
  expect(lines).toHaveLength(4);
  expect(lines[1]).toContain("steady,3,30,10000,100000,100.0");
  const page = readFileSync(join(scratch, "index.html"), "utf8");
  expect(page).toContain("&lt;b>");
  expect(page).not.toMatch(/<script|https?:\/\//);
  expect(page.match(/<circle/g)).toHaveLength(3);
});

test("a version is found by any path in it, and not where there is none", () => {
  const folder = join(scratch, "project", "node_modules", "kube-orrery");
  expect(findInstalled(join(scratch, "nowhere"))).toBeNull();
  expect(findInstalled(scratch)).toBeNull();
  expect(findInstalled(folder)).toBeNull();
});
