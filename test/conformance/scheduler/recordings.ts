import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { SchedulerDocument } from "./document.ts";

/** Reads a recording, `.json` or `.json.gz`. */
export function readSchedulerRecording(path: string): SchedulerDocument {
  const bytes = readFileSync(path);
  return JSON.parse((path.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8")) as SchedulerDocument;
}

/** The recordings in the repository, by file name. */
export function publicRecordings(): Map<string, string> {
  const folder = join(import.meta.dirname, "../recordings/scheduler");
  const names = readdirSync(folder).filter((name) => name.endsWith(".json.gz"));
  return new Map(names.sort().map((name) => [name.replace(".json.gz", ""), join(folder, name)]));
}
