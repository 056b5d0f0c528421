import { expect, test } from "vitest";
import { patchProblem, strategicMerge } from "./index.ts";

const two = { containers: [{ name: "a", image: "a:1", env: [{ name: "X", value: "1" }] }, { name: "b" }] };

test.each([
  ["maps merge, null removes", { a: { b: 1, c: 2 } }, { a: { b: null, d: 3 } }, { a: { c: 2, d: 3 } }],
  [
    "containers merge by name",
    two,
    { containers: [{ name: "b", image: "b:2" }] },
    {
      containers: [two.containers[0], { name: "b", image: "b:2" }],
    },
  ],
  ["new items come first", two, { containers: [{ name: "c" }] }, { containers: [{ name: "c" }, ...two.containers] }],
  [
    "an order of elements is kept, and others stay where they are",
    two,
    { $setElementOrder: 1, "$setElementOrder/containers": [{ name: "b" }, { name: "c" }], containers: [{ name: "c" }] },
    { containers: [two.containers[0], { name: "b" }, { name: "c" }] },
  ],
  [
    "an order alone",
    two,
    { "$setElementOrder/containers": [{ name: "b" }, { name: "a" }] },
    { containers: [{ name: "b" }, two.containers[0]] },
  ],
  ["$patch: replace in a map", { a: { b: 1, c: 2 } }, { a: { $patch: "replace", d: 3 } }, { a: { d: 3 } }],
  ["$patch: delete in a map", { a: { b: 1 }, e: 1 }, { a: { $patch: "delete", d: 3 } }, { a: {}, e: 1 }],
  ["$patch: merge in a map", { a: { b: 1 } }, { a: { $patch: "merge", d: 3 } }, { a: { b: 1, d: 3 } }],
  [
    "$patch: replace in a list",
    two,
    { containers: [{ $patch: "replace" }, { name: "c" }] },
    { containers: [{ name: "c" }] },
  ],
  ["$retainKeys", { a: { type: "x", b: 1 } }, { a: { $retainKeys: ["type"], type: "y" } }, { a: { type: "y" } }],
  ["finalizers are added up", { finalizers: ["a", "b"] }, { finalizers: ["c", "b"] }, { finalizers: ["c", "a", "b"] }],
  [
    "and taken out",
    { finalizers: ["a", "b"] },
    { "$deleteFromPrimitiveList/finalizers": ["a"] },
    { finalizers: ["b"] },
  ],
  ["nothing of directives stays in what is new", {}, { a: { b: { $patch: "replace", c: 1 } } }, { a: { b: { c: 1 } } }],
  [
    "nulls within an item remove",
    { containers: [{ name: "a", image: "a" }] },
    { containers: [{ name: "a", image: null }] },
    { containers: [{ name: "a" }] },
  ],
  [
    "$patch: delete takes one out",
    two,
    { containers: [{ name: "a", $patch: "delete" }] },
    { containers: [{ name: "b" }] },
  ],
  ["lists without a key are replaced", { args: [1, 2] }, { args: [3] }, { args: [3] }],
  [
    "a place changes the item there",
    two,
    { containers: { "[0]": { image: "a:2", env: null } } },
    {
      containers: [{ name: "a", image: "a:2" }, { name: "b" }],
    },
  ],
  ["null at a place takes the item out", { args: [1, 2, 3] }, { args: { "[1]": null } }, { args: [1, 3] }],
  ["a place of no list makes one", {}, { tolerations: { "[0]": { key: "x" } } }, { tolerations: [{ key: "x" }] }],
])("%s", (_, live, patch, expected) => {
  const before = JSON.stringify([live, patch]);
  expect(strategicMerge(live, patch)).toEqual(expected);
  expect(JSON.stringify([live, patch])).toBe(before);
});

test.each([
  [{ spec: { $patch: "swap" } }, 'unknown patch type found: "swap"'],
  [{ spec: { $retainKeys: "type" } }, "$retainKeys: expected a list"],
  [{ "$setElementOrder/containers": {} }, "$setElementOrder/containers: expected a list"],
  [{ containers: [{ name: "a", $patch: "merge" }] }, "merging lists cannot yet be specified in the patch"],
  [{ containers: [{ name: "a", env: [{ $patch: "x" }] }] }, 'unknown patch type found: "x"'],
  [{ containers: [{ name: "a", $patch: "delete" }], spec: { $patch: "merge" } }, undefined],
])("%j: %s", (patch, problem) => expect(patchProblem(patch)).toBe(problem));
