import fc from "fast-check";
import { expect, test } from "vitest";
import { Chains, Engine, fingerprint } from "./index.ts";

type Op = { chain: number; at: number; what: number; offset: number; period: number; jitter: number };

const op = fc.record({
  chain: fc.nat(3),
  at: fc.nat(400),
  what: fc.nat(5),
  offset: fc.nat(60),
  period: fc.integer({ min: 1, max: 40 }),
  jitter: fc.constantFrom(0, 0.04, 0.5, 2),
});

/** Plays the operations as events between two streams of other events; everything observed is returned. */
function play(ops: readonly Op[], explicitPeriodic: boolean) {
  const engine = new Engine({ seed: 5, explicitPeriodic });
  const seen: unknown[] = [];
  const ticks: string[] = [];
  const chains = new Chains(engine, "beat", { onTick: (chain, at) => ticks.push(`${chain}@${at}`) });
  const started = new Set<number>();
  const act = engine.define("act", 0, (index) => {
    const { chain, what, offset, period, jitter } = ops[index] as Op;
    const { now } = engine;
    if (what <= 1) {
      chains.start(chain, now + (offset % 7), { periodMicros: period, jitter, key: chain });
      started.add(chain);
    } else if (what === 2 && started.has(chain)) chains.stop(chain, now + (offset % 3 === 0 ? 0 : offset));
    else if (what === 3 && started.has(chain)) chains.resume(chain, now + (offset % 5));
    const later = now + offset;
    seen.push([now, engine.eventNumber, chains.lastTickAt(chain), chains.nextTickAt(chain), chains.tickCount(chain)]);
    seen.push([chains.lastTickAt(chain, later), chains.nextTickAt(chain, later), chains.tickCount(chain, later)]);
    engine.after(offset, other, chain);
  });
  const other = engine.define("other", 3, (chain, arg) => {
    seen.push([engine.now, engine.eventNumber, chain, engine.streams.stream("s").int(10)]);
    if (arg < 3 && chains.lastTickAt(chain) % 2 === 0) engine.after(chain, other, chain, arg + 1);
  });
  for (const [index, given] of ops.entries()) engine.at(given.at, act, index);
  engine.run(1000);
  engine.audit();
  const { cells } = engine.checkpoint();
  const state = fingerprint(cells, (name) => name === "chains.beat");
  return { seen, state, unseed: engine.unseed(), count: engine.eventCount, ticks };
}

test("chains played explicitly equal chains walked on demand, and nobody else can tell", () => {
  let tickCount = 0;
  fc.assert(
    fc.property(fc.array(op, { minLength: 1, maxLength: 25 }), (ops) => {
      const walked = play(ops, false);
      const { ticks, ...played } = play(ops, true);
      expect({ ...played, ticks: [] }).toEqual(walked);
      tickCount += ticks.length;
    }),
    { numRuns: 300 },
  );
  expect(tickCount).toBeGreaterThan(1000);
});

test("ticks of a chain: first, jitter within its bounds, stop, resume", () => {
  const engine = new Engine({ seed: 1 });
  const chains = new Chains(engine, "beats");
  chains.start(2, 1000, { periodMicros: 100, key: 2 });
  expect([chains.lastTickAt(2), chains.nextTickAt(2), chains.lastTickAt(2, 1250)]).toEqual([-1, 1000, 1200]);
  expect([chains.lastTickAt(1), chains.nextTickAt(1), chains.nextTickAt(9)]).toEqual([-1, Infinity, Infinity]);
  engine.run(1200);
  chains.stop(2, 1200);
  expect([chains.lastTickAt(2), chains.nextTickAt(2), chains.lastTickAt(2, 5000)]).toEqual([1200, Infinity, 1200]);
  engine.run(2000);
  chains.resume(2, 2050);
  expect([chains.lastTickAt(2), chains.nextTickAt(2), chains.lastTickAt(2, 2149)]).toEqual([1200, 2050, 2050]);
  chains.start(0, 2000, { periodMicros: 1000, jitter: 0.5, key: 0 });
  let last = 2000;
  let latest = 0;
  for (let i = 0; i < 500; i++) {
    const next = chains.nextTickAt(0, last);
    expect(next - last).toBeGreaterThanOrEqual(1000);
    latest = Math.max(latest, next - last);
    last = next;
  }
  expect(latest).toBeGreaterThan(1450);
  expect(latest).toBeLessThan(1500);
});

test("the past is not asked about or changed", () => {
  const engine = new Engine({ seed: 1 });
  const chains = new Chains(engine, "beats");
  chains.start(0, 0, { periodMicros: 10, key: 0 });
  engine.run(100);
  expect(() => chains.stop(0, 99)).toThrow("cannot stop in the past");
  expect(() => chains.lastTickAt(0, 99)).toThrow("asked about the past");
  expect(() => chains.resume(0, 99)).toThrow("first tick of beats at 99");
  expect(() => chains.stop(1, 100)).toThrow("never started");
  expect(() => chains.start(0, 100, { periodMicros: 0.5, key: 0 })).toThrow("period 0.5");
});

test("chains that change are told once, to a reader who asks", () => {
  const engine = new Engine({ seed: 5 });
  const chains = new Chains(engine, "beat", { listsChanged: true });
  const shape = { periodMicros: 10, jitter: 0.5, key: 1 };
  chains.start(3, 0, shape);
  chains.start(1, 4, shape);
  chains.stop(3, 2);
  expect(chains.takeChanged()).toEqual([3, 1]);
  engine.run(40);
  expect(chains.takeChanged()).toEqual([]);
  chains.resume(3, 50);
  expect(chains.takeChanged()).toEqual([3]);
});

test("ticks are within a span while the chain runs and its longest gap is not longer", () => {
  const engine = new Engine({ seed: 5 });
  const chains = new Chains(engine, "beat");
  chains.start(0, 5, { periodMicros: 10, jitter: 0.5, key: 0 });
  expect(chains.ticksWithin(0, 15)).toBe(false);
  engine.run(5);
  expect([14, 15].map((span) => chains.ticksWithin(0, span))).toEqual([false, true]);
  chains.stop(0, 100);
  expect(chains.ticksWithin(0, 15)).toBe(false);
  engine.run(110);
  chains.resume(0, 140);
  expect([15, 40].map((span) => chains.ticksWithin(0, span))).toEqual([false, false]);
  expect(chains.ticksWithin(0, 60)).toBe(true);
  engine.run(140);
  expect(chains.ticksWithin(0, 15)).toBe(true);
});
