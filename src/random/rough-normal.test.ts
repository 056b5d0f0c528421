import { describe, expect, it } from "vitest";
import { keyOf, roughNormal } from "./index.ts";

const SEED = 12345;

function moments(draw: (i: number) => number, count: number) {
  let [sum, squares, cubes, fourths] = [0, 0, 0, 0];
  for (let i = 0; i < count; i++) {
    const x = draw(i);
    sum += x;
    squares += x * x;
    cubes += x * x * x;
    fourths += x * x * x * x;
  }
  return { mean: sum / count, variance: squares / count, skew: cubes / count, kurtosis: fourths / count };
}

describe("roughNormal", () => {
  it.each([
    ["many draws of one key", (i: number) => roughNormal(keyOf(SEED, 7), i)],
    ["one draw of many keys", (i: number) => roughNormal(keyOf(SEED, i), 3)],
  ])("has the moments of a normal distribution: %s", (_, draw) => {
    const { mean, variance, skew, kurtosis } = moments(draw, 400_000);
    expect(Math.abs(mean)).toBeLessThan(0.008);
    expect(Math.abs(variance - 1)).toBeLessThan(0.01);
    expect(Math.abs(skew)).toBeLessThan(0.03);
    expect(Math.abs(kurtosis - 3)).toBeLessThan(0.08);
  });

  it("does not tie neighbours together", () => {
    const product = (shift: number, ofKey: boolean) =>
      moments((i) => {
        const a = roughNormal(keyOf(SEED, ofKey ? i : 1), ofKey ? 1 : i);
        const b = roughNormal(keyOf(SEED, ofKey ? i + shift : 1), ofKey ? 1 : i + shift);
        return a * b;
      }, 200_000).mean;
    for (const shift of [1, 2, 16]) {
      expect(Math.abs(product(shift, true))).toBeLessThan(0.012);
      expect(Math.abs(product(shift, false))).toBeLessThan(0.012);
    }
  });

  it("is the same everywhere", () => {
    expect([0, 1, 2, 1_000_000].map((k) => roughNormal(keyOf(SEED, 42), k))).toMatchInlineSnapshot(`
      [
        -0.13413788135756596,
        0.7777878947166106,
        2.4236733775269577,
        -0.35920818791971676,
      ]
    `);
  });
});
