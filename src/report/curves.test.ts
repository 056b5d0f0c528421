import { expect, test } from "vitest";
import { Curves } from "./curves.ts";

/** The one line of a series of pending pods. */
function curveOf(values: readonly number[]): string {
  const curves = new Curves();
  for (const pending of values) curves.add("pods", { pending });
  return curves.lines()[0] ?? "";
}

test("a curve of a month looks like one of hours: each bar shows the highest of its stretch, the ends what was least and most", () => {
  const shape = (length: number): number[] =>
    Array.from({ length }, (_, index) => (index === Math.floor(length / 3) ? 90 : Math.floor((8 * index) / length)));
  const [hours, month] = [curveOf(shape(2048)), curveOf(shape(2048 * 85))];
  expect(month).toBe(hours);
  expect(month).toContain("0 ");
  expect(month).toContain("90");
});
