/**
 * Cost of the journal: the hold model at 10,000 pending with the journal on and off, taken in turns. Prints the ratio of CPU times.
 *
 * npx tsc -p bench && node build/bench/micro/journal.js [--record]
 */
import { Engine } from "../../src/engine/index.ts";
import { Streams } from "../../src/random/index.ts";
import { measure, report } from "./measure.ts";

const OPERATIONS = 2_000_000;
const SIZE = 10_000;

const stream = new Streams(1).stream("delays");
const delays = Float64Array.from({ length: 1 << 16 }, () => Math.ceil(stream.exponential(1_000_000)));

function prepare(journalCapacity: number): () => string {
  const engine = new Engine({ seed: 1, journalCapacity });
  let drawn = 0;
  const hold = engine.define("hold", 2, (subject) => {
    engine.after(delays[drawn++ & 0xffff] as number, hold, subject);
  });
  for (let subject = 0; subject < SIZE; subject += 1) engine.after(delays[drawn++ & 0xffff] as number, hold, subject);
  return () => {
    engine.runSlice(2 ** 50, OPERATIONS);
    return engine.digest();
  };
}

measure("warm-up", SIZE, OPERATIONS, () => prepare(0));
const on = [];
const off = [];
for (let round = 0; round < 3; round += 1) {
  on.push(measure("journal on", SIZE, OPERATIONS, () => prepare(0x40000)));
  off.push(measure("journal off", SIZE, OPERATIONS, () => prepare(0)));
}
on.sort((a, b) => b.mopsCpu - a.mopsCpu);
off.sort((a, b) => b.mopsCpu - a.mopsCpu);
const [bestOn, bestOff] = [on[0], off[0]];
if (bestOn === undefined || bestOff === undefined) throw new Error("nothing was measured");
await report([bestOn, bestOff]);
console.log(`the journal costs ${((bestOff.mopsCpu / bestOn.mopsCpu - 1) * 100).toFixed(1)} %`);
