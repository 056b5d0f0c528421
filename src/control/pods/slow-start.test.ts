import { describe, expect, test } from "vitest";
import { type BatchOrder, slowStart } from "./slow-start.ts";

describe("batches of 1, 2, 4, …", () => {
  /** Creates `count` items, of which those named are refused; expects the items tried, in order. */
  const check = (count: number, refused: readonly number[], order: BatchOrder, tried: readonly number[]): void => {
    const items: number[] = [];
    const result = slowStart(
      count,
      (item) => {
        items.push(item);
        return refused.includes(item) ? { failure: `no ${item}` } : { name: `p${item}` };
      },
      order,
    );
    expect(items).toEqual(tried);
    expect(result.names).toEqual(tried.filter((item) => !refused.includes(item)).map((item) => `p${item}`));
    const first = tried.find((item) => refused.includes(item));
    expect(result.failure).toBe(first === undefined ? undefined : `no ${first}`);
    expect(result.skipped).toBe(count - result.names.length);
  };
  test("in order", () => check(5, [], "in-order", [0, 1, 2, 3, 4]));
  test("the last of a batch first", () => check(8, [], "last-first", [0, 2, 1, 6, 3, 4, 5, 7]));
  test("none", () => check(0, [], "in-order", []));
  test("a refusal ends with its batch", () => check(9, [1, 2], "in-order", [0, 1, 2]));
});
