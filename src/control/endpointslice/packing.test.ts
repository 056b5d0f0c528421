import { expect, test } from "vitest";
import { type OpenSlice, type Packing, pack } from "./packing.ts";

test("where new endpoints go", () => {
  const open = (...counts: number[]): OpenSlice[] => counts.map((count, i) => ({ slice: i, count }));
  const unchanged = (...counts: number[]): OpenSlice[] => counts.map((count, i) => ({ slice: 10 + i, count }));
  const check = (added: number, updated: OpenSlice[], others: OpenSlice[], expected: Packing) =>
    expect(pack(added, updated, others, 10)).toEqual(expected);
  check(3, [], [], { existing: [], created: [3] });
  check(25, [], [], { existing: [], created: [10, 10, 5] });
  // Slices that are written anyway, the fullest first.
  check(3, open(2, 9), [], {
    existing: [
      { slice: 1, added: 1 },
      { slice: 0, added: 2 },
    ],
    created: [],
  });
  // Of unchanged slices the one that comes closest to full and takes all.
  check(3, [], unchanged(1, 6, 8), { existing: [{ slice: 11, added: 3 }], created: [] });
  check(3, [], unchanged(8, 9), { existing: [], created: [3] });
  // A whole slice of new ones never goes into an unchanged one.
  check(10, [], unchanged(0), { existing: [], created: [10] });
  check(13, open(9), unchanged(1), { existing: [{ slice: 0, added: 1 }], created: [10, 2] });
  check(4, open(9), unchanged(1), {
    existing: [
      { slice: 0, added: 1 },
      { slice: 10, added: 3 },
    ],
    created: [],
  });
});
