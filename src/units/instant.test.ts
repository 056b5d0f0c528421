import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { seconds } from "./duration.ts";
import { civilTime, formatClock, parseRfc3339, rfc1123z, rfc3339, rfc3339Micro } from "./instant.ts";

describe("rfc3339", () => {
  const check = (epochSeconds: number, expected: string) =>
    test(expected, () => {
      expect(rfc3339(seconds(epochSeconds))).toBe(expected);
      expect(parseRfc3339(expected)).toBe(seconds(epochSeconds));
    });
  check(0, "1970-01-01T00:00:00Z");
  check(1_704_067_210, "2024-01-01T00:00:10Z");
  check(1_709_164_800, "2024-02-29T00:00:00Z");
  check(951_782_400, "2000-02-29T00:00:00Z");
  check(-1, "1969-12-31T23:59:59Z");
});

test("offsets and fractions are read", () => {
  expect(parseRfc3339("2024-01-01T02:00:10.000250+02:00")).toBe(seconds(1_704_067_210) + 250);
  expect(rfc3339Micro(seconds(1_704_067_210) + 250)).toBe("2024-01-01T00:00:10.000250Z");
});

describe("what is no instant", () => {
  const check = (text: string) => test(text, () => expect(() => parseRfc3339(text)).toThrow(/is not an instant/));
  check("2024-01-01");
  check("2023-02-29T00:00:00Z");
  check("2024-13-01T00:00:00Z");
  check("2024-01-01T24:00:00Z");
  check("yesterday");
});

test("describe's form", () => {
  expect(rfc1123z(seconds(1_704_067_210))).toBe("Mon, 01 Jan 2024 00:00:10 +0000");
  expect(rfc1123z(0)).toBe("Thu, 01 Jan 1970 00:00:00 +0000");
});

test("clock", () => {
  expect([formatClock(seconds(7549)), formatClock(seconds(93_949)), formatClock(999_999)]).toEqual([
    "02:05:49",
    "1d02:05:49",
    "00:00:00",
  ]);
});

test("agrees with the platform's calendar", () => {
  fc.assert(
    fc.property(fc.integer({ min: -60_000_000_000, max: 60_000_000_000 }), (epochSeconds) => {
      const platform = new Date(epochSeconds * 1000);
      expect(rfc3339(seconds(epochSeconds))).toBe(platform.toISOString().replace(".000Z", "Z"));
      expect(civilTime(seconds(epochSeconds)).weekday).toBe(platform.getUTCDay());
    }),
  );
});
