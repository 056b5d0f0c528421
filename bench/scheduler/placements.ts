/**
 * Pods placed per CPU second by the scheduler alone: it hears of a pod, finds a node for it, hears of the binding.
 *
 *   npm run bench -- scheduler/placements [--record] [--nodes=100,1000,5000] [--workloads=plain,spread] [--percentages=0,100]
 *     [--samples=5]
 *
 * Sketch: default sampling looks at 50 / 420 / 500 nodes a pod, `every` at all of them; a node that did not change
 * since the last like pod costs a few nanoseconds, one that did some 100 ns.
 */
import {
  type ClusterView,
  defaultFramework,
  type PodSource,
  SchedulerCache,
  SchedulerCore,
} from "../../src/scheduler/index.ts";
import { appendRows, machineFacts } from "../record.ts";
import { benchNode, benchPod, WORKLOADS, type Workload } from "./workloads.ts";

const MOST_PODS = 20_000;
const PODS_PER_NODE = 8;

interface Sample {
  readonly cpuSeconds: number;
  readonly placed: number;
  /** Hash of all choices: a faster run with another one decides otherwise. */
  readonly check: string;
}

/** Samples of a row; the median by CPU time counts. */
const samples = Number(optionOf("samples") ?? "5");
const nodeCounts = (optionOf("nodes") ?? "100,1000,5000").split(",").map(Number);
const names = (optionOf("workloads") ?? Object.keys(WORKLOADS).join(",")).split(",");
const percentages = (optionOf("percentages") ?? "0,100").split(",").map(Number);
const facts = machineFacts();
const options = process.argv.slice(2).filter((argument) => argument !== "--record");
const command = ["npm run bench -- scheduler/placements", ...options].join(" ");
const rows: object[] = [];
for (const nodes of nodeCounts) {
  for (const name of names) {
    for (const percentage of percentages) {
      const row = measure(name, nodes, percentage);
      rows.push({ ...row, ...facts, command });
      const { podsPerCpuSecond, placed, check } = row;
      const sampling = percentage === 0 ? "default" : "every";
      console.log(
        `${name.padEnd(16)} ${String(nodes).padStart(5)} nodes  ${sampling.padEnd(7)} ${String(podsPerCpuSecond).padStart(8)} pods/s  ${placed} placed  ${check}`,
      );
    }
  }
}
if (process.argv.includes("--record")) await appendRows("results/bench/scheduler.csv", rows);

function measure(name: string, nodes: number, percentage: number) {
  const workload = WORKLOADS[name];
  if (workload === undefined) throw new Error(`no workload ${name}: one of ${Object.keys(WORKLOADS).join(", ")}`);
  const pods = Math.min(MOST_PODS, nodes * PODS_PER_NODE);
  const runs = Array.from({ length: samples }, () => sample(workload, nodes, pods, percentage));
  const checks = new Set(runs.map(({ check }) => check));
  if (checks.size !== 1) throw new Error(`${name} ${nodes}: not reproducible: ${[...checks].join(", ")}`);
  runs.sort((a, b) => a.cpuSeconds - b.cpuSeconds);
  const { cpuSeconds, placed, check } = runs[samples >> 1] as Sample;
  const podsPerCpuSecond = Math.round(placed / cpuSeconds);
  return { bench: "placements", workload: name, nodes, percentage, pods, placed, podsPerCpuSecond, check };
}

/** As many clusters as it takes to place enough pods. */
function sample(workload: Workload, nodes: number, pods: number, percentage: number): Sample {
  const runs = Array.from({ length: Math.ceil(MOST_PODS / pods) }, () => run(workload, nodes, pods, percentage));
  const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
  return {
    cpuSeconds: sum(runs.map(({ cpuSeconds }) => cpuSeconds)),
    placed: sum(runs.map(({ placed }) => placed)),
    check: hashOf(runs.map(({ check }) => check)),
  };
}

function run(workload: Workload, nodes: number, pods: number, percentageOfNodesToScore: number): Sample {
  const cache = new SchedulerCache();
  const core = new SchedulerCore({ percentageOfNodesToScore, cache, framework: defaultFramework(viewOf(cache)) });
  for (let index = 0; index < nodes; index++) core.addNode(benchNode(index), 0);
  const sources = Array.from({ length: pods }, (_unused, index) => benchPod(index, workload(index, pods)));
  const chosen: string[] = [];
  const before = process.cpuUsage();
  for (let index = 0; index < pods; index++) {
    core.upsertPod(sources[index] as PodSource, index);
    const node = core.attempt(index)?.node;
    if (node === undefined) continue;
    chosen.push(node.name);
    core.upsertPod(boundTo(sources[index] as PodSource, node.name), index);
  }
  const { user, system } = process.cpuUsage(before);
  return { cpuSeconds: (user + system) / 1e6, placed: chosen.length, check: hashOf(chosen) };
}

function boundTo(source: PodSource, nodeName: string): PodSource {
  return Object.freeze({ ...source, nodeName });
}

function viewOf(cache: SchedulerCache): ClusterView {
  return {
    cache,
    revision: 0,
    labelsOfNamespace: () => ({}),
    servicesIn: () => [],
    selectorOfOwner: () => undefined,
    budgetsIn: () => [],
    startOf: () => -1,
  };
}

/** FNV-1a over the names. */
function hashOf(texts: readonly string[]): string {
  let hash = 0x811c9dc5;
  for (const text of texts) {
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return (hash >>> 0).toString(16);
}

function optionOf(name: string): string | undefined {
  return process.argv.find((argument) => argument.startsWith(`--${name}=`))?.slice(name.length + 3);
}
