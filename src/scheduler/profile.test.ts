import { expect, test } from "vitest";
import { Engine } from "../engine/index.ts";
import type { KubeNode, PodSpec, Service } from "../kube/index.ts";
import { type LoggedDecision, Store } from "../store/index.ts";
import { seconds } from "../units/index.ts";
import { readSchedulerConfig } from "./config/read-config.ts";
import type { Plugin } from "./framework.ts";
import type { OwnPluginFactory } from "./profile.ts";
import { Scheduler } from "./scheduler.ts";
import { unschedulable } from "./status.ts";

interface Given {
  readonly config?: object;
  readonly nodes: Readonly<Record<string, { cpu?: string; memory?: string; gpu?: string; labels?: object }>>;
  readonly pods: Readonly<Record<string, Partial<PodSpec> & { gpu?: string; cpu?: string; app?: string }>>;
  readonly own?: Readonly<Record<string, OwnPluginFactory>>;
  readonly until?: number;
  /** A service that selects app=web. */
  readonly isServed?: boolean;
}

/** Where the pods are after they were created one after the other. */
function play({ config = {}, nodes, pods, own = {}, until = 60, isServed = false }: Given) {
  const engine = new Engine({ seed: 1 });
  const store = new Store(engine, { epochMicros: 0 });
  const read = readSchedulerConfig(
    { apiVersion: "kubescheduler.config.k8s.io/v1", kind: "KubeSchedulerConfiguration", ...config },
    new Map(Object.keys(own).map((name) => [name, ["filter", "score"] as const])),
  );
  expect(read.problems).toEqual([]);
  const scheduler = new Scheduler(store, { config: read.config, own: new Map(Object.entries(own)) });
  const decisions: LoggedDecision[] = [];
  store.decisions.sink = (decision) => decisions.push(decision);
  const acts: (() => void)[] = [];
  const kind = engine.define("test.act", 3, (index) => acts[index]?.());
  const act = (at: number, what: () => void) => engine.at(seconds(at), kind, acts.push(what) - 1);
  for (const [name, { cpu = "4", memory = "8Gi", gpu, labels = {} }] of Object.entries(nodes)) {
    const allocatable = { cpu, memory, pods: "110", ...(gpu === undefined ? {} : { "nvidia.com/gpu": gpu }) };
    const metadata = { name, labels: { "kubernetes.io/hostname": name, ...labels } };
    act(0, () =>
      store.writer.create({ apiVersion: "v1", kind: "Node", metadata, spec: {}, status: { allocatable } } as KubeNode),
    );
  }
  const service = {
    apiVersion: "v1",
    kind: "Service",
    metadata: { namespace: "default", name: "web" },
    spec: { selector: { app: "web" } },
  };
  if (isServed) act(0, () => store.writer.create(service as Service));
  for (const [index, [name, { cpu = "1", gpu, app = "web", ...spec }]] of Object.entries(pods).entries()) {
    const requests = { cpu, memory: "1Gi", ...(gpu === undefined ? {} : { "nvidia.com/gpu": gpu }) };
    const containers = [{ name: "c", image: "web:1", resources: { requests } }];
    act(1 + index, () => {
      const template = store.templateOf({ metadata: { labels: { app } }, spec: { containers, ...spec } });
      store.podWriter.create({ namespace: "default", name, template });
    });
  }
  engine.run(seconds(until));
  const row = (name: string) => store.pods.rowOf("default", name);
  const places = Object.fromEntries(Object.keys(pods).map((name) => [name, store.pods.nodeNameOf(row(name))]));
  return {
    places,
    store,
    scheduler,
    decisions,
    attempts: (name: string) => decisions.filter((d) => d.object === `pod/default/${name}`),
  };
}

const argsOf = (name: string, args: object) => ({ profiles: [{ pluginConfig: [{ name, args }] }] });
const strategy = (scoringStrategy: object) => argsOf("NodeResourcesFit", { scoringStrategy });
const RISING = [
  { utilization: 0, score: 0 },
  { utilization: 100, score: 10 },
];
const ONLY_FIT = {
  multiPoint: { disabled: [{ name: "NodeResourcesBalancedAllocation" }, { name: "ImageLocality" }] },
};

