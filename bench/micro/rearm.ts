/**
 * Re-arm: N timers, each cancelled and set anew again and again before it can fire. One operation is a cancel and a schedule.
 *
 * npx tsc -p bench && node build/bench/micro/rearm.js [--record] [SIZE…]
 */
import { Engine } from "../../src/engine/index.ts";
import { measure, report } from "./measure.ts";

const OPERATIONS = 2_000_000;
const sizes = process.argv
  .slice(2)
  .map(Number)
  .filter((size) => size > 0);

function prepare(size: number): () => string {
  const engine = new Engine({ seed: 1 });
  const expire = engine.define("expire", 2, () => undefined);
  const timers = new Float64Array(size);
  let next = 0;
  const rearm = engine.define("rearm", 1, () => {
    for (let i = 0; i < 1000; i += 1) {
      next = (next + 7919) % size;
      engine.cancel(timers[next] as number);
      timers[next] = engine.after(40_000_000 + ((next * 31) & 0xfffff), expire, next);
    }
    engine.after(100_000, rearm);
  });
  for (let timer = 0; timer < size; timer += 1) timers[timer] = engine.after(40_000_000 + timer, expire, timer);
  engine.after(0, rearm);
  return () => {
    engine.runSlice(2 ** 50, OPERATIONS / 1000);
    engine.audit();
    return `${engine.digest()} ${engine.pendingCount}`;
  };
}

const rows = [];
for (const size of sizes.length > 0 ? sizes : [1_000, 100_000]) {
  rows.push(measure("rearm", size, OPERATIONS, () => prepare(size)));
}
await report(rows);
