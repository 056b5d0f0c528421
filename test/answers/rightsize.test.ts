import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import {
  observeRun,
  patchedPlan,
  patchesOf,
  patchText,
  rightsize,
  rightsizeLines,
  type SizingPolicy,
} from "../../src/answers/index.ts";
import { main } from "../../src/cli/main.ts";
import { loadScenario } from "../../src/scenario/index.ts";
import { World } from "../../src/world/index.ts";
import type { Plan } from "../../src/world/plan.ts";

const POLICY: SizingPolicy = {
  cpuQuantile: 0.95,
  memoryQuantile: 1,
  headroom: 0.15,
  leastCpuMilli: 25,
  leastMemoryBytes: 32 * 1024 * 1024,
  limits: "keep",
  sizesHpa: false,
};
const SHOP = "examples/rightsize/shop.yaml";
const folder = mkdtempSync(join(tmpdir(), "orrery-rightsize-"));
afterAll(() => rmSync(folder, { recursive: true }));

async function planOf(file: string, overlays: readonly string[] = []): Promise<Plan> {
  const { plan, problems } = await loadScenario(file, { version: "0", overlays });
  if (plan === null) throw new Error(JSON.stringify(problems));
  return plan;
}

function ask(plan: Plan, policy: Partial<SizingPolicy> = {}, seeds: readonly number[] = [1, 2]) {
  const play = async (one: Plan) => observeRun(one);
  return rightsize({ plan, seeds, policy: { ...POLICY, ...policy }, countsNodes: true, play });
}

/** A scenario of one Deployment `web` with a container's resources and a load, and more. */
function scenario(name: string, resources: string, load: string, more = ""): Promise<Plan> {
  const file = join(folder, `${name}.yaml`);
  writeFileSync(
    file,
    `apiVersion: kube-orrery/v1alpha1
kind: Scenario
metadata: { name: ${name} }
spec:
  duration: 30m
  objects:
    - apiVersion: apps/v1
      kind: Deployment
      metadata: { name: web }
      spec:
        replicas: 2
        selector: { matchLabels: { app: web } }
        template:
          metadata: { labels: { app: web } }
          spec: { containers: [${resources}] }
${more}
  loads:
    - { name: work, selector: { matchLabels: { app: web } }, ${load} }
`,
  );
  return planOf(file);
}

const container = (name: string, resources: string) => `{ name: ${name}, image: "a:1", resources: ${resources} }`;

describe("what is proposed", () => {
  test("the quantile and headroom of what is used, and fewer nodes", async () => {
    const { proposals, nodes, harm, measures } = await ask(await planOf(SHOP));
    // A container that idles uses 1m. 201m and 400Mi with 15 %; the cache: 51m and 800Mi. Rounded up.
    expect(proposals.map(({ workload, requests, limits }) => ({ workload, requests, limits }))).toEqual([
      { workload: "Deployment/default/api", requests: { cpu: "232m", memory: "460Mi" }, limits: {} },
      { workload: "Deployment/default/cache", requests: { cpu: "59m", memory: "920Mi" }, limits: {} },
    ]);
    // Eight cores and 200m need three nodes of four; 1974m and 5520Mi one.
    expect([nodes?.before?.nodes, nodes?.after?.nodes]).toEqual([3, 1]);
    expect(nodes?.after?.costPerHour).toBeCloseTo(0.2);
    expect(harm).toEqual([]);
    const requested = measures.find(({ measure }) => measure === "requested_cpu mean");
    expect(requested?.base.mean).toBeCloseTo(8.2);
    expect(requested?.other.mean).toBeCloseTo(8 * 0.232 + 2 * 0.059);
    expect(requested?.verdict).toBe("different");
  });

  test("several containers share what the pod uses as they share what it asks for", async () => {
    const both = [
      container("app", "{ requests: { cpu: 300m, memory: 100Mi } }"),
      container("proxy", "{ requests: { cpu: 100m, memory: 100Mi } }"),
    ].join(", ");
    const { proposals } = await ask(await scenario("two", both, "cpu: 200m, memory: 200Mi"), { headroom: 0 });
    expect(proposals.map(({ container: name, requests }) => [name, requests])).toEqual([
      ["app", { cpu: "151m" }],
      ["proxy", { cpu: "51m" }],
    ]);
  });

  test("what was killed for memory gets more, limit and all, and is killed no more", async () => {
    const small = container("app", "{ requests: { cpu: 100m, memory: 64Mi }, limits: { memory: 64Mi } }");
    const plan = await scenario("killed", small, "cpu: 50m, memory: { ramp: { from: 10Mi, to: 100Mi, over: 5m } }");
    const { proposals, measures, harm } = await ask(plan);
    // 64Mi and 100Mi on top, with 15 %.
    expect(proposals[0]).toMatchObject({ requests: { memory: "189Mi" }, limits: { memory: "189Mi" } });
    const kills = measures.find(({ measure }) => measure.startsWith("container_oom_kills"));
    expect(kills?.base.mean).toBeGreaterThan(0);
    expect(kills?.other.mean).toBe(0);
    expect(harm).toEqual([]);
  });

  test("too little is simulated and said to do harm", async () => {
    const roomy = container("app", "{ requests: { memory: 300Mi }, limits: { memory: 300Mi } }");
    const plan = await scenario("harm", roomy, "cpu: 50m, memory: { ramp: { from: 50Mi, to: 200Mi, over: 25m } }");
    const answer = await ask(plan, { memoryQuantile: 0.5, headroom: 0, limits: "proportional" });
    expect(answer.harm).toContain("container_oom_kills sum");
    const printing = { plan, seeds: [1, 2], policy: POLICY, paint: (_: string, text: string) => text };
    expect(rightsizeLines(answer, printing).at(-1)).toMatch(/^Not to be done as it is: container_oom_kills sum/);
  });

  test("what an autoscaler goes by is left alone unless it is asked for", async () => {
    const hpa = `    - apiVersion: autoscaling/v2
      kind: HorizontalPodAutoscaler
      metadata: { name: web }
      spec:
        scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: web }
        maxReplicas: 4
        metrics: [{ type: Resource, resource: { name: cpu, target: { type: Utilization, averageUtilization: 60 } } }]
`;
    const big = container("app", "{ requests: { cpu: 500m, memory: 500Mi } }");
    const plan = await scenario("hpa", big, "cpu: 100m, memory: 100Mi", hpa);
    const left = await ask(plan);
    expect(left.proposals[0]?.requests).toEqual({ memory: "115Mi" });
    expect(left.notes[0]).toMatchObject({ workloads: ["Deployment/default/web"] });
    const sized = await ask(plan, { sizesHpa: true });
    expect(sized.proposals[0]?.requests).toEqual({ cpu: "117m", memory: "115Mi" });
  });

  test("a pod that would leave its class of service is named", async () => {
    const guaranteed = "{ requests: { cpu: 500m, memory: 500Mi }, limits: { cpu: 500m, memory: 500Mi } }";
    const plan = await scenario("qos", container("app", guaranteed), "cpu: 100m, memory: 100Mi");
    expect((await ask(plan)).notes.map(({ text }) => text)).toEqual(["pods are Burstable then, and Guaranteed now"]);
    expect((await ask(plan, { limits: "proportional" })).notes).toEqual([]);
  });
});

