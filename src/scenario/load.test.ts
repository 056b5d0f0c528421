import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { CODES, explainCode } from "./codes.ts";
import { type LoadedScenario, type LoadOptions, loadScenario, scenarioSchema } from "./load.ts";
import { scenarioReference } from "./reference.ts";

const folder = mkdtempSync(join(tmpdir(), "orrery-scenario-"));
afterAll(() => rmSync(folder, { recursive: true }));

let count = 0;
type Files = Readonly<Record<string, string>>;

/** Writes files into a folder of their own and loads the first. */
function load(files: Files, options: Partial<LoadOptions> = {}): Promise<LoadedScenario> {
  const own = join(folder, String(count++));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(own, name)), { recursive: true });
    writeFileSync(join(own, name), text);
  }
  return loadScenario(join(own, Object.keys(files)[0] ?? ""), { version: "0", ...options });
}

const WEB = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web, namespace: shop }
spec:
  replicas: 2
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: web, image: nginx:1, resources: { requests: { cpu: 100m }, limits: { cpu: 200m } } }] }
---
apiVersion: v1
kind: Service
metadata: { name: web, namespace: shop }
spec: { selector: { app: web }, ports: [{ port: 80 }] }
`;

function scenario(spec: string): string {
  return `apiVersion: kube-orrery/v1alpha1
kind: Scenario
metadata: { name: test }
spec:
  manifests: [web.yaml]
  cluster: { nodePools: [{ name: general, count: 2, zones: [a, b], labels: { tier: general } }] }
${spec
  .trim()
  .split("\n")
  .map((line) => `  ${line}`)
  .join("\n")}
