#!/usr/bin/env node
import { realpathSync } from "node:fs";
import * as nodeModule from "node:module";
import { fileURLToPath } from "node:url";
import type { RunContext } from "./run.ts";
import { EXIT, processTerminal, type Terminal, UsageError } from "./terminal.ts";
import { packageVersion, versionText } from "./version.ts";

/** Runs a command line and gives the exit code. Libraries are loaded by the command that needs them. */
export async function main(words: readonly string[], terminal: Terminal): Promise<number> {
  const isDebug = words.includes("--debug");
  try {
    if (words[0] === "--version" || words[0] === "-V") {
      terminal.out(versionText("table"));
      return EXIT.done;
    }
    prepareLoading(isDebug);
    const { runCommandLine } = await import("./command-line.ts");
    return await runCommandLine(words, terminal, runContext(terminal));
  } catch (error) {
    return report(error, terminal, isDebug);
  }
}

/** Stacks with the places of the sources for whom they are shown; compiled code that is kept from start to start, where Node can (22.1). */
function prepareLoading(isDebug: boolean): void {
  if (isDebug) process.setSourceMapsEnabled(true);
  (nodeModule as { readonly enableCompileCache?: () => unknown }).enableCompileCache?.();
}

function runContext(terminal: Terminal): RunContext {
  return {
    terminal,
    makeWorld: async (plan, sink, plugins, from) => {
      const { World } = await import("../world/index.ts");
      return from === undefined ? World.from(plan, sink, plugins) : World.fork(plan, from, sink, plugins);
    },
    makeRunner: async (threads) => {
      const { threadRunner } = await import("../experiment/index.ts");
      return threadRunner(threads);
    },
    makeRedisRunner: async (url) => {
      const { redisRunner } = await import("../experiment/index.ts");
      return redisRunner(url, packageVersion(), (note) => terminal.err(`${note}\n`));
    },
    onInterrupt: (stop) => {
      process.once("SIGINT", stop);
      process.once("SIGTERM", stop);
      return () => {
        process.off("SIGINT", stop);
        process.off("SIGTERM", stop);
      };
    },
  };
}

/** One line for whom it may concern: the user (2), the machine (1), or us (1, with how to report). */
function report(error: unknown, terminal: Terminal, isDebug: boolean): number {
  const message = error instanceof Error ? error.message : String(error);
  const name = error instanceof Error ? error.name : "";
  if (error instanceof UsageError) {
    terminal.err(`orrery: ${message}\n`);
    return EXIT.usage;
  }
  if (isDebug && error instanceof Error) terminal.err(`${error.stack ?? message}\n`);
  if (name === "OutputError") {
    terminal.err(`orrery: ${message}\n`);
    return EXIT.failed;
  }
  terminal.err(
    `orrery: internal error: ${message}\n` +
      `This is a fault of orrery ${packageVersion()} (Node ${process.version}). Please report it with the scenario and this text` +
      `${isDebug ? "" : "; --debug shows where it happened"}.\n`,
  );
  return EXIT.failed;
}

/** Whether this file is what Node was started with, also through the links that npm makes. */
function isStarted(): boolean {
  const script = process.argv[1];
  if (script === undefined) return false;
  try {
    return realpathSync(script) === fileURLToPath(import.meta.url);
  } catch {
    // No such file: Node was started with something else, such as `-e`.
    return false;
  }
}

if (isStarted()) {
  // A reader that has seen enough (`| head`) is no fault.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit(EXIT.done);
  });
  process.exitCode = await main(process.argv.slice(2), processTerminal());
}
