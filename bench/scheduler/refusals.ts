/**
 * Attempts that find no node, per CPU second: a full cluster, and pods that fit nowhere (`hopeless`: nobody would have
 * to make way for them) or that have to preempt (`preempting`: until they sit on their node).
 *
 *   npm run bench -- scheduler/refusals [--record] [--nodes=100,1000,5000] [--samples=5]
 *
 * Sketch: a preempting pod is tried on 100 nodes or a tenth of them; one trial takes all pods off one node and gives
 * back what it can, some 8 filter runs. A hopeless pod costs what its message does as long as nothing changes.
 */
import {
  type ClusterView,
  defaultFramework,
  type PodSource,
  PreemptionsUnderWay,
  SchedulerCache,
  SchedulerCore,
} from "../../src/scheduler/index.ts";
import { appendRows, machineFacts } from "../record.ts";
import { benchNode, benchPod } from "./workloads.ts";

const PODS_PER_NODE = 4;
const ATTEMPTS = { hopeless: 2000, preempting: 200 };
type Kind = keyof typeof ATTEMPTS;

const REQUESTS = { cpu: "1", memory: "1Gi" };
const CONTAINERS = [{ name: "app", image: "app:1", resources: { requests: REQUESTS } }];
const LOW = { labels: { app: "low" }, spec: { priority: 0, containers: CONTAINERS } };
const HIGH = { labels: { app: "high" }, spec: { priority: 100, containers: CONTAINERS } };

const samples = Number(optionOf("samples") ?? "5");
const nodeCounts = (optionOf("nodes") ?? "100,1000,5000").split(",").map(Number);
const facts = machineFacts();
const rows: object[] = [];
for (const nodes of nodeCounts) {
  for (const kind of ["hopeless", "preempting"] as const) {
    const runs = Array.from({ length: samples }, () => run(kind, nodes));
    runs.sort((a, b) => a.millisPerPod - b.millisPerPod);
    const row = { bench: "refusals", workload: kind, nodes, ...(runs[samples >> 1] as (typeof runs)[number]) };
    rows.push({ ...row, ...facts, command: "npm run bench -- scheduler/refusals" });
    console.log(
      `${kind.padEnd(12)} ${String(nodes).padStart(5)} nodes ${row.millisPerPod.toFixed(3).padStart(9)} ms a pod  ${row.check}`,
    );
  }
}
if (process.argv.includes("--record")) await appendRows("results/bench/scheduler-refusals.csv", rows);

function run(kind: Kind, nodes: number): { millisPerPod: number; check: number } {
  const cache = new SchedulerCache();
  const preemptions = new PreemptionsUnderWay();
  const framework = defaultFramework(viewOf(cache), { underWay: preemptions });
  const core = new SchedulerCore({ percentageOfNodesToScore: 0, cache, framework, preemptions });
  for (let index = 0; index < nodes; index++) core.addNode(benchNode(index), 0);
  for (let index = 0; index < nodes * PODS_PER_NODE; index++) {
    const low = benchPod(index, LOW);
    core.upsertPod(Object.freeze({ ...low, nodeName: `node-${index % nodes}`, startAt: index * 1e6 }), 0);
  }
  const first = nodes * PODS_PER_NODE;
  let check = 0;
  const before = process.cpuUsage();
  for (let index = first; index < first + ATTEMPTS[kind]; index++) {
    core.upsertPod(benchPod(index, kind === "hopeless" ? LOW : HIGH), index);
    check = (check * 31 + tryPod(core, index)) | 0;
  }
  const { user, system } = process.cpuUsage(before);
  return { millisPerPod: (user + system) / 1e3 / ATTEMPTS[kind], check };
}

/** One attempt and, when it preempts, the end of its victims and the attempt that follows. */
function tryPod(core: SchedulerCore, now: number): number {
  const attempt = core.attempt(now);
  const order = attempt?.order;
  if (attempt === undefined || order === undefined) return attempt?.message.length ?? 0;
  const source = { ...attempt.pod.source, nominatedNodeName: attempt.nominate ?? "" };
  core.preemptionDone(order.id);
  core.upsertPod(Object.freeze(source), now);
  for (const { uid } of attempt.preemption?.best[0]?.victims ?? []) core.removePod(uid, now);
  core.queue.flushBackoff(now + 1e9);
  const node = core.attempt(now + 1e9)?.node;
  if (node === undefined) throw new Error("a preemptor that found no node");
  core.upsertPod(Object.freeze({ ...source, nodeName: node.name }) as PodSource, now);
  return node.row;
}

function viewOf(cache: SchedulerCache): ClusterView {
  return {
    cache,
    revision: 0,
    labelsOfNamespace: () => ({}),
    servicesIn: () => [],
    selectorOfOwner: () => undefined,
    budgetsIn: () => [],
    startOf: ({ startAt }) => startAt,
  };
}

function optionOf(name: string): string | undefined {
  return process.argv.find((argument) => argument.startsWith(`--${name}=`))?.slice(name.length + 3);
}