`;
}

/** The problems of a scenario as `line:column code message`. */
async function check(spec: string, expected: readonly string[], files: Files = {}): Promise<void> {
  const loaded = await load({ "test.yaml": scenario(spec), "web.yaml": WEB, ...files });
  expect(loaded.problems.map(({ line, column, code, message }) => `${line}:${column} ${code} ${message}`)).toEqual(
    expected,
  );
  expect(loaded.plan === null).toBe(expected.some((line) => / E\d/.test(line)));
}

describe("problems of a scenario", () => {
  it.each<[string, string, readonly string[]]>([
    ["unknown field", "duraton: 5m", [`7:3 E0107 unknown field "duraton" in spec — did you mean "duration"?`]],
    [
      "wrong value",
      "duration: soon",
      [`7:13 E0110 duration: expected a duration such as 90s, 5m or 2h30m; got "soon"`],
    ],
    [
      "number without unit",
      "duration: 90",
      ["7:13 E0110 duration: expected a duration such as 90s, 5m or 2h30m; got 90"],
    ],
    [
      "too fine",
      "duration: 0.1us",
      [`7:13 E0110 duration "0.1us" is finer than a microsecond`, "7:13 E0405 duration must be greater than 0"],
    ],
    ["warm-up", "duration: 5m\nwarmup: 5m", ["8:11 E0405 warmup must be shorter than duration"]],
    ["missing field", "failures: [{ at: 1m }]", [`7:14 E0111 "kind" is missing in failures[0]`]],
    [
      "enum",
      "failures: [{ at: 1m, kind: crsh, node: general-01 }]",
      [
        `7:30 E0110 failures[0].kind: expected crash, partition, recover, containerExit, controlPlaneDown — did you mean "crash"?; got "crsh"`,
      ],
    ],
    ["no such file", "overlays: [gone.yaml]", [`7:14 E0001 cannot read "gone.yaml": no such file or folder`]],
    [
      "selector that matches nothing",
      "loads: [{ selector: { matchLabels: { app: wep } }, cpu: 5m }]",
      ["7:23 E0401 the selector app=wep matches no pods — the nearest labels are app=web"],
    ],
    [
      "no such service",
      "loads: [{ service: web, demand: { rps: 1 }, perRequest: { cpu: 1ms } }]",
      [`7:22 E0402 there is no Service "default/web" — did you mean "shop/web"?`],
    ],
    [
      "load without a bearer",
      "loads: [{ cpu: 5m }]",
      ["7:11 E0110 loads[0]: expected either service or selector; got neither"],
    ],
    [
      "two shapes",
      "loads: [{ selector: { matchLabels: { app: web } }, cpu: { constant: 5m, ramp: { from: 0, to: 1, over: 1m } } }]",
      [
        "7:59 E0110 loads[0].cpu: expected exactly one of constant, steps, points, ramp, sine, csv; got constant and ramp",
      ],
    ],
    [
      "points that go back",
      "loads: [{ selector: { matchLabels: { app: web } }, cpu: { points: [{ at: 2m, value: 1 }, { at: 1m, value: 2 }] } }]",
      ["7:98 E0405 loads[0].cpu.points[1].at must be later than the one before"],
    ],
    [
      "no such zone",
      "failures: [{ at: 1m, kind: crash, zone: c }]",
      [`7:43 E0401 there is no zone "c" — did you mean "a"?`],
    ],
    [
      "no such node",
      "failures: [{ at: 1m, kind: crash, node: general-1 }]",
      [`7:43 E0401 there is no node "general-1" — did you mean "general-01"?`],
    ],
    [
      "no such label",
      "failures: [{ at: 1m, kind: crash, nodes: { matchLabels: { tier: genral } } }]",
      ["7:44 E0401 tier=genral matches no nodes — the nearest labels are tier=general"],
    ],
    [
      "after the end",
      "failures: [{ at: 2h, kind: crash, zone: a }]",
      ["7:20 W0208 failures[0].at is after the end of the run"],
    ],
    [
      "again without an end",
      "failures: [{ every: 1h, kind: crash, zone: a }]",
      [`7:14 E0111 "for" is missing in failures[0]: a failure that comes again has to end`],
    ],
    [
      "twice the same name",
      "failures: [{ name: x, at: 1m, kind: crash, zone: a }, { name: x, at: 2m, kind: crash, zone: b }]",
      [`7:65 E0406 there are two failures "x"`],
    ],
    [
      "no target",
      "actions: [{ at: 1m, scale: deployment/web, replicas: 3 }]",
      [`7:30 E0403 there is no Deployment/default/web — did you mean "shop/web"?`],
    ],
    [
      "wrong kind",
      "actions: [{ at: 1m, rolloutPause: service/web, namespace: shop }]",
      ['7:37 E0403 rolloutPause works on Deployment, not on Service: services "web" pausing is not supported'],
    ],
    [
      "bad kubectl",
      "actions: [{ at: 1m, kubectl: scale deploy/web --replica=3 }]",
      [`7:32 E0409 unknown flag "--replica=3" for scale — did you mean "replicas"?`],
    ],
    [
      "unknown metric",
      "assertions: [pod_pending_secs max < 3s]",
      [`7:16 E0408 there is no metric "pod_pending_secs" — did you mean "pod_pending_seconds"?`],
    ],
    [
      "wrong threshold",
      "assertions: [cost sum < 3 EUR]",
      [`7:16 E0407 expected an amount such as 40 USD as threshold; got "3 EUR"`],
    ],
    [
      "label that matches nothing",
      `assertions: ['pod_pending_seconds{app="wep"} max < 3s']`,
      [`7:16 E0401 app="wep" matches nothing — the nearest labels are app=web`],
    ],
    [
      "grace below renewal",
      "timing: { nodeMonitorGrace: 5s }",
      ["7:31 E0405 nodeMonitorGrace must be longer than leaseRenew: every node would be Unknown"],
    ],
    [
      "patch of nothing",
      "overlays: [{ kind: Deployment, metadata: { name: wep } }]",
      [`7:14 E0412 the patch of Deployment/wep finds no such object — did you mean "Deployment/web"?`],
    ],
    [
      "twice the same object",
      "objects: [{ apiVersion: v1, kind: Service, metadata: { name: web, namespace: shop }, spec: { ports: [{ port: 80 }] } }]",
      ["7:13 E0406 Service/shop/web is there twice, first at web.yaml:12"],
    ],
  ])("%s", (_name, spec, expected) => check(spec, expected));

  it("says which column a CSV file lacks, and which row is wrong", async () => {
    const spec = (value: string): string =>
      `loads: [{ service: shop/web, demand: { rps: { csv: load.csv, value: ${value} } }, perRequest: { cpu: 1ms } }]`;
    const files = { "load.csv": "time,rps\n0,1\n60,2\n30,3\n" };
    await check(spec("rsp"), [`7:71 E0404 load.csv has no column "rsp" — did you mean "rps"?`], files);
    await check(spec("rps"), ["7:54 E0404 load.csv:4: the time is not later than the row before"], files);
  });

  it("reports YAML errors, double keys and alias bombs where they are", async () => {
    const codes = async (text: string): Promise<string[]> =>
      (await load({ "test.yaml": text })).problems.map(({ line, code }) => `${line} ${code}`);
    expect(await codes("kind: Scenario\n  spec: {")).toContain("2 E0002");
    expect(await codes("kind: Scenario\nkind: Scenario\n")).toEqual(["2 E0003"]);
    const bomb = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"];
    for (let i = 1; i < 9; i++)
      bomb.push(
        `a${i}: &a${i} [${Array(9)
          .fill(`*a${i - 1}`)
          .join(", ")}]`,
      );
    expect(await codes(bomb.join("\n"))).toEqual(["1 E0004"]);
    expect(await codes("")).toEqual(["0 E0005"]);
  });

  it("reports manifests and the scenario together, sorted by file and line", async () => {
    const bad = WEB.replace("replicas: 2", "replica: 2").replace("kind: Service", "kind: Servce");
    const loaded = await load({ "test.yaml": scenario("duraton: 5m"), "web.yaml": bad });
    expect(loaded.problems.map(({ file, line, code }) => `${file}:${line} ${code}`)).toEqual([
      "test.yaml:7 E0107",
      "web.yaml:6 E0104",
      "web.yaml:13 E0103",
    ]);
  });

  it("warns of autoscalers that cannot work", async () => {
    const hpa = (name: string, target: string, utilization: number): string => `
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: { name: ${name}, namespace: shop }
spec:
  scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: ${target} }
  maxReplicas: 5
  metrics: [{ type: Resource, resource: { name: cpu, target: { type: Utilization, averageUtilization: ${utilization} } } }]
