import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { type LoadedScenario, loadScenario } from "./load.ts";

const folder = mkdtempSync(join(tmpdir(), "orrery-repeat-"));
afterAll(() => rmSync(folder, { recursive: true }));

const WEB = `apiVersion: apps/v1
kind: Deployment
metadata: { name: "web-\${i}" }
spec:
  replicas: "\${replicas}"
  selector: { matchLabels: { app: "web-\${i}" } }
  template:
    metadata: { labels: { app: "web-\${i}", tier: "\${tier}" } }
    spec: { containers: [{ name: web, image: web:1, args: ["\${HOME}", "$\${i}"] }] }
---
apiVersion: v1
kind: Service
metadata: { name: "web-\${i}" }
spec: { selector: { app: "web-\${i}" }, ports: [{ port: 80 }] }
`;

async function load(
  repeat: string,
  files: Readonly<Record<string, string>> = { "web.yaml": WEB },
): Promise<LoadedScenario> {
  const lines = repeat.trim().split("\n");
  const text = `apiVersion: kube-orrery/v1alpha1
kind: Scenario
metadata: { name: many }
spec:
  cluster: { nodePools: [{ name: general }] }
  repeat:
${lines.map((line) => `    ${line}`).join("\n")}
`;
  for (const [name, content] of Object.entries({ ...files, "many.yaml": text }))
    writeFileSync(join(folder, name), content);
  return loadScenario(join(folder, "many.yaml"), { version: "0" });
}

const GOOD = `
- count: 3
  digits: 2
  values: { replicas: { from: 5, step: -2 }, tier: [gold, iron], at: { from: 30, step: 0.5 } }
  manifests: [web.yaml]
  loads:
    - { name: "users-\${i}", service: "web-\${i}", demand: { rps: "\${replicas}" }, perRequest: { cpu: 10ms } }
  actions:
    - { at: "\${at}s", rolloutRestart: "deployment/web-\${i}" }
`;

describe("spec.repeat", () => {
  it("makes entries and objects so many times, with the values of each copy", async () => {
    const { plan, problems } = await load(GOOD);
    expect(problems).toEqual([]);
    const deployments = (plan?.objects ?? []).filter(({ object }) => object.kind === "Deployment");
    expect(deployments.map(({ object }) => (object as { spec?: { replicas?: number } }).spec?.replicas)).toEqual([
      5, 3, 1,
    ]);
    expect(JSON.stringify(deployments[2]?.object)).toContain('"labels":{"app":"web-02","tier":"gold"}');
    expect(JSON.stringify(deployments[1]?.object)).toContain(JSON.stringify([`\${HOME}`, `\${i}`]));
    expect(plan?.loads.map(({ name }) => name)).toEqual(["users-00", "users-01", "users-02"]);
    expect(plan?.loads.map((one) => one.kind === "service" && one.requestsPerSecond.curve)).toEqual([
      { kind: "constant", value: 5 },
      { kind: "constant", value: 3 },
      { kind: "constant", value: 1 },
    ]);
    expect(plan?.actions.map(({ atMicros, text }) => `${atMicros} ${text}`)).toEqual([
      "30000000 kubectl rollout restart deployment/web-00",
      "30500000 kubectl rollout restart deployment/web-01",
      "31000000 kubectl rollout restart deployment/web-02",
    ]);
  });

  it("is written down once, and gives the same plan again", async () => {
    const first = await load(GOOD);
    expect(first.resolved).toContain("inputs/web.yaml");
    expect(first.resolved.split("rolloutRestart").length).toBe(2);
    writeFileSync(join(folder, "scenario.resolved.yaml"), first.resolved.replaceAll("inputs/web.yaml", "web.yaml"));
    const again = await loadScenario(join(folder, "scenario.resolved.yaml"), { version: "0" });
    expect(again.plan?.objects.map(({ object }) => object)).toEqual(first.plan?.objects.map(({ object }) => object));
    expect(again.plan?.actions.length).toBe(3);
  });

  it.each<[string, string, readonly string[]]>([
    [
      "what all copies get wrong is said once, where it was written",
      `- count: 4\n  manifests: [web.yaml]\n  values: { replicas: [1], tier: [x] }\n  loads: [{ service: "wob-\${i}", demand: { rps: 1 }, perRequest: { cpu: 1ms } }]`,
      ['10:26 E0402 there is no Service "default/wob-0" — did you mean "default/web-0"? (and 3 more of the copies)'],
    ],
    [
      "copies that do not differ",
      "- { count: 2, objects: [{ apiVersion: v1, kind: Service, metadata: { name: web }, spec: { ports: [{ port: 80 }] } }] }",
      ["7:29 E0406 Service/default/web is there twice, first at many.yaml:7"],
    ],
    ["no values", "- { count: 1, values: { tier: [] } }", ['7:35 E0116 there are no values of "tier"']],
    [
      "names",
      "- { count: 1, values: { i: [1], A-b: [2] } }",
      [
        '7:29 E0116 "i" is the name of the counter',
        '7:37 E0116 "A-b" is no name: letters and digits, a small letter first',
      ],
    ],
    [
      "too many",
      "- { count: 100000, loads: [{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}] }",
      ["7:16 E0116 repeat[0] makes more than 1000000 entries"],
    ],
    ["unknown field", "- { count: 1, tmes: 2 }", ['7:19 E0107 unknown field "tmes" in repeat[0]']],
    ["no count", "- { as: n }", ['7:7 E0111 "count" is missing in repeat[0]']],
  ])("%s", async (_name, repeat, expected) => {
    const { problems } = await load(repeat);
    expect(problems.map(({ line, column, code, message }) => `${line}:${column} ${code} ${message}`)).toEqual(expected);
  });
});
