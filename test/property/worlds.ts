import fc from "fast-check";
import type { Distribution } from "../../src/random/index.ts";
import {
  type ActionParts,
  autoscaler,
  deployment,
  type FailureParts,
  type NodeParts,
  type PlanParts,
  planned,
  pod,
  requests,
  service,
  timed,
  usage,
} from "../../src/testing/index.ts";
import { minutes, seconds } from "../../src/units/index.ts";
import type { Curve, Load } from "../../src/world/index.ts";
import { others, SHOP, SPARE } from "./others.ts";

/** Random small worlds: a few nodes, Deployments with their loads and autoscalers, other workloads, what breaks, and what people do. */

const MEBIBYTE = 1024 * 1024;
const APPS = ["api", "web", "db"] as const;
/** Trouble of worlds that must come to rest begins in this span, and is over soon after. */
const TROUBLE = minutes(5);
/** A world that must come to rest is given this long: a node's death, five minutes of toleration, back-offs. */
const REST = minutes(21);

export interface WorldParts {
  readonly plan: PlanParts;
  /** Instant at which a checkpoint is taken, and the events of a slice. */
  readonly forkAt: number;
  readonly sliceEvents: number;
}

/** Anything goes: faults without end, memory beyond limits, images that do not exist. */
export function anyWorld(): fc.Arbitrary<WorldParts> {
  return world({ settles: false });
}

/** Worlds whose trouble ends in time, and whose programs work: they have to come to rest. */
export function settlingWorld(): fc.Arbitrary<WorldParts> {
  return world({ settles: true });
}

interface Kind {
  readonly settles: boolean;
}

function world(kind: Kind): fc.Arbitrary<WorldParts> {
  const durationMicros = kind.settles ? TROUBLE + REST : minutes(9);
  return fc
    .record({
      seed: fc.nat(1_000_000),
      nodes: fc.array(node, { minLength: 1, maxLength: 5 }),
      apps: fc.subarray([...APPS], { minLength: 1 }),
      each: fc.tuple(app(kind), app(kind), app(kind)),
      beside: others(),
      failures: fc.array(failure(kind), { maxLength: 3 }),
      outage: fc.option(outage, { freq: 3 }),
      actions: fc.array(action(kind), { maxLength: 5 }),
      graceSeconds: fc.constantFrom(50, 21),
      cpuContention: fc.boolean(),
      forkAt: fc.nat(durationMicros),
      sliceEvents: fc.integer({ min: 1, max: 700 }),
    })
    .map(({ seed, nodes, apps, each, beside, failures, outage: down, actions, forkAt, sliceEvents, ...rest }) => {
      const { graceSeconds, cpuContention } = rest;
      const chosen = apps.map((name, index) => ({ name, ...(each[index] as App) }));
      const named = nodes.map((parts, index) => ({ ...parts, name: `n${index + 1}` }));
      const plan: PlanParts = {
        seed,
        duration: durationMicros,
        nodes: named,
        pools: [SPARE],
        objects: [...chosen.flatMap(objectsOf), ...beside.objects],
        loads: chosen.flatMap(loadsOf),
        failures: [...failures.map((parts) => ofThisWorld(parts, named)), ...(down === null ? [] : [down])],
        actions,
        cpuContention,
        timing: { nodeMonitorGraceMicros: seconds(graceSeconds) },
        images: { preloaded: seed % 2 === 0, images: [MISSING] },
        record: { sampleMicros: seconds(30) },
      };
      return { plan, forkAt, sliceEvents };
    });
}

const MISSING = { name: "missing:1", sizeBytes: 0, preloaded: false, missing: true };

const node: fc.Arbitrary<Omit<NodeParts, "name">> = fc.record(
  {
    zone: fc.constantFrom("a", "b"),
    cpu: fc.constantFrom("1", "2", "4"),
    memory: fc.constantFrom("1Gi", "4Gi"),
    pods: fc.constantFrom("4", "110"),
  },
  { requiredKeys: ["cpu", "memory", "pods"] },
);

interface App {
  readonly replicas: number;
  readonly requests: Record<string, string>;
  readonly limits: Record<string, string>;
  readonly probed: boolean;
  readonly spec: Record<string, unknown>;
  readonly tolerationSeconds: number | null;
  readonly hpa: { readonly percent: number; readonly min: number; readonly more: number } | null;
  readonly curve: Curve | null;
  readonly noise: boolean;
  readonly memory: Curve | null;
  readonly startup: boolean;
}

