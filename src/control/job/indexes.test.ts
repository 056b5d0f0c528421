import { describe, expect, test } from "vitest";
import {
  formatIntervals,
  hasIndex,
  lowestFree,
  mergeIntervals,
  overlapOf,
  parseIntervals,
  totalOf,
  withIndexes,
} from "./indexes.ts";

describe("texts", () => {
  const check = (text: string, completions: number, back: string, total: number): void => {
    const intervals = parseIntervals(text, completions);
    expect(formatIntervals(intervals)).toBe(back);
    expect(totalOf(intervals)).toBe(total);
  };
  test("none", () => check("", 5, "", 0));
  test("single ones and ranges", () => check("1,3-5,7,8", 10, "1,3-5,7,8", 6));
  test("neighbours become a range", () => check("1,2,3", 10, "1-3", 3));
  test("what is beyond the completions is left out", () => check("1,3-9,11", 5, "1,3,4", 3));
  test("nonsense is left out", () => check("1,x,3", 5, "1,3", 2));
});

test("sets", () => {
  const some = parseIntervals("0-2,5", 10);
  expect(formatIntervals(withIndexes(some, [8, 3]))).toBe("0-3,5,8");
  expect(formatIntervals(mergeIntervals(some, parseIntervals("2-4", 10)))).toBe("0-5");
  expect([0, 2, 3, 5, 6].filter((index) => hasIndex(some, index))).toEqual([0, 2, 5]);
  expect(overlapOf(some, parseIntervals("1-6", 10))).toBe(3);
});

describe("the lowest free ones", () => {
  const check = (taken: string, count: number, free: number[]): void =>
    expect(lowestFree(parseIntervals(taken, 10), count, 6)).toEqual(free);
  test("from the start", () => check("", 2, [0, 1]));
  test("between and after", () => check("0,2,3", 3, [1, 4, 5]));
  test("no more than there are", () => check("0-4", 3, [5]));
  test("none", () => check("0-5", 3, []));
});
