import fc from "fast-check";
import { expect, test } from "vitest";
import { sample } from "../random/index.ts";
import { Column, RefColumn, Rows, StateMap, StateValue } from "../tables/index.ts";
import { Chains, decodeCheckpoint, Engine, encodeCheckpoint, fingerprint } from "./index.ts";

/**
 * A toy of machines that come, beat, break and go: rows with generations, two streams, chains, timers that are set anew, and
 * an observer. `world` must be wired alike each time; nothing but cells holds state.
 */
function toy(seed: number, options: { explicitPeriodic?: boolean; observed?: boolean } = {}) {
  const engine = new Engine({ seed, explicitPeriodic: options.explicitPeriodic ?? false, journalCapacity: 64 });
  const rows = new Rows(engine.cells, "machines");
  const timer = new Column<Float64Array>(engine.cells, "timer", Float64Array);
  const label = new RefColumn<{ readonly name: string } | undefined>(engine.cells, "label", undefined);
  const losses = new StateMap<string, number>(engine.cells, "losses");
  const lastLoss = new StateValue<number>(engine.cells, "lastLoss", Number.NaN);
  const beats = new Chains(engine, "beats");
  const arrivals = engine.streams.stream("arrivals");
  const fates = engine.streams.stream("fates");
  const common = Object.freeze({ name: "common" });

  const arrive = engine.define("arrive", 1, () => {
    const row = rows.allocate();
    label.set(row, arrivals.int(2) === 0 ? common : Object.freeze({ name: `m${row}` }));
    beats.start(row, engine.now + arrivals.int(5), { periodMicros: 10, jitter: 0.3, key: row });
    timer.set(row, engine.after(30 + arrivals.int(30), expire, row));
    engine.after(sample({ lognormal: { median: 40, p95: 200 } }, fates), fail, row);
    engine.after(sample({ exponential: { mean: 25 } }, arrivals), arrive);
    engine.at(engine.now, look, row);
  });
  const look = engine.define(
    "look",
    3,
    (row, arg) => {
      // A timer that is set anew while beats are recent.
      if (engine.now - beats.lastTickAt(row) < 12) {
        engine.cancel(timer.get(row));
        timer.set(row, engine.after(30, expire, row));
      }
      engine.after(7, look, row, arg + 0.5);
    },
    { rows },
  );
  const fail = engine.define("fail", 0, (row) => beats.stop(row, engine.now), { rows });
  const expire = engine.define(
    "expire",
    2,
    (row) => {
      const name = label.get(row)?.name ?? "";
      losses.set(name, (losses.get(name) ?? 0) + 1);
      lastLoss.value = engine.now;
      beats.stop(row, engine.now);
      rows.free(row);
    },
    { rows },
  );
  let observations = 0;
  const observe = engine.define(
    "observe",
    5,
    () => {
      for (let row = 0; row < rows.limit; row++) if (rows.isLive(row)) observations += beats.lastTickAt(row);
      engine.after(3, observe);
    },
    { silent: true },
  );
  const begin = () => {
    engine.at(0, arrive);
    if (options.observed === true) engine.at(0, observe);
  };
  return { engine, begin, label, observations: () => observations };
}

/** All that a world is and all that it would draw next. */
function stateOf(engine: Engine): string[] {
  engine.audit();
  return [engine.unseed(), fingerprint(engine.checkpoint().cells), String(engine.eventCount)];
}

test("a fork goes on as the original does, from memory and from bytes", () => {
  fc.assert(
    fc.property(fc.nat(), fc.nat(400), fc.nat(600), fc.boolean(), (seed, first, second, explicitPeriodic) => {
      const original = toy(seed, { explicitPeriodic });
      original.begin();
      original.engine.run(first);
      const checkpoint = original.engine.checkpoint();
      const bytes = encodeCheckpoint(checkpoint);
      original.engine.run(first + second);
      const expected = stateOf(original.engine);

      const unaligned = Buffer.concat([Buffer.alloc(3), bytes]).subarray(3);
      for (const given of [checkpoint, decodeCheckpoint(bytes), decodeCheckpoint(unaligned)]) {
        const fork = toy(seed, { explicitPeriodic });
        fork.engine.restore(given);
        expect(fork.engine.now).toBe(first);
        fork.engine.run(first + second);
        expect(stateOf(fork.engine)).toEqual(expected);
        expect(fork.engine.journal.causes(fork.engine.eventCount)).toEqual(
          original.engine.journal.causes(original.engine.eventCount),
        );
      }
      // The original itself goes back too, and the checkpoint is unharmed by both futures.
      expect(encodeCheckpoint(checkpoint)).toEqual(bytes);
      original.engine.restore(checkpoint);
      original.engine.run(first + second);
      expect(stateOf(original.engine)).toEqual(expected);
    }),
    { numRuns: 60 },
  );
});

