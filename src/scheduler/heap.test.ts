import fc from "fast-check";
import { expect, test } from "vitest";
import { Heap, type HeapItem } from "./heap.ts";

interface Item extends HeapItem {
  readonly key: number;
  readonly name: number;
}
const item = (key: number, name: number): Item => ({ key, name, heapIndex: -1, heapSequence: 0 });

test("items leave by key, equals in the order of arrival, wherever others were taken out", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.boolean())), (plan) => {
      const heap = new Heap<Item>((a, b) => a.key - b.key);
      const items = plan.map(([key], name) => item(key, name));
      for (const one of items) heap.push(one);
      const kept = items.filter((one, index) => {
        if (plan[index]?.[1] === true) heap.remove(one);
        return plan[index]?.[1] !== true;
      });
      const expected = kept.sort((a, b) => a.key - b.key || a.name - b.name).map((one) => one.name);
      expect(heap.sorted().map((one) => one.name)).toEqual(expected);
      const left: number[] = [];
      for (let head = heap.pop(); head !== undefined; head = heap.pop()) left.push(head.name);
      expect(left).toEqual(expected);
    }),
  );
});
