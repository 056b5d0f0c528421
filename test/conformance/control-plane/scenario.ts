import type { KubeObject } from "../../../src/kube/index.ts";
import type { Mark, Recording } from "./recording.ts";

/** What a scenario file would hold. */
export type ScenarioDocument = Readonly<Record<string, unknown>>;

/** Marks and manifests as a script needs them. */
interface Given {
  /** When the n-th thing was done, from 0; a duration. `later` in seconds. */
  readonly at: (mark: number, later?: number) => string;
  readonly apply: (mark: number, kind: string, name: string, later?: number) => object;
  readonly recording: Recording;
  /** A node that takes the part of the one that the marks name. */
  readonly node: string;
}

interface Script {
  readonly actions: (given: Given) => readonly object[];
  readonly failures?: (given: Given) => readonly object[];
  /** Labels of the pods that run for 10 s, as those of Jobs did. */
  readonly finite?: Readonly<Record<string, string>>;
  /** Ten nodes more, with this label. */
  readonly pool?: string;
  /** The mark at which a node gets its part, and the labels of those that it is among. */
  readonly nodePart?: { readonly mark: number; readonly label: string; readonly value: string };
  /** Whether usage comes from the marks, as a metrics API of the recording's own answered. */
  readonly isMetered?: boolean;
}

/** How long after a mark in which several things were done each of them was. */
const STEP = 0.3;
const INSTANT = 0.001;

const SCRIPTS: Readonly<Record<string, Script>> = {
  a_rollout: {
    actions: ({ at, apply }) => [
      apply(0, "Deployment", "web"),
      { at: at(1), kubectl: "scale deployment/web --replicas=200" },
      { at: at(2), kubectl: "set image deployment/web c=registry.k8s.io/pause:3.10" },
      { at: at(3), kubectl: "rollout undo deployment/web" },
      { at: at(4), kubectl: "scale deployment/web --replicas=20" },
    ],
  },
  a2_rollout_small: {
    actions: ({ at, apply }) => [
      apply(0, "Deployment", "web"),
      { at: at(1), kubectl: "set image deployment/web c=registry.k8s.io/pause:3.10" },
      { at: at(2), kubectl: "rollout pause deployment/web" },
      { at: at(2, STEP), kubectl: "set image deployment/web c=registry.k8s.io/pause:3.11" },
      { at: at(2, 2 * STEP), kubectl: "scale deployment/web --replicas=15" },
      { at: at(3), kubectl: "rollout resume deployment/web" },
      { at: at(4), kubectl: "set image deployment/web c=registry.k8s.io/pause:3.12" },
    ],
  },
  b_node_failure: {
    pool: "b",
    nodePart: { mark: 1, label: "pool", value: "b" },
    // A kubelet that starts reports at once; one that was only cut off, when its time has come.
    actions: ({ apply, recording, node }) => [
      apply(0, "Deployment", "web"),
      { at: duration(returnOf(recording) + INSTANT), restartKubelet: node },
    ],
    failures: ({ at, recording, node }) => [{ at: at(1), kind: "partition", node, for: silence(recording) }],
  },
  c_hpa: {
    isMetered: true,
    actions: ({ apply }) => [apply(0, "Deployment", "web"), apply(1, "HorizontalPodAutoscaler", "web")],
  },
  d_workloads: {
    finite: { app: "job" },
    actions: ({ at, apply }) => [
      apply(0, "StatefulSet", "db"),
      { at: at(1), kubectl: "set image statefulset/db c=registry.k8s.io/pause:3.10" },
      { at: at(2), kubectl: "scale statefulset/db --replicas=5" },
      { at: at(3), kubectl: "scale statefulset/db --replicas=1" },
      apply(4, "Job", "job"),
      apply(5, "DaemonSet", "ds"),
      { at: at(6), kubectl: "set image daemonset/ds c=registry.k8s.io/pause:3.10" },
    ],
  },
  e_drain_pdb: {
    nodePart: { mark: 2, label: "topology.kubernetes.io/zone", value: "zone-02" },
    actions: ({ at, apply, recording, node }) => [
      apply(0, "Deployment", "web"),
      apply(0, "PodDisruptionBudget", "web", STEP),
      { at: at(1), kubectl: "scale deployment/web --replicas=24" },
      { at: budgetChange(recording), kubectl: `patch pdb/web --type=merge -p '{"spec":{"minAvailable":23}}'` },
      { at: at(2), kubectl: `drain ${node}` },
      { at: at(3), kubectl: `uncordon ${node}` },
    ],
  },
  f_preempt: {
    actions: ({ at, apply }) => [
      apply(0, "PriorityClass", "hi"),
      apply(0, "PriorityClass", "lo"),
      apply(0, "Deployment", "low"),
      apply(1, "Deployment", "high"),
      { at: at(2), kubectl: "scale deployment/high --replicas=2" },
    ],
  },
};

