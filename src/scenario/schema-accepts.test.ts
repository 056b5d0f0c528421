import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { scenarioSchema } from "./load.ts";
import { accepts } from "./schema-accepts.ts";

const schema = scenarioSchema();
const validate = new Ajv2020({ allErrors: true, strict: false }).compile(schema);
const SCENARIOS = join(import.meta.dirname, "..", "..", "scenarios");
const files = readdirSync(SCENARIOS, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".yaml"));
const documents = files
  .flatMap((name) => parseAllDocuments(readFileSync(join(SCENARIOS, name), "utf8")).map((one): unknown => one.toJS()))
  .filter((value) => (value as { kind?: unknown } | null)?.kind === "Scenario");

describe("the scenario's schema", () => {
  test("every scenario of the project is accepted, so that no start waits for the compiled validator", () => {
    expect(documents.length).toBeGreaterThan(5);
    for (const document of documents) expect(accepts(document, schema, schema)).toBe(true);
  });

  test("agrees with the compiled validator on documents that are damaged somewhere", () => {
    const junk = fc.oneof(
      fc.constantFrom<unknown>(null, true, "", "80 %", "10s", -1, 0, 1.5, 1e9, [], {}, ["a"], { a: 1 }),
      fc.string({ maxLength: 5 }),
    );
    fc.assert(
      fc.property(fc.constantFrom(...documents), fc.nat(), junk, fc.boolean(), (document, at, value, isRenamed) => {
        const damaged = damage(structuredClone(document), at, value, isRenamed);
        expect(accepts(damaged, schema, schema)).toBe(validate(damaged));
      }),
      { numRuns: 1500 },
    );
  });
});

describe("a word of a schema", () => {
  test.each([
    [{ multipleOf: 2 }, 4, false],
    [{ type: "number" }, Number.NaN, false],
    [{ enum: [{ a: 1 }] }, { a: 1 }, false],
    [{ maxLength: 1 }, "😀", true],
    [{ type: ["string", "null"] }, null, true],
    [{ additionalProperties: { type: "string" } }, { a: 1 }, false],
    [{ $ref: "#/$defs/missing" }, 1, false],
  ] as const)("%j, given %j: %s", (given, value, expected) => {
    expect(accepts(value, given, given)).toBe(expected);
  });
});

/** Puts a value, or one more key, at one of all places of a document. */
function damage(document: unknown, at: number, value: unknown, isRenamed: boolean): unknown {
  const places: [Record<string, unknown>, string][] = [];
  const visit = (inner: unknown): void => {
    if (typeof inner !== "object" || inner === null) return;
    for (const key of Object.keys(inner)) {
      places.push([inner as Record<string, unknown>, key]);
      visit((inner as Record<string, unknown>)[key]);
    }
  };
  visit(document);
  const place = places[at % places.length];
  if (place === undefined) return value;
  const [holder, key] = place;
  if (isRenamed && !Array.isArray(holder)) holder[`${key}X`] = value;
  else holder[key] = value;
  return document;
}
