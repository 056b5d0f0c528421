import { expect, test } from "vitest";
import { Engine } from "../../engine/index.ts";
import type { KubeNode, PodSpec } from "../../kube/index.ts";
import { type LoggedDecision, Store } from "../../store/index.ts";
import { seconds } from "../../units/index.ts";
import { Scheduler } from "../scheduler.ts";

interface NodeParts {
  readonly cpu?: string;
  readonly memory?: string;
  readonly pods?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly spec?: KubeNode["spec"];
}

type PodParts = Partial<PodSpec> & { readonly cpu?: string; readonly memory?: string };

interface Given {
  readonly nodes: Readonly<Record<string, NodeParts>>;
  /** One a second; the last one is explained. */
  readonly pods: readonly PodParts[];
}

function play({ nodes, pods }: Given, options: { isListening?: boolean; recordsResults?: boolean } = {}) {
  const { isListening = true, recordsResults = false } = options;
  const engine = new Engine({ seed: 1 });
  const store = new Store(engine, { epochMicros: 0 });
  new Scheduler(store, { recordsResults });
  const decisions: LoggedDecision[] = [];
  if (isListening) store.decisions.sink = (decision) => decisions.push(decision);
  const acts: (() => void)[] = [];
  const kind = engine.define("test.act", 3, (index) => acts[index]?.());
  const act = (at: number, what: () => void) => engine.at(seconds(at), kind, acts.push(what) - 1);
  for (const [name, { cpu = "4", memory = "8Gi", pods: most = "110", labels = {}, spec = {} }] of Object.entries(
    nodes,
  )) {
    const metadata = { name, labels: { "kubernetes.io/hostname": name, ...labels } };
    const status = { allocatable: { cpu, memory, pods: most } };
    act(0, () => store.writer.create({ apiVersion: "v1", kind: "Node", metadata, spec, status } as KubeNode));
  }
  for (const [index, { cpu = "1", memory = "1Gi", ...spec }] of pods.entries()) {
    const containers = [
      { name: "c", image: "web:1", resources: { requests: { cpu, memory } }, ...(spec.containers?.[0] ?? {}) },
    ];
    act(index + 1, () => {
      const template = store.templateOf({ metadata: { labels: { app: "web" } }, spec: { ...spec, containers } });
      store.podWriter.create({ namespace: "default", name: `p${index}`, template });
    });
  }
  engine.run(seconds(pods.length + 5));
  return { decisions, last: decisions.at(-1), digest: engine.digest() };
}

const spreadOver = (topologyKey: string, maxSkew = 1) => ({
  topologySpreadConstraints: [
    {
      maxSkew,
      topologyKey,
      whenUnsatisfiable: "DoNotSchedule" as const,
      labelSelector: { matchLabels: { app: "web" } },
    },
  ],
});
const apart = {
  affinity: {
    podAntiAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [
        { topologyKey: "kubernetes.io/hostname", labelSelector: { matchLabels: { app: "web" } } },
      ],
    },
  },
};
const tainted = { taints: [{ key: "gpu", value: "yes", effect: "NoSchedule" as const }] };
const port = {
  containers: [{ name: "c", image: "web:1", ports: [{ containerPort: 80, hostPort: 80 }] }],
} as Partial<PodSpec>;

