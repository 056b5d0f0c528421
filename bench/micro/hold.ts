/**
 * Hold model: N pending events; each handled event schedules itself anew after an exponential delay of integer microseconds
 * with mean 1 s (so that ties occur and come first-in-first-out). Through the whole engine: door checks, dispatch to a handler,
 * event numbers, causes, digest, journal.
 *
 * npx tsc -p bench && node build/bench/micro/hold.js [--record] [SIZE…]
 */
import { Engine } from "../../src/engine/index.ts";
import { Streams } from "../../src/random/index.ts";
import { measure, report } from "./measure.ts";

const OPERATIONS = 3_000_000;
const sizes = process.argv
  .slice(2)
  .map(Number)
  .filter((size) => size > 0);

// Delays are drawn beforehand: the bench is of the engine, not of the generator.
const stream = new Streams(1).stream("delays");
const delays = Float64Array.from({ length: 1 << 16 }, () => Math.ceil(stream.exponential(1_000_000)));

function prepare(size: number, journalCapacity?: number): () => string {
  const engine = new Engine({ seed: 1, ...(journalCapacity === undefined ? {} : { journalCapacity }) });
  let drawn = 0;
  const hold = engine.define("hold", 2, (subject) => {
    engine.after(delays[drawn++ & 0xffff] as number, hold, subject);
  });
  for (let subject = 0; subject < size; subject += 1) engine.after(delays[drawn++ & 0xffff] as number, hold, subject);
  engine.runSlice(2 ** 50, size);
  return () => {
    engine.runSlice(2 ** 50, OPERATIONS);
    return engine.digest();
  };
}

const rows = [];
for (const size of sizes.length > 0 ? sizes : [1_000, 100_000, 1_000_000]) {
  rows.push(measure("hold", size, OPERATIONS, () => prepare(size)));
}
await report(rows);
