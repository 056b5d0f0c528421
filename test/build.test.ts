import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ensureBuilt, MAIN, ROOT } from "./built.ts";

/** What is built is a few chunks, and what they find beside the package they find from there. */

const folder = mkdtempSync(join(tmpdir(), "orrery-build-"));
beforeAll(ensureBuilt, 180_000);
afterAll(() => rmSync(folder, { recursive: true }));

function orrery(...words: readonly string[]): string {
  return execFileSync(process.execPath, [MAIN, ...words], {
    cwd: ROOT,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
}

test("is a few chunks with the entries beside them", () => {
  const scripts = readdirSync(join(ROOT, "dist"), { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".js"),
  );
  expect(scripts.length).toBeLessThan(100);
  for (const entry of [
    "cli/main",
    "experiment/run-worker",
    "answers/answer-worker",
    "bench/sample",
    "index",
    "plugin/index",
  ])
    expect(scripts).toContain(join(...`${entry}.js`.split("/")));
});

test("runs alone, in threads, and with the files of the page", () => {
  expect(orrery("--version")).toMatch(/^orrery \d+\.\d+\.\d+ /);
  const scenario = join(ROOT, "scenarios", "quick", "hpa-burst.yaml");
  orrery("run", scenario, "--until", "1m", "--set", "spec.assertions=[]", "--html", "--quiet", "--out", folder);
  expect(readdirSync(join(folder, "hpa-burst", "seed=42"))).toContain("report.html");
  orrery(
    "run",
    scenario,
    "--until",
    "1m",
    "--set",
    "spec.assertions=[]",
    "--seeds",
    "1..2",
    "-j",
    "2",
    "--quiet",
    "--out",
    folder,
  );
  expect(readdirSync(join(folder, "hpa-burst"))).toEqual(expect.arrayContaining(["seed=1", "seed=2"]));
}, 60_000);
