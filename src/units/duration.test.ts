import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatDuration, goDuration, humanDuration, minutes, parseDuration, seconds } from "./duration.ts";

describe("parseDuration", () => {
  const check = (input: string | number, expected: number) =>
    test(String(input), () => expect(parseDuration(input)).toBe(expected));
  check("90s", 90_000_000);
  check("2h30m", 9_000_000_000);
  check("5m", minutes(5));
  check("1d", 86_400_000_000);
  check("250ms", 250_000);
  check("1.5s", 1_500_000);
  check("0.1s", 100_000);
  check("12us", 12);
  check("-30s", -30_000_000);
  check("0", 0);
  check(2.5, 2_500_000);
});

describe("what is no duration", () => {
  const check = (input: string) =>
    test(JSON.stringify(input), () => expect(() => parseDuration(input)).toThrow(/is not a duration: write 90s/));
  check("");
  check("5");
  check("5 m");
  check("5min");
  check("m5");
});

test("finer than a microsecond is refused", () => {
  expect(() => parseDuration("0.5us")).toThrow('duration "0.5us" is finer than a microsecond');
  expect(() => parseDuration("999999999d")).toThrow("too long");
});

describe("Go's print", () => {
  const check = (micros: number, expected: string) => test(expected, () => expect(goDuration(micros)).toBe(expected));
  check(0, "0s");
  check(12, "12µs");
  check(5000, "5ms");
  check(5100, "5.1ms");
  check(1_204_000, "1.204s");
  check(90_000_000, "1m30s");
  check(3_600_000_000, "1h0m0s");
  check(-1_500_000, "-1.5s");
});

describe("humanDuration", () => {
  const check = (secondCount: number, expected: string) =>
    test(expected, () => expect(humanDuration(seconds(secondCount))).toBe(expected));
  check(-2, "<invalid>");
  check(-0.5, "0s");
  check(119, "119s");
  check(120, "2m");
  check(150, "2m30s");
  check(600, "10m");
  check(3 * 3600 - 1, "179m");
  check(3 * 3600, "3h");
  check(3 * 3600 + 120, "3h2m");
  check(8 * 3600 + 120, "8h");
  check(47 * 3600, "47h");
  check(51 * 3600, "2d3h");
  check(8 * 86_400, "8d");
  check(729 * 86_400, "729d");
  check(730 * 86_400, "2y");
  check(731 * 86_400, "2y1d");
  check(8 * 365 * 86_400, "8y");
});

test("formatDuration is read back", () => {
  expect([formatDuration(9_000_000_000), formatDuration(1_500_000), formatDuration(90_061_000_000)]).toEqual([
    "2h30m",
    "1.5s",
    "1d1h1m1s",
  ]);
  fc.assert(
    fc.property(fc.integer({ min: -1e13, max: 1e13 }), (m) => {
      expect(parseDuration(formatDuration(m))).toBe(m);
    }),
  );
});
