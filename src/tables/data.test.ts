import fc from "fast-check";
import { expect, test } from "vitest";
import { deepFreeze, frozenCopy, mergePatch, sameData } from "./index.ts";

test("the same data is the same whatever the order of keys", () => {
  expect(sameData({ a: 1, b: [1, { c: null }] }, { b: [1, { c: null }], a: 1 })).toBe(true);
  expect(sameData({ a: 1, b: undefined }, { a: 1 })).toBe(true);
  expect(sameData({ a: 1 }, { a: 1, b: 2 })).toBe(false);
  expect(sameData([1, 2], [2, 1])).toBe(false);
  expect(sameData([], {})).toBe(false);
});

test("a merge patch does what RFC 7386 says", () => {
  const check = (target: unknown, patch: unknown, expected: unknown) =>
    expect(mergePatch(target, patch)).toEqual(expected);
  check({ a: "b" }, { a: "c" }, { a: "c" });
  check({ a: "b", b: "c" }, { a: null }, { b: "c" });
  check({ a: ["b"] }, { a: "c" }, { a: "c" });
  check({ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } });
  check({ e: null }, { a: 1 }, { e: null, a: 1 });
  check({}, { a: { bb: { ccc: null } } }, { a: { bb: {} } });
});

test("patching with the data itself changes nothing but nulls", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.oneof(fc.integer(), fc.string(), fc.array(fc.integer()))), (data) => {
      expect(sameData(mergePatch(data, data), data)).toBe(true);
    }),
  );
});

test("freezing goes all the way down", () => {
  const data = deepFreeze({ a: { b: [{ c: 1 }] } });
  expect(Object.isFrozen(data.a.b[0])).toBe(true);
});

test("a frozen copy is the same data, keeps what was frozen and leaves what it was made from", () => {
  const kept = deepFreeze({ d: [1] });
  const data = { a: { b: [{ c: 1 }, kept] }, e: undefined, f: null };
  const copy = frozenCopy(data);
  expect(copy).toStrictEqual(data);
  expect(copy.a.b[1]).toBe(kept);
  expect(Object.isFrozen(copy.a.b[0])).toBe(true);
  expect(Object.isFrozen(data.a)).toBe(false);
});
