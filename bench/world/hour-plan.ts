import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadScenario } from "../../src/scenario/index.ts";
import type { Plan } from "../../src/world/index.ts";

export interface Size {
  readonly nodes: number;
  readonly pods: number;
  readonly hpas: number;
  readonly hours: number;
}

/** A cluster at rest but for its heartbeats, samples and autoscalers: `hpas` Deployments with an HPA and a load each. */
export async function hourPlan(size: Size): Promise<Plan> {
  const folder = mkdtempSync(join(tmpdir(), "orrery-bench-"));
  try {
    const file = join(folder, "hour.yaml");
    writeFileSync(file, JSON.stringify(scenario(size)));
    const { plan: loaded, problems } = await loadScenario(file, { version: "bench" });
    if (loaded === null) throw new Error(problems.map((problem) => problem.message).join("\n"));
    return loaded;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function scenario({ nodes, pods, hpas, hours }: Size): object {
  const podsEach = Math.round(pods / hpas);
  const names = Array.from({ length: hpas }, (_, index) => `web-${String(index).padStart(4, "0")}`);
  return {
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
      objects: names.flatMap((name) => workload(name, podsEach)),
      loads: names.map(load),
    },
  };
}

function workload(name: string, podsEach: number): object[] {
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
