import fc from "fast-check";
import { expect, test } from "vitest";
import { CellRegistry, Rows } from "../tables/index.ts";
import { Engine, type InvariantError } from "./index.ts";

test("events come by time, phase and order of scheduling, also those scheduled for now", () => {
  const engine = new Engine({ seed: 1 });
  const seen: string[] = [];
  const late = engine.define("late", 4, (subject) => seen.push(`${engine.now}/4/${subject}`));
  const early = engine.define("early", 1, (subject) => {
    seen.push(`${engine.now}/1/${subject}`);
    if (subject === 7) {
      engine.at(engine.now, late, 8);
      engine.at(engine.now, early, 9);
    }
  });
  engine.at(5, late, 1);
  engine.at(5, early, 7);
  engine.at(3, late, 2);
  engine.at(5, early, 3);
  engine.run(10);
  expect(seen).toEqual(["3/4/2", "5/1/7", "5/1/3", "5/1/9", "5/4/1", "5/4/8"]);
  expect([engine.now, engine.eventCount, engine.pendingCount]).toEqual([10, 6, 0]);
  engine.audit();
});

test("what is held comes due at the release, in its order, unless its row is gone or it is dropped", () => {
  const engine = new Engine({ seed: 1 });
  const rows = new Rows(engine.cells, "rows");
  const seen: string[] = [];
  const tell = (name: string) => (subject: number) => seen.push(`${engine.now}/${name}/${subject}`);
  const own = engine.define("own", 2, tell("own"), { rows });
  const other = engine.define("other", 3, tell("other"));
  const apart = engine.define("apart", 2, tell("apart"), { process: 16 });
  const silent = engine.define("silent", 2, tell("silent"), { silent: true });
  const [kept, freed] = [rows.allocate(), rows.allocate()];
  engine.hold(2);
  const cancelled = engine.at(1, own, kept);
  for (const [time, subject] of [
    [5, kept],
    [2, freed],
    [3, kept],
  ] as const)
    engine.at(time, own, subject);
  for (const kind of [other, apart, silent]) engine.at(4, kind);
  engine.run(6);
  expect(seen).toEqual(["4/apart/0", "4/silent/0", "4/other/0"]);
  expect([engine.isPending(cancelled), engine.cancel(cancelled), engine.cancel(cancelled)]).toEqual([
    true,
    true,
    false,
  ]);
  rows.free(freed);
  const held = engine.checkpoint();
  engine.release(2);
  engine.run(7);
  expect(seen.slice(3)).toEqual([`6/own/${kept}`, `6/own/${kept}`]);
  engine.audit();
  engine.restore(held);
  engine.hold(16);
  engine.at(7, apart);
  engine.run(8);
  engine.release(2, { drop: true });
  engine.run(9);
  expect(seen).toHaveLength(5);
  engine.release(16);
  engine.run(9);
  expect(seen.slice(5)).toEqual(["9/apart/0"]);
});

test("order equals a stable sort of (time, phase) under random schedules, cancellations and slices", () => {
  type Step = { gap: number; phase: number; cancel: number };
  const step = fc.record({
    gap: fc.oneof(
      fc.nat(3),
      fc.nat(300),
      fc.nat(100_000),
      fc.nat(2 ** 31 - 1),
      fc.constant(2 ** 40),
      fc.constant(2 ** 33 + 5),
    ),
    phase: fc.nat(3),
    cancel: fc.nat(30),
  });
  const program = fc.array(fc.array(step, { maxLength: 6 }), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(program, fc.nat(1000), (bursts: Step[][], slice) => {
      const engine = new Engine({ seed: 1 });
      const real: number[] = [];
      const model: { time: number; phase: number; id: number }[] = [];
      const refs: number[] = [];
      let burst = 0;
      const kinds = [0, 1, 2, 3].map((phase) => engine.define(`k${phase}`, phase, (id) => handle(id)));
      const schedule = () => {
        for (const { gap, phase, cancel } of bursts[burst++] ?? []) {
          const id = refs.length;
          refs.push(engine.after(gap, kinds[phase] as number, id));
          model.push({ time: engine.now + gap, phase, id });
          const victim = cancel % refs.length;
          const pending = model.findIndex((event) => event.id === victim);
          if (cancel < 10) {
            expect(engine.isPending(refs[victim] as number)).toBe(pending >= 0);
            expect(engine.cancel(refs[victim] as number)).toBe(pending >= 0);
            if (pending >= 0) model.splice(pending, 1);
          }
        }
      };
      const handle = (id: number) => {
        real.push(id);
        let best = 0;
        model.forEach((event, i) => {
          const least = model[best] as { time: number; phase: number };
          if (event.time < least.time || (event.time === least.time && event.phase < least.phase)) best = i;
        });
        expect(model[best]).toMatchObject({ id, time: engine.now });
        model.splice(best, 1);
        engine.audit();
        schedule();
      };
      for (let round = 0; round < 3; round++) {
        schedule();
        const until = engine.now + slice * 1000;
        while (!engine.runSlice(until, 2)) engine.audit();
        expect(model.every((event) => event.time > until)).toBe(true);
      }
      while (engine.step());
      expect(model).toEqual([]);
      expect(engine.pendingCount).toBe(0);
    }),
  );
});

