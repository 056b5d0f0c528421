import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { experimentReference } from "../scenario/index.ts";
import { experimentSchema, readExperiment } from "./definition.ts";

const root = mkdtempSync(join(tmpdir(), "orrery-definition-"));
afterAll(() => rmSync(root, { recursive: true }));

function read(spec: string): ReturnType<typeof readExperiment> {
  const file = join(root, "e.yaml");
  writeFileSync(
    file,
    `apiVersion: kube-orrery/v1alpha1\nkind: Experiment\nmetadata: { name: e }\nspec:\n  base: s.yaml\n${spec}`,
  );
  return readExperiment(file);
}

describe("readExperiment", () => {
  test("every option meets every other, the last axis turning fastest", () => {
    const { experiment } = read(`  seeds: 3..4
  axes:
    Deployment/web:spec.replicas: [2, 4]
    b.count: { from: 0.1, to: 0.3, step: 0.1 }
    policy:
      options:
        - { name: plain }
        - { name: packed, set: { scheduler: s.yaml }, overlays: [p.yaml] }
`);
    expect(experiment?.seeds).toEqual([3, 4]);
    expect(experiment?.variations.map(({ name }) => name)).toEqual([
      "replicas=2,count=0.1,policy=plain",
      "replicas=2,count=0.1,policy=packed",
      "replicas=2,count=0.2,policy=plain",
      "replicas=2,count=0.2,policy=packed",
      "replicas=2,count=0.3,policy=plain",
      "replicas=2,count=0.3,policy=packed",
      "replicas=4,count=0.1,policy=plain",
      "replicas=4,count=0.1,policy=packed",
      "replicas=4,count=0.2,policy=plain",
      "replicas=4,count=0.2,policy=packed",
      "replicas=4,count=0.3,policy=plain",
      "replicas=4,count=0.3,policy=packed",
    ]);
    expect(experiment?.variations[1]).toMatchObject({
      settings: ["Deployment/web:spec.replicas=2", "b.count=0.1", 'scheduler="s.yaml"'],
      overlays: [join(root, "p.yaml")],
      values: { replicas: "2", count: "0.1", policy: "packed" },
    });
    expect(experiment?.baseline).toBe("replicas=2,count=0.1,policy=plain");
  });

  test.each([
    ["  axes: {}\n", /nothing is varied/],
    ["  axes: { a: [1, 1] }\n", /the same value twice/],
    ["  axes: { a: { from: 3, to: 1 } }\n", /to is below from/],
    ["  axes: { a: { from: 3 } }\n", /expected a list of values, or from and to, or options/],
    ["  axes: { a: 7 }\n", /expected a list of values, or a map with from and to, or with options/],
    ["  axes: { a: [1] }\n  seeds: 5..1\n", /expected seeds such as 1\.\.20/],
    ["  axes: { a: [1] }\n  report: { baseline: a=2 }\n", /there is no variant "a=2" — there are a=1/],
    ["  axes: { a: [1] }\n  sedes: 3\n", /unknown field "sedes" at the top|unknown field "sedes" in/],
    ["  tune: { parameters: { a: { min: 3, max: 1 } }, objective: { minimize: cost sum } }\n", /max is below min/],
    ["  tune: { parameters: { a: { min: 1, max: 3 } }, objective: {} }\n", /minimize or maximize with a measure/],
    ["  axes: { a: [1] }\n  tune: { parameters: { a: { min: 1, max: 3 } }, objective: { minimize: x } }\n", /not both/],
  ])("refuses %j", (spec, message) => {
    const { experiment, problems } = read(spec);
    expect(experiment).toBeNull();
    expect(problems.map((problem) => problem.message).join("\n")).toMatch(message);
    expect(problems[0]?.file).toBe("e.yaml");
  });

  test("names that end alike are told apart, and those that no file system takes are numbered", () => {
    const { experiment } = read(
      `  axes:\n    Deployment/a:spec.replicas: [1]\n    Deployment/b:spec.replicas: [2]\n    c: [${"x".repeat(200)}]\n`,
    );
    expect(experiment?.variations[0]?.name).toMatch(
      /^Deployment\/a:spec\.replicas=1,Deployment\/b:spec\.replicas=2,c=xxx/,
    );
    expect(experiment?.variations[0]?.folder).toBe("variant-1");
  });
});

test("docs/experiment.md is what npm run docs writes, and the examples can be read", () => {
  const at = (path: string): string => join(import.meta.dirname, "..", "..", path);
  expect(readFileSync(at("docs/experiment.md"), "utf8")).toBe(experimentReference(experimentSchema()));
  for (const name of readdirSync(at("examples/experiments"))) {
    const path = at(`examples/experiments/${name}`);
    if (readFileSync(path, "utf8").includes("kind: Experiment")) expect(readExperiment(path).problems).toEqual([]);
  }
});
