/**
 * A cluster at rest but for its heartbeats, samples and autoscalers: by default 1,000 nodes, 30,000 pods in 300
 * Deployments, each with an HPA that follows a load of its own, for one simulated hour.
 *
 *   npx tsc -p bench && node build/bench/world/hour.js [nodes] [pods] [hpas] [hours] [--record]
 *
 * Sketch: 6 M renewals and 30 k status posts as chains (0 events), 240 scrapes of 30,000 pods (7.2 M rows, ~0.2 s),
 * 72,000 HPA syncs of 100 pods (7.2 M rows, ~0.5 s), 30,000 pod starts of ~10 events and one placement over up to
 * 420 nodes each (~1.5 s).
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadScenario } from "../../src/scenario/index.ts";
import { World } from "../../src/world/index.ts";
import { appendRows, machineFacts } from "../record.ts";

const [nodes = 1000, pods = 30_000, hpas = 300, hours = 1] = process.argv
  .slice(2)
  .filter((argument) => !argument.startsWith("--"))
  .map(Number);
const podsEach = Math.round(pods / hpas);

const plan = await loadPlan();
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
  const command = `npx tsc -p bench && node build/bench/world/hour.js ${nodes} ${pods} ${hpas} ${hours}`;
  await appendRows("results/bench/world.csv", [{ ...row, ...machineFacts(), command }]);
}

async function loadPlan() {
  const folder = mkdtempSync(join(tmpdir(), "orrery-bench-"));
  try {
    const file = join(folder, "hour.yaml");
    writeFileSync(file, scenario());
    const { plan: loaded, problems } = await loadScenario(file, { version: "bench" });
    if (loaded === null) throw new Error(problems.map((problem) => problem.message).join("\n"));
    return loaded;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function scenario(): string {
  const objects = Array.from({ length: hpas }, (_, index) => workload(`web-${String(index).padStart(4, "0")}`));
  const loads = Array.from({ length: hpas }, (_, index) => load(`web-${String(index).padStart(4, "0")}`, index));
  return JSON.stringify({
    apiVersion: "kube-orrery/v1alpha1",
    kind: "Scenario",
    metadata: { name: "hour" },
    spec: {
      seed: 1,
      duration: `${hours}h`,
      cluster: {
        nodePools: [
          { name: "general", count: nodes, zones: ["a", "b", "c"], capacity: { cpu: 16, memory: "64Gi", pods: "110" } },
        ],
      },
      images: { preloaded: true },
      objects: objects.flat(),
      loads,
    },
  });
}

function workload(name: string): object[] {
  const labels = { app: name };
  const resources = { requests: { cpu: "250m", memory: "256Mi" }, limits: { cpu: "1", memory: "512Mi" } };
  return [
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name },
      spec: {
        replicas: podsEach,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [{ name: "web", image: "web:1", resources }] } },
      },
    },
    {
      apiVersion: "autoscaling/v2",
      kind: "HorizontalPodAutoscaler",
      metadata: { name },
      spec: {
        scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name },
        minReplicas: Math.max(1, Math.floor(podsEach * 0.9)),
        maxReplicas: Math.ceil(podsEach * 1.1),
        metrics: [
          { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 60 } } },
        ],
      },
    },
  ];
}

/** About 60 % of the requests, with noise by pod and a slow swing that stays within the tolerance most of the time. */
function load(name: string, index: number): object {
  return {
    name,
    selector: { matchLabels: { app: name } },
    cpu: { sine: { mean: "150m", amplitude: "12m", period: "1h", offset: `${index}s` } },
    noise: { spread: "5%", every: "15s" },
  };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
