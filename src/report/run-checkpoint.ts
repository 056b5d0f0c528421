import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from "../engine/index.ts";

/** A run at an instant: the state of its world, and how much of each result file had been written. */
export interface RunCheckpoint {
  /** Of kube-orrery. */
  readonly version: string;
  readonly atMicros: number;
  /** Simulated time between two checkpoints. */
  readonly everyMicros: number;
  /** Bytes by path in the result folder; files that are not named did not exist. */
  readonly files: Readonly<Record<string, number>>;
  readonly state: Checkpoint;
}

/** The folder of checkpoints in a result folder. */
export const CHECKPOINTS = "checkpoints";
const SUFFIX = ".gz";

/**
 * Puts a checkpoint on the disk, whole or not at all, in place of the one before it.
 * The file holds, compressed: the length of a head (4 bytes, little endian), the head as JSON, the state as `encodeCheckpoint` gives it.
 * @param folder the result folder
 */
export function writeRunCheckpoint(folder: string, { state, ...head }: RunCheckpoint): void {
  const home = join(folder, CHECKPOINTS);
  if (!existsSync(home)) mkdirSync(home);
  const headBytes = Buffer.from(JSON.stringify(head), "utf8");
  const length = Buffer.alloc(4);
  length.writeUInt32LE(headBytes.length);
  // Level 1: a checkpoint is written often and read hardly ever.
  const content = gzipSync(Buffer.concat([length, headBytes, encodeCheckpoint(state)]), { level: 1 });
  const name = `${head.atMicros}us${SUFFIX}`;
  const fresh = join(home, `${name}.tmp`);
  const handle = openSync(fresh, "w");
  for (let done = 0; done < content.length; ) done += writeSync(handle, content, done, content.length - done);
  fsyncSync(handle);
  closeSync(handle);
  renameSync(fresh, join(home, name));
  for (const other of readdirSync(home)) if (other !== name) rmSync(join(home, other));
}

/** The newest checkpoint in a result folder; null where there is none. */
export function readRunCheckpoint(folder: string): RunCheckpoint | null {
  const home = join(folder, CHECKPOINTS);
  if (!existsSync(home)) return null;
  const instants = readdirSync(home).flatMap((name) => {
    const micros = /^(\d+)us\.gz$/.exec(name)?.[1];
    return micros === undefined ? [] : [Number(micros)];
  });
  if (instants.length === 0) return null;
  const content = gunzipSync(readFileSync(join(home, `${Math.max(...instants)}us${SUFFIX}`)));
  const end = 4 + content.readUInt32LE(0);
  const head = JSON.parse(content.toString("utf8", 4, end)) as Omit<RunCheckpoint, "state">;
  return { ...head, state: decodeCheckpoint(content.subarray(end)) };
}
