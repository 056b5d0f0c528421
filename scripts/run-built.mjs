// node scripts/run-built.mjs SCRIPT.js [WORD …]: compiles src, test and bench to build/ and runs one of the scripts there.
import { spawnSync } from "node:child_process";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { ensureInstalled, ROOT, requireNode, tsc } from "./prepare.mjs";

requireNode();
ensureInstalled();
const [script, ...words] = process.argv.slice(2);
if (script === undefined) {
  process.stderr.write("usage: node scripts/run-built.mjs SCRIPT.js [WORD …]\n");
  process.exit(2);
}
tsc([
  "-p",
  "tsconfig.json",
  "--noEmit",
  "false",
  "--rootDir",
  ".",
  "--outDir",
  "build",
  "--incremental",
  "--tsBuildInfoFile",
  "build/.tsbuildinfo",
]);
// Scenarios are read with their schema, which lies beside the sources.
cpSync(join(ROOT, "schema"), join(ROOT, "build", "schema"), { recursive: true });
const cwd = process.env.INIT_CWD ?? process.cwd();
const { status } = spawnSync(process.execPath, [join(ROOT, "build", script), ...words], { cwd, stdio: "inherit" });
process.exit(status ?? 1);