function app(kind: Kind): fc.Arbitrary<App> {
  const strategies = [
    {},
    { strategy: { type: "Recreate" } },
    { strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 2, maxUnavailable: 1 } } },
    { minReadySeconds: 7, revisionHistoryLimit: 1 },
  ];
  const lowMemory: Curve = { kind: "ramp", from: 10 * MEBIBYTE, to: 60 * MEBIBYTE, overMicros: minutes(3) };
  const highMemory: Curve = { kind: "ramp", from: 10 * MEBIBYTE, to: 300 * MEBIBYTE, overMicros: minutes(3) };
  return fc.record({
    replicas: fc.nat(6),
    requests: fc.constantFrom({}, { cpu: "100m", memory: "64Mi" }, { cpu: "700m" }, { cpu: "300m", memory: "400Mi" }),
    limits: fc.constantFrom({}, { cpu: "1", memory: "512Mi" }, { memory: "512Mi" }, { cpu: "800m" }),
    probed: fc.boolean(),
    spec: fc.constantFrom(...strategies),
    tolerationSeconds: fc.constantFrom(null, null, 0, 20),
    hpa: fc.option(
      fc.record({ percent: fc.constantFrom(30, 50, 80), min: fc.integer({ min: 1, max: 3 }), more: fc.nat(5) }),
    ),
    curve: fc.option(curve),
    noise: fc.boolean(),
    memory: fc.option(kind.settles ? fc.constant(lowMemory) : fc.constantFrom(lowMemory, highMemory)),
    startup: fc.boolean(),
  });
}

const curve: fc.Arbitrary<Curve> = fc.constantFrom<Curve>(
  { kind: "constant", value: 60 },
  {
    kind: "steps",
    steps: [
      { atMicros: seconds(40), value: 100 },
      { atMicros: minutes(4), value: 5 },
    ],
  },
  { kind: "ramp", from: 0, to: 150, overMicros: minutes(4) },
  { kind: "sine", mean: 60, amplitude: 80, periodMicros: minutes(5), offsetMicros: seconds(17) },
  {
    kind: "points",
    points: [
      { atMicros: 0, value: 1 },
      { atMicros: seconds(97), value: 90 },
    ],
    interpolate: "linear",
    repeatMicros: minutes(3),
  },
);

type NamedApp = App & { readonly name: string };

function objectsOf(parts: NamedApp): object[] {
  const { name, hpa, replicas, probed, spec, tolerationSeconds } = parts;
  const key = "node.kubernetes.io/unreachable";
  const toleration = { key, operator: "Exists", effect: "NoExecute", tolerationSeconds };
  const pods = tolerationSeconds === null ? {} : { tolerations: [toleration] };
  const resources = { requests: parts.requests, limits: parts.limits };
  const autoscalers = hpa === null ? [] : [autoscaler(name, hpa.percent, hpa.min, hpa.min + hpa.more)];
  return [deployment(name, { replicas, probed, spec, resources, pod: pods }), service(name), ...autoscalers];
}

function loadsOf({ name, curve: level, noise, memory, startup }: NamedApp): Load[] {
  const loads: Load[] = [];
  const spread = noise ? { relativeSd: 0.1, everyMicros: seconds(20) } : null;
  if (level !== null) loads.push(requests(name, level, 8000, { requestsPerSecond: timed(level, { noise: spread }) }));
  const start = startup ? { cpuMilli: 200, forMicros: seconds(9), readyAfterMicros: seconds(4) } : null;
  if (memory !== null || startup) {
    const memoryBytes = memory === null ? null : timed(memory, { since: "container" });
    loads.push(usage(name, { memoryBytes, startup: start }));
  }
  return loads;
}

const FIRST_NODES = ["n1", "n2", "n3", "n4", "n5"];

function failure(kind: Kind): fc.Arbitrary<FailureParts> {
  const at = fc.nat(TROUBLE).map((time) => ({ at: time }));
  const again = fc.constantFrom<Distribution>({ exponential: { mean: minutes(2) } }, { constant: seconds(31) });
  const schedule = kind.settles
    ? at
    : fc.oneof(
        at,
        again.map((every) => ({ every })),
      );
  const lasts = fc.constantFrom<Distribution>(
    { constant: seconds(20) },
    { uniform: { min: seconds(60), max: minutes(4) } },
  );
  const nodes = fc.record({
    kind: fc.constantFrom("crash" as const, "partition" as const),
    nodes: fc.subarray(FIRST_NODES, { minLength: 1 }),
    count: fc.constantFrom(null, 1),
    schedule,
    lasts: kind.settles ? lasts : fc.oneof(lasts, fc.constant(null)),
  });
  const exit = fc.record({
    kind: fc.constant("containerExit" as const),
    selector: fc.constantFrom({}, ...APPS.map((name) => ({ matchLabels: { app: name } }))),
    count: fc.constantFrom(null, 1, 2),
    exitCode: fc.constantFrom(0, 1),
    schedule,
  });
  return fc.oneof(nodes, exit);
}

