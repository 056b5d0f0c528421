// npm run build, second part: in place of the compiled modules, as many as there are sources, a few chunks that Node loads in a
// third of the time. What is imported lazily stays in chunks of its own, packages stay outside, and the declarations
// stay as they are. Where no bundler can be loaded the modules stay too: all works, and starts more slowly.
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const DIST = join(ROOT, "dist");
const FRESH = join(ROOT, "dist.tmp");

/** What is started, imported by the package's users, or imported by scripts, and every worker. Paths are those of the sources. */
const ENTRIES = [
  ...workers(),
  "cli/main",
  "bench/sample",
  "index",
  "engine/index",
  "plugin/index",
  "testing/index",
  "scenario/index",
  "experiment/index",
];

const rolldown = await loadBundler();
if (rolldown !== null) {
  await bundle(rolldown);
  for (const name of readdirSync(DIST, { recursive: true, encoding: "utf8" })) {
    if (/\.js(\.map)?$/.test(name)) rmSync(join(DIST, name));
  }
  for (const name of readdirSync(FRESH, { recursive: true, withFileTypes: true })) {
    if (!name.isFile()) continue;
    const from = join(name.parentPath, name.name);
    const to = join(DIST, from.slice(FRESH.length));
    mkdirSync(dirname(to), { recursive: true });
    renameSync(from, to);
  }
  rmSync(FRESH, { recursive: true });
}

/** The files that threads are started with: those of a room that are called so. */
function workers() {
  return readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith("-worker.ts"))
    .map((name) => name.replaceAll("\\", "/").slice(0, -".ts".length))
    .sort();
}

async function loadBundler() {
  try {
    return (await import("rolldown")).rolldown;
  } catch (error) {
    process.stderr.write(`not bundled, which costs a second at every start: ${error.message.split("\n")[0]}\n`);
    return null;
  }
}

async function bundle(rolldown) {
  rmSync(FRESH, { recursive: true, force: true });
  const built = await rolldown({
    cwd: ROOT,
    input: Object.fromEntries(ENTRIES.map((name) => [name, `src/${name}.ts`])),
    platform: "node",
    external: packages().map((name) => new RegExp(`^${name}(/|$)`)),
  });
  await built.write({
    dir: FRESH,
    format: "esm",
    entryFileNames: "[name].js",
    // Two levels below the package, as the rooms of the sources are: what they find beside the package they find from here.
    chunkFileNames: "chunks/[name]-[hash].js",
    sourcemap: true,
    // Names stay, so that a stack can be read.
    minify: { compress: false, mangle: false, codegen: { removeWhitespace: true } },
  });
  await built.close();
}

function packages() {
  const { dependencies, peerDependencies } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  return Object.keys({ ...dependencies, ...peerDependencies });
}
