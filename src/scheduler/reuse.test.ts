import fc from "fast-check";
import { expect, test } from "vitest";
import type { KubeNode, LabelSelector, PodSpec, Service, StringMap } from "../kube/index.ts";
import { SchedulerCache } from "./cache.ts";
import type { ClusterView } from "./cluster-view.ts";
import { StateKey } from "./cycle-state.ts";
import { Framework, type Plugin } from "./framework.ts";
import { NominatedPods } from "./nominator.ts";
import { detailsOf } from "./placement-detail.ts";
import { PodCompiler, type PodInfo } from "./pod-info.ts";
import { defaultFramework } from "./profile.ts";
import { reuseBookOf } from "./reuse.ts";
import { ReusedPlacement } from "./reused-placement.ts";
import { type Placement, type ScheduleOptions, scheduleOne, schedulePlainly } from "./schedule-one.ts";

const ZONE = "topology.kubernetes.io/zone";
const HOST = "kubernetes.io/hostname";
const TRAITS = ["plain", "cordoned", "tainted", "soft", "images", "ssd", "no host", "large"] as const;
type Trait = (typeof TRAITS)[number];

function node(index: number, zone: number, trait: Trait): KubeNode {
  const name = `n${index}`;
  const labels: Record<string, string> = trait === "no host" ? {} : { [HOST]: name };
  if (zone < 3) labels[ZONE] = ["a", "b", ""][zone] as string;
  if (trait === "ssd") labels.disk = "ssd";
  const images = trait === "images" ? [{ names: ["web:1"], sizeBytes: 900_000_000 }] : [];
  const effect = trait === "tainted" ? "NoSchedule" : "PreferNoSchedule";
  const taints = trait === "tainted" || trait === "soft" ? [{ key: "k", effect } as const] : [];
  const allocatable = { cpu: trait === "large" ? "4" : "2", memory: "4Gi", pods: "6", "example.com/gpu": "2" };
  const spec = { taints, unschedulable: trait === "cordoned" };
  return { apiVersion: "v1", kind: "Node", metadata: { name, labels }, spec, status: { allocatable, images } };
}

const ofApp: LabelSelector = { matchLabels: { app: "x" } };
const inZone = { labelSelector: ofApp, topologyKey: ZONE };
const onHost = { labelSelector: ofApp, topologyKey: HOST };
const elsewhere = { ...inZone, namespaceSelector: { matchLabels: { team: "one" } } };
const required = "requiredDuringSchedulingIgnoredDuringExecution";
const preferred = "preferredDuringSchedulingIgnoredDuringExecution";
const hard = { maxSkew: 1, topologyKey: ZONE, labelSelector: ofApp, whenUnsatisfiable: "DoNotSchedule" } as const;
const soft = { ...hard, maxSkew: 2, whenUnsatisfiable: "ScheduleAnyway" } as const;

/** What pods say beside their containers. */
const SPECS: readonly Partial<PodSpec>[] = [
  {},
  { affinity: { podAntiAffinity: { [required]: [onHost] } } },
  { affinity: { podAffinity: { [required]: [inZone] } } },
  { affinity: { podAffinity: { [required]: [inZone, onHost] }, podAntiAffinity: { [required]: [elsewhere] } } },
  { affinity: { podAntiAffinity: { [preferred]: [{ weight: 7, podAffinityTerm: onHost }] } } },
  { affinity: { podAffinity: { [preferred]: [{ weight: 9, podAffinityTerm: elsewhere }] } } },
  { topologySpreadConstraints: [hard, { ...soft, topologyKey: HOST }] },
  {
    topologySpreadConstraints: [
      { ...hard, minDomains: 3 },
      { ...hard, topologyKey: HOST, nodeTaintsPolicy: "Honor" },
    ],
  },
  { topologySpreadConstraints: [soft], nodeSelector: { disk: "ssd" } },
  {
    topologySpreadConstraints: [
      { ...soft, topologyKey: HOST },
      { ...soft, matchLabelKeys: ["app"] },
    ],
  },
  { topologySpreadConstraints: [{ ...hard, labelSelector: {} }] },
  { tolerations: [{ operator: "Exists" }] },
  {
    affinity: {
      nodeAffinity: {
        [preferred]: [{ weight: 5, preference: { matchExpressions: [{ key: "disk", operator: "Exists" }] } }],
      },
    },
  },
  {
    affinity: {
      nodeAffinity: {
        [required]: {
          nodeSelectorTerms: [{ matchFields: [{ key: "metadata.name", operator: "In", values: ["n1"] }] }],
        },
      },
    },
  },
  { affinity: { podAntiAffinity: { [required]: [onHost] } }, topologySpreadConstraints: [hard] },
];
const SIZES = [{}, { cpu: "300m", memory: "256Mi" }, { cpu: "900m", memory: "1Gi" }, { "example.com/gpu": "1" }];

function specOf(rule: number, size: number, hasPort: boolean): PodSpec {
  const ports = hasPort ? [{ containerPort: 80, hostPort: 80 }] : [];
  return { ...SPECS[rule], containers: [{ name: "c", image: "web:1", ports, resources: { requests: SIZES[size]! } }] };
}

