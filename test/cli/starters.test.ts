import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { starters } from "../../src/cli/init.ts";
import { ensureBuilt, MAIN, ROOT } from "../built.ts";

const folder = mkdtempSync(join(tmpdir(), "orrery-init-"));
beforeAll(ensureBuilt, 120_000);
afterAll(() => rmSync(folder, { recursive: true }));

interface Ended {
  readonly exit: number;
  readonly out: string;
  readonly err: string;
}

async function orrery(words: readonly string[], cwd = folder): Promise<Ended> {
  const env = { ...process.env, NO_COLOR: "1" };
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [MAIN, ...words], { cwd, env });
    return { exit: 0, out: stdout, err: stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { exit: code, out: stdout, err: stderr };
  }
}

describe.each(starters())("$name", ({ name, next }) => {
  test("is written, checks without a word, and does what is said to come next", async () => {
    const made = await orrery(["init", name]);
    expect(made.exit).toBe(0);
    const files = made.out.trim().split("\n");
    expect(files.every((file) => existsSync(join(folder, file)))).toBe(true);
    for (const command of next) expect(made.err).toContain(`  orrery ${command}\n`);
    const own = join(folder, name);
    const scenario = readFileSync(join(own, "scenario.yaml"), "utf8");
    expect(scenario).toMatch(/^# (yaml-language-server.*\n# )?[A-Z]/);
    expect((await orrery(["check", "--strict", "scenario.yaml"], own)).out).toBe("no problems in 1 file.\n");
    for (const command of next) {
      const { exit, out, err } = await orrery(command.split(" "), own);
      expect([command, exit, exit === 0 ? "" : out + err]).toEqual([command, 0, ""]);
      expect(out.trim()).not.toBe("");
    }
  }, 120_000);
});

test("the folders are those of the list", async () => {
  const folders = readdirSync(join(ROOT, "assets/starters")).filter((name) => name !== "index.json");
  expect(folders.sort()).toEqual(
    starters()
      .map(({ name }) => name)
      .sort(),
  );
  const { out } = await orrery(["init", "--list"]);
  expect(
    out
      .trim()
      .split("\n")
      .map((line) => line.trim().split(" ")[0]),
  ).toEqual(starters().map(({ name }) => name));
});

test("nothing is ever replaced", async () => {
  mkdirSync(join(folder, "mine"));
  writeFileSync(join(folder, "mine", "scenario.yaml"), "mine");
  const again = await orrery(["init", "hpa", "--out", "mine"]);
  expect([again.exit, again.out]).toEqual([2, ""]);
  expect(again.err).toBe('orrery: init: "mine" is there already — give another folder with --out\n');
  expect(readdirSync(join(folder, "mine"))).toEqual(["scenario.yaml"]);
  expect(readFileSync(join(folder, "mine", "scenario.yaml"), "utf8")).toBe("mine");
});

test("a misspelt name is told from those that there are", async () => {
  const { exit, err } = await orrery(["init", "rolout"]);
  expect(exit).toBe(2);
  expect(err).toContain('there is no "rolout" — did you mean "rollout"?');
});
