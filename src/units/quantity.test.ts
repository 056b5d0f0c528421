import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  cpuMilliOf,
  formatBytesBinary,
  formatMilli,
  formatNanos,
  formatQuantity,
  parseQuantity,
  quantityFromMilli,
  quantityMilliValue,
  roundUpToMilli,
  subtractQuantities,
  tryParseQuantity,
  wholeValueOf,
} from "./quantity.ts";

const REGEX_TEXT = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const SUFFIX_TEXT = "unable to parse quantity's suffix";

describe("canonical form", () => {
  const check = (input: string | number, expected: string) =>
    test(`${input} → ${expected}`, () => expect(canonicalQuantity(input)).toBe(expected));
  check("0.5", "500m");
  check("1000m", "1");
  check("1500m", "1500m");
  check("1024Mi", "1Gi");
  check("1.5Gi", "1536Mi");
  check("4096Ki", "4Mi");
  check("1000k", "1M");
  check("100000", "100k");
  check("1024", "1024");
  check("0.5Ki", "512");
  check("1e3", "1e3");
  check("100.5", "100500m");
  check("3.14159", "3141590u");
  check("1.0", "1");
  check("0", "0");
  check("0.0", "0");
  check("00", "0");
  check("0.5n", "1n");
  check("-0.5n", "-1n");
  check("10Ei", "9223372036854775807");
  check("1E", "1E");
  check("1E3", "1E3");
  check("1000E3", "1e6");
  check("12Mi", "12Mi");
  check("64Mi", "64Mi");
  check("0Mi", "0");
  check("1.234", "1.234");
  check("+5", "+5");
  check("-1", "-1");
  check(1, "1");
  check(0.25, "250m");
});

describe("errors", () => {
  const check = (input: string, expected: string) =>
    test(JSON.stringify(input), () => expect(tryParseQuantity(input)).toEqual({ error: expected }));
  check("", REGEX_TEXT);
  check("1KB", REGEX_TEXT);
  check("1 Gi", REGEX_TEXT);
  check("1_000", REGEX_TEXT);
  check("cheap", REGEX_TEXT);
  check("m", REGEX_TEXT);
  check(".", REGEX_TEXT);
  check("1.2.3", REGEX_TEXT);
  check("1K", SUFFIX_TEXT);
  check("1mi", SUFFIX_TEXT);
  check("1e", SUFFIX_TEXT);
  check("1e999999999999", SUFFIX_TEXT);
});

test("values round up", () => {
  expect([wholeValueOf("100.5"), cpuMilliOf("100.5")]).toEqual([101, 100500]);
  expect([wholeValueOf("1u"), cpuMilliOf("1u")]).toEqual([1, 1]);
  expect([wholeValueOf("-1500m"), wholeValueOf("1Gi"), cpuMilliOf("250m"), cpuMilliOf("2")]).toEqual([
    -1, 1073741824, 250, 2000,
  ]);
  expect(formatQuantity(roundUpToMilli(parseQuantity("0.1m")))).toBe("1m");
  expect(formatQuantity(roundUpToMilli(parseQuantity("100.5")))).toBe("100500m");
});

test("sums keep the left format", () => {
  const add = (a: string, b: string) => formatQuantity(addQuantities(parseQuantity(a), parseQuantity(b)));
  const subtract = (a: string, b: string) => formatQuantity(subtractQuantities(parseQuantity(a), parseQuantity(b)));
  expect(add("500m", "1")).toBe("1500m");
  expect(subtract("1Gi", "100M")).toBe("973741824");
  expect(
    formatQuantity(addQuantities(addQuantities(parseQuantity("0"), parseQuantity("64Mi")), parseQuantity("1M"))),
  ).toBe("68108864");
  expect(subtract("64Mi", "64Mi")).toBe("0");
  expect(add("100Mi", "-1")).toBe("104857599");
});

test("numbers print canonically", () => {
  expect([formatMilli(1500), formatMilli(2000), formatMilli(0)]).toEqual(["1500m", "2", "0"]);
  expect([formatNanos(12345678), formatNanos(1_000_000)]).toEqual(["12345678n", "1m"]);
  expect([formatBytesBinary(67108864), formatBytesBinary(1000), formatBytesBinary(1025)]).toEqual([
    "64Mi",
    "1k",
    "1025",
  ]);
});

const suffixes = ["n", "u", "m", "", "k", "M", "G", "Ki", "Mi", "Gi", "e3", "e-2"];
const quantityText = fc
  .tuple(
    fc.integer({ min: -1_000_000, max: 1_000_000 }),
    fc.option(fc.integer({ min: 0, max: 9999 })),
    fc.constantFrom(...suffixes),
  )
  .map(([whole, fraction, suffix]) => `${whole}${fraction === null ? "" : `.${fraction}`}${suffix}`);

test("printing keeps the value and is stable", () => {
  fc.assert(
    fc.property(quantityText, (text) => {
      const parsed = parseQuantity(text);
      const printed = formatQuantity({ nanos: parsed.nanos, format: parsed.format });
      expect(compareQuantities(parseQuantity(printed), parsed)).toBe(0);
      expect(canonicalQuantity(printed)).toBe(printed);
    }),
  );
});

test("addition is undone by subtraction", () => {
  fc.assert(
    fc.property(quantityText, quantityText, (a, b) => {
      const [left, right] = [parseQuantity(a), parseQuantity(b)];
      expect(subtractQuantities(addQuantities(left, right), right).nanos).toBe(left.nanos);
      expect(addQuantities(left, right).nanos).toBe(addQuantities(right, left).nanos);
    }),
  );
});

test("thousandths round trip", () => {
  fc.assert(
    fc.property(fc.integer(), (millis) => {
      expect(quantityMilliValue(quantityFromMilli(millis))).toBe(millis);
      expect(cpuMilliOf(formatMilli(millis))).toBe(millis);
    }),
  );
});
