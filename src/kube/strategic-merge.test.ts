import { expect, test } from "vitest";
import { strategicMerge } from "./index.ts";

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
  ["new items come last", two, { containers: [{ name: "c" }] }, { containers: [...two.containers, { name: "c" }] }],
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
