import { describe, expect, test } from "vitest";
import type { SummaryDocument } from "../report/index.ts";
import type { Tune } from "./definition.ts";
import { type Trial, trialText, tuned } from "./tune.ts";
import type { Variation } from "./variations.ts";

const range = (size: number): number[] => Array.from({ length: size }, (_, index) => index);

function tuneOf(rest: Partial<Tune>): Tune {
  return {
    parameters: [
      { path: "a.x", values: range(40) },
      { path: "b.y", values: range(40) },
    ],
    objective: { measure: "cost sum", isMinimized: true },
    constraints: ["pods_pending max < 5"],
    budget: 60,
    ...rest,
  };
}

/** A run whose cost and constraint are functions of the two parameters. */
function play(
  variation: Variation,
  cost: (x: number, y: number) => number,
  holds: (x: number, y: number) => boolean,
): Trial {
  const [x, y] = variation.settings.map((setting) => Number(setting.split("=")[1])) as [number, number];
  const assertions = [
    { text: "cost sum >= 0", unit: "currency", value: cost(x, y), holds: true },
    { text: "pods_pending max < 5", unit: "count", value: 0, holds: holds(x, y) },
  ];
  return { variation, runs: [{ assertions, metrics: [] } as unknown as SummaryDocument] };
}

describe("tuned", () => {
  test("tries a small grid as a whole", async () => {
    const tune = tuneOf({
      parameters: [
        { path: "a.x", values: [1, 2, 3] },
        { path: "b.y", values: [4, 5] },
      ],
    });
    const { tried, best } = await tuned(tune, async (all) =>
      all.map((one) =>
        play(
          one,
          (x, y) => x * y,
          (x) => x > 1,
        ),
      ),
    );
    expect(tried.map(({ name }) => name)).toEqual(["x=1,y=4", "x=1,y=5", "x=2,y=4", "x=2,y=5", "x=3,y=4", "x=3,y=5"]);
    expect(best?.variation.name).toBe("x=2,y=4");
  });

  test.each([
    ["a bowl", (x: number, y: number) => (x - 31) ** 2 + (y - 7) ** 2, () => true, "x=31,y=7"],
    ["an edge", (x: number, y: number) => x + y, (x: number, y: number) => x >= 12 && y >= 3, "x=12,y=3"],
  ])("finds the bottom of %s within its budget, the same way every time", async (_name, cost, holds, expected) => {
    const tune = tuneOf({});
    const attempt = async (all: readonly Variation[]): Promise<Trial[]> => all.map((one) => play(one, cost, holds));
    const { tried, best } = await tuned(tune, attempt);
    expect(best?.variation.name).toBe(expected);
    expect(tried.length).toBeLessThanOrEqual(60);
    expect(new Set(tried.map(({ name }) => name)).size).toBe(tried.length);
    expect((await tuned(tune, attempt)).tried).toEqual(tried);
  });

  test("says so when nothing meets the constraints", async () => {
    const tune = tuneOf({ budget: 9 });
    const { best } = await tuned(tune, async (all) =>
      all.map((one) =>
        play(
          one,
          (x) => x,
          () => false,
        ),
      ),
    );
    expect(trialText(best as Trial, tune, "USD")).toMatchObject({ isFeasible: false });
    expect(trialText(best as Trial, tune, "USD").text).toMatch(
      /nothing tried meets the constraints, and this breaks pods_pending max < 5\.$/,
    );
  });

  test("a maximum is a minimum upside down", async () => {
    const tune = tuneOf({
      objective: { measure: "cost sum", isMinimized: false },
      parameters: [{ path: "x", values: [3, 9, 4] }],
    });
    const { best } = await tuned(tune, async (all) =>
      all.map((one) =>
        play(
          one,
          (x) => x,
          () => true,
        ),
      ),
    );
    expect(best?.variation.name).toBe("x=9");
  });
});
