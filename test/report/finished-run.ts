import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { main } from "../../src/cli/main.ts";

/** A small run in which everything happens that a report has a section for. */
const SCENARIO = `apiVersion: kube-orrery/v1alpha1
kind: Scenario
metadata: { name: shop }
spec:
  seed: 5
  duration: 20m
  cluster:
    nodePools:
      - name: general
        count: 4
        zones: [a, b]
        allocatable: { cpu: 2, memory: 4Gi, pods: "20" }
        price: 0.2
  objects:
    - apiVersion: apps/v1
      kind: Deployment
      metadata: { name: web }
      spec:
        replicas: 2
        selector: { matchLabels: { app: web } }
        template:
          metadata: { labels: { app: web } }
          spec:
            containers:
              - name: web
                image: web
                resources: { requests: { cpu: 500m, memory: 128Mi }, limits: { cpu: 500m } }
    - apiVersion: v1
      kind: Service
      metadata: { name: web }
      spec: { selector: { app: web }, ports: [{ port: 80 }] }
    - apiVersion: autoscaling/v2
      kind: HorizontalPodAutoscaler
      metadata: { name: web }
      spec:
        scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: web }
        minReplicas: 2
        maxReplicas: 20
        metrics:
          - type: Resource
            resource: { name: cpu, target: { type: Utilization, averageUtilization: 50 } }
  loads:
    - name: shoppers
      service: default/web
      demand:
        rps:
          points: [{ at: 0, value: 30 }, { at: 5m, value: 400 }, { at: 12m, value: 400 }, { at: 16m, value: 20 }]
          interpolate: linear
      perRequest: { cpu: 20ms }
  failures:
    - { at: 4m, kind: crash, node: general-02, for: 12m }
  actions:
    - { at: 2m, kubectl: set image deployment/web web=web:2 }
  assertions:
    - pod_pending_seconds{app="web"} p99 < 1s
    - cost sum < 1 USD
`;

export interface MadeRun {
  readonly root: string;
  readonly folder: string;
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the scenario with further words of a command line, in a folder of its own. */
export async function makeRun(...words: readonly string[]): Promise<MadeRun> {
  const root = mkdtempSync(join(tmpdir(), "orrery-report-"));
  const scenario = join(root, "shop.yaml");
  writeFileSync(scenario, SCENARIO);
  const said = await orrery("run", scenario, "--out", join(root, "results"), ...words);
  return { root, folder: join(root, "results", "shop", "seed=5"), ...said };
}

/** Carries a command line out and keeps what it says. */
export async function orrery(
  ...words: readonly string[]
): Promise<{ readonly exit: number; readonly stdout: string; readonly stderr: string }> {
  let [stdout, stderr] = ["", ""];
  const exit = await main(words, {
    out: (text) => {
      stdout += text;
    },
    err: (text) => {
      stderr += text;
    },
    outHasColour: false,
    errHasColour: false,
    hasProgress: false,
  });
  return { exit, stdout, stderr };
}