test.each<[string, Given, Readonly<Record<string, string>>]>([
  [
    "LeastAllocated goes to the emptier node",
    { nodes: { small: { cpu: "4" }, large: { cpu: "8" } }, pods: { a: {} } },
    { a: "large" },
  ],
  [
    "MostAllocated goes to the fuller one",
    {
      config: strategy({ type: "MostAllocated" }),
      nodes: { small: { cpu: "4" }, large: { cpu: "8" } },
      pods: { a: {} },
    },
    { a: "small" },
  ],
  [
    "RequestedToCapacityRatio over an extended resource packs it",
    {
      config: strategy({
        type: "RequestedToCapacityRatio",
        resources: [{ name: "nvidia.com/gpu" }],
        requestedToCapacityRatio: { shape: RISING },
      }),
      nodes: { few: { gpu: "4" }, many: { gpu: "8", cpu: "64" } },
      pods: { a: { gpu: "2" }, b: { gpu: "2" } },
    },
    { a: "few", b: "few" },
  ],
  [
    "ignored resources are not looked for",
    {
      config: argsOf("NodeResourcesFit", { ignoredResourceGroups: ["nvidia.com"] }),
      nodes: { n: {} },
      pods: { a: { gpu: "2" } },
    },
    { a: "n" },
  ],
  [
    "added affinity holds for every pod",
    {
      config: argsOf("NodeAffinity", {
        addedAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchExpressions: [{ key: "tier", operator: "In", values: ["b"] }] }],
          },
        },
      }),
      nodes: { n1: { cpu: "64", labels: { tier: "a" } }, n2: { labels: { tier: "b" } } },
      pods: { a: {} },
    },
    { a: "n2" },
  ],
  [
    "a disabled filter lets everything pass",
    {
      config: { profiles: [{ plugins: { multiPoint: { disabled: [{ name: "NodeResourcesFit" }] } } }] },
      nodes: { n: { cpu: "1" } },
      pods: { a: { cpu: "3" } },
    },
    { a: "n" },
  ],
  [
    "default constraints of the profile keep pods apart",
    {
      config: {
        profiles: [
          {
            plugins: ONLY_FIT,
            pluginConfig: [
              { name: "NodeResourcesFit", args: { scoringStrategy: { type: "MostAllocated" } } },
              {
                name: "PodTopologySpread",
                args: {
                  defaultingType: "List",
                  defaultConstraints: [
                    { maxSkew: 1, topologyKey: "kubernetes.io/hostname", whenUnsatisfiable: "DoNotSchedule" },
                  ],
                },
              },
            ],
          },
        ],
      },
      isServed: true,
      nodes: { n1: {}, n2: {} },
      pods: { a: {}, b: {} },
    },
    { a: "n1", b: "n2" },
  ],
  [
    "default constraints need something that selects the pods",
    {
      config: {
        profiles: [
          {
            plugins: ONLY_FIT,
            pluginConfig: [
              { name: "NodeResourcesFit", args: { scoringStrategy: { type: "MostAllocated" } } },
              {
                name: "PodTopologySpread",
                args: {
                  defaultingType: "List",
                  defaultConstraints: [
                    { maxSkew: 1, topologyKey: "kubernetes.io/hostname", whenUnsatisfiable: "DoNotSchedule" },
                  ],
                },
              },
            ],
          },
        ],
      },
      nodes: { n1: {}, n2: {} },
      pods: { a: {}, b: {} },
    },
    { a: "n1", b: "n1" },
  ],
  [
    "profiles by the scheduler's name; nobody serves the third pod",
    {
      config: {
        profiles: [
          { schedulerName: "default-scheduler" },
          {
            schedulerName: "packer",
            pluginConfig: [{ name: "NodeResourcesFit", args: { scoringStrategy: { type: "MostAllocated" } } }],
          },
        ],
      },
      nodes: { small: { cpu: "4" }, large: { cpu: "8" } },
      pods: { a: { schedulerName: "packer" }, b: {}, c: { schedulerName: "nobody" } },
    },
    { a: "small", b: "large", c: "" },
  ],
])("%s", (_title, given, expected) => {
  expect(play(given).places).toEqual(expected);
});

test("events come from the scheduler that the pod names; one that nobody serves has none", () => {
  const { store, attempts } = play({
    config: { profiles: [{ schedulerName: "packer" }] },
    nodes: { n1: {} },
    pods: { a: { schedulerName: "packer" }, b: {} },
  });
  const sources = store.events
    .kept()
    .map(({ involvedObject, source }) => `${involvedObject.name} ${JSON.stringify(source)}`);
  expect(sources).toEqual(['a "packer"']);
  expect(attempts("b")).toEqual([]);
});

test("backoff as configured: attempts wait longer", () => {
  const never: Plugin = { name: "Never", filter: () => unschedulable("Never", "no") };
  const given = { nodes: { n1: {} }, pods: { a: {} }, own: { Never: () => never }, until: 900 };
  const plugins = { filter: { enabled: [{ name: "Never" }] } };
  const { attempts, scheduler } = play({
    ...given,
    config: { podInitialBackoffSeconds: 30, podMaxBackoffSeconds: 40, profiles: [{ plugins }] },
  });
  expect(attempts("a").length).toBeGreaterThan(1);
  const entry = [...scheduler.core.queue.entries.values()][0];
  expect(entry?.unschedulableCount).toBe(attempts("a").length);
});

test("a plugin of the user's own decides where the profile enables it, with its arguments", () => {
  const own = {
    Prefer: (_view: unknown, args: unknown): Plugin => ({
      name: "Prefer",
      score: (_state, _pod, node) => (node.name === (args as { node: string }).node ? 100 : 0),
    }),
  };
  const plugins = { score: { disabled: [{ name: "*" }], enabled: [{ name: "Prefer", weight: 3 }] } };
  const config = { profiles: [{ plugins, pluginConfig: [{ name: "Prefer", args: { node: "n2" } }] }] };
  const { places, decisions } = play({ config, own, nodes: { n1: { cpu: "64" }, n2: {}, n3: {} }, pods: { a: {} } });
  expect(places).toEqual({ a: "n2" });
  expect(decisions[0]?.top).toMatchObject([{ node: "n2", total: 300, scores: { Prefer: 300 } }, {}, {}]);
});
