import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Streams } from "../../src/random/index.ts";
import { ensureBuilt, ROOT } from "../built.ts";
import { bytesOf, start } from "./processes.ts";

/** A run that is killed and resumed ends with the bytes of one that was left alone. `ORRERY_SEED=n` tries other moments. */

const PATIENCE = 600_000;
const SCENARIO = join(ROOT, "scenarios/quick/hpa-burst.yaml");
const SEED = process.env.ORRERY_SEED ?? "1";
const KILLS = 3;
let scratch = "";

beforeAll(async () => {
  await ensureBuilt();
  scratch = mkdtempSync(join(tmpdir(), "orrery-resume-"));
}, PATIENCE);

afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const folderOf = (out: string): string => join(out, "hpa-burst", "seed=42");
const words = (out: string, ...rest: string[]): string[] => [
  ...["run", SCENARIO, "--out", out, "--until", "12h", "--set", "spec.record.sample=1s", ...rest],
];
const pause = (millis: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, millis));

function checkpointsOf(out: string): string[] {
  const folder = join(folderOf(out), "checkpoints");
  return existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".gz")) : [];
}

/** Kills a process with SIGKILL once it has written another checkpoint than `before`, and a moment later. */
async function killedAfter(out: string, before: readonly string[], laterMillis: number, rest: string[]): Promise<void> {
  const { child, ended } = start(words(out, "--quiet", ...rest));
  let isOver = false;
  void ended.then(() => {
    isOver = true;
  });
  while (!isOver && checkpointsOf(out).every((name) => before.includes(name))) await pause(5);
  await pause(laterMillis);
  child.kill("SIGKILL");
  expect((await ended).signal).toBe("SIGKILL");
}

/** All files but the facts of the machine. */
function filesOf(out: string): Record<string, string> {
  const files = bytesOf(folderOf(out));
  expect(files["host.json"]).toBeDefined();
  delete files["host.json"];
  return files;
}

describe("a run with checkpoints", { timeout: PATIENCE }, () => {
  test("killed and resumed, gives the bytes of one that was not", async () => {
    const [quiet, rough] = [join(scratch, "quiet"), join(scratch, "rough")];
    const calm = await start(words(quiet)).ended;
    const stream = new Streams(SEED).stream("kills");
    let before: string[] = [];
    for (let kill = 0; kill < KILLS; kill++) {
      const rest = kill === 0 ? ["--checkpoint-every", "30m"] : ["--resume"];
      await killedAfter(rough, before, stream.int(60), rest);
      expect(existsSync(join(folderOf(rough), "PARTIAL"))).toBe(true);
      before = checkpointsOf(rough);
      expect(before, `kill ${kill}, seed ${SEED}`).toHaveLength(1);
    }
    const resumed = await start(words(rough, "--resume")).ended;
    expect(resumed.code).toBe(calm.code);
    expect(filesOf(rough)).toEqual(filesOf(quiet));
  });

  test("is not gone on with when it is finished, was never begun, or is another run", async () => {
    const out = join(scratch, "refused");
    const refusal = async (...rest: string[]): Promise<string> => {
      const { code, stderr } = await start(words(out, "--resume", ...rest)).ended;
      expect(code).toBe(2);
      return stderr;
    };
    expect(await refusal()).toContain("nothing to resume: there is no ");
    await killedAfter(out, [], 0, ["--checkpoint-every", "10m"]);
    expect(await refusal("--set", "spec.warmup=1m")).toContain("is of another scenario");
    await start(words(out, "--resume")).ended;
    expect(await refusal()).toContain("is finished");
  });

  test("says what is wrong with a period", async () => {
    const file = join(scratch, "pod.yaml");
    writeFileSync(
      file,
      "apiVersion: v1\nkind: Pod\nmetadata: { name: a }\nspec: { containers: [{ name: a, image: a }] }\n",
    );
    for (const period of ["6", "0s", "soon"]) {
      const { code, stderr } = await start(["run", file, "--checkpoint-every", period]).ended;
      expect(code).toBe(2);
      expect(stderr).toContain("expected a duration of at least 1s");
    }
  });
});
