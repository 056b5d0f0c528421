import fc from "fast-check";
import { expect, it } from "vitest";
import { thinRows } from "./thin.ts";

it("keeps everything that is short enough", () => {
  expect(thinRows([[3, 1, 2]], 3, 10)).toEqual([0, 1, 2]);
});

it("keeps the least and greatest of each series, the ends, and the order", () => {
  const values = fc.oneof(fc.integer({ min: -50, max: 50 }), fc.constant(Number.NaN));
  fc.assert(
    fc.property(
      fc.array(fc.tuple(values, values), { minLength: 1, maxLength: 300 }),
      fc.integer({ min: 7, max: 60 }),
      (rows, limit) => {
        const columns = [0, 1].map((index) => rows.map((row) => row[index] ?? Number.NaN));
        const kept = thinRows(columns, rows.length, limit);
        expect(kept.length).toBeLessThanOrEqual(Math.max(limit, 5) + 2);
        expect(kept).toEqual([...new Set(kept)].sort((a, b) => a - b));
        expect([kept[0], kept.at(-1)]).toEqual([0, rows.length - 1]);
        for (const column of columns) {
          const known = (list: readonly number[]): number[] => list.filter((value) => !Number.isNaN(value));
          const left = known(kept.map((row) => column[row] ?? Number.NaN));
          expect(Math.min(...left)).toBe(Math.min(...known(column)));
          expect(Math.max(...left)).toBe(Math.max(...known(column)));
        }
      },
    ),
  );
});