const operation = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      op: fc.constant("place" as const),
      rule: fc.nat(SPECS.length - 1),
      size: fc.nat(SIZES.length - 1),
      app: fc.constantFrom("x", "y"),
      namespace: fc.constantFrom("one", "two"),
      hasPort: fc.boolean(),
      times: fc.integer({ min: 1, max: 4 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ op: fc.constant("remove" as const), pod: fc.nat(60) }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant("end" as const), pod: fc.nat(60) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constant("node" as const),
      index: fc.nat(9),
      zone: fc.nat(3),
      trait: fc.constantFrom(...TRAITS),
    }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant("lose" as const), index: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant("namespace" as const), team: fc.constantFrom("one", "two") }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant("service" as const), isThere: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant("restore" as const) }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant("nominate" as const), index: fc.nat(9) }) },
);
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

/** A cluster that lives through operations; every attempt is made in both ways. */
class Trial implements ClusterView {
  cache = new SchedulerCache();
  revision = 0;
  reused = 0;
  readonly #compiler = new PodCompiler();
  readonly #nominated = new NominatedPods();
  readonly #make: () => Framework;
  readonly #framework: Framework;
  readonly #specs = new Map<string, PodSpec>();
  readonly #uids: string[] = [];
  readonly #percentage: number;
  #teams: StringMap = { team: "one" };
  #services: readonly Service[] = [];
  #start = 0;

  constructor(nodes: number, percentage: number, make: (view: ClusterView) => Framework = defaultFramework) {
    this.#percentage = percentage;
    this.#make = () => make(this);
    this.#framework = make(this);
    for (let i = 0; i < nodes; i++) this.cache.addNode(node(i, i % 4, TRAITS[(i * 5) % TRAITS.length] as Trait));
  }

  labelsOfNamespace(name: string): StringMap {
    return name === "one" ? this.#teams : NO_LABELS;
  }

  servicesIn(namespace: string): readonly Service[] {
    return namespace === "one" ? this.#services : [];
  }

  selectorOfOwner(): LabelSelector {
    return ofApp;
  }

  budgetsIn() {
    return [];
  }

  startOf(): number {
    return -1;
  }

  run(step: Operation): void {
    const { cache } = this;
    const wasNominated = !this.#nominated.isEmpty;
    this.#apply(step, cache);
    if (wasNominated) this.#nominated.delete("two/0");
  }

