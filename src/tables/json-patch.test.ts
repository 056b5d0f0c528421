import { expect, test } from "vitest";
import { type JsonPatchOperation, jsonPatch, sameData } from "./index.ts";

/** Examples of RFC 6902, appendix A, and what may not be. */

const cases: readonly (readonly [string, unknown, readonly JsonPatchOperation[], unknown])[] = [
  ["adds a member", { a: 1 }, [{ op: "add", path: "/b", value: 2 }], { a: 1, b: 2 }],
  ["adds before an element", { l: [1, 3] }, [{ op: "add", path: "/l/1", value: 2 }], { l: [1, 2, 3] }],
  ["adds at the end", { l: [1] }, [{ op: "add", path: "/l/-", value: [2] }], { l: [1, [2]] }],
  ["removes", { a: { b: 1, c: 2 } }, [{ op: "remove", path: "/a/b" }], { a: { c: 2 } }],
  ["removes an element", { l: [1, 2, 3] }, [{ op: "remove", path: "/l/1" }], { l: [1, 3] }],
  ["replaces", { l: [{ a: 1 }] }, [{ op: "replace", path: "/l/0/a", value: 2 }], { l: [{ a: 2 }] }],
  ["replaces all", { a: 1 }, [{ op: "replace", path: "", value: 7 }], 7],
  ["moves", { a: { b: 1 } }, [{ op: "move", from: "/a/b", path: "/c" }], { a: {}, c: 1 }],
  ["moves within a list", { l: [1, 2, 3] }, [{ op: "move", from: "/l/0", path: "/l/2" }], { l: [2, 3, 1] }],
  ["copies", { a: [1] }, [{ op: "copy", from: "/a", path: "/b" }], { a: [1], b: [1] }],
  ["tests", { a: { b: [1] } }, [{ op: "test", path: "/a", value: { b: [1] } }], { a: { b: [1] } }],
  [
    "unescapes",
    { "a/b": 1, "m~n": 2 },
    [
      { op: "remove", path: "/a~1b" },
      { op: "remove", path: "/m~0n" },
    ],
    {},
  ],
  ["takes null for a value", { a: 1 }, [{ op: "add", path: "/b", value: null }], { a: 1, b: null }],
];

test.each(cases)("%s", (_, document, operations, expected) => {
  const before = JSON.stringify(document);
  expect(jsonPatch(document, operations, sameData)).toEqual({ value: expected });
  expect(JSON.stringify(document)).toBe(before);
});

const missing = (how: string, path: string): string =>
  `${how} operation does not apply: doc is missing path: "${path}": missing value`;

const refused: readonly (readonly [string, unknown, readonly JsonPatchOperation[], string])[] = [
  ["a member that is not there", {}, [{ op: "replace", path: "/a", value: 1 }], missing("replace", "/a")],
  ["below a member that is not there", {}, [{ op: "add", path: "/a/b", value: 1 }], missing("add", "/a/b")],
  ["beyond the list", { l: [1] }, [{ op: "add", path: "/l/2", value: 1 }], missing("add", "/l/2")],
  ["an index that is none", { l: [1] }, [{ op: "remove", path: "/l/01" }], missing("remove", "/l/01")],
  ["the end of a list", { l: [1] }, [{ op: "remove", path: "/l/-" }], missing("remove", "/l/-")],
  ["below a number", { a: 1 }, [{ op: "add", path: "/a/b", value: 1 }], missing("add", "/a/b")],
  ["other data", { a: 1 }, [{ op: "test", path: "/a", value: "1" }], "testing value /a failed: test failed"],
  [
    "a source that is not there",
    {},
    [{ op: "move", from: "/a", path: "/b" }],
    "move operation does not apply: doc is missing from path: /a: missing value",
  ],
];

test.each(refused)("refuses %s", (_, document, operations, error) => {
  const after = [{ op: "add", path: "/z", value: 1 }, ...operations] as const;
  expect(jsonPatch(document, after, sameData)).toEqual({ error });
});
