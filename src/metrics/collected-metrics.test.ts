import { describe, expect, it } from "vitest";
import { Engine } from "../engine/index.ts";
import { CollectedMetrics } from "./collected-metrics.ts";

const SECOND = 1_000_000;

function world(windowMicros: number, delayMicros: number) {
  const engine = new Engine({ seed: 1 });
  const collected = new CollectedMetrics(
    engine,
    [
      {
        windowMicros,
        collect: (into) => {
          into(7, engine.now / SECOND);
          if (engine.now <= 30 * SECOND) into(8, 5);
        },
      },
    ],
    { scrapeMicros: 10 * SECOND, firstScrapeMicros: 10 * SECOND, delayMicros },
  );
  collected.start();
  return { engine, collected };
}

describe("CollectedMetrics", () => {
  it("shows the last sample after the delay", () => {
    const { engine, collected } = world(0, 3 * SECOND);
    engine.run(12 * SECOND);
    expect([collected.valueOf(0, 7), collected.sampledAt(0)]).toEqual([Number.NaN, -1]);
    engine.run(13 * SECOND);
    expect([collected.valueOf(0, 7), collected.sampledAt(0)]).toEqual([10, 10 * SECOND]);
    engine.run(22 * SECOND);
    expect(collected.valueOf(0, 7)).toBe(10);
    engine.run(23 * SECOND);
    expect(collected.valueOf(0, 7)).toBe(20);
  });

  it("has no value for a key that the last collection did not find", () => {
    const { engine, collected } = world(0, 0);
    engine.run(35 * SECOND);
    expect(collected.valueOf(0, 8)).toBe(5);
    engine.run(40 * SECOND);
    expect(collected.valueOf(0, 8)).toBeNaN();
  });

  it("shows the mean over a window, from two samples on", () => {
    const { engine, collected } = world(30 * SECOND, 0);
    engine.run(10 * SECOND);
    expect(collected.valueOf(0, 7)).toBeNaN();
    engine.run(20 * SECOND);
    expect(collected.valueOf(0, 7)).toBe(15);
    engine.run(105 * SECOND);
    // Samples at 80, 90 and 100 s are at most 30 s old.
    expect(collected.valueOf(0, 7)).toBe(90);
  });

  it("goes on from a checkpoint", () => {
    const { engine, collected } = world(30 * SECOND, 0);
    engine.run(65 * SECOND);
    const other = world(30 * SECOND, 0);
    other.engine.restore(engine.checkpoint());
    engine.run(95 * SECOND);
    other.engine.run(95 * SECOND);
    expect(other.collected.valueOf(0, 7)).toBe(collected.valueOf(0, 7));
    expect(other.engine.unseed()).toBe(engine.unseed());
  });
});
