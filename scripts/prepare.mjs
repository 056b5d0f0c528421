// What npm start and npm test need first: the packages of the lock file, and a build of the sources.
// Both are skipped when nothing has changed since the last time. Needs nothing but Node and npm.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("..", import.meta.url));

const LOCK_FILE = join(ROOT, "package-lock.json");
const MODULES = join(ROOT, "node_modules");
const INSTALL_STAMP = join(MODULES, ".orrery-stamp");
const BUILD_STAMP = join(ROOT, "dist", ".orrery-stamp");
const OLDEST_NODE = [20, 19];

/** Stops with a clear word on a Node that is too old. */
export function requireNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) return;
  fail(`kube-orrery needs Node ${OLDEST_NODE.join(".")} or newer; this is ${process.version}.`);
}

/** Installs what the lock file names, unless it is there already. */
export function ensureInstalled() {
  const wanted = hashOf([LOCK_FILE]);
  if (existsSync(INSTALL_STAMP) && readFileSync(INSTALL_STAMP, "utf8") === wanted) return;
  if (!isInstalledByNpm() && !lstatSync(MODULES, { throwIfNoEntry: false })?.isSymbolicLink()) {
    note("installing packages …");
    const quietly = ["--no-audit", "--no-fund", "--loglevel=error"];
    // A lock file that was made where some platform's optional packages are not to be had is refused by `npm ci`;
    // `npm install` installs what it names all the same.
    if (!npm(["ci", ...quietly], { stdio: "ignore" })) {
      if (!npm(["install", "--no-save", ...quietly])) fail("the packages of package-lock.json cannot be installed");
    }
  }
  writeFileSync(INSTALL_STAMP, wanted);
}

/** npm keeps a list of what it has installed; some platform's optional packages are not in it. */
function isInstalledByNpm() {
  const list = join(MODULES, ".package-lock.json");
  if (!existsSync(list)) return false;
  const { packages: installed } = JSON.parse(readFileSync(list, "utf8"));
  const { packages: wanted } = JSON.parse(readFileSync(LOCK_FILE, "utf8"));
  return Object.entries(wanted).every(
    ([path, { version, optional }]) => path === "" || optional || installed[path]?.version === version,
  );
}

/** Builds dist/ when a source has changed. */
export function ensureBuilt() {
  const inputs = ["package.json", "tsconfig.json", "tsconfig.build.json", "scripts/bundle.mjs"].map((name) =>
    join(ROOT, name),
  );
  const wanted = hashOf([...inputs, ...sourcesIn(join(ROOT, "src"))]);
  if (existsSync(BUILD_STAMP) && readFileSync(BUILD_STAMP, "utf8") === wanted) return;
  note("building …");
  rmSync(join(ROOT, "dist"), { recursive: true, force: true });
  tsc(["-p", "tsconfig.build.json"]);
  if (!run(process.execPath, [join(ROOT, "scripts", "bundle.mjs")])) fail("the build cannot be bundled");
  chmodSync(join(ROOT, "dist", "cli", "main.js"), 0o755);
  writeFileSync(BUILD_STAMP, wanted);
}

/** Lets `npx orrery` find the command in this very checkout, as it would in a project that depends on it. */
export function ensureLinked() {
  const bin = join(MODULES, ".bin");
  mkdirSync(bin, { recursive: true });
  for (const name of ["orrery", "kubectl-orrery"]) {
    if (process.platform === "win32") {
      writeFileSync(join(bin, `${name}.cmd`), '@node "%~dp0\\..\\..\\dist\\cli\\main.js" %*\r\n');
    } else if (!existsSync(join(bin, name))) {
      rmSync(join(bin, name), { force: true });
      symlinkSync(join("..", "..", "dist", "cli", "main.js"), join(bin, name));
    }
  }
}

export function tsc(words) {
  if (!run(process.execPath, [join(MODULES, "typescript", "bin", "tsc"), ...words])) fail("the sources do not compile");
}

function sourcesIn(folder) {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"))
    .sort()
    .map((name) => join(folder, name));
}

function hashOf(files) {
  const hash = createHash("sha256");
  for (const file of files)
    hash
      .update(`${file.slice(ROOT.length)}\0`)
      .update(readFileSync(file))
      .update("\0");
  return hash.digest("hex");
}

/** Whether npm carried out the command. */
function npm(words, options = {}) {
  const script = process.env.npm_execpath;
  // npm tells its scripts where it is; without that, the shell finds it.
  if (script?.endsWith(".js")) return run(process.execPath, [script, ...words], options);
  return run("npm", words, { shell: process.platform === "win32", ...options });
}

function run(program, words, options = {}) {
  const { status, error } = spawnSync(program, words, { cwd: ROOT, stdio: ["ignore", 2, 2], ...options });
  if (error) fail(`cannot start ${program}: ${error.message}`);
  return status === 0;
}

function note(text) {
  process.stderr.write(`${text}\n`);
}

function fail(text) {
  process.stderr.write(`${text}\n`);
  process.exit(1);
}
