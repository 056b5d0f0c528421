import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Streams } from "../../src/random/index.ts";
import { ensureBuilt } from "../built.ts";
import { bytesOf, countRuns, finishedRuns, RUN_COUNT, start, writeExperiment } from "./processes.ts";

/** An experiment that is killed and resumed ends with the bytes of one that was left alone. `ORRERY_SEED=n` tries other moments. */

const PATIENCE = 600_000;
const KILLS = 10;
const SEED = process.env.ORRERY_SEED ?? "1";
let scratch = "";
let experiment = "";

beforeAll(async () => {
  await ensureBuilt();
  scratch = mkdtempSync(join(tmpdir(), "orrery-killed-"));
  experiment = writeExperiment(scratch);
}, PATIENCE);

afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const words = (out: string): string[] => ["experiment", experiment, "--out", out, "--resume", "-j", "2", "--quiet"];

/** Kills a process with SIGKILL once so many runs are whole, and a moment later. */
async function killedAt(out: string, runCount: number, laterMillis: number): Promise<string | null> {
  const { child, ended } = start(words(out));
  let isOver = false;
  void ended.then(() => {
    isOver = true;
  });
  while (!isOver && countRuns(join(out, "tiny")) < runCount) await pause(10);
  await pause(laterMillis);
  child.kill("SIGKILL");
  return (await ended).signal;
}

const pause = (millis: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, millis));

test(
  `${RUN_COUNT} runs, killed ${KILLS} times`,
  async () => {
    const [quiet, rough] = [join(scratch, "quiet"), join(scratch, "rough")];
    expect((await start(words(quiet)).ended).code).toBe(0);
    const stream = new Streams(SEED).stream("kills");
    let before = new Map<string, string>();
    for (let kill = 0; kill < KILLS; kill++) {
      const target = before.size + stream.int(16);
      expect(await killedAt(rough, target, stream.int(40)), `kill ${kill}, seed ${SEED}`).toBe("SIGKILL");
      const after = finishedRuns(join(rough, "tiny"));
      // Nothing that was whole is lost, and what a kill has left is whole.
      for (const [path, text] of before) expect(after.get(path), path).toBe(text);
      for (const text of after.values()) expect(() => JSON.parse(text) as unknown).not.toThrow();
      before = after;
    }
    expect(before.size).toBeGreaterThan(0);
    expect(before.size).toBeLessThan(RUN_COUNT);
    const writtenAt = new Map([...before.keys()].map((path) => [path, statSync(join(rough, "tiny", path)).mtimeMs]));
    expect((await start(words(rough)).ended).code).toBe(0);
    expect(bytesOf(rough)).toEqual(bytesOf(quiet));
    // Nothing that was whole has been made again.
    for (const [path, at] of writtenAt) expect(statSync(join(rough, "tiny", path)).mtimeMs, path).toBe(at);
    expect(finishedRuns(join(rough, "tiny")).size).toBe(RUN_COUNT);
  },
  PATIENCE,
);

test(
  "three shards, merged",
  async () => {
    const shard = (part: string): string[] => [...words(join(scratch, part.replace("/", "-"))), "--shard", part];
    const parts = ["1/3", "2/3", "3/3"];
    for (const part of parts) expect((await start(shard(part)).ended).code).toBe(0);
    const folders = parts.map((part) => join(scratch, part.replace("/", "-"), "tiny"));
    const merged = join(scratch, "merged");
    const missing = await start(["experiment", "merge", ...folders.slice(1), "--out", merged, "--quiet"]).ended;
    expect([missing.code, missing.stderr]).toEqual([
      3,
      expect.stringMatching(/^67 runs are missing: replicas=2,count=1, seed 1;/),
    ]);
    expect((await start(["experiment", "merge", ...folders, "--out", merged, "--quiet"]).ended).code).toBe(0);
    expect(bytesOf(merged)).toEqual(bytesOf(join(scratch, "quiet")));
  },
  PATIENCE,
);
