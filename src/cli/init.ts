import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { OutputError } from "../report/index.ts";
import { didYouMean } from "../scenario/index.ts";
import { EXIT, type Terminal, UsageError } from "./terminal.ts";

/** A scenario to begin with, as `assets/starters/index.json` lists them. */
export interface Starter {
  readonly name: string;
  readonly about: string;
  /** Commands to go on with, in the folder. */
  readonly next: readonly string[];
}

const HOME = fileURLToPath(new URL("../../assets/starters/", import.meta.url));

/** The starters that are shipped. */
export function starters(): readonly Starter[] {
  return JSON.parse(readFileSync(join(HOME, "index.json"), "utf8")) as readonly Starter[];
}

export function listStarters(terminal: Terminal): void {
  const rows = starters().map(({ name, about }) => `  ${name.padEnd(14)}${about}`);
  terminal.out(`${rows.join("\n")}\n`);
  terminal.err("orrery init NAME writes one into a folder of its name.\n");
}

export interface InitOptions {
  readonly example: string;
  /** The folder; undefined for one of the starter's name. */
  readonly out: string | undefined;
}

/** `orrery init`: copies a starter into a folder of its own. A file that is there is never replaced. @throws UsageError, OutputError */
export async function init({ example, out = example }: InitOptions, terminal: Terminal): Promise<number> {
  const known = starters();
  const starter = known.find(({ name }) => name === example);
  if (starter === undefined) {
    const names = known.map(({ name }) => name);
    throw new UsageError(`init: there is no "${example}"${didYouMean(example, names)} (${names.join(", ")})`);
  }
  const from = join(HOME, example);
  const files = readdirSync(from, { recursive: true, encoding: "utf8" })
    .filter((name) => statSync(join(from, name)).isFile())
    .sort((a, b) => (a < b ? -1 : 1));
  const there = statSync(out, { throwIfNoEntry: false });
  if (there !== undefined && (!there.isDirectory() || readdirSync(out).length > 0))
    throw new UsageError(`init: "${out}" is there already — give another folder with --out`);
  try {
    for (const name of files) {
      mkdirSync(dirname(join(out, name)), { recursive: true });
      // Nobody else's file is replaced, even when it comes at this moment.
      writeFileSync(join(out, name), readFileSync(join(from, name)), { flag: "wx" });
    }
  } catch (error) {
    throw new OutputError(`cannot write "${out}": ${(error as Error).message}`);
  }
  for (const name of files) terminal.out(`${join(out, name)}\n`);
  const commands = [
    `cd ${/^[\w./-]+$/.test(out) ? out : `'${out}'`}`,
    ...starter.next.map((words) => `orrery ${words}`),
  ];
  terminal.err(`\nNext:\n${commands.map((line) => `  ${line}`).join("\n")}\n`);
  return EXIT.done;
}