  #apply(step: Operation, cache: SchedulerCache): void {
    if (step.op === "node") cache.updateNode(node(step.index, step.zone, step.trait));
    else if (step.op === "lose") cache.removeNode(`n${step.index}`);
    else if (step.op === "remove") cache.removePod(this.#uids[step.pod] ?? "");
    else if (step.op === "end") {
      const pod = cache.pod(this.#uids[step.pod] ?? "")?.pod;
      if (pod !== undefined) cache.addPod(this.#compiler.compile({ ...pod.source, isTerminating: true }));
    } else if (step.op === "namespace") {
      this.#teams = { team: step.team };
      cache.counters.clear();
    } else if (step.op === "service") {
      const metadata = { name: "s", namespace: "one" };
      this.#services = step.isThere
        ? [{ apiVersion: "v1", kind: "Service", metadata, spec: { selector: { app: "x" } } }]
        : [];
      this.revision++;
    } else if (step.op === "restore") cache.load(cache.save(), this.#compiler);
    else if (step.op === "nominate") {
      // Nominations last for a step.
      this.#nominated.set(this.#pod(0, "x", "two", specOf(0, 1, false)), `n${step.index}`);
    } else {
      for (let i = 0; i < step.times; i++) {
        const key = `${step.rule}/${step.size}/${step.hasPort}`;
        const spec = this.#specs.get(key) ?? specOf(step.rule, step.size, step.hasPort);
        this.#specs.set(key, spec);
        this.#place(this.#pod(this.#uids.length + 1, step.app, step.namespace, spec));
      }
    }
  }

  #place(pod: PodInfo): void {
    const options = { percentage: this.#percentage, start: this.#start };
    const found = scheduleOne(this.#framework, this.cache, this.#nominated, pod, options);
    if (found instanceof ReusedPlacement) this.reused++;
    const told = this.#tell(found);
    const plain = schedulePlainly(this.#make(), this.cache, this.#nominated, pod, options);
    expect(told).toEqual(this.#tell(plain));
    this.#start = found.nextStart;
    this.#uids.push(pod.uid);
    if (found.node !== undefined) this.cache.assumePod(pod, found.node.name);
  }

  #tell(placement: Placement) {
    const { node: taken, evaluated, nextStart, diagnosis, scores, state, error, allowedNodes, feasible } = placement;
    return {
      taken: taken?.name,
      evaluated,
      nextStart,
      error,
      allowedNodes,
      feasible: feasible.map(({ name }) => name),
      message: diagnosis.message(),
      plugins: [...diagnosis.plugins].sort(),
      failed: diagnosis.failed,
      rejectedBy: diagnosis.pluginCounts(),
      skippedFilters: [...state.skippedFilters].sort(),
      skippedScores: [...state.skippedScores].sort(),
      totals: scores === undefined ? undefined : [...scores.totals],
      columns: scores?.columns.map((column) => ({
        ...column,
        raw: [...column.raw],
        normalized: [...column.normalized],
      })),
      details: detailsOf(this.cache.snapshot(), placement),
    };
  }

  #pod(number: number, app: string, namespace: string, spec: PodSpec): PodInfo {
    const name = String(number);
    return this.#compiler.compile({
      namespace,
      name,
      uid: `${namespace}/${name}`,
      labels: LABELS[app] as StringMap,
      spec,
      owner: { apiVersion: "apps/v1", kind: "ReplicaSet", name: app, uid: app, controller: true },
      nodeName: "",
      nominatedNodeName: "",
      isTerminating: false,
      startAt: -1,
    });
  }
}

const NO_LABELS: StringMap = {};
const LABELS: Readonly<Record<string, StringMap>> = { x: { app: "x" }, y: { app: "y" } };

test("what is reused decides, node for node and score for score, as the plain evaluation does", () => {
  let reused = 0;
  fc.assert(
    fc.property(fc.array(operation, { minLength: 10, maxLength: 50 }), (plan) => {
      const trial = new Trial(9, 0);
      for (const step of plan) trial.run(step);
      reused += trial.reused;
    }),
    { numRuns: 60 },
  );
  expect(reused).toBeGreaterThan(500);
}, 60_000);

/** Scores by pod and node, so that no answer holds for another pod; has nothing else to say. */
const WHIM: Plugin = {
  name: "Whim",
  score: (state, pod, { name }) => {
    const asked = (state.read(ASKED) ?? 0) + 1;
    state.write(ASKED, asked);
    return (pod.uid.length * 31 + pod.uid.charCodeAt(4) * 17 + name.charCodeAt(1) * 7 + asked) % 50;
  },
  normalize: (_state, _pod, _nodes, scores) => {
    for (const [index, score] of scores.entries()) scores[index] = 100 - score;
  },
};
const ASKED = new StateKey<number>("Whim");

/** The default profile with a plugin that only scores, and without the scores of one and the filter of another. */
function partialFramework(view: ClusterView): Framework {
  const plugins = [...defaultFramework(view).plugins, { plugin: WHIM, weight: 3 }];
  const without = (point: "preFilter" | "filter" | "preScore" | "score", name: string) =>
    plugins
      .filter(({ plugin }) => plugin[point] !== undefined && plugin.name !== name)
      .map(({ plugin, weight }) => ({ name: plugin.name, weight }));
  const order = {
    preScore: without("preScore", "NodeResourcesFit"),
    score: without("score", "NodeResourcesFit"),
    preFilter: without("preFilter", "NodePorts"),
    filter: without("filter", "NodePorts"),
  };
  return new Framework("partial", plugins, { order });
}

test("a profile without some filters and scores, and with a plugin that only scores, is reused in the same way", () => {
  let reused = 0;
  fc.assert(
    fc.property(fc.array(operation, { minLength: 10, maxLength: 30 }), (plan) => {
      const trial = new Trial(9, 0, partialFramework);
      for (const step of plan) trial.run(step);
      reused += trial.reused;
    }),
    { numRuns: 30 },
  );
  expect(reused).toBeGreaterThan(100);
}, 60_000);

test("the search stops early and goes on from there in the same way", () => {
  fc.assert(
    fc.property(fc.array(operation, { minLength: 5, maxLength: 20 }), fc.constantFrom(0, 5, 95), (plan, percentage) => {
      const trial = new Trial(131, percentage);
      for (const step of plan) trial.run(step);
    }),
    { numRuns: 20 },
  );
}, 60_000);

test("nothing is reused with a plugin that does not say what it looks at, or that is left out at half of its points", () => {
  const trial = new Trial(3, 0);
  const silent = { plugin: { name: "Silent", filter: () => null }, weight: 1 };
  const options: ScheduleOptions = { percentage: 0, start: 0 };
  const pod = new PodCompiler().compile({
    namespace: "one",
    name: "p",
    uid: "p",
    labels: {},
    spec: specOf(0, 0, false),
    nodeName: "",
    nominatedNodeName: "",
    isTerminating: false,
    startAt: -1,
  });
  const check = (framework: Framework, isReused: boolean) => {
    const placement = reuseBookOf(framework, trial.cache).schedule(new NominatedPods(), pod, options);
    expect(placement !== null).toBe(isReused);
  };
  check(defaultFramework(trial), true);
  const { plugins } = defaultFramework(trial);
  check(new Framework("s", [...plugins, silent]), false);
  check(new Framework("s", [...plugins, { plugin: WHIM, weight: 1 }]), true);
  const noting = { ...WHIM, reserve: () => null };
  check(new Framework("s", [...plugins, { plugin: noting, weight: 1 }]), false);
  check(new Framework("s", plugins, { order: { preFilter: [{ name: "NodeResourcesFit" }] } }), false);
});
