import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeCheckpoint, encodeCheckpoint } from "../../src/engine/index.ts";
import { type PlanParts, planOf } from "../../src/testing/index.ts";
import { type ResultSink, type RunSummary, World } from "../../src/world/index.ts";
import { drainedWorld } from "./drained-worlds.ts";
import { breachesOf, unexplained } from "./invariants.ts";
import { brokenSteps, evictionsOf } from "./step-laws.ts";
import { anyWorld, settlingWorld, type WorldParts } from "./worlds.ts";

/** Laws of whole worlds. A failing one prints its seed and the smallest plan; `ORRERY_RUNS=1000` looks further. */

const RUNS = Number(process.env.ORRERY_RUNS ?? 32);
/** Of one law; a run takes a tenth of a second, more where others share the machine. */
const TIMEOUT_MILLIS = 60_000 + RUNS * 1000;

/** What two runs must have in common: all of it but what observers add. */
function outcomeOf(world: World): RunSummary {
  return world.finish();
}

/** Keeps the lines that a run hands out. */
class Lines implements ResultSink {
  readonly decisions: string[] = [];
  readonly samples: string[] = [];
  readonly events: string[] = [];
  event(line: object): void {
    this.events.push(JSON.stringify(line));
  }
  decision({ t, n, cause, by, what, object }: Parameters<ResultSink["decision"]>[0]): void {
    this.decisions.push(JSON.stringify([t, n, cause, by, what, object]));
  }
  sample(series: string, row: object): void {
    this.samples.push(`${series} ${JSON.stringify(row)}`);
  }
}

function played(parts: PlanParts, sink?: ResultSink): World {
  const world = World.from(planOf(parts), sink);
  world.run();
  return world;
}

function holds(name: string, worlds: () => fc.Arbitrary<WorldParts>, law: (parts: WorldParts) => void): void {
  test(
    name,
    () => {
      fc.assert(fc.property(worlds(), law), { numRuns: RUNS });
    },
    TIMEOUT_MILLIS,
  );
}

describe("any world", () => {
  holds("that is forked goes on as the one it was forked from", anyWorld, ({ plan, forkAt }) => {
    const whole = new Lines();
    const expected = outcomeOf(played(plan, whole));
    const before = new Lines();
    const first = World.from(planOf(plan), before);
    first.run(forkAt);
    const checkpoint = first.checkpoint();
    const after = new Lines();
    const fork = World.fork(planOf(plan), checkpoint, after);
    fork.run();
    expect(outcomeOf(fork)).toEqual(expected);
    // The first world goes on too, whatever its fork has done.
    const decided = [...before.decisions, ...after.decisions];
    const sampled = [...before.samples, ...after.samples];
    first.run();
    expect(outcomeOf(first)).toEqual(expected);
    expect(decided).toEqual(whole.decisions);
    expect(sampled).toEqual(whole.samples);
    // So does one that comes from bytes.
    const restored = World.fork(planOf(plan), decodeCheckpoint(encodeCheckpoint(checkpoint)));
    restored.run();
    expect(outcomeOf(restored)).toEqual(expected);
  });

  const manners = "does the same when every tick of its chains is an event, unwatched, and in slices of any size";
  holds(manners, anyWorld, ({ plan, sliceEvents }) => {
    const expected = outcomeOf(played(plan, new Lines()));
    expect(outcomeOf(played({ ...plan, periodic: "explicit" }))).toEqual(expected);
    const sliced = World.from(planOf(plan));
    while (!sliced.runSlice(sliced.plan.durationMicros, sliceEvents));
    expect(outcomeOf(sliced)).toEqual(expected);
    const quiet = played({ ...plan, record: { ...plan.record, events: false, decisions: false } }, new Lines());
    expect(outcomeOf(quiet)).toEqual(expected);
  });

  holds("is in order at any instant", anyWorld, ({ plan, forkAt }) => {
    const world = World.from(planOf(plan));
    world.run(forkAt);
    expect(breachesOf(world)).toEqual([]);
    world.run();
    expect(breachesOf(world)).toEqual([]);
  });
});

holds("no event adds pods beyond surge, takes available ones, or evicts against a budget", anyWorld, ({ plan }) => {
  expect(brokenSteps(plan)).toEqual([]);
});

holds("a world that is left alone comes to rest, or says why not", settlingWorld, ({ plan }) => {
  const world = played(plan);
  expect(breachesOf(world)).toEqual([]);
  expect(unexplained(world)).toEqual([]);
});

test(
  "no drain evicts against a budget, and many ask",
  () => {
    let [paid, refused] = [0, 0];
    const law = fc.property(drainedWorld(), (plan) => {
      const found = evictionsOf(plan);
      paid += found.paid;
      refused += found.refused;
      expect(found.breaches).toEqual([]);
    });
    fc.assert(law, { numRuns: RUNS });
    expect(paid).toBeGreaterThan(RUNS / 2);
    expect(refused).toBeGreaterThan(RUNS / 2);
  },
  TIMEOUT_MILLIS,
);
