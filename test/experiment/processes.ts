import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { MAIN } from "../built.ts";

/** What the tests of whole experiments share: a small one, processes that play it, and its bytes. */

export const RUN_COUNT = 200;

/** Writes an experiment of 200 runs of a few milliseconds each. */
export function writeExperiment(folder: string): string {
  const pod = "{ containers: [{ name: web, image: nginx, resources: { requests: { cpu: 100m } } }] }";
  const scenario = `apiVersion: kube-orrery/v1alpha1
kind: Scenario
metadata: { name: tiny }
spec:
  duration: 2m
  cluster: { nodePools: [{ name: general, count: 2, price: 0.1 }] }
  objects:
    - apiVersion: apps/v1
      kind: Deployment
      metadata: { name: web }
      spec:
        replicas: 2
        selector: { matchLabels: { app: web } }
        template: { metadata: { labels: { app: web } }, spec: ${pod} }
  assertions: [pod_ready_seconds p99 < 30s]
`;
  writeFileSync(join(folder, "tiny.yaml"), scenario);
  const experiment = `apiVersion: kube-orrery/v1alpha1
kind: Experiment
metadata: { name: tiny }
spec:
  base: tiny.yaml
  seeds: 1..50
  axes:
    Deployment/web:spec.replicas: [2, 4]
    cluster.nodePools[0].count: { from: 1, to: 2 }
`;
  writeFileSync(join(folder, "experiment.yaml"), experiment);
  return join(folder, "experiment.yaml");
}

export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null; readonly stderr: string }>;
}

/** Starts the built command. */
export function start(words: readonly string[]): Running {
  const child = spawn(process.execPath, [MAIN, ...words], { stdio: ["ignore", "ignore", "pipe"] });
  let stderr = "";
  child.stderr?.on("data", (text: Buffer) => {
    stderr += text.toString();
  });
  const ended = new Promise<{ code: number | null; signal: string | null; stderr: string }>((resolve) => {
    child.on("close", (code, signal) => resolve({ code, signal, stderr }));
  });
  return { child, ended };
}

/** The runs that are whole in a result folder, with what their files are on the disk. */
export function finishedRuns(folder: string): Map<string, string> {
  const runs = new Map<string, string>();
  for (const { path, text } of filesBelow(folder)) {
    if (/seed=\d+\/summary\.json$/.test(path)) runs.set(path, text);
  }
  return runs;
}

/** Hash of every file below a folder, by path. */
export function bytesOf(folder: string): Record<string, string> {
  const hashes = filesBelow(folder).map(({ path, text }) => [path, createHash("sha256").update(text).digest("hex")]);
  return Object.fromEntries(hashes) as Record<string, string>;
}

function filesBelow(folder: string): { readonly path: string; readonly text: string }[] {
  const found: { path: string; text: string }[] = [];
  for (const path of pathsBelow(folder)) {
    try {
      found.push({ path: relative(folder, join(folder, path)), text: readFileSync(join(folder, path), "utf8") });
    } catch {
      // A folder, or a file that has been put in its place since.
    }
  }
  return found;
}

/** How many runs are whole; cheap enough to be asked again and again. */
export function countRuns(folder: string): number {
  return pathsBelow(folder).filter((path) => /seed=\d+\/summary\.json$/.test(path)).length;
}

function pathsBelow(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();
  } catch {
    // Not made yet, or moving.
    return [];
  }
}