`;
    const codes = async (text: string): Promise<string[]> =>
      (await load({ "test.yaml": scenario("seed: 1"), "web.yaml": text })).problems.map(({ code }) => code);
    expect(await codes(WEB + hpa("web", "web", 80))).toEqual([]);
    expect(await codes(WEB + hpa("web", "wep", 80))).toEqual(["W0206"]);
    expect(await codes(WEB + hpa("web", "web", 190))).toEqual(["W0207"]);
    expect(
      await codes(WEB.replace("requests: { cpu: 100m }, limits: { cpu: 200m }", "") + hpa("web", "web", 80)),
    ).toEqual(["W0203"]);
  });

  it("has an explanation for every code it reports", () => {
    const sources = [
      "actions",
      "assertions",
      "autoscalers",
      "build",
      "cluster",
      "csv",
      "curves",
      "documents",
      "failures",
      "field",
      "load",
      "loads",
      "manifests",
      "patch",
      "schema",
      "storage",
      "timing",
    ];
    const codes = new Set(
      sources.flatMap(
        (name) => readFileSync(new URL(`./${name}.ts`, import.meta.url), "utf8").match(/[EWN]0\d{3}/g) ?? [],
      ),
    );
    expect([...codes].filter((code) => !CODES.has(code))).toEqual([]);
    expect(explainCode("e0107")?.[0]).toBe("E0107  unknown field in a scenario");
    expect(explainCode("E9999")).toBeNull();
  });
});

describe("the misspelt manifests of the tutorials", () => {
  it.each<[string, string, string]>([
    ["apiSerdion", WEB.replace("apiVersion: apps/v1", "apiSerdion: apps/v1"), '"apiVersion"'],
    [
      "matadata",
      WEB.replace("metadata: { name: web, namespace: shop }", "matadata: { name: web, namespace: shop }"),
      '"metadata"',
    ],
    ["templete", WEB.replace("template:", "templete:"), '"template"'],
    ["replica", WEB.replace("replicas:", "replica:"), '"replicas"'],
    ["extension/v1beta1", WEB.replace("apps/v1", "extension/v1beta1"), '"extensions/v1beta1"'],
    [
      "maxReplica",
      "apiVersion: autoscaling/v1\nkind: HorizontalPodAutoscaler\nmetadata: { name: x }\nspec: { maxReplica: 3, scaleTargetRef: { kind: Deployment, name: web } }\n",
      '"maxReplicas"',
    ],
    [
      "spec one level too deep",
      "apiVersion: v1\nkind: Pod\nmetadata:\n  name: x\n  spec: { containers: [{ name: a, image: b }] }\n",
      "one level too deep",
    ],
  ])("%s is located and has a suggestion", async (_name, text, suggestion) => {
    const { plan, problems } = await load({ "web.yaml": text });
    const errors = problems.filter(({ code }) => code.startsWith("E"));
    expect(plan).toBeNull();
    expect(errors.some(({ message }) => message.includes(suggestion))).toBe(true);
    expect(errors.every(({ line, column }) => line > 0 && column > 0)).toBe(true);
  });
});

describe("loadScenario", () => {
  it("makes a plan of plain frozen data with every default", async () => {
    const { plan, problems } = await load({ "test.yaml": scenario("duration: 2h\nseed: seven"), "web.yaml": WEB });
    expect(problems).toEqual([]);
    expect(plan).toMatchObject({
      name: "test",
      seed: "seven",
      run: 0,
      durationMicros: 7_200_000_000,
      warmupMicros: 0,
      startEpochMicros: 1_767_225_600_000_000,
    });
    expect(plan?.timing).toMatchObject({
      nodeMonitorGraceMicros: 50_000_000,
      leaseRenewMicros: 10_000_000,
      nodeMonitorPassMicros: 1000,
      heartbeatJitter: 0.04,
    });
    expect(plan?.objects.map(({ object }) => `${object.kind}/${object.metadata.name}`)).toEqual([
      "Namespace/shop",
      "Deployment/web",
      "Service/web",
    ]);
    expect(plan?.nodes.map(({ name, zone }) => `${name} ${zone}`)).toEqual(["general-01 a", "general-02 b"]);
    expect(plan?.nodes[0]).toMatchObject({
      capacity: { cpu: "4", pods: "110" },
      allocatable: { cpu: "4", memory: "16284Mi", "ephemeral-storage": "96636764160" },
    });
    expect(plan?.nodes[0]?.labels).toMatchObject({
      "kubernetes.io/hostname": "general-01",
      "topology.kubernetes.io/zone": "a",
      tier: "general",
    });
    expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
    expect(Object.isFrozen(plan?.timing)).toBe(true);
  });

  it("reads loads, failures, actions and assertions", async () => {
    const spec = `