test.each<[string, Given, string, string, readonly string[]]>([
  [
    "cpu: of the node that has most left",
    { nodes: { n1: { cpu: "1" }, n2: { cpu: "1380m" } }, pods: [{}, {}, { cpu: "500m" }] },
    "n2",
    "120m cpu short (needs 500m, free 380m)",
    ["requests.cpu ≤ 380m"],
  ],
  [
    "cpu and memory",
    { nodes: { n1: { cpu: "1", memory: "2Gi" } }, pods: [{ cpu: "2", memory: "3Gi" }] },
    "n1",
    "1 cpu short (needs 2, free 1), 1Gi memory short (needs 3Gi, free 2Gi)",
    ["requests.cpu ≤ 1 and requests.memory ≤ 2Gi"],
  ],
  [
    "nothing left",
    { nodes: { n1: { cpu: "1" } }, pods: [{}, {}] },
    "n1",
    "1 cpu short (needs 1, free 0)",
    ["1 of cpu freed on n1"],
  ],
  [
    "too many pods",
    { nodes: { n1: { pods: "1" } }, pods: [{}, {}] },
    "n1",
    "no room for another pod",
    ["one pod fewer on n1"],
  ],
  [
    "a taint; or a smaller request elsewhere",
    { nodes: { n1: { spec: tainted }, n2: { cpu: "800m" } }, pods: [{}] },
    "n1",
    "node(s) had untolerated taint(s)",
    ["a toleration for gpu=yes:NoSchedule", "requests.cpu ≤ 800m"],
  ],
  [
    "cordoned",
    { nodes: { n1: { spec: { unschedulable: true } } }, pods: [{}] },
    "n1",
    "node(s) were unschedulable",
    ["n1 uncordoned"],
  ],
  [
    "a label, and then a smaller request",
    { nodes: { n1: { cpu: "500m" } }, pods: [{ nodeSelector: { disk: "ssd" } }] },
    "n1",
    "node(s) didn't match Pod's node affinity/selector",
    ["label disk=ssd on n1 and requests.cpu ≤ 500m"],
  ],
  [
    "skew",
    {
      nodes: { n1: { labels: { zone: "a" } }, n2: { labels: { zone: "b" }, cpu: "1" } },
      pods: [{}, {}, spreadOver("zone"), spreadOver("zone")],
    },
    "n1",
    "node(s) didn't match pod topology spread constraints",
    ["maxSkew ≥ 2", "1 of cpu freed on n2"],
  ],
  [
    "no key",
    { nodes: { n1: {} }, pods: [spreadOver("zone")] },
    "n1",
    "node(s) didn't match pod topology spread constraints (missing required label)",
    ["label zone on n1"],
  ],
  [
    "anti-affinity",
    { nodes: { n1: {} }, pods: [{}, apart] },
    "n1",
    "node(s) didn't match pod anti-affinity rules",
    ["anti-affinity preferred, not required"],
  ],
  [
    "others' anti-affinity",
    { nodes: { n1: {} }, pods: [apart, {}] },
    "n1",
    "node(s) didn't satisfy existing pods anti-affinity rules",
    ["no pod near n1 whose required anti-affinity means this pod"],
  ],
  [
    "port",
    { nodes: { n1: {} }, pods: [port, port] },
    "n1",
    "node(s) didn't have free ports for the requested pod ports",
    ["host port TCP/80 free on n1"],
  ],
])("pending: %s", (_title, given, node, why, wouldFit) => {
  expect(play(given).last).toMatchObject({ what: "unschedulable", nearest: { node, why }, wouldFit });
});

test("pods that are placed are not explained this way; listening changes nothing", () => {
  const given = { nodes: { n1: {}, n2: {} }, pods: [{}, { cpu: "9" }, spreadOver("zone"), {}] };
  const { decisions } = play(given);
  expect(decisions.filter(({ what }) => what === "bind")).toHaveLength(2);
  for (const decision of decisions) expect("nearest" in decision).toBe(decision.what === "unschedulable");
  expect(play(given, { recordsResults: true }).digest).toBe(play(given, { isListening: false }).digest);
});

test("results in the form of kube-scheduler-simulator", () => {
  const given = { nodes: { n1: { cpu: "8" }, n2: {}, n3: { spec: { unschedulable: true } } }, pods: [{}] };
  const { annotations } = play(given, { recordsResults: true }).last as unknown as {
    annotations: Record<string, string>;
  };
  const results = (key: string) => JSON.parse(annotations[`scheduler-simulator/${key}`] ?? "null") as unknown;
  expect(Object.keys(annotations).map((key) => key.split("/")[1])).toEqual([
    "filter-result",
    "score-result",
    "finalscore-result",
    "selected-node",
  ]);
  expect(results("filter-result")).toEqual({
    n1: { NodeName: "passed", NodeUnschedulable: "passed", TaintToleration: "passed", NodeResourcesFit: "passed" },
    n2: { NodeName: "passed", NodeUnschedulable: "passed", TaintToleration: "passed", NodeResourcesFit: "passed" },
    n3: { NodeName: "passed", NodeUnschedulable: "node(s) were unschedulable" },
  });
  expect(results("score-result")).toMatchObject({
    n1: { NodeResourcesFit: "87", TaintToleration: "0" },
    n2: { NodeResourcesFit: "81" },
  });
  expect(results("finalscore-result")).toMatchObject({ n1: { NodeResourcesFit: "87", TaintToleration: "300" } });
  expect(annotations["scheduler-simulator/selected-node"]).toBe("n1");
});
