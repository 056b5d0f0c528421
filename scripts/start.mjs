// npm start [-- COMMAND …]: installs and builds if needed, then runs the command; the first example without one.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { ensureBuilt, ensureInstalled, ensureLinked, ROOT, requireNode } from "./prepare.mjs";

requireNode();
ensureInstalled();
ensureBuilt();
ensureLinked();

const given = process.argv.slice(2);
const words = given.length > 0 ? given : ["run", "scenarios/quick/hpa-burst.yaml"];
// npm changes to the folder of the package; the paths of a command are those of whoever typed it.
const cwd = given.length > 0 ? (process.env.INIT_CWD ?? process.cwd()) : ROOT;
const child = spawn(process.execPath, [join(ROOT, "dist", "cli", "main.js"), ...words], { cwd, stdio: "inherit" });
// The terminal sends Ctrl-C to the command too, which then ends in its own way.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => child.kill("SIGTERM"));
child.on("exit", (code) => process.exit(code ?? 1));
