/**
 * One sample, in a process of its own: plays a scenario with some installed version of kube-orrery, through its public face, and prints
 * a `Sample` as JSON. Words: the entry of the package, the scenario, and where to write the decisions (then the run is not for timing).
 */
import { createHash } from "node:crypto";
import { closeSync, openSync, writeSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { GCProfiler, setFlagsFromString } from "node:v8";
import type { LoadedScenario, LoadOptions } from "../scenario/index.ts";
import type { Plan, PluginModules, ResultSink, RunnableWorld } from "../world/index.ts";
import type { Behaviour, Sample } from "./bench-file.ts";

/** What every version's package exports. */
interface Face {
  readonly loadScenario: (file: string, options: LoadOptions) => Promise<LoadedScenario>;
  readonly World: { from(plan: Plan, sink?: ResultSink, plugins?: PluginModules): RunnableWorld & { run(): void } };
}

// As `orrery run` does.
setFlagsFromString("--heap-growing-percent=20");

const [entry = "", file = "", decisionsFile] = process.argv.slice(2);
const { loadScenario, World } = (await import(pathToFileURL(entry).href)) as Face;
const { plan, problems, plugins } = await loadScenario(file, { version: "bench" });
if (plan === null) throw new Error(problems.map(({ message }) => message).join("\n"));

const log = decisionsFile === undefined ? null : decisionLog(decisionsFile);
const profiler = new GCProfiler();
const heapAtStart = process.memoryUsage().heapUsed;
profiler.start();
const cpu = process.cpuUsage();
const startedAt = performance.now();
const world = World.from(plan, log?.sink, plugins);
world.run();
const summary = world.finish();
const wallMillis = performance.now() - startedAt;
const { user, system } = process.cpuUsage(cpu);
const heapAtEnd = process.memoryUsage().heapUsed;
const sample: Sample = {
  wallMillis,
  cpuMillis: (user + system) / 1000,
  allocatedBytes: allocated(heapAtStart, heapAtEnd),
  peakRssBytes: process.resourceUsage().maxRSS * 1024,
  events: summary.eventCount,
  nodes: summary.counts.nodes,
  pods: summary.counts.pods,
  digest: summary.digest,
  behaviour: log?.finish() ?? null,
};
process.stdout.write(JSON.stringify(sample));

/** Bytes put on the heap: what it grew by between collections. */
function allocated(start: number, end: number): number {
  let sum = 0;
  let last = start;
  for (const { beforeGC, afterGC } of profiler.stop()?.statistics ?? []) {
    sum += Math.max(0, beforeGC.heapStatistics.usedHeapSize - last);
    last = afterGC.heapStatistics.usedHeapSize;
  }
  return sum + Math.max(0, end - last);
}

/** Writes a line a decision, without the numbers of events: those move with everything that happens before. */
function decisionLog(path: string): { readonly sink: ResultSink; finish(): Behaviour } {
  const handle = openSync(path, "w");
  const hash = createHash("sha256");
  const kinds = new Map<string, number>();
  let count = 0;
  let text = "";
  const write = (): void => {
    hash.update(text);
    for (let bytes = Buffer.from(text, "utf8"); bytes.length > 0; ) bytes = bytes.subarray(writeSync(handle, bytes));
    text = "";
  };
  const sink: ResultSink = {
    event: () => {},
    sample: () => {},
    decision: ({ n: _n, cause: _cause, ...decision }) => {
      const kind = `${decision.by}/${decision.what}`;
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
      count++;
      text += `${JSON.stringify(decision)}\n`;
      if (text.length > 1 << 20) write();
    },
  };
  const finish = (): Behaviour => {
    write();
    closeSync(handle);
    const sorted = [...kinds].sort(([a], [b]) => (a < b ? -1 : 1));
    return { decisions: count, hash: hash.digest("hex").slice(0, 16), kinds: Object.fromEntries(sorted) };
  };
  return { sink, finish };
}
