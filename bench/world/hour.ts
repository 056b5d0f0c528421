/**
 * A cluster at rest but for its heartbeats, samples and autoscalers: by default 1,000 nodes, 30,000 pods in 300
 * Deployments, each with an HPA that follows a load of its own, for one simulated hour.
 *
 *   npm run bench -- world/hour [nodes] [pods] [hpas] [hours] [--record]
 *
 * Sketch: 6 M renewals and 30 k status posts as chains (0 events), 240 scrapes of 30,000 pods (7.2 M rows, ~0.2 s),
 * 72,000 HPA syncs of 100 pods (7.2 M rows, ~0.5 s), 30,000 pod starts of ~10 events and one placement over up to
 * 420 nodes each (~1.5 s).
 */
import { setFlagsFromString } from "node:v8";
import { World } from "../../src/world/index.ts";
import { appendRows, machineFacts } from "../record.ts";
import { hourPlan } from "./hour-plan.ts";

const [nodes = 1000, pods = 30_000, hpas = 300, hours = 1] = process.argv
  .slice(2)
  .filter((argument) => !argument.startsWith("--"))
  .map(Number);

// As `orrery run` does.
setFlagsFromString("--heap-growing-percent=20");

const plan = await hourPlan({ nodes, pods, hpas, hours });
const started = process.cpuUsage();
const startedAt = performance.now();
const heapBefore = process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers;
const world = World.from(plan);
world.run();
const used = process.cpuUsage(started);
const wallSeconds = (performance.now() - startedAt) / 1000;
const cpuSeconds = (used.user + used.system) / 1e6;
const heap = process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers - heapBefore;
const summary = world.finish();
const row = {
  bench: "hour",
  nodes,
  pods: summary.counts.pods,
  hpas,
  hours,
  cpuSeconds: round(cpuSeconds),
  wallSeconds: round(wallSeconds),
  events: summary.eventCount,
  eventsPerCpuSecond: Math.round(summary.eventCount / cpuSeconds),
  simulatedSecondsPerCpuSecond: Math.round((hours * 3600) / cpuSeconds),
  peakRssMib: Math.round(process.resourceUsage().maxRSS / 1024),
  bytesPerPod: Math.round(heap / Math.max(1, summary.counts.pods)),
  digest: summary.digest,
};
for (const [name, value] of Object.entries(row)) console.log(`${name.padEnd(30)} ${value}`);
if (process.argv.includes("--record")) {
  const command = `npm run bench -- world/hour ${nodes} ${pods} ${hpas} ${hours}`;
  await appendRows("results/bench/world.csv", [{ ...row, ...machineFacts(), command }]);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
