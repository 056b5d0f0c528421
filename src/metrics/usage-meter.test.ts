import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CellRegistry } from "../tables/index.ts";
import { Housekeeping } from "./housekeeping.ts";
import { UsageMeter } from "./usage-meter.ts";
import type { UsageSource } from "./usage-source.ts";

const SECOND = 1_000_000;
const SCRAPE = 15 * SECOND;
const ROWS = 6;

/** A level that moves every `everyMicros`, with noise drawn anew at its own pace. */
function wave(everyMicros: number, noise: UsageSource["noise"]): UsageSource {
  return {
    changeAt: (index) => index * everyMicros,
    levelAt: (index) => 100 + ((index * 37) % 50),
    firstAfter: (time) => Math.floor(time / everyMicros) + 1,
    noise,
  };
}

/** Everything that a user of the meter does; `row` counts modulo the rows there are. */
type Step =
  | { readonly do: "start" | "stop" | "unfollow" | "read"; readonly row: number }
  | { readonly do: "set"; readonly row: number; readonly cpu: number; readonly bytes: number }
  | { readonly do: "follow"; readonly row: number; readonly source: number; readonly group: number }
  | { readonly do: "reach"; readonly row: number }
  | { readonly do: "save" };

const row = fc.nat(ROWS - 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constantFrom("start" as const, "stop" as const, "unfollow" as const, "read" as const), row }),
  fc.record({ do: fc.constant("set" as const), row, cpu: fc.nat(400), bytes: fc.nat(3) }),
  fc.record({ do: fc.constant("follow" as const), row, source: fc.nat(3), group: fc.nat(1) }),
  fc.record({ do: fc.constant("reach" as const), row }),
  fc.constant<Step>({ do: "save" }),
);

class Bench {
  readonly clock = { now: 0 };
  readonly meter: UsageMeter;
  readonly #registry = new CellRegistry();
  readonly #reached = Array<boolean>(ROWS).fill(true);
  readonly #seen: unknown[] = [];

  constructor(isPrompt: boolean) {
    const housekeeping = new Housekeeping(5, { periodMicros: 10 * SECOND, jitter: 1, hasRandomPhase: true });
    this.meter = new UsageMeter(this.#registry, this.clock, { housekeeping, idleMilli: 1, isPrompt });
    this.meter.addSource(wave(15 * SECOND, { relativeSd: 0.3, everyMicros: 15 * SECOND }));
    this.meter.addSource(wave(4 * SECOND, { relativeSd: 2, everyMicros: 37 * SECOND }));
    this.meter.addSource(wave(40 * SECOND, null));
    const reached = this.#reached;
    this.meter.scrapedBy(SCRAPE, {
      get areAll() {
        return reached.every((one) => one);
      },
      isReachable: (one) => reached[one] === true,
    });
    this.meter.records.freshAges = { fromMicros: 10 * SECOND, toMicros: SCRAPE };
  }

  at(now: number): void {
    for (let next = (Math.floor(this.clock.now / SCRAPE) + 1) * SCRAPE; next <= now; next += SCRAPE) {
      this.clock.now = next;
      this.meter.scrape();
    }
    this.clock.now = now;
  }

  play(one: Step): void {
    const { meter, clock } = this;
    if (one.do === "save") this.#registry.load(this.#registry.save());
    else if (one.do === "reach") {
      meter.playAll();
      this.#reached[one.row] = !this.#reached[one.row];
    } else if (one.do === "start") {
      meter.start(one.row, clock.now);
      meter.limit(one.row, one.row % 2 === 0 ? 120 : Number.POSITIVE_INFINITY);
      meter.set(one.row, 1, 16, clock.now);
    } else if (meter.isOn.get(one.row) === 0) return;
    else if (one.do === "stop") meter.stop(one.row);
    else if (one.do === "set") meter.set(one.row, one.cpu, one.bytes, clock.now);
    else if (one.do === "follow") meter.follow(one.row, one.source, one.group, one.row * 7919);
    else if (one.do === "unfollow") meter.unfollow(one.row);
    else this.#look(one.row);
  }

  #look(row: number): void {
    const { meter } = this;
    const shownAt = meter.shownAt(row);
    const shown = shownAt === -1 ? [] : [meter.shownWindow(row), meter.shownMilli(row), meter.shownBytes(row)];
    this.#seen.push([row, meter.cpuMilli(row), meter.memoryBytes(row), shownAt, ...shown]);
  }

  outcome(): unknown {
    for (let row = 0; row < ROWS; row++) this.#look(row);
    const groups = [0, 1].map((group) => {
      const shown = { podCount: 0, cpuMilli: 0 };
      this.meter.addShown(group, shown);
      return shown;
    });
    return { seen: this.#seen, groups };
  }
}

describe("UsageMeter", () => {
  it("gives the same whether changes and scrapes are played as they happen or when somebody asks", () => {
    const steps = fc.array(fc.record({ after: fc.nat(40 * SECOND), step }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(steps, fc.nat(600 * SECOND), (script, rest) => {
        const [prompt, late] = [new Bench(true), new Bench(false)];
        for (const bench of [prompt, late]) {
          for (let row = 0; row < ROWS; row++) {
            bench.play({ do: "start", row });
            bench.play({ do: "follow", row, source: (row % 3) + 1, group: 0 });
          }
          for (const { after, step } of script) {
            bench.at(bench.clock.now + after);
            bench.play(step);
          }
          bench.at(bench.clock.now + rest);
        }
        expect(late.outcome()).toEqual(prompt.outcome());
      }),
      { numRuns: 300 },
    );
  });

  it("adds up what is shown of a group's followers", () => {
    const bench = new Bench(false);
    for (const row of [0, 1, 2]) {
      bench.play({ do: "start", row });
      bench.play({ do: "follow", row, source: 3, group: row === 2 ? 1 : 0 });
    }
    bench.at(10 * 60 * SECOND);
    const shown = { podCount: 0, cpuMilli: 0 };
    bench.meter.addShown(0, shown);
    expect(shown).toEqual({ podCount: 2, cpuMilli: bench.meter.shownMilli(0) + bench.meter.shownMilli(1) });
    expect(shown.cpuMilli).toBeGreaterThan(200);
    bench.play({ do: "stop", row: 1 });
    const left = { podCount: 0, cpuMilli: 0 };
    bench.meter.addShown(0, left);
    expect(left).toEqual({ podCount: 1, cpuMilli: bench.meter.shownMilli(0) });
  });
});
