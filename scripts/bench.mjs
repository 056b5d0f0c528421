// npm run bench -- world/hour [arguments]: builds everything and runs one bench.
import { spawnSync } from "node:child_process";
import { cpSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./prepare.mjs";

const [bench, ...rest] = process.argv.slice(2);
if (bench === undefined) {
  const names = readdirSync(join(ROOT, "bench"), { recursive: true, encoding: "utf8" });
  const known = names.filter((name) => /^\w+\/[\w-]+\.ts$/.test(name)).map((name) => name.replace(/\.ts$/, ""));
  process.stderr.write(`usage: npm run bench -- NAME [arguments]\nnames: ${known.sort().join(" ")}\n`);
  process.exit(2);
}
// The built scenario reader looks for the schema beside the build, as the package has it.
cpSync(join(ROOT, "schema"), join(ROOT, "build/schema"), { recursive: true });
const runBuilt = join(ROOT, "scripts/run-built.mjs");
const { status } = spawnSync(process.execPath, [runBuilt, `bench/${bench}.js`, ...rest], { stdio: "inherit" });
process.exit(status ?? 1);
