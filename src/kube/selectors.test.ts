import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { matchesFields, parseFieldSelector } from "./field-selectors.ts";
import { parseSelector } from "./selector-parser.ts";
import {
  compileMapSelector,
  compileRequirements,
  compileSelector,
  formatRequirements,
  formatSelector,
} from "./selectors.ts";
import type { LabelSelector, StringMap } from "./types.ts";

const VALUE_TEXT =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

describe("parse errors", () => {
  const check = (input: string, error: string) =>
    test(input, () => expect(parseSelector(input)).toEqual({ ok: false, error }));
  const wrapped = "unable to parse requirement: ";
  check("name not in (php-frontend)", `${wrapped}found 'not', expected: in, notin, =, ==, !=, gt, lt`);
  check("a in b", `${wrapped}found 'b' expected: '('`);
  check("a in (b", `${wrapped}found '', expected: ',' or ')'`);
  check("a=b c", "found 'c', expected: ',' or 'end of string'");
  check("a=b,", "found '', expected: identifier after ','");
  check("a==b,,c", "found ',', expected: identifier after ','");
  check("=b", "found '=', expected: !, identifier, or 'end of string'");
  check("x>y", `${wrapped}values[0]: Invalid value: "y": for 'Gt', 'Lt' operators, the value must be an integer`);
  check("a=-x", `${wrapped}values[0][a]: Invalid value: "-x": ${VALUE_TEXT}`);
});

describe("print of what was parsed", () => {
  const check = (input: string, expected: string) =>
    test(input, () => {
      const parsed = parseSelector(input);
      expect(parsed.ok && formatRequirements(parsed.value)).toBe(expected);
    });
  check("", "");
  check("name in (redis-slave, redis-master)", "name in (redis-master,redis-slave)");
  check("b , !a", "!a,b");
  check("a=", "a=");
  check("a in ()", "a in ()");
  check("a in (x,,y)", "a in (,x,y)");
  check("in in (in)", "in in (in)");
  check("x>5,y<3", "x>5,y<3");
  check("a==b,c!=d,e notin(f)", "a==b,c!=d,e notin (f)");
});

describe("matching", () => {
  const check = (input: string, labels: StringMap, expected: boolean) =>
    test(`${input} on ${JSON.stringify(labels)}`, () => {
      const parsed = parseSelector(input);
      expect(parsed.ok && compileRequirements(parsed.value).matches(labels)).toBe(expected);
    });
  check("", { a: "b" }, true);
  check("a=b", { a: "b" }, true);
  check("a=b", {}, false);
  check("a!=b", {}, true);
  check("a notin (b)", {}, true);
  check("a in (b,c)", { a: "c" }, true);
  check("a", { a: "" }, true);
  check("!a", { a: "" }, false);
  check("n>5", { n: "6" }, true);
  check("n>5", { n: "six" }, false);
  check("n<5", {}, false);
  check("a in ()", { a: "" }, true);
  check("constructor", {}, false);
});

describe("object selectors", () => {
  const check = (selector: LabelSelector | undefined, labels: StringMap, expected: boolean, text: string) =>
    test(`${JSON.stringify(selector)}`, () => {
      expect(compileSelector(selector).matches(labels)).toBe(expected);
      expect(formatSelector(selector)).toBe(text);
    });
  check(undefined, {}, false, "<none>");
  check({}, {}, true, "<none>");
  check({ matchLabels: { b: "2", a: "1" } }, { a: "1", b: "2", c: "3" }, true, "a=1,b=2");
  check({ matchExpressions: [{ key: "a", operator: "In", values: ["y", "x"] }] }, { a: "x" }, true, "a in (x,y)");
  check({ matchExpressions: [{ key: "a", operator: "DoesNotExist" }] }, { a: "x" }, false, "!a");
  check({ matchLabels: { a: "1" }, matchExpressions: [{ key: "b", operator: "Exists" }] }, { a: "1" }, false, "a=1,b");
});

test("map selectors match nothing when empty", () => {
  expect(compileMapSelector({}).matches({ a: "b" })).toBe(false);
  expect(compileMapSelector(undefined).selectsNothing).toBe(true);
  expect(compileMapSelector({ a: "b" }).matches({ a: "b", c: "d" })).toBe(true);
});

describe("field selectors", () => {
  const pod = { metadata: { name: "web", namespace: "shop" }, spec: { nodeName: "n1" }, status: { phase: "Running" } };
  const check = (input: string, expected: boolean | string, kind = "Pod") =>
    test(input, () => {
      const parsed = parseFieldSelector(input, kind);
      expect(parsed.ok ? matchesFields(parsed.value, pod) : parsed.error).toBe(expected);
    });
  check("", true);
  check("metadata.name=web,spec.nodeName==n1", true);
  check("status.phase!=Running", false);
  check("spec.hostNetwork=false", true);
  check("a in (b)", "invalid selector: 'a in (b)'; can't understand 'a in (b)'");
  check("spec.foo=x", "field label not supported: spec.foo");
  check("spec.nodeName=n1", "field label not supported: spec.nodeName", "ConfigMap");
});

const key = fc.constantFrom("app", "tier", "example.com/zone", "in");
const value = fc.constantFrom("", "web", "db", "notin", "a.b_c-d", "7");
const labels = fc.dictionary(key, value);
const requirement = fc.oneof(
  key,
  key.map((k) => `!${k}`),
  fc.tuple(key, fc.constantFrom("=", "==", "!="), value).map((parts) => parts.join("")),
  fc
    .tuple(key, fc.constantFrom("in", "notin"), fc.array(value, { minLength: 1, maxLength: 3 }))
    .map(([k, operator, values]) => `${k} ${operator} (${values.join(",")})`),
);

test("print and parse round trip, with the same matches", () => {
  fc.assert(
    fc.property(fc.array(requirement, { maxLength: 4 }), labels, (terms, given) => {
      const parsed = parseSelector(terms.join(","));
      if (!parsed.ok) throw new Error(parsed.error);
      const printed = formatRequirements(parsed.value);
      const again = parseSelector(printed);
      if (!again.ok) throw new Error(again.error);
      expect(formatRequirements(again.value)).toBe(printed);
      expect(compileRequirements(again.value).matches(given)).toBe(compileRequirements(parsed.value).matches(given));
    }),
  );
});