/** How the fake kubelets of the recordings were: Ready 2 s after binding, gone 1 s after the request. */
const TIMING = {
  phases: "aligned",
  kubeletDelivery: "0s",
  volumeMount: "0s",
  sandboxStart: "0s",
  imageCheck: "0s",
  containerCreate: "0s",
  containerStart: "2s",
  statusWrite: "0s",
  containerStop: "1s",
  sandboxStop: "0s",
  volumeUnmount: "0s",
  podDeletion: "0s",
  // The metrics API is a fake of the recordings: nobody scrapes.
  metricsScrape: "24h",
};
/** The recordings' pods of Jobs ran 10 s. A kubelet finds an exit when it looks next, half a second later on average; the fake ones at once. */
const RUN = "9500ms";
const CAPACITY = { cpu: "4", memory: "32Gi", pods: "110" };
const ZONES = Array.from({ length: 10 }, (_, zone) => `zone-${String(zone).padStart(2, "0")}`);
/** Played beyond the last recorded entry. Seconds. */
const REST = 5;

export function scriptOf(name: string): Script | undefined {
  return SCRIPTS[name];
}

/** A recording's manifests and marks as a scenario. `node`: who takes the part of the node that the marks name. */
export function scenarioOf(recording: Recording, node: string): ScenarioDocument {
  const { name, marks, objects, entries } = recording;
  const script = SCRIPTS[name] as Script;
  const at: Given["at"] = (mark, later = 0) => duration((marks[mark] as Mark).t + later);
  const apply: Given["apply"] = (mark, kind, of, later) => ({
    at: at(mark, later),
    apply: manifest(objects, kind, of),
  });
  const given: Given = { at, apply, recording, node };
  const pool = { capacity: CAPACITY, allocatable: CAPACITY };
  const extra = { ...pool, name: "extra", count: 10, labels: { pool: script.pool } };
  const nodePools = [
    { ...pool, name: "node", count: 100, zones: ZONES },
    ...(script.pool === undefined ? [] : [extra]),
  ];
  return {
    apiVersion: "kube-orrery/v1alpha1",
    kind: "Scenario",
    metadata: { name: name.replaceAll("_", "-") },
    spec: {
      duration: duration((entries.at(-1)?.t ?? 0) + REST),
      cluster: { nodePools },
      images: { preloaded: true },
      timing: TIMING,
      loads: script.finite === undefined ? [] : [{ selector: { matchLabels: script.finite }, runFor: RUN }],
      actions: script.actions(given),
      failures: script.failures?.(given) ?? [],
    },
  };
}

function manifest(objects: readonly KubeObject[], kind: string, name: string): KubeObject {
  const found = objects.find((one) => one.kind === kind && one.metadata.name === name);
  if (found === undefined) throw new Error(`the manifests have no ${kind} ${name}`);
  return found;
}

/** From the node's last sign of life to its next: the kubelet started again some time before it reported. */
function silence(recording: Recording): string {
  return duration(returnOf(recording) - (recording.marks[1] as Mark).t);
}

function returnOf({ marks, entries }: Recording): number {
  const isBack = ({ k, t, ready }: Recording["entries"][number]): boolean =>
    k === "Node" && t > (marks[2] as Mark).t && String(ready).startsWith("True");
  return entries.find(isBack)?.t ?? 0;
}

/** The budget was raised before the drain; the marks do not say when. */
function budgetChange({ entries }: Recording): string {
  const isRaised = ({ k, st }: Recording["entries"][number]): boolean =>
    k === "PodDisruptionBudget" && (st as { d?: number }).d === 23;
  return duration(entries.find(isRaised)?.t ?? 0);
}

function duration(seconds: number): string {
  return `${Math.round(seconds * 1000)}ms`;
}
