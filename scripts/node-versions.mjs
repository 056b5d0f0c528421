// node scripts/node-versions.mjs [--install-only]: puts further versions of Node beside the project's packages, as the npm
// packages node@22 and node@24 carry them, and checks that the scenarios run to the same bytes on all of them.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ensureBuilt, ensureInstalled, ROOT, requireNode } from "./prepare.mjs";

export const NODE_MAJORS = [22, 24];

/** Where the binary of a version is once it is installed. */
export function nodeBinary(major) {
  const name = process.platform === "win32" ? "node.exe" : "node";
  return join(folderOf(major), "node_modules", "node", "bin", name);
}

function folderOf(major) {
  return join(ROOT, "node_modules", ".cache", "orrery-node-versions", String(major));
}

/** Installs a version unless it is there; says whether it is there now. */
function ensureNode(major) {
  if (existsSync(nodeBinary(major))) return true;
  const folder = folderOf(major);
  mkdirSync(folder, { recursive: true });
  // A package of its own, so that npm leaves the project's alone.
  writeFileSync(join(folder, "package.json"), '{ "private": true }\n');
  process.stderr.write(`installing node@${major} …\n`);
  const words = ["install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error", "--prefix", folder];
  const npm = process.env.npm_execpath;
  const { status } = npm?.endsWith(".js")
    ? spawnSync(process.execPath, [npm, ...words, `node@${major}`], { cwd: folder, stdio: ["ignore", 2, 2] })
    : spawnSync("npm", [...words, `node@${major}`], {
        cwd: folder,
        stdio: ["ignore", 2, 2],
        shell: process.platform === "win32",
      });
  return status === 0 && existsSync(nodeBinary(major));
}

function main() {
  requireNode();
  ensureInstalled();
  const missing = NODE_MAJORS.filter((major) => !ensureNode(major));
  if (missing.length > 0) {
    process.stderr.write(`cannot install ${missing.map((major) => `node@${major}`).join(" and ")}\n`);
    return 1;
  }
  if (process.argv.includes("--install-only")) return 0;
  ensureBuilt();
  const vitest = join(ROOT, "node_modules", "vitest", "vitest.mjs");
  const env = { ...process.env, ORRERY_NODE_VERSIONS: "required" };
  return (
    spawnSync(process.execPath, [vitest, "run", "test/determinism"], { cwd: ROOT, stdio: "inherit", env }).status ?? 1
  );
}

if (process.argv[1] === import.meta.filename) process.exitCode = main();