test("looking changes nothing", async () => {
  const plan = await planOf(SHOP);
  const world = World.from(plan);
  world.run();
  expect(observeRun(plan).digest).toBe(world.finish().digest);
});

test("the file is what was simulated", async () => {
  const plan = await planOf(SHOP);
  const { proposals } = await ask(plan, {}, [1]);
  const patches = patchesOf(plan, proposals);
  const file = join(folder, "patch.yaml");
  writeFileSync(file, patchText(patches, "requests"));
  const read = await planOf(SHOP, [file]);
  expect(read.objects.map(({ object }) => object)).toEqual(
    patchedPlan(plan, patches).objects.map(({ object }) => object),
  );
});

describe("the command", () => {
  let out = "";
  let err = "";
  const terminal = {
    out: (text: string): void => {
      out += text;
    },
    err: (text: string): void => {
      err += text;
    },
    ...{ outHasColour: false, errHasColour: false, hasProgress: false },
  };
  const run = async (...words: string[]): Promise<number> => {
    [out, err] = ["", ""];
    return main(words, terminal);
  };

  test("writes the patches and says how to use them", async () => {
    const file = join(folder, "written.yaml");
    expect(await run("rightsize", SHOP, "--seeds", "1..2", "-j", "1", "-q", "--write", file)).toBe(0);
    expect(err).toBe(`Wrote ${file}: orrery run ${SHOP} --overlay ${file}\n`);
    expect(out).toContain("Fewest nodes for the busiest instant: 3 general (0.60 USD/h) → 1 general (0.20 USD/h).");
  });

  test("a finished run will do", async () => {
    expect(await run("run", SHOP, "--seed", "9", "--out", folder, "--quiet")).toBe(0);
    const words = ["rightsize", join(folder, "shop", "seed=9"), "-j", "1", "-q", "-o", "json", "--no-count-nodes"];
    expect(await run(...words)).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ schema: "kube-orrery/rightsize.v1", seeds: [9], nodes: null, exit: 0 });
  });

  test.each([
    [["--quantile", "1.5"], "--quantile: expected a share above 0 and up to 1, such as 0.95; got 1.5"],
    [["--headroom", "some"], '--headroom: expected a share such as 0.95 or 15%; got "some"'],
    [["--min-memory", "lots"], '--min-memory: expected a quantity such as 25m or 32Mi; got "lots"'],
  ])("refuses %j", async (words, message) => {
    expect(await run("rightsize", SHOP, ...words)).toBe(2);
    expect(err).toContain(message);
  });
});
