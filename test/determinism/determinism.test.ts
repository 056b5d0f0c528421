import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
// @ts-expect-error A script without types.
import { NODE_MAJORS, nodeBinary } from "../../scripts/node-versions.mjs";
import type { Plan, ResultSink } from "../../src/world/index.ts";
import { ensureBuilt } from "../built.ts";
import { digestOf, type ProcessRun, planOfScenario, runInProcess, scenarioNames } from "./runs.ts";

/**
 * Same scenario, same seed, same bytes: in another process, on another version of Node, watched or not, in one go or in
 * slices, with chains as formulas or as events. The digests are kept in digests.json; `UPDATE_GOLDEN=1` writes them anew.
 */

const GOLDEN = join(import.meta.dirname, "digests.json");
const NAMES = scenarioNames();
/** Processes and builds take long on a busy machine. */
const PATIENCE = 600_000;
const IGNORE: ResultSink = { event: () => undefined, decision: () => undefined, sample: () => undefined };

let scratch = "";
const first = new Map<string, ProcessRun>();

beforeAll(async () => {
  await ensureBuilt();
  scratch = mkdtempSync(join(tmpdir(), "orrery-determinism-"));
  for (const name of NAMES) first.set(name, await runInProcess(name, join(scratch, "first")));
  if (process.env.UPDATE_GOLDEN === "1") {
    const digests = Object.fromEntries(NAMES.map((name) => [name, first.get(name)?.digest]));
    writeFileSync(GOLDEN, `${JSON.stringify(digests, null, 2)}\n`);
  }
}, PATIENCE);

afterAll(() => {
  rmSync(scratch, { recursive: true, force: true });
});

const golden = (): Record<string, string> => JSON.parse(readFileSync(GOLDEN, "utf8")) as Record<string, string>;

test("every scenario has its digest", () => {
  expect(Object.keys(golden()).sort()).toEqual(NAMES);
});

describe.each(NAMES)("%s", { timeout: PATIENCE }, (name) => {
  test("gives the digest that it gave before", () => {
    expect(first.get(name)?.digest).toBe(golden()[name]);
  });

  test("gives the same bytes in another process", async () => {
    const again = await runInProcess(name, join(scratch, "second"));
    expect(Object.keys(again.files)).toContain("summary.json");
    expect(again).toEqual(first.get(name));
  });

  test("gives the same digest however it is played and watched", async () => {
    const plan = await planOfScenario(name);
    const explicit: Plan = { ...plan, fidelity: { ...plan.fidelity, periodic: "explicit" } };
    const silent: Plan = { ...plan, record: { ...plan.record, events: false, decisions: false } };
    const rare: Plan = { ...plan, record: { ...plan.record, sampleMicros: 10 * plan.record.sampleMicros } };
    const digests = {
      unwatched: digestOf(plan),
      watched: digestOf(plan, IGNORE),
      silent: digestOf(silent, IGNORE),
      rare: digestOf(rare, IGNORE),
      slices: digestOf(plan, undefined, 997),
      explicit: digestOf(explicit),
    };
    expect(new Set(Object.values(digests)), JSON.stringify(digests)).toEqual(new Set([first.get(name)?.digest]));
  });
});

describe.each(NODE_MAJORS as readonly number[])("Node %i", { timeout: PATIENCE }, (major) => {
  const binary = nodeBinary(major) as string;
  const isMissing = !existsSync(binary) && process.env.ORRERY_NODE_VERSIONS !== "required";
  if (isMissing) {
    console.warn(
      `SKIPPED: Node ${major} is not installed here; node scripts/node-versions.mjs installs and checks it.`,
    );
  }

  test.skipIf(isMissing).each(NAMES)("gives the same bytes of %s", async (name) => {
    const run = await runInProcess(name, join(scratch, `node-${major}`), binary);
    expect(run).toEqual(first.get(name));
  });
});
