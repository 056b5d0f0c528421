import fc from "fast-check";
import { expect, test } from "vitest";
import { feasibleNodesToFind, selectHost } from "./select-host.ts";

test("the node taken is the root of the heap over the totals", () => {
  const check = (totals: readonly number[], expected: number) =>
    expect(selectHost(Float64Array.from(totals), totals.length), totals.join()).toBe(expected);
  check([7], 0);
  check([5, 5], 0);
  check([5, 6], 1);
  check([5, 5, 5, 5, 5, 5], 0);
  check([1, 9, 9], 1);
  check([1, 2, 9, 9], 3);
  check([1, 9, 2, 9], 1);
  check([1, 2, 3, 9, 4, 9], 3);
  check([1, 2, 3, 4, 5, 9, 9], 5);
  check([3, 1, 1, 9, 9, 9, 9], 3);
  check([3, 1, 9, 9, 9], 3);
});

test("with a single best node the shape of the heap does not matter", () => {
  for (let count = 1; count < 70; count++) {
    for (let best = 0; best < count; best++) {
      const totals = new Float64Array(count).map((_value, index) => (index === best ? 1000 : (index * 37) % 11));
      expect(selectHost(totals, count)).toBe(best);
    }
  }
});

test("large clusters are searched in part", () => {
  const check = (nodes: number, percentage: number, expected: number) =>
    expect(feasibleNodesToFind(nodes, percentage), `${nodes} at ${percentage}`).toBe(expected);
  check(99, 0, 99);
  check(100, 0, 100);
  check(1000, 0, 420);
  check(5000, 0, 500);
  check(6000, 0, 300);
  check(5000, 1, 100);
  check(1000, 100, 1000);
});

test("the node taken is what building the heap lifts to the root", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(3), { minLength: 1, maxLength: 80 }), (totals) => {
      expect(selectHost(Float64Array.from(totals), totals.length)).toBe(rootOfHeap(totals));
    }),
    { numRuns: 500 },
  );
});

/** Builds the heap, step by step as the original does. */
function rootOfHeap(totals: readonly number[]): number {
  const heap = totals.map((_total, index) => index);
  const at = (place: number) => totals[heap[place] as number] as number;
  for (let start = (heap.length >> 1) - 1; start >= 0; start--) {
    for (let parent = start; ; ) {
      const left = 2 * parent + 1;
      if (left >= heap.length) break;
      const child = left + 1 < heap.length && at(left + 1) > at(left) ? left + 1 : left;
      if (at(child) <= at(parent)) break;
      [heap[parent], heap[child]] = [heap[child] as number, heap[parent] as number];
      parent = child;
    }
  }
  return heap[0] as number;
}
