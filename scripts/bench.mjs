// Builds the benches and runs one: npm run bench -- world/hour [arguments]
import { spawnSync } from "node:child_process";
import { cpSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const [bench, ...rest] = process.argv.slice(2);
if (bench === undefined) {
  console.error("usage: npm run bench -- micro/hold|micro/chains|micro/rearm|micro/journal|world/hour [arguments]");
  process.exit(2);
}
const tsc = join(root, "node_modules/typescript/bin/tsc");
const built = spawnSync(process.execPath, [tsc, "-p", join(root, "bench")], { stdio: "inherit", cwd: root });
if (built.status !== 0) process.exit(1);
cpSync(join(root, "schema"), join(root, "build/schema"), { recursive: true });
const run = spawnSync(process.execPath, [join(root, "build/bench", `${bench}.js`), ...rest], { stdio: "inherit", cwd: root });
process.exit(run.status ?? 1);
