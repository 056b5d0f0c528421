/** Clusters and pods for the placement bench: the set-up in which kube-scheduler itself was measured. */
import type { KubeNode, PodSpec, StringMap } from "../../src/kube/index.ts";
import type { PodSource } from "../../src/scheduler/index.ts";

const ZONE = "topology.kubernetes.io/zone";
const HOST = "kubernetes.io/hostname";
const ZONES = 10;
/** Pods with required anti-affinity fit once a node: more apps than one let a cluster take more pods than nodes. */
const APPS = 10;

/** A node of 4 CPU and 32 GiB for 110 pods, in one of ten zones. */
export function benchNode(index: number): KubeNode {
  const name = `node-${index}`;
  return Object.freeze({
    apiVersion: "v1",
    kind: "Node",
    metadata: { name, labels: { [HOST]: name, [ZONE]: `zone-${index % ZONES}` } },
    spec: {},
    status: { allocatable: { cpu: "4", memory: "32Gi", pods: "110" } },
  });
}

interface Template {
  readonly labels: StringMap;
  readonly spec: PodSpec;
}

/** Pod `index` of `count` by workload. Pods of one app come in a row and share their template. */
export type Workload = (index: number, count: number) => Template;

export const WORKLOADS: Readonly<Record<string, Workload>> = {
  plain: sharing(1, (app) => ({ containers: containers(), labels: { app } })),
  sizes: rotating(10, (size) => ({ containers: containers(50 + 10 * size, 250 + 50 * size), labels: { app: "a" } })),
  spread: sharing(APPS, (app) => ({ ...spread(app), containers: containers(), labels: { app } })),
  anti: sharing(APPS, (app) => ({
    affinity: { podAntiAffinity: apart(app) },
    containers: containers(),
    labels: { app },
  })),
  affinity: sharing(APPS, (app) => ({ ...affinity(app), containers: containers(), labels: { app } })),
  "spread-affinity": sharing(APPS, (app) => ({
    ...spread(app),
    ...affinity(app),
    containers: containers(),
    labels: { app },
  })),
  mixed: rotating(4, (kind) => {
    const app = `mixed-${kind}`;
    const terms = [{}, spread(app), { affinity: { podAffinity: near(app) } }, { nodeSelector: { [ZONE]: "zone-1" } }];
    return { ...terms[kind], containers: containers(100 + kind), labels: { app } };
  }),
  different: (index) =>
    template({ containers: containers(50 + (index % 97), 100 + (index % 1009)), labels: { app: `a${index}` } }),
};

/** What the scheduler hears of a new pod. */
export function benchPod(index: number, { labels, spec }: Template): PodSource {
  return Object.freeze({
    namespace: "default",
    name: `pod-${index}`,
    uid: `uid-${index}`,
    labels,
    spec,
    nodeName: "",
    nominatedNodeName: "",
    isTerminating: false,
    startAt: -1,
  });
}

type Parts = PodSpec & { readonly labels: StringMap };

function template({ labels, ...spec }: Parts): Template {
  return { labels: Object.freeze(labels), spec: Object.freeze(spec) };
}

/** Blocks of pods, one app after the other. */
function sharing(apps: number, make: (app: string) => Parts): Workload {
  const templates = Array.from({ length: apps }, (_unused, app) => template(make(`app-${app}`)));
  return (index, count) => templates[Math.floor((index * apps) / count)] as Template;
}

/** One template after the other, round and round. */
function rotating(kinds: number, make: (kind: number) => Parts): Workload {
  const templates = Array.from({ length: kinds }, (_unused, kind) => template(make(kind)));
  return (index) => templates[index % kinds] as Template;
}

function containers(cpuMilli = 100, memoryMib = 500): PodSpec["containers"] {
  const requests = { cpu: `${cpuMilli}m`, memory: `${memoryMib}Mi` };
  return [{ name: "app", image: "registry.example/app:1", resources: { requests } }];
}

function spread(app: string): Pick<PodSpec, "topologySpreadConstraints"> {
  const labelSelector = { matchLabels: { app } };
  return {
    topologySpreadConstraints: [
      { maxSkew: 1, topologyKey: ZONE, whenUnsatisfiable: "DoNotSchedule", labelSelector },
      { maxSkew: 1, topologyKey: HOST, whenUnsatisfiable: "ScheduleAnyway", labelSelector },
    ],
  };
}

function near(app: string) {
  const podAffinityTerm = { topologyKey: ZONE, labelSelector: { matchLabels: { app } } };
  return { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 50, podAffinityTerm }] };
}

function apart(app: string) {
  const labelSelector = { matchLabels: { app } };
  return { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: HOST, labelSelector }] };
}

function affinity(app: string): Pick<PodSpec, "affinity"> {
  return { affinity: { podAffinity: near(app), podAntiAffinity: apart(app) } };
}
