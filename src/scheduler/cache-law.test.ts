import fc from "fast-check";
import { expect, test } from "vitest";
import type { KubeNode, PodSpec, StringMap } from "../kube/index.ts";
import { SchedulerCache } from "./cache.ts";
import type { ClusterView } from "./cluster-view.ts";
import { CycleState } from "./cycle-state.ts";
import { NominatedPods } from "./nominator.ts";
import { detailsOf } from "./placement-detail.ts";
import { PodCompiler, type PodInfo } from "./pod-info.ts";
import { defaultFramework } from "./profile.ts";
import { scheduleOne } from "./schedule-one.ts";

const ZONES = ["a", "b", "c"];
const APPS = ["x", "y"];
const MODES = ["plain", "anti", "affinity", "prefer", "spread", "soft", "port"] as const;

const view = (cache: SchedulerCache): ClusterView => ({
  cache,
  revision: 0,
  labelsOfNamespace: () => ({}),
  servicesIn: () => [
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "x", namespace: "default" },
      spec: { selector: { app: "x" } },
    },
  ],
  selectorOfOwner: () => undefined,
  budgetsIn: () => [],
  startOf: ({ startAt }) => startAt,
});

const TRAITS = ["plain", "cordoned", "tainted", "soft", "images"] as const;

function node(index: number, zone: number, trait: (typeof TRAITS)[number] = "plain"): KubeNode {
  const labels: Record<string, string> = { "kubernetes.io/hostname": `n${index}` };
  const known = ZONES[zone];
  if (known !== undefined) labels["topology.kubernetes.io/zone"] = known;
  const images = trait === "images" ? [{ names: ["web:1"], sizeBytes: 900_000_000 }] : [];
  const effect = trait === "tainted" ? "NoSchedule" : "PreferNoSchedule";
  const taints = trait === "tainted" || trait === "soft" ? [{ key: "k", effect } as const] : [];
  const status = { allocatable: { cpu: "2", memory: "4Gi", pods: "6" }, images };
  const spec = { taints, unschedulable: trait === "cordoned" };
  return { apiVersion: "v1", kind: "Node", metadata: { name: `n${index}`, labels }, spec, status };
}

/** What a pod of each mode asks for, about pods of app x. */
function specOf(mode: (typeof MODES)[number]): PodSpec {
  const labelSelector = { matchLabels: { app: "x" } };
  const term = { labelSelector, topologyKey: "topology.kubernetes.io/zone" };
  const host = { labelSelector, topologyKey: "kubernetes.io/hostname" };
  const container = { name: "c", image: "web:1", resources: { requests: { cpu: "300m", memory: "256Mi" } } };
  const containers = [container];
  const constraint = { maxSkew: 1, topologyKey: "topology.kubernetes.io/zone", labelSelector };
  switch (mode) {
    case "plain":
      return { containers };
    case "anti":
      return { containers, affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [host] } } };
    case "affinity":
      return { containers, affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } } };
    case "prefer": {
      const preferred = [{ weight: 7, podAffinityTerm: host }];
      return {
        containers,
        affinity: { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: preferred } },
      };
    }
    case "spread":
      return { containers, topologySpreadConstraints: [{ ...constraint, whenUnsatisfiable: "DoNotSchedule" }] };
    case "soft":
      return { containers, topologySpreadConstraints: [{ ...constraint, whenUnsatisfiable: "ScheduleAnyway" }] };
    case "port":
      return { containers: [{ ...container, ports: [{ containerPort: 80, hostPort: 80 }] }] };
  }
}
const SPECS = new Map(MODES.map((mode) => [mode, specOf(mode)]));

const operation = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ op: fc.constant("place" as const), mode: fc.constantFrom(...MODES), app: fc.nat(1) }),
  },
  { weight: 2, arbitrary: fc.record({ op: fc.constant("remove" as const), pod: fc.nat(40) }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant("end" as const), pod: fc.nat(40) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constant("node" as const),
      index: fc.nat(6),
      zone: fc.nat(3),
      trait: fc.constantFrom(...TRAITS),
    }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant("lose" as const), index: fc.nat(6) }) },
);

/** Tells all that an attempt finds out, as text. */
function findings(cache: SchedulerCache, pod: PodInfo): string {
  const options = { percentage: 100, start: 0 };
  const placement = scheduleOne(defaultFramework(view(cache)), cache, new NominatedPods(), pod, options);
  return JSON.stringify([placement.node?.name, placement.diagnosis.message(), detailsOf(cache.snapshot(), placement)]);
}

/** What a plugin says of all nodes at once must be what it says of each. */
function checkShortcuts(cache: SchedulerCache, pod: PodInfo): void {
  const nodes = cache.snapshot();
  for (const { plugin } of defaultFramework(view(cache)).plugins) {
    const state = new CycleState();
    if (plugin.passesAll?.(pod) === true) {
      for (const one of nodes) expect(plugin.filter?.(state, pod, one), plugin.name).toBeNull();
    }
    plugin.preScore?.(state, pod, nodes);
    const even = plugin.evenScore?.(state, pod);
    if (even !== undefined) for (const one of nodes) expect(plugin.score?.(state, pod, one), plugin.name).toBe(even);
  }
}

test("a cache that has lived decides as one that is made anew from the same cluster", () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 40 }), (plan) => {
      const compiler = new PodCompiler();
      const cache = new SchedulerCache();
      for (let index = 0; index < 4; index++) cache.addNode(node(index, index % 4));
      const pods: PodInfo[] = [];
      const make = (name: string, mode: (typeof MODES)[number], labels: StringMap) =>
        compiler.compile({
          namespace: "default",
          name,
          uid: name,
          labels,
          spec: SPECS.get(mode) as PodSpec,
          nodeName: "",
          nominatedNodeName: "",
          isTerminating: false,
          startAt: -1,
        });
      for (const [index, step] of plan.entries()) {
        if (step.op === "node") cache.updateNode(node(step.index, step.zone, step.trait));
        else if (step.op === "lose") cache.removeNode(`n${step.index}`);
        else if (step.op === "remove") cache.removePod(pods[step.pod]?.uid ?? "");
        else if (step.op === "end") {
          const pod = cache.pod(pods[step.pod]?.uid ?? "")?.pod;
          if (pod !== undefined) cache.addPod(compiler.compile({ ...pod.source, isTerminating: true }));
        } else {
          const pod = make(`p${index}`, step.mode, { app: APPS[step.app] as string });
          const fresh = new SchedulerCache();
          fresh.load(cache.save(), compiler);
          const found = findings(cache, pod);
          expect(found).toBe(findings(fresh, pod));
          checkShortcuts(cache, pod);
          const [nodeName] = JSON.parse(found) as [string | null];
          if (nodeName !== null) cache.assumePod(pod, nodeName);
          pods.push(pod);
        }
      }
    }),
    { numRuns: 60 },
  );
});
