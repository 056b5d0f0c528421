import { closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { DecisionRecord, Micros } from "../../world/plan.ts";
import type { FinishedRun, SeriesTable } from "../finished-run.ts";
import { guarded } from "../output-error.ts";

/**
 * Writes `trace.json` in the Trace Event Format, which ui.perfetto.dev and chrome://tracing open: a track for each node,
 * pod and controller, and counters. Times are simulated microseconds.
 */
export async function writeTrace(run: FinishedRun): Promise<string[]> {
  const file = join(run.folder, "trace.json");
  const out = new TraceFile(file);
  try {
    const tracks = new Tracks(out, Math.round(run.summary.endSeconds * 1_000_000));
    for await (const decision of run.decisions()) tracks.add(decision);
    tracks.finish();
    counters(out, run.series);
    out.end();
  } finally {
    out.close();
  }
  return [file];
}

const PROCESS = { nodes: 1, pods: 2, controllers: 3, counters: 4 } as const;
const PROCESS_NAMES = ["nodes", "pods", "controllers", "cluster"];
/** Details of a decision that a track's slice shows; lists and maps are left to decisions.jsonl. */
const NOT_SHOWN: ReadonlySet<string> = new Set(["t", "by", "what", "object"]);

interface Slice {
  readonly name: string;
  readonly since: Micros;
  readonly args: Record<string, unknown>;
}

/** Turns decisions into slices of tracks: what a pod or a node was in, from when to when. */
class Tracks {
  readonly #out: TraceFile;
  readonly #end: Micros;
  readonly #threads = new Map<string, number>();
  readonly #open = new Map<string, Slice>();

  constructor(out: TraceFile, end: Micros) {
    this.#out = out;
    this.#end = end;
    for (const [index, name] of PROCESS_NAMES.entries()) {
      out.add({ ph: "M", pid: index + 1, tid: 0, name: "process_name", args: { name } });
    }
  }

  add(decision: DecisionRecord): void {
    const { by, what, object, t } = decision;
    const args = Object.fromEntries(
      Object.entries(decision).filter(([key, value]) => !NOT_SHOWN.has(key) && typeof value !== "object"),
    );
    const tid = this.#thread("controllers", by);
    this.#out.add({ ph: "i", pid: PROCESS.controllers, tid, ts: t, s: "t", name: `${what} ${object}`, args });
    if (object.startsWith("node/")) this.#node(decision, args);
    else if (object.startsWith("pod/")) this.#pod(decision, args);
    else if (what === "create" && Array.isArray(decision.pods)) {
      const namespace = object.split("/")[1] ?? "";
      for (const pod of decision.pods) this.#enter(`pod/${namespace}/${String(pod)}`, "pending", t, { by: object });
    }
  }

  finish(): void {
    for (const [object] of [...this.#open]) this.#leave(object, this.#end);
  }

  #node({ by, what, object, t }: DecisionRecord, args: Record<string, unknown>): void {
    if (by === "fault" && what !== "ends" && what !== "recover") this.#enter(object, what, t, args);
    else if (what === "not-ready") this.#enter(object, "NotReady", t, args);
    else if (what === "recovered" || by === "fault") this.#leave(object, t);
    else {
      const tid = this.#thread("nodes", object);
      this.#out.add({ ph: "i", pid: PROCESS.nodes, tid, ts: t, s: "t", name: `${by} ${what}`, args });
    }
  }

  #pod({ by, what, object, t }: DecisionRecord, args: Record<string, unknown>): void {
    if (by === "scheduler" && what === "bind") this.#enter(object, "starting", t, args);
    else if (by === "scheduler" && what === "unschedulable") this.#enter(object, "unschedulable", t, args);
    else if (by === "kubelet" && what === "start") this.#enter(object, "running", t, args);
    else if (by === "kubelet" && what === "kill" && args.container === undefined)
      this.#enter(object, "terminating", t, args);
    else if (by === "kubelet" && (what === "stop" || what === "reject")) this.#leave(object, t);
    else {
      const tid = this.#thread("pods", object);
      this.#out.add({ ph: "i", pid: PROCESS.pods, tid, ts: t, s: "t", name: `${by} ${what}`, args });
    }
  }

  #enter(object: string, name: string, t: Micros, args: Record<string, unknown>): void {
    if (this.#open.get(object)?.name === name) return;
    this.#leave(object, t);
    this.#open.set(object, { name, since: t, args });
  }

  #leave(object: string, t: Micros): void {
    const slice = this.#open.get(object);
    if (slice === undefined) return;
    this.#open.delete(object);
    const group = object.startsWith("node/") ? "nodes" : "pods";
    const tid = this.#thread(group, object);
    const { name, since, args } = slice;
    this.#out.add({ ph: "X", pid: PROCESS[group], tid, ts: since, dur: t - since, name, args });
  }

  #thread(group: "nodes" | "pods" | "controllers", name: string): number {
    const key = `${group} ${name}`;
    let tid = this.#threads.get(key);
    if (tid === undefined) {
      tid = this.#threads.size + 1;
      this.#threads.set(key, tid);
      const pid = PROCESS[group];
      const shown = group === "controllers" ? name : name.slice(name.indexOf("/") + 1);
      this.#out.add({ ph: "M", pid, tid, name: "thread_name", args: { name: shown } });
    }
    return tid;
  }
}

/** Pods and nodes over time, as counters above the tracks. */
function counters(out: TraceFile, series: ReadonlyMap<string, SeriesTable>): void {
  const shown = [
    { name: "pods", columns: ["pending", "running", "ready"] },
    { name: "nodes", columns: ["ready", "not_ready"] },
  ];
  for (const { name, columns } of shown) {
    const table = series.get(name);
    if (table === undefined) continue;
    const values = columns.map((column) => table.numbers(column));
    for (const [row, at] of table.numbers("at_s").entries()) {
      const args = Object.fromEntries(columns.map((column, index) => [column, values[index]?.[row] ?? 0]));
      out.add({ ph: "C", pid: PROCESS.counters, tid: 0, ts: Math.round(at * 1_000_000), name, args });
    }
  }
}

const FLUSH_EVENTS = 5000;

/** The file, written as it grows: a long run has more events than a string can hold. */
class TraceFile {
  readonly #path: string;
  readonly #handle: number;
  #lines: string[] = [];
  #isFirst = true;

  constructor(path: string) {
    this.#path = path;
    this.#handle = guarded(path, () => openSync(path, "w"));
    this.#write('{"displayTimeUnit":"ms","traceEvents":[\n');
  }

  add(event: { readonly [key: string]: unknown }): void {
    this.#lines.push(JSON.stringify(event));
    if (this.#lines.length >= FLUSH_EVENTS) this.#flush();
  }

  end(): void {
    this.#flush();
    this.#write("\n]}\n");
  }

  close(): void {
    closeSync(this.#handle);
  }

  #flush(): void {
    if (this.#lines.length === 0) return;
    this.#write(`${this.#isFirst ? "" : ",\n"}${this.#lines.join(",\n")}`);
    this.#isFirst = false;
    this.#lines = [];
  }

  #write(text: string): void {
    const bytes = Buffer.from(text, "utf8");
    guarded(this.#path, () => {
      for (let done = 0; done < bytes.length; ) done += writeSync(this.#handle, bytes, done, bytes.length - done);
    });
  }
}
