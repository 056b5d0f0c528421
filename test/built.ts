import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";

export const ROOT = join(import.meta.dirname, "..");
export const MAIN = join(ROOT, "dist", "cli", "main.js");

const LOCK = join(ROOT, "node_modules", ".orrery-build-lock");

/** Builds dist/ unless it is of today's sources; test files that run at the same time wait for each other. */
export async function ensureBuilt(): Promise<void> {
  await lock();
  try {
    const script = `import(${JSON.stringify(join(ROOT, "scripts", "prepare.mjs"))}).then((all) => all.ensureBuilt())`;
    execFileSync(process.execPath, ["-e", script], { cwd: ROOT, stdio: ["ignore", "ignore", "pipe"] });
  } finally {
    rmSync(LOCK, { recursive: true, force: true });
  }
}

async function lock(): Promise<void> {
  for (let tries = 0; tries < 1200; tries++) {
    try {
      mkdirSync(LOCK);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  // Left behind by a test that was killed.
}
