/**
 * 1,000 pods on 100 nodes, from the creation of their ten Deployments until every one is Ready: what a control plane does with them, in a
 * process that has been started before. The first world of the process is told apart from the later ones, for which
 * the code is compiled. A real control plane with fake kubelets takes 21.8 s for this.
 *
 *   npm run bench -- world/thousand [worlds] [--record]
 */
import { loadavg } from "node:os";
import { loadScenario } from "../../src/scenario/index.ts";
import { median } from "../../src/statistics/index.ts";
import { minutes } from "../../src/units/index.ts";
import { type Plan, World } from "../../src/world/index.ts";
import { appendRows, machineFacts } from "../record.ts";

const worlds = Number(process.argv.slice(2).find((word) => /^\d+$/.test(word)) ?? 15);
const { plan, problems } = await loadScenario("bench/world/thousand.yaml", { version: "bench" });
if (plan === null) throw new Error(problems.map(({ message }) => message).join("\n"));

const samples = Array.from({ length: worlds }, () => sample(plan));
const digests = new Set(samples.map(({ digest }) => digest));
if (digests.size !== 1) throw new Error(`not reproducible: ${[...digests].join(", ")}`);
const [first, ...later] = samples.map(({ cpuMillis }) => cpuMillis);
const row = {
  bench: "thousand",
  nodes: 100,
  pods: 1000,
  worlds,
  firstCpuMillis: Math.round(first ?? 0),
  cpuMillis: Math.round(median(later)),
  simulatedSeconds: samples[0]?.readyAfterSeconds ?? 0,
  events: samples[0]?.events ?? 0,
  digest: samples[0]?.digest ?? "",
  load: Math.round((loadavg()[0] ?? 0) * 10) / 10,
};
for (const [name, value] of Object.entries(row)) console.log(`${name.padEnd(20)} ${value}`);
if (process.argv.includes("--record")) {
  const command = `npm run bench -- world/thousand ${worlds}`;
  await appendRows("results/bench/thousand.csv", [{ ...row, ...machineFacts(), command }]);
}

function sample(from: Plan): { cpuMillis: number; readyAfterSeconds: number; events: number; digest: string } {
  const before = process.cpuUsage();
  const world = World.from(from);
  let [at, ready] = [0, 0];
  while (ready < 1000) {
    at += 1_000_000;
    if (at > minutes(5)) throw new Error(`only ${ready} pods are ready`);
    world.run(at);
    ready = readyPods(world);
  }
  const { user, system } = process.cpuUsage(before);
  const { eventCount: events } = world.engine;
  return { cpuMillis: (user + system) / 1000, readyAfterSeconds: at / 1e6, events, digest: world.engine.digest() };
}

function readyPods({ store: { pods } }: World): number {
  let count = 0;
  for (let row = pods.first(); row !== -1; row = pods.after(row)) if (pods.isReady(row)) count++;
  return count;
}
