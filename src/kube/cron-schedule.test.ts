import { describe, expect, test } from "vitest";
import { parseRfc3339, rfc3339 } from "../units/index.ts";
import { parseSchedule } from "./cron-schedule.ts";

describe("the next instants", () => {
  const check = (text: string, after: string, ...expected: string[]): void => {
    const schedule = parseSchedule(text);
    if ("error" in schedule) throw new Error(schedule.error);
    let at: number | undefined = parseRfc3339(after);
    for (const instant of expected) {
      at = schedule.next(at as number);
      expect(at === undefined ? "never" : rfc3339(at)).toBe(instant);
    }
  };
  test("every minute, strictly after", () =>
    check("* * * * *", "2024-01-01T00:00:00Z", "2024-01-01T00:01:00Z", "2024-01-01T00:02:00Z"));
  test("steps", () =>
    check(
      "*/20 3 * * *",
      "2024-01-01T03:15:30Z",
      "2024-01-01T03:20:00Z",
      "2024-01-01T03:40:00Z",
      "2024-01-02T03:00:00Z",
    ));
  test("a value with a step goes on to the end", () =>
    check(
      "50/4 * * * *",
      "2024-01-01T00:00:00Z",
      "2024-01-01T00:50:00Z",
      "2024-01-01T00:54:00Z",
      "2024-01-01T00:58:00Z",
      "2024-01-01T01:50:00Z",
    ));
  test("lists, ranges and names", () =>
    check("0 9-10 * jan,Mar mon-fri", "2024-01-31T09:30:00Z", "2024-01-31T10:00:00Z", "2024-03-01T09:00:00Z"));
  test("the end of the year", () =>
    check("30 0 1 1 *", "2023-12-31T23:59:59Z", "2024-01-01T00:30:00Z", "2025-01-01T00:30:00Z"));
  test("the 29th of February", () => check("0 0 29 2 *", "2024-03-01T00:00:00Z", "2028-02-29T00:00:00Z"));
  test("both days given: either", () =>
    check(
      "0 0 13 * 5",
      "2024-09-01T00:00:00Z",
      "2024-09-06T00:00:00Z",
      "2024-09-13T00:00:00Z",
      "2024-09-20T00:00:00Z",
    ));
  test("one day a star: the other", () =>
    check("0 0 13 * *", "2024-09-01T00:00:00Z", "2024-09-13T00:00:00Z", "2024-10-13T00:00:00Z"));
  test("macros", () => {
    check("@hourly", "2024-01-01T00:30:00Z", "2024-01-01T01:00:00Z");
    check("@weekly", "2024-01-01T00:00:00Z", "2024-01-07T00:00:00Z");
    check("@yearly", "2024-01-01T00:00:00Z", "2025-01-01T00:00:00Z");
    check("@every 1m30s", "2024-01-01T00:00:10Z", "2024-01-01T00:01:40Z", "2024-01-01T00:03:10Z");
  });
  test("a day that never comes", () => check("0 0 31 2 *", "2024-01-01T00:00:00Z", "never"));
});

describe("what is refused", () => {
  const check = (text: string, error: string): void => expect(parseSchedule(text)).toEqual({ error });
  test("empty", () => check("", "empty spec string"));
  test("fields", () => check("* * * *", "expected exactly 5 fields, found 4: [* * * *]"));
  test("macros", () => check("@sometimes", "unrecognized descriptor: @sometimes"));
  test("numbers", () => check("x * * * *", "failed to parse int from x"));
  test("bounds", () => {
    check("60 * * * *", "end of range (60) above maximum (59): 60");
    check("* * 0 * *", "beginning of range (0) below minimum (1): 0");
    check("5-3 * * * *", "beginning of range (5) beyond end of range (3): 5-3");
  });
  test("steps", () => {
    check("*/0 * * * *", "step of range should be a positive number: */0");
    check("*/2/3 * * * *", "too many slashes: */2/3");
  });
});