test("the same seed gives the same run; observers and explicit ticks do not show", () => {
  // References to events are handles: what they count differs when there are more events.
  const cellsOf = (name: string) => !name.startsWith("engine.") && name !== "timer";
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 1, max: 900 }), (seed, until) => {
      const play = (options: Parameters<typeof toy>[1], slice: number) => {
        const { engine, begin, observations } = toy(seed, options);
        begin();
        while (!engine.runSlice(until, slice));
        const state = [engine.unseed(), fingerprint(engine.checkpoint().cells, cellsOf), String(engine.eventCount)];
        return { state, observations: observations() };
      };
      const plain = play({}, Infinity);
      expect(play({}, 1)).toEqual(plain);
      expect(play({ explicitPeriodic: true }, 3).state).toEqual(plain.state);
      const observed = play({ observed: true }, 5);
      expect(observed.state).toEqual(plain.state);
      expect(play({ observed: true, explicitPeriodic: true }, 7)).toEqual(observed);
    }),
    { numRuns: 60 },
  );
});

test("other seeds give other runs", () => {
  const digests = new Set<string>();
  for (let seed = 0; seed < 50; seed++) {
    const { engine, begin } = toy(seed);
    begin();
    engine.run(500);
    digests.add(engine.digest());
  }
  expect(digests.size).toBe(50);
});

test("what JSON loses survives: shared objects, frozenness, undefined, NaN", () => {
  const a = toy(3);
  a.begin();
  a.engine.run(200);
  const b = toy(3);
  b.engine.restore(decodeCheckpoint(encodeCheckpoint(a.engine.checkpoint())));
  const commons = b.label.data.filter((label) => label?.name === "common");
  expect(commons.length).toBeGreaterThan(1);
  expect(new Set(commons).size).toBe(1);
  expect(Object.isFrozen(commons[0])).toBe(true);

  const build = () => {
    const engine = new Engine({ seed: 1 });
    return { engine, value: new StateValue<unknown>(engine.cells, "value", null) };
  };
  const from = build();
  const tricky = JSON.parse('{"__proto__": 1, "2": [true, null], "1": "x"}') as object;
  from.value.value = [undefined, Number.NaN, -0, Infinity, 1.5, tricky, tricky];
  const to = build();
  to.engine.restore(decodeCheckpoint(encodeCheckpoint(from.engine.checkpoint())));
  expect(to.value.value).toStrictEqual(from.value.value);
  const circle: unknown[] = [];
  circle.push([circle]);
  from.value.value = circle;
  expect(() => fingerprint(from.engine.checkpoint().cells)).toThrow("contains itself");
  from.value.value = new Map();
  expect(() => encodeCheckpoint(from.engine.checkpoint())).toThrow("a cell holds a Map, which cannot be saved");
});

test("a checkpoint of another world or program is refused", () => {
  const { engine } = toy(1);
  const bytes = encodeCheckpoint(engine.checkpoint());
  const check = (action: () => void, message: string) => expect(action).toThrow(message);
  check(() => toy(2).engine.restore(engine.checkpoint()), "the checkpoint is of seed 1, run 0, this engine of 2, 0");
  check(() => toy(1, { explicitPeriodic: true }).engine.restore(engine.checkpoint()), "differ in explicitPeriodic");
  check(
    () => new Engine({ seed: 1 }).restore(engine.checkpoint()),
    "the checkpoint knows the kinds [beats.tick, arrive",
  );
  check(() => decodeCheckpoint(new Uint8Array(8)), "this is not a checkpoint");
  check(() => decodeCheckpoint(bytes.subarray(0, bytes.length - 8)), "the checkpoint is cut off");
  const newer = bytes.slice();
  newer[4] = 9;
  check(() => decodeCheckpoint(newer), "checkpoint of version 9; this program reads 1");
});
