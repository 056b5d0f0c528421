import { expect, test } from "vitest";
import { Engine, type Journal } from "./index.ts";

/** A chain of causes 1 → 2 → …, with an unrelated event from outside before each second one. */
function run(steps: number, journalCapacity: number, sink = false) {
  const engine = new Engine({ seed: 1, journalCapacity });
  const spilled: number[] = [];
  if (sink) {
    engine.journal.spillTo((journal, first, last) => {
      for (let number = first; number <= last; number++) spilled.push(journal.entry(number)?.number ?? -1);
    });
  }
  const noise = engine.define("noise", 0, () => undefined);
  const watch = engine.define("watch", 5, () => expect(engine.eventNumber).toBe(0), { silent: true });
  const link = engine.define("link", 1, (subject, left) => {
    engine.after(1, watch);
    if (left > 0) engine.after(10, link, subject + 1, left - 1);
  });
  engine.at(0, link, 100, steps - 1);
  for (let i = 0; i < steps; i += 2) engine.at(10 * i, noise);
  engine.run(10 * steps);
  return { engine, spilled };
}

test("causes walk back to the outside", () => {
  const { journal, eventCount, silentEventCount } = run(4, 64).engine;
  expect([eventCount, silentEventCount]).toEqual([6, 4]);
  expect(journal.causes(6)).toEqual([
    { number: 6, time: 30, kind: "link", subject: 103, cause: 5 },
    { number: 5, time: 20, kind: "link", subject: 102, cause: 3 },
    { number: 3, time: 10, kind: "link", subject: 101, cause: 2 },
    { number: 2, time: 0, kind: "link", subject: 100, cause: 0 },
  ]);
  expect(journal.causes(6, 2).length).toBe(2);
  expect([journal.entry(0), journal.entry(7)]).toEqual([undefined, undefined]);
});

test("the ring forgets the oldest entries, the digest does not depend on it", () => {
  const { engine } = run(100, 16);
  expect(engine.journal.causes(150).length).toBeLessThan(16);
  expect(engine.journal.entry(150 - 16)).toBeUndefined();
  expect(engine.journal.entry(150 - 15)?.number).toBe(135);
  const off = run(100, 0).engine;
  expect(off.journal.entry(150)).toBeUndefined();
  expect(off.digest()).toBe(engine.digest());
});

test("a sink sees every entry once, in order", () => {
  const { engine, spilled } = run(100, 16, true);
  expect(spilled.length).toBeLessThan(150);
  engine.journal.flush();
  engine.journal.flush();
  expect(spilled).toEqual(Array.from({ length: 150 }, (_, i) => i + 1));
});

test("a ring is saved and loaded, also into a smaller one", () => {
  const { engine } = run(20, 32);
  const state = engine.journal.save();
  const numbers = Array.from({ length: 30 }, (_, i) => i + 1);
  const entries = (journal: Journal) => numbers.map((number) => journal.entry(number));
  const same = run(20, 32).engine.journal;
  same.load(state);
  expect(entries(same)).toEqual(entries(engine.journal));
  const wrapped = run(100, 32).engine.journal;
  wrapped.load(run(50, 32).engine.journal.save());
  expect(wrapped.last).toBe(75);
  expect(wrapped.causes(75)).toEqual(run(50, 32).engine.journal.causes(75));
  const small = run(100, 8).engine.journal;
  small.load(state);
  expect(entries(small).slice(22)).toEqual(entries(engine.journal).slice(22));
  expect(small.entry(22)).toBeUndefined();
});
