import { MANIFEST_CODES } from "../kube/index.ts";

/** What a code stands for: a title, and what to do. */
export interface CodeEntry {
  readonly title: string;
  readonly help: string;
  readonly example?: string;
}

/** Codes of the scenario reader. Those of Kubernetes objects are in `src/kube`. */
const SCENARIO_CODES: ReadonlyMap<string, CodeEntry> = new Map(
  Object.entries<CodeEntry>({
    E0001: {
      title: "a file cannot be read",
      help: "Paths in a scenario are relative to the folder of the scenario file. Check the spelling and the permissions.",
    },
    E0002: {
      title: "the file is not YAML",
      help: "The reader stopped at the marked place. Common causes: a tab used for indentation, a missing space after a colon, a quote that is not closed, list items that are not aligned.",
    },
    E0003: {
      title: "the same key twice in one map",
      help: "YAML allows a key once. Usually a block was copied; remove or merge one of the two.",
    },
    E0004: {
      title: "the file is too large, or its aliases unfold to too much",
      help: "Aliases (*name) are limited, so that a small file cannot become a huge one. Write the values out.",
    },
    E0005: {
      title: "the file does not hold what is expected",
      help: "A scenario file holds one document of kind Scenario; a manifest file holds Kubernetes objects.",
    },
    E0107: {
      title: "unknown field in a scenario",
      help: "Fields of a scenario are spelled exactly as in docs/scenario.md, so that a typing error cannot silently change the simulation. (Unknown fields of Kubernetes objects are another matter.)",
    },
    E0110: {
      title: "a value of a scenario is not what is expected",
      help: "The message says what is expected there. Durations look like 90s, 5m or 2h30m, quantities like 250m or 1Gi; see docs/scenario.md.",
    },
    E0111: {
      title: "a field of a scenario is missing",
      help: "Add the field that the message names; see docs/scenario.md.",
    },
    E0116: {
      title: "a group of spec.repeat that cannot be written out",
      help: "A group needs a count, its variables names of their own (letters and digits, a small letter first) and at least one value, and all groups together make at most a million entries.",
      example: `repeat:\n  - count: 3\n    digits: 2\n    manifests: [web.yaml]   # name: web-\${i} in it: web-00, web-01, web-02`,
    },
    E0401: {
      title: "a selector or name matches nothing",
      help: "Nothing in the cluster carries these labels (or this name), so the line would have no effect. The message lists the nearest that there are.",
    },
    E0402: {
      title: "a load is on a Service that does not exist or selects nothing",
      help: "Write namespace/name, or name for the namespace default. The Service must be among the manifests and have a selector.",
    },
    E0403: {
      title: "an action or load names an object that does not exist",
      help: "Write kind/name, such as deployment/web, and the namespace if it is not default.",
    },
    E0404: {
      title: "a CSV file does not fit",
      help: "The file needs a heading row, a column for the time (seconds, durations or RFC 3339 instants, rising) and one for the value.",
    },
    E0405: { title: "an impossible number", help: "The message says which bound is broken." },
    E0406: { title: "two things have the same name", help: "Names are unique; rename or remove one." },
    E0407: {
      title: "an assertion cannot be read",
      help: 'Write metric{label="value"} statistic comparison threshold, such as pod_pending_seconds{app="web"} p99 < 60s. Statistics: p50 p90 p95 p99 max min mean sum last count.',
    },
    E0408: { title: "unknown metric", help: "The metrics are listed in docs/scenario.md." },
    E0409: {
      title: "a kubectl line cannot be played",
      help: "The verbs are apply, create, replace, run, expose, autoscale, scale, set image|env|resources, delete, label, annotate, taint, patch, cordon, uncordon, drain, rolling-update and rollout undo|pause|resume|restart, one object each.",
    },
    E0410: {
      title: "the cluster has no nodes",
      help: "Give spec.cluster.nodePools with a count above 0, or Node objects among the manifests.",
    },
    E0411: {
      title: "a --set cannot be read",
      help: "Write path=value: spec.duration=2h, loads[0].demand.rps=50, or Deployment/web:spec.replicas=3 for a manifest.",
    },
    E0412: {
      title: "a patch finds no object",
      help: "A patch names kind and metadata.name of an object among the manifests (and its namespace, if two share the name).",
    },
    E0413: {
      title: "the scheduler's configuration is not what kube-scheduler would take",
      help: "A KubeSchedulerConfiguration of kubescheduler.config.k8s.io/v1 is read as kube-scheduler 1.37 reads it. The message names the field and what is expected there.",
    },
    E0414: {
      title: "a scheduler plugin cannot be loaded",
      help: "The module exports an object with the plugin's name and its methods, as default or as plugin; see docs/plugins.md.",
    },
    E0415: {
      title: "an experiment does not fit together",
      help: "The message says what is expected there; see docs/experiment.md.",
    },
    W0203: {
      title: "an HPA on utilisation, but a container has no request",
      help: "Utilisation is usage over request; without the request the HPA reports FailedGetResourceMetric and does not scale. Set resources.requests of every container, or use a ContainerResource metric.",
    },
    W0206: {
      title: "an HPA without a target",
      help: "spec.scaleTargetRef names no object of the manifests; the HPA would report FailedGetScale.",
    },
    W0207: {
      title: "an HPA that can never scale up",
      help: "A container is throttled at its CPU limit, so its usage never reaches target × request. Lower the target, or raise the limit.",
    },
    W0208: { title: "something happens after the end of the run", help: "Raise spec.duration, or move it." },
    W0210: {
      title: "a word that kubectl reads as true or false",
      help: "Kubernetes reads YAML 1.1, where yes, no, on and off are booleans. Put the word in quotes if you mean the word.",
    },
    W0211: {
      title: "a part of the scheduler's configuration that is not simulated",
      help: "Extenders are programs of their own and are not asked. What they would filter or score is missing from the outcome; a plugin (docs/plugins.md) can stand in.",
    },
    W0212: {
      title: "a scheduler plugin that no profile enables",
      help: "Put its name under profiles[].plugins.multiPoint.enabled, or under the extension points where it is to run.",
    },
    W0214: {
      title: "a claim of a StorageClass that does not exist",
      help: "Nothing is provisioned without the class, and no volume of that class is there to be bound. Correct the name, add the StorageClass, or leave it out for the default class.",
    },
    W0223: {
      title: "a rollout that cannot finish",
      help: "The new pod finds no room (or does not become ready), and no old one may go for it: of few replicas, 25 % rounds to a surge of one and nobody unavailable. Set strategy.rollingUpdate.maxUnavailable to 1, or keep room for one pod more. Found by simulating a restart of each Deployment, StatefulSet and DaemonSet by itself (`orrery check rollouts`).",
    },
    W0255: {
      title: "a workload's selector matches the pods of another",
      help: "Controllers tell pods apart by their owners, but everything else goes by labels: orphans are taken by whoever comes first, autoscalers take the mean over the pods of both, budgets and kubectl count both. Give each workload a label of its own, in its selector and in its template.",
      example: "selector: { matchLabels: { app: shop, component: web } }",
    },
    W0256: {
      title: "a Service sends requests to pods that do not listen",
      help: "The selector of the Service matches the pods of several workloads, and some of them have no such port: a port that is named is left out of their endpoints, one that is a number is refused there. Narrow the selector, or give these pods the port.",
    },
    W0224: {
      title: "an HPA with one size",
      help: "minReplicas equals maxReplicas, so the HPA never scales. Raise maxReplicas, or remove the HPA and set replicas.",
    },
    W0225: {
      title: "two HPAs of one target",
      help: "Each sets the replicas that it wants, and undoes the other. Put all metrics into one HPA: it takes the largest answer.",
    },
    W0226: {
      title: "an HPA and a manifest that disagree on replicas",
      help: "Every apply of the manifest sets the replicas back outside of what the HPA allows. Leave spec.replicas out of the manifest of a workload that an HPA scales.",
    },
    W0227: {
      title: "a PodDisruptionBudget that selects nothing",
      help: "No pod and no pod template of its namespace carries the labels of its selector, so it protects nothing.",
    },
    W0228: {
      title: "a PodDisruptionBudget that lets nobody go",
      help: "With every pod healthy there is still no disruption allowed, so that a drain of their nodes never ends. Allow one with maxUnavailable: 1, or run more replicas than minAvailable asks for.",
    },
    W0229: {
      title: "two PodDisruptionBudgets for one pod",
      help: "The API server refuses to evict a pod that several budgets select; a drain never ends. Keep one of them.",
    },
    W0240: {
      title: "a plugin imports a file from further up",
      help: "Run folders and workers get copies of a plugin's files; they find each other only below the plugin's topmost folder. Move the file there.",
    },
    N0304: {
      title: "no nodes are given",
      help: "Three nodes of 4 CPU and 16Gi stand in. Give spec.cluster.nodePools to choose.",
    },
    N0306: {
      title: "a setting of the scheduler's process",
      help: "Leader election, connections, ports, profiling and parallelism change no decision of the scheduler.",
    },
    N0305: {
      title: "an object that the simulation makes itself",
      help: "Events, Endpoints, EndpointSlices and Leases of a dump are left out: they follow from the other objects.",
    },
  }),
);

const FROM_MANIFESTS = MANIFEST_CODES.map(({ code, title, explanation, example }): readonly [string, CodeEntry] => [
  code,
  { title, help: explanation, ...(example === undefined ? {} : { example }) },
]);

/** All codes of problems, in order. */
export const CODES: ReadonlyMap<string, CodeEntry> = new Map(
  [...FROM_MANIFESTS, ...SCENARIO_CODES].sort(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0)),
);

/** The lines that `orrery explain CODE` prints; null for an unknown code. */
export function explainCode(code: string): string[] | null {
  const entry = CODES.get(code.toUpperCase());
  if (entry === undefined) return null;
  const example = entry.example === undefined ? [] : ["", ...entry.example.split("\n").map((line) => `    ${line}`)];
  return [`${code.toUpperCase()}  ${entry.title}`, "", entry.help, ...example];
}
