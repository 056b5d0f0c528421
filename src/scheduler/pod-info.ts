import {
  nonZeroRequests,
  type OwnerReference,
  type PodResources,
  type PodSnapshot,
  type PodSpec,
  podRequests,
  type StringMap,
} from "../kube/index.ts";
import { compilePodTerms, type PodTerms } from "./pod-terms.ts";

/** What the scheduler needs of a pod. */
export interface PodSource extends PodSnapshot {
  /** Terminating because a scheduler preempted it. */
  readonly isPreempted?: boolean;
  /** What the pod's PodScheduled=False condition says, to leave an equal one alone. */
  readonly scheduledMessage?: string;
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

/** A pod compiled for the scheduler. Immutable: an update makes a new one, `withNode` or `withTemplate` another one. */
export interface PodInfo extends Omit<PodSource, "owner" | "isPreempted" | "scheduledMessage" | "row"> {
  /** "namespace/name". */
  readonly key: string;
  readonly template: TemplateInfo;
  /** What it was compiled from: what a checkpoint keeps. */
  readonly source: PodSource;
  readonly owner: OwnerReference | undefined;
  readonly isPreempted: boolean;
  readonly scheduledMessage: string | undefined;
  readonly row: number | undefined;
}

/** By spec, for all worlds: a template follows from what it is compiled of, and a fork is to have those of its origin. */
const TEMPLATES = new WeakMap<PodSpec, KnownTemplates>();

/** Compiles pods; what pods share is compiled once and shared. Derived state only. */
export class PodCompiler {
  compile(source: PodSource): PodInfo {
    return new CompiledPod(source, this.#template(source), source.nodeName, source.nominatedNodeName);
  }

  #template(source: PodSource): TemplateInfo {
    const { spec } = source;
    let known = TEMPLATES.get(spec);
    if (known === undefined) {
      known = { byText: new Map(), last: source, template: undefined };
      TEMPLATES.set(spec, known);
    }
    const { last } = known;
    const isLikeLast =
      last.labels === source.labels && last.owner === source.owner && last.namespace === source.namespace;
    if (!isLikeLast || known.template === undefined) {
      known.template = this.#find(known.byText, source);
      known.last = source;
    }
    return known.template;
  }

  #find(known: Map<string, TemplateInfo>, source: PodSource): TemplateInfo {
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
  return new CompiledPod(pod.source, pod.template, nodeName, nominatedNodeName);
}

/** The pod as if it asked for something else. */
export function withTemplate(pod: PodInfo, template: TemplateInfo): PodInfo {
  return new CompiledPod(pod.source, template, pod.nodeName, pod.nominatedNodeName);
}

/** The templates of one spec. */
interface KnownTemplates {
  readonly byText: Map<string, TemplateInfo>;
  /** The pod that was asked about last, and its template: pods of one owner come in a row. */
  last: PodSource;
  template: TemplateInfo | undefined;
}

/** What is seldom asked for is looked up or made when it is: one of these is made for every change of a pod. */
class CompiledPod implements PodInfo {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly labels: StringMap;
  readonly spec: PodSpec;
  readonly nodeName: string;
  readonly nominatedNodeName: string;
  readonly isTerminating: boolean;
  readonly startAt: number;
  readonly template: TemplateInfo;
  readonly #source: PodSource;

  constructor(source: PodSource, template: TemplateInfo, nodeName: string, nominatedNodeName: string) {
    this.namespace = source.namespace;
    this.name = source.name;
    this.uid = source.uid;
    this.labels = source.labels;
    this.spec = source.spec;
    this.nodeName = nodeName;
    this.nominatedNodeName = nominatedNodeName;
    this.isTerminating = source.isTerminating;
    this.startAt = source.startAt;
    this.template = template;
    this.#source = source;
    Object.freeze(this);
  }

  get key(): string {
    return `${this.namespace}/${this.name}`;
  }

  get source(): PodSource {
    const { nodeName, nominatedNodeName } = this;
    const source = this.#source;
    if (source.nodeName === nodeName && source.nominatedNodeName === nominatedNodeName) return source;
    return Object.freeze({ ...source, nodeName, nominatedNodeName });
  }

  get owner(): OwnerReference | undefined {
    return this.#source.owner;
  }

  get isPreempted(): boolean {
    return this.#source.isPreempted === true;
  }

  get scheduledMessage(): string | undefined {
    return this.#source.scheduledMessage;
  }

  get row(): number | undefined {
    return this.#source.row;
  }
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
  const { spec, namespace, labels, owner } = source;
  const terms = compilePodTerms(source);
  // Spelled out: this many fields spread into an object make it a slow one.
  return Object.freeze({
    nodeSelection: terms.nodeSelection,
    tolerations: terms.tolerations,
    requiredAffinity: terms.requiredAffinity,
    requiredAntiAffinity: terms.requiredAntiAffinity,
    preferredAffinity: terms.preferredAffinity,
    preferredAntiAffinity: terms.preferredAntiAffinity,
    hasOwnSpread: terms.hasOwnSpread,
    hardSpread: terms.hardSpread,
    softSpread: terms.softSpread,
    namespace,
    labels,
    spec,
    owner,
    priority: spec.priority ?? 0,
    requests: podRequests(spec),
    usage: nonZeroRequests(spec, { isBound: true }),
    scored: nonZeroRequests(spec, { isBound: false }),
    hostPorts: hostPortsOf(spec),
    images: imagesOf(spec),
    gates: spec.schedulingGates === undefined ? NO_GATES : spec.schedulingGates.map((gate) => gate.name),
  });
}

const NO_GATES: readonly string[] = [];

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
