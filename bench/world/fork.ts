/**
 * What a fork costs: a world of pods at rest, its checkpoint, and a second world that takes it over.
 *
 *   npm run bench -- world/fork [nodes] [pods] [--record]
 */
import { World } from "../../src/world/index.ts";
import { appendRows, machineFacts } from "../record.ts";
import { hourPlan } from "./hour-plan.ts";

const [nodes = 1000, pods = 30_000] = process.argv
  .slice(2)
  .filter((argument) => !argument.startsWith("--"))
  .map(Number);
const WARM_MICROS = 120_000_000;
const ROUNDS = 5;

const plan = await hourPlan({ nodes, pods, hpas: Math.max(1, Math.round(pods / 100)), hours: 1 });
const world = World.from(plan);
world.run(WARM_MICROS);
const checkpoints: number[] = [];
const restores: number[] = [];
let checkpoint = world.checkpoint();
for (let i = 0; i < ROUNDS; i++) {
  const from = performance.now();
  checkpoint = world.checkpoint();
  checkpoints.push(performance.now() - from);
  const at = performance.now();
  World.fork(plan, checkpoint);
  restores.push(performance.now() - at);
}
const fork = World.fork(plan, checkpoint);
world.run(WARM_MICROS * 2);
fork.run(WARM_MICROS * 2);
if (fork.engine.unseed() !== world.engine.unseed()) throw new Error("the fork went another way");
const row = {
  bench: "fork",
  nodes,
  pods: world.store.pods.count,
  checkpointMillis: median(checkpoints),
  forkMillis: median(restores),
  cells: world.engine.cells.names.length,
  digest: world.engine.digest(),
};
for (const [name, value] of Object.entries(row)) console.log(`${name.padEnd(20)} ${value}`);
if (process.argv.includes("--record")) {
  const command = `npm run bench -- world/fork ${nodes} ${pods}`;
  await appendRows("results/bench/fork.csv", [{ ...row, ...machineFacts(), command }]);
}

function median(values: readonly number[]): number {
  return Math.round(([...values].sort((a, b) => a - b)[ROUNDS >> 1] as number) * 10) / 10;
}
