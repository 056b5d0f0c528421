import { describe, expect, it } from "vitest";
import { CellRegistry } from "../tables/index.ts";
import { QueueModel } from "./queue-model.ts";

const SECOND = 1_000_000;

describe("QueueModel", () => {
  const arrivals = { curve: { kind: "constant", value: 10 }, since: "run", noise: null } as const;
  const queue = () =>
    new QueueModel(new CellRegistry(), "orders", {
      arrivalsPerSecond: arrivals,
      takenPerSecond: 4,
      initialLength: 30,
    });

  it("grows by what comes in and shrinks by what the workers take", () => {
    const orders = queue();
    expect(orders.lengthAt(10 * SECOND, 0)).toBe(130);
    expect(orders.lengthAt(20 * SECOND, 5)).toBe(30);
    expect(orders.lengthAt(25 * SECOND, 1, 2)).toBe(110);
  });

  it("is never shorter than nothing", () => {
    expect(queue().lengthAt(60 * SECOND, 100)).toBe(0);
  });
});
