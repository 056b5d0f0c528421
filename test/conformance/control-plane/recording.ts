import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { parseAllDocuments } from "yaml";
import type { KubeObject } from "../../../src/kube/index.ts";

/** What was done to the cluster, and when. Seconds since the recorder started. */
export interface Mark {
  readonly t: number;
  readonly do: string;
}

/** One watch event: an object as it was after a write, or an Event as it was written. Seconds since the recorder started. */
export interface TraceEntry {
  readonly t: number;
  readonly k: string;
  /** Added, modified, deleted. */
  readonly e: "A" | "M" | "D";
  /** Not of Events. `web-RS2-p007`: the seventh pod seen of the second ReplicaSet seen of web. */
  readonly n?: string;
  readonly [field: string]: unknown;
}

/** A recorded scenario of a whole control plane (FORMAT.md). */
export interface Recording {
  readonly name: string;
  readonly marks: readonly Mark[];
  readonly objects: readonly KubeObject[];
  readonly entries: readonly TraceEntry[];
  /** What kubectl said to a drain, by line; empty where there was none. */
  readonly drainLines: readonly string[];
}

const MARKS = ".marks.json";

export function isControlPlaneMarks(file: string): boolean {
  return file.endsWith(MARKS);
}

/** @param file `NAME.marks.json`; `NAME.jsonl` or `NAME.jsonl.gz`, `NAME.yaml` and perhaps `NAME.drain.txt` lie beside it */
export function readControlPlane(file: string): Recording {
  const name = basename(file).slice(0, -MARKS.length);
  const beside = (suffix: string): string => join(dirname(file), `${name}${suffix}`);
  const { marks } = JSON.parse(readFileSync(file, "utf8")) as { marks: Mark[] };
  const lines = existsSync(beside(".jsonl"))
    ? readFileSync(beside(".jsonl"), "utf8")
    : gunzipSync(readFileSync(beside(".jsonl.gz"))).toString("utf8");
  const drain = existsSync(beside(".drain.txt")) ? readFileSync(beside(".drain.txt"), "utf8") : "";
  const manifests = parseAllDocuments(readFileSync(beside(".yaml"), "utf8")).map((one) => one.toJS() as unknown);
  return {
    name,
    marks: marks.map((mark) => ({ ...mark, t: mark.t / 1000 })),
    objects: manifests.filter((one): one is KubeObject => one !== null),
    entries: textLines(lines).map((line) => inSeconds(JSON.parse(line) as TraceEntry)),
    drainLines: textLines(drain),
  };
}

function inSeconds(entry: TraceEntry): TraceEntry {
  return { ...entry, t: entry.t / 1000 };
}

function textLines(text: string): string[] {
  return text.split("\n").filter((line) => line.trim() !== "");
}