duration: 1h
loads:
  - { service: shop/web, demand: { rps: { csv: load.csv, time: ts, value: rps } }, perRequest: { cpu: 9ms, latency: 40ms }, noise: { spread: 5% } }
  - { name: leak, selector: { matchLabels: { app: web } }, memory: { ramp: { from: 100Mi, to: 200Mi, over: 3h } }, startup: { cpu: 1800m, for: 40s } }
failures:
  - { every: { exponential: { mean: 30d } }, kind: partition, nodes: { matchLabels: { tier: general } }, for: 8m }
actions:
  - { at: 20m, kubectl: rollout undo deployment/web -n shop }
  - { at: 5m, scale: deploy/web, replicas: 3, namespace: shop }
  - { at: 6m, apply: { apiVersion: v1, kind: ConfigMap, metadata: { name: c } } }
assertions:
  - pod_pending_seconds{app="web"} p99 < 1m
  - hpa_utilization max <= 80%
`;
    const { plan } = await load({
      "test.yaml": scenario(spec),
      "web.yaml": WEB,
      "load.csv": "# rates\nts,rps\n2026-01-01T10:00:00Z,5\n2026-01-01T10:01:00Z,10.5\n",
    });
    const points = [
      { atMicros: 0, value: 5 },
      { atMicros: 60_000_000, value: 10.5 },
    ];
    expect(plan?.loads[0]).toMatchObject({
      name: "shop/web",
      kind: "service",
      requestsPerSecond: {
        curve: { kind: "points", points, interpolate: "linear", repeatMicros: 0 },
        since: "run",
        noise: { relativeSd: 0.05, everyMicros: 15_000_000 },
      },
      perRequest: { cpuMicros: 9000, latencyMicros: 40_000 },
      endMicros: 3_600_000_000,
    });
    expect(plan?.loads[1]).toMatchObject({
      memoryBytes: { curve: { from: 104_857_600 }, since: "container" },
      startup: { cpuMilli: 1800, forMicros: 40_000_000 },
    });
    expect(plan?.failures).toMatchObject([
      {
        name: "failures[0]",
        nodes: ["general-01", "general-02"],
        schedule: { every: { exponential: { mean: 2_592_000_000_000 } } },
        lasts: { constant: 480_000_000 },
      },
    ]);
    expect(plan?.actions.map(({ kind, atMicros, text }) => [kind, atMicros, text])).toEqual([
      ["rolloutUndo", 1_200_000_000, "kubectl rollout undo deployment/web -n shop"],
      ["scale", 300_000_000, "kubectl scale deploy/web --replicas=3 -n shop"],
      ["apply", 360_000_000, "kubectl apply -f actions[2].apply"],
    ]);
    expect(plan?.assertions).toMatchObject([
      {
        metric: "pod_pending_seconds",
        matchers: [{ label: "app", operator: "=", value: "web" }],
        stat: "p99",
        comparison: "<",
        threshold: 60,
        source: { line: 18 },
      },
      { metric: "hpa_utilization", threshold: 0.8, comparison: "<=" },
    ]);
  });

  it("lays overlays and settings over the manifests and the scenario", async () => {
    const { plan, problems } = await load(
      {
        "test.yaml": scenario("overlays: [patch.yaml]"),
        "web.yaml": WEB,
        "patch.yaml": "kind: Deployment\nmetadata: { name: web, labels: { a: b } }\n",
      },
      { settings: ["duration=5m", "spec.cluster.nodePools[0].count=3", "Deployment/shop/web:spec.replicas=9"] },
    );
    expect(problems).toEqual([]);
    expect(plan?.durationMicros).toBe(300_000_000);
    expect(plan?.nodes.length).toBe(3);
    const web = plan?.objects.find(({ object }) => object.kind === "Deployment")?.object;
    expect(web).toMatchObject({ metadata: { labels: { a: "b" } }, spec: { replicas: 9 } });
  });

  it("names the --set that is wrong", async () => {
    const { problems } = await load(
      { "test.yaml": scenario("seed: 1"), "web.yaml": WEB },
      { settings: ["duration=soon", "nonsense"] },
    );
    expect(problems.map(({ file, code }) => `${file} ${code}`)).toEqual([
      "--set duration=soon E0110",
      "--set nonsense E0411",
    ]);
  });

  it("takes lists, folders in order, and dumps with status; leaves out what the simulation makes", async () => {
    const pod =
      "apiVersion: v1, kind: Pod, metadata: { name: p, namespace: d }, spec: { nodeName: n1, containers: [{ name: a, image: b }] }";
    const node =
      "apiVersion: v1, kind: Node, metadata: { name: n1, labels: { topology.kubernetes.io/zone: z } }, status: { capacity: { cpu: 2, memory: 4Gi, pods: 20 }, allocatable: { cpu: 1900m, memory: 3Gi, pods: 20 } }";
    const event =
      "apiVersion: v1, kind: Event, metadata: { name: e, namespace: d }, involvedObject: { kind: Pod, name: p }, reason: x, message: y";
    const { plan, problems } = await load({
      "test.yaml":
        "apiVersion: kube-orrery/v1alpha1\nkind: Scenario\nmetadata: { name: t }\nspec: { manifests: [k8s] }\n",
      "k8s/b/dump.yaml": `apiVersion: v1\nkind: List\nitems: [{ ${pod} }, { ${node} }, { ${event} }]\n`,
      "k8s/a.json": JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "first" } }),
      "k8s/readme.txt": "not read",
    });
    expect(problems.map(({ code }) => code).filter((code) => code !== "N0303")).toEqual(["N0305"]);
    expect(plan?.objects.map(({ object }) => object.metadata.name)).toEqual(["d", "first", "p"]);
    expect(plan?.nodes).toMatchObject([{ name: "n1", zone: "z", allocatable: { cpu: "1900m" } }]);
  });

  it("takes a manifest file for a scenario of its own, with three nodes", async () => {
    const { plan } = await load({ "web.yaml": WEB });
    expect(plan?.name).toBe("web");
    expect(plan?.nodes.length).toBe(3);
  });

  it("writes a resolved scenario that gives the same plan again", async () => {
    const files = {
      "test.yaml": scenario("duration: 5m\noverlays: [patch.yaml]"),
      "web.yaml": WEB,
      "patch.yaml": "kind: Service\nmetadata: { name: web, labels: { a: b } }\n",
    };
    const first = await load(files, { settings: ["Deployment/web:spec.replicas=5"] });
    const copies = Object.fromEntries(first.inputs.map(({ copy, text }) => [copy, text]));
    expect(Object.keys(copies)).toEqual(["inputs/patch.yaml", "inputs/web.yaml"]);
    const second = await load({ "scenario.resolved.yaml": first.resolved, ...copies });
    expect(second.problems).toEqual([]);
    const withoutSources = (value: unknown): unknown =>
      JSON.parse(JSON.stringify(value, (key, one: unknown) => (key === "source" ? undefined : one)));
    expect(withoutSources(second.plan)).toEqual(withoutSources(first.plan));
    expect(second.resolved).toBe(first.resolved);
  });

  it("never writes", async () => {
    const before = readdirSync(folder).length;
    await load({ "test.yaml": scenario("duraton: 5m"), "web.yaml": WEB });
    expect(readdirSync(folder).length).toBe(before + 1);
    expect(readdirSync(join(folder, String(count - 1))).sort()).toEqual(["test.yaml", "web.yaml"]);
  });
});

describe("docs/scenario.md", () => {
  it("is what npm run docs writes", () => {
    const file = new URL("../../docs/scenario.md", import.meta.url);
    expect(readFileSync(file, "utf8")).toBe(scenarioReference(scenarioSchema()));
  });
});
