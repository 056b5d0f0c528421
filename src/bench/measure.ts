import { execFile } from "node:child_process";
import { createReadStream, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Behaviour, Measured, Sample } from "./bench-file.ts";
import type { Installed } from "./installed.ts";

/** A scenario that cannot be measured, with what the process said. */
export class SampleError extends Error {
  override readonly name = "SampleError";
}

/** Makes one sample in a process of its own; with a file, the decisions go there and the times say nothing. */
export type Sampler = (version: Installed, file: string, decisionsFile?: string) => Promise<Sample>;

const PROGRAM = fileURLToPath(new URL("../bench/sample.js", import.meta.url));

export const processSampler: Sampler = async (version, file, decisionsFile) => {
  const words = [PROGRAM, version.entry, file, ...(decisionsFile === undefined ? [] : [decisionsFile])];
  try {
    const { stdout } = await promisify(execFile)(process.execPath, words, { maxBuffer: 1 << 26 });
    return JSON.parse(stdout) as Sample;
  } catch (error) {
    const said = String((error as { stderr?: string }).stderr ?? error);
    const reason = /^\w*Error: (.*)$/m.exec(said)?.[1] ?? said.trim();
    throw new SampleError(`${file} with orrery ${version.version} in ${version.folder}: ${reason}`, { cause: error });
  }
};

/** What a scenario's run decided in two versions. */
export interface DecisionChange {
  /** Decisions that only the one or the other took. */
  readonly onlyBefore: number;
  readonly onlyNow: number;
  /** The first line that differs, of the one and of the other; null at the end of a file. */
  readonly first: { readonly before: string | null; readonly now: string | null } | null;
}

export interface Pair {
  readonly now: Measured;
  readonly before: Measured | null;
  /** null without another version to run. */
  readonly change: DecisionChange | null;
}

/**
 * Measures a scenario with this version and, taking turns with it, another one.
 * @param samples processes for timing, of each version; one more is for what was decided
 */
export async function measurePair(
  sampler: Sampler,
  versions: { readonly now: Installed; readonly before: Installed | null },
  scenario: { readonly name: string; readonly file: string },
  samples: number,
): Promise<Pair> {
  const { now, before } = versions;
  const scratch = mkdtempSync(join(tmpdir(), "orrery-bench-"));
  try {
    const [nowFile, beforeFile] = [join(scratch, "now"), join(scratch, "before")];
    const decided = await sampler(now, scenario.file, nowFile);
    const decidedBefore = before === null ? null : await sampler(before, scenario.file, beforeFile);
    const [mine, theirs]: [Sample[], Sample[]] = [[], []];
    for (let sample = 0; sample < samples; sample++) {
      // Who begins alternates too: the second of two processes may find warmer caches, or a hotter processor.
      const isFirst = sample % 2 === 0;
      if (isFirst) mine.push(await sampler(now, scenario.file));
      if (before !== null) theirs.push(await sampler(before, scenario.file));
      if (!isFirst) mine.push(await sampler(now, scenario.file));
    }
    return {
      now: measured(scenario.name, mine, decided),
      before: decidedBefore === null ? null : measured(scenario.name, theirs, decidedBefore),
      change: decidedBefore === null ? null : await decisionChange(beforeFile, nowFile),
    };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function measured(name: string, samples: readonly Sample[], decided: Sample): Measured {
  const digests = new Set([...samples, decided].map(({ digest }) => digest));
  if (digests.size !== 1) throw new SampleError(`${name} is not reproducible: digests ${[...digests].join(", ")}`);
  return { name, samples, behaviour: decided.behaviour ?? NOTHING };
}

const NOTHING: Behaviour = { decisions: 0, hash: "", kinds: {} };

/** Compares two files of decisions, line by line and, for the counts, in any order. Memory: one entry a line that differs. */
export async function decisionChange(beforeFile: string, nowFile: string): Promise<DecisionChange> {
  const [before, now] = [linesOf(beforeFile), linesOf(nowFile)];
  /** How often each line was in the one more often than in the other. */
  const surplus = new Map<string, number>();
  let first: DecisionChange["first"] = null;
  for (;;) {
    const [left, right] = [await next(before), await next(now)];
    if (left === null && right === null) break;
    if (left === right) continue;
    first ??= { before: left, now: right };
    if (left !== null) addTo(surplus, left, 1);
    if (right !== null) addTo(surplus, right, -1);
  }
  let [onlyBefore, onlyNow] = [0, 0];
  for (const count of surplus.values()) {
    onlyBefore += Math.max(0, count);
    onlyNow += Math.max(0, -count);
  }
  return { onlyBefore, onlyNow, first };
}

function linesOf(file: string): AsyncIterator<string> {
  return createInterface({ input: createReadStream(file) })[Symbol.asyncIterator]();
}

async function next(lines: AsyncIterator<string>): Promise<string | null> {
  const { done, value } = await lines.next();
  return done === true ? null : value;
}

function addTo(counts: Map<string, number>, line: string, change: number): void {
  const count = (counts.get(line) ?? 0) + change;
  if (count === 0) counts.delete(line);
  else counts.set(line, count);
}
