import {
  nonZeroRequests,
  type OwnerReference,
  type PodResources,
  type PodSpec,
  podRequests,
  type StringMap,
} from "../kube/index.ts";
import { compilePodTerms, type PodTerms } from "./pod-terms.ts";

/** What the scheduler needs of a pod, as plain frozen data. Pods of one owner share `spec` and usually `labels`. */
export interface PodSource {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly labels: StringMap;
  readonly spec: PodSpec;
  /** The controlling owner. */
  readonly owner?: OwnerReference;
  /** The node that the pod is bound to; "" when none. */
  readonly nodeName: string;
  readonly nominatedNodeName: string;
  readonly isTerminating: boolean;
  /** Terminating because a scheduler preempted it. */
  readonly isPreempted?: boolean;
  /** When the kubelet took the pod, microseconds; -1 when it has not. */
  readonly startAt: number;
  /** What the pod's PodScheduled=False condition says, to leave an equal one alone. */
  readonly scheduledMessage?: string;
  /** A number that the caller knows the pod by. */
  readonly row?: number;
}

export interface HostPort {
  /** "protocol/port". */
  readonly key: string;
  readonly ip: string;
}

/** Requests with stand-ins, for scores. */
export interface ScoredRequests {
  readonly cpuMilli: number;
  readonly memoryBytes: number;
}

/** What all pods with the same spec, labels, namespace and owner have in common, compiled once. */
export interface TemplateInfo extends PodTerms {
  readonly namespace: string;
  readonly labels: StringMap;
  readonly spec: PodSpec;
  readonly owner: OwnerReference | undefined;
  readonly priority: number;
  /** What filters and sums count. */
  readonly requests: PodResources;
  /** What the pod counts for in scores once it is on a node. */
  readonly usage: ScoredRequests;
  /** What the pod counts for in scores while it looks for a node. */
  readonly scored: ScoredRequests;
  readonly hostPorts: readonly HostPort[];
  /** Images of all containers and image volumes, with a tag; one entry each. */
  readonly images: readonly string[];
  readonly gates: readonly string[];
}

/** A pod compiled for the scheduler. Immutable: an update makes a new one. */
export interface PodInfo extends PodSource {
  /** "namespace/name". */
  readonly key: string;
  readonly template: TemplateInfo;
  /** What it was compiled from: what a checkpoint keeps. */
  readonly source: PodSource;
}

/** Compiles pods; what pods share is compiled once and shared. Derived state only. */
export class PodCompiler {
  #templates = new WeakMap<PodSpec, Map<string, TemplateInfo>>();

  compile(source: PodSource): PodInfo {
    const template = this.#template(source);
    return Object.freeze({ ...source, key: `${source.namespace}/${source.name}`, template, source });
  }

  #template(source: PodSource): TemplateInfo {
    let known = this.#templates.get(source.spec);
    if (known === undefined) {
      known = new Map();
      this.#templates.set(source.spec, known);
    }
    const owner = source.owner === undefined ? "" : `${source.owner.kind}/${source.owner.name}`;
    const key = `${source.namespace}|${owner}|${labelsText(source.labels)}`;
    let template = known.get(key);
    if (template === undefined) {
      template = compileTemplate(source);
      known.set(key, template);
    }
    return template;
  }
}

/** The pod with another node. */
export function withNode(pod: PodInfo, nodeName: string, nominatedNodeName = pod.nominatedNodeName): PodInfo {
  const source = Object.freeze({ ...pod.source, nodeName, nominatedNodeName });
  return Object.freeze({ ...pod, nodeName, nominatedNodeName, source });
}

function labelsText(labels: StringMap): string {
  let text = "";
  for (const name of Object.keys(labels).sort()) text += `${name}=${labels[name]},`;
  return text;
}

/**
 * DEVIATION(resize-ignored): requests are those of the spec; the original also looks at what the kubelet has allocated
 * to a running pod, which differs only while the pod is resized in place.
 */
function compileTemplate(source: PodSource): TemplateInfo {
  const { spec } = source;
  return Object.freeze({
    ...compilePodTerms(source),
    namespace: source.namespace,
    labels: source.labels,
    spec,
    owner: source.owner,
    priority: spec.priority ?? 0,
    requests: podRequests(spec),
    usage: nonZeroRequests(spec, { isBound: true }),
    scored: nonZeroRequests(spec, { isBound: false }),
    hostPorts: hostPortsOf(spec),
    images: imagesOf(spec),
    gates: (spec.schedulingGates ?? []).map((gate) => gate.name),
  });
}

/** Host ports of containers and sidecars; other init containers are gone before it matters. */
function hostPortsOf(spec: PodSpec): HostPort[] {
  const sidecars = (spec.initContainers ?? []).filter((container) => container.restartPolicy === "Always");
  return [...sidecars, ...spec.containers].flatMap((container) =>
    (container.ports ?? [])
      .filter((port) => (port.hostPort ?? 0) > 0)
      .map((port) => ({ key: `${port.protocol || "TCP"}/${port.hostPort}`, ip: port.hostIP || "0.0.0.0" })),
  );
}

/** Images of init containers, containers and image volumes. */
function imagesOf(spec: PodSpec): string[] {
  const containers = [...(spec.initContainers ?? []), ...spec.containers].map((container) => container.image ?? "");
  const volumes = (spec.volumes ?? []).flatMap((volume) => {
    const image = volume.image as { readonly reference?: string } | undefined;
    return image === undefined ? [] : [image.reference ?? ""];
  });
  return [...containers, ...volumes].map(taggedImage);
}

/** A name without a tag means the newest. A digest counts as a tag. */
function taggedImage(name: string): string {
  return name.lastIndexOf(":") <= name.lastIndexOf("/") ? `${name}:latest` : name;
}