/** Some of the control plane is down for a while, once. */
const outage: fc.Arbitrary<FailureParts> = fc.record({
  kind: fc.constant("controlPlaneDown" as const),
  components: fc.subarray(["apiServer" as const, "etcd" as const, "scheduler" as const, "controllerManager" as const], {
    minLength: 1,
    maxLength: 2,
  }),
  schedule: fc.nat(TROUBLE).map((at) => ({ at })),
  lasts: fc.constantFrom({ constant: seconds(7) }, { constant: seconds(70) }),
});

/** A plan names only nodes that it has. */
function ofThisWorld(parts: FailureParts, nodes: readonly NodeParts[]): FailureParts {
  if (!("nodes" in parts)) return parts;
  const known = parts.nodes.filter((name) => nodes.some((one) => one.name === name));
  return { ...parts, nodes: known.length === 0 ? ["n1"] : known };
}

function action(kind: Kind): fc.Arbitrary<ActionParts> {
  const atMicros = fc.nat(TROUBLE);
  const target = fc.oneof(
    fc.constantFrom(...APPS, "nobody").map((name) => of("Deployment", name)),
    fc.constantFrom(of("StatefulSet", "store"), of("Deployment", "stall", SHOP)),
  );
  const restarted = fc.oneof(target, fc.constant(of("DaemonSet", "agent")));
  const rolled = fc.constantFrom(...APPS, "nobody").map((name) => of("Deployment", name));
  const image = kind.settles ? "app:2" : "missing:1";
  const common = [
    fc.record({ kind: fc.constant("scale" as const), atMicros, target, replicas: fc.nat(8) }),
    fc.record({
      kind: fc.constant("setImage" as const),
      atMicros,
      target,
      images: fc.constantFrom([{ container: "*", image: "app:2" }], [{ container: "app", image }]),
    }),
    fc.record({ kind: fc.constant("rolloutRestart" as const), atMicros, target: restarted }),
    fc.record({ kind: fc.constant("rolloutResume" as const), atMicros, target: rolled }),
    fc.record({
      kind: fc.constant("rolloutUndo" as const),
      atMicros,
      target: rolled,
      toRevision: fc.constantFrom(null, 1, 9),
    }),
    fc.record({ kind: fc.constant("uncordon" as const), atMicros, nodes: fc.subarray(FIRST_NODES, { minLength: 1 }) }),
    fc.record({ kind: fc.constant("cordon" as const), atMicros, nodes: fc.constantFrom(["n2"], ["n9"]) }),
    fc.record({
      kind: fc.constant("delete" as const),
      atMicros,
      target: fc.constantFrom(
        of("Deployment", "web"),
        of("Service", "api"),
        of("Pod", "bare"),
        of("ReplicaSet", "x"),
        of("StatefulSet", "store"),
        of("DaemonSet", "agent"),
        of("Namespace", SHOP, ""),
      ),
      gracePeriodSeconds: fc.constantFrom(null, 0, 5),
    }),
    fc.record({ kind: fc.constant("apply" as const), atMicros, objects: fc.constantFrom(...APPLIED) }),
    fc.record({
      kind: fc.constant("drain" as const),
      atMicros,
      nodes: fc.constantFrom(["n1"], ["n2", "n3"], FIRST_NODES),
      gracePeriodSeconds: fc.constantFrom(null, 1),
    }),
    fc.record({
      kind: fc.constant("addNodes" as const),
      atMicros,
      pool: fc.constant("spare"),
      count: fc.constantFrom(1, 2),
    }),
    fc.record({
      kind: fc.constant("removeNodes" as const),
      atMicros,
      pool: fc.constant("spare"),
      count: fc.constant(1),
    }),
    fc.record({ kind: fc.constant("removeNodes" as const), atMicros, nodes: fc.constantFrom(["n1"], ["n3"]) }),
  ];
  const rough = [
    fc.record({
      kind: fc.constant("delete" as const),
      atMicros,
      target: fc.constantFrom(
        of("Node", "n1", ""),
        of("HorizontalPodAutoscaler", "api"),
        of("Namespace", "default", ""),
        of("Job", "batch"),
        of("PodDisruptionBudget", "budget"),
      ),
      gracePeriodSeconds: fc.constant(null),
    }),
    fc.record({ kind: fc.constant("rolloutPause" as const), atMicros, target: rolled }),
  ];
  return kind.settles ? fc.oneof(...common) : fc.oneof(...common, ...rough);
}

const APPLIED = [
  [planned(pod("bare"))],
  [planned(deployment("web", { replicas: 4, image: "app:3" })), planned(service("web"))],
  [planned(deployment("late", { replicas: 2 })), planned(autoscaler("late", 50, 1, 4))],
  [planned({ apiVersion: "v1", kind: "ResourceQuota", metadata: { name: "late" }, spec: { hard: { pods: "8" } } })],
];

function of(kind: string, name: string, namespace = "default") {
  return { kind, namespace, name };
}
