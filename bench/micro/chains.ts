/**
 * Periodic chains: 5,000 chains of 10 s with 4 % jitter, walked over a simulated day (43 M ticks), each asked once.
 *
 * npx tsc -p bench && node build/bench/micro/chains.js [--record]
 */
import { Chains, Engine } from "../../src/engine/index.ts";
import { measure, report } from "./measure.ts";

const CHAINS = 5_000;
const DAY = 86_400_000_000;

function prepare(): { work: () => string; ticks: () => number } {
  const engine = new Engine({ seed: 1 });
  const chains = new Chains(engine, "renewals");
  for (let chain = 0; chain < CHAINS; chain += 1) {
    chains.start(chain, (chain * 7919) % 10_000_000, { periodMicros: 10_000_000, jitter: 0.04, key: chain });
  }
  engine.run(DAY);
  const work = () => {
    let sum = 0;
    for (let chain = 0; chain < CHAINS; chain += 1) sum += chains.lastTickAt(chain) % 1_000_003;
    return String(sum);
  };
  const ticks = () => {
    let sum = 0;
    for (let chain = 0; chain < CHAINS; chain += 1) sum += chains.tickCount(chain);
    return sum;
  };
  return { work, ticks };
}

const operations = prepare().ticks();
await report([measure("chains", CHAINS, operations, () => prepare().work)]);