test("timers that are set anew again and again keep memory and order", () => {
  const engine = new Engine({ seed: 1 });
  const seen: number[] = [];
  const fire = engine.define("fire", 2, (subject) => seen.push(subject));
  const refs = Array.from({ length: 50 }, (_, timer) => engine.after(1_000_000_000 + timer, fire, timer));
  for (let round = 0; round < 400; round += 1) {
    for (let timer = 0; timer < 50; timer += 1) {
      expect(engine.cancel(refs[timer] as number)).toBe(true);
      expect(engine.isPending(refs[timer] as number)).toBe(false);
      // Two timers of one instant each time, in the order in which they were set.
      refs[timer] = engine.after(1_000_000_000 + (timer >> 1), fire, timer);
    }
    engine.run(engine.now + 1000);
    engine.audit();
  }
  expect(engine.pendingCount).toBe(50);
  expect(engine.checkpoint().cells.get("engine.events.records")?.data).toHaveLength(50 * 8);
  engine.run(2_000_000_000);
  expect(seen).toEqual(refs.map((_, timer) => timer));
  for (let timer = 0; timer < 3000; timer += 1) refs[timer] = engine.after(timer % 7 === 0 ? 5 : 1e10, fire, timer);
  for (let timer = 0; timer < 3000; timer += 1) engine.cancel(refs[timer] as number);
  expect(engine.step()).toBe(false);
  engine.audit();
  engine.at(engine.now, fire, -1);
  engine.run(engine.now);
  expect(seen.at(-1)).toBe(-1);
});

test("the event of a freed row is skipped, also when the row is in use again", () => {
  const engine = new Engine({ seed: 1 });
  const rows = new Rows(engine.cells, "things");
  const seen: number[] = [];
  const kind = engine.define("thing", 0, (subject) => seen.push(subject), { rows });
  const [a, b] = [rows.allocate(), rows.allocate()];
  engine.at(1, kind, a);
  engine.at(1, kind, b);
  rows.free(a);
  expect(rows.allocate()).toBe(a);
  engine.run(2);
  expect(seen).toEqual([b]);
  expect([engine.skippedCount, engine.eventCount]).toEqual([1, 1]);
  engine.audit();
});

test("doors are checked and faults say where the run stood", () => {
  const engine = new Engine({ seed: "s", run: 3 });
  const rows = new Rows(new CellRegistry(), "things");
  const kind = engine.define("work", 2, () => engine.at(engine.now - 1, kind));
  const bound = engine.define("bound", 2, () => undefined, { rows });
  const broken = engine.define("broken", 2, () => {
    throw new TypeError("oops");
  });
  const check = (action: () => void, message: string) => expect(action).toThrow(message);
  check(() => engine.at(0.5, kind), "not an integer");
  check(() => engine.at(Number.NaN, kind), "not an integer");
  check(() => engine.at(-1, kind), "lies in the past");
  check(() => engine.at(1, bound, 0), 'row 0 of "things", which is not in use');
  check(() => engine.define("work", 0, () => undefined), "declared twice");
  check(() => engine.define("late", 8, () => undefined), "phase 8");
  engine.at(7, kind);
  check(() => engine.run(10), 'at 6 lies in the past (seed s, run 3, time 7 µs, event 1 "work")');
  engine.at(8, broken);
  check(() => engine.run(10), 'oops (seed s, run 3, time 8 µs, event 2 "broken")');
  try {
    engine.at(0.5, kind);
  } catch (error) {
    expect((error as InvariantError).position).toMatchObject({ seed: "s", run: 3, time: 8, kind: "" });
  }
});
