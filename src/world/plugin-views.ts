import type { NodeResourcesView, NodeView, PodTemplateView, PodView } from "../plugin/index.ts";
import type { NodeInfo, PodInfo, TemplateInfo } from "../scheduler/index.ts";

const PODS = new WeakMap<PodInfo, PodView>();
const TEMPLATES = new WeakMap<TemplateInfo, PodTemplateView>();
const NODES = new WeakMap<NodeInfo, NodeView>();

/** A pod as plugins see it. */
export function podView(pod: PodInfo): PodView {
  let view = PODS.get(pod);
  if (view === undefined) {
    const { namespace, name, uid, labels, template } = pod;
    view = Object.freeze({ ...templateView(template), namespace, name, uid, labels });
    PODS.set(pod, view);
  }
  return view;
}

/** What pods have in common as plugins see it. */
export function templateView(template: TemplateInfo): PodTemplateView {
  let view = TEMPLATES.get(template);
  if (view === undefined) {
    const { namespace, labels, spec, priority } = template;
    const { cpuMilli, memoryBytes, ephemeralStorageBytes, scalars } = template.requests;
    const requests = Object.freeze({ cpuMilli, memoryBytes, ephemeralStorageBytes, extended: scalars });
    view = Object.freeze({ namespace, labels, spec, priority, requests });
    TEMPLATES.set(template, view);
  }
  return view;
}

/** A node as plugins see it: always what it is at the time of looking. */
export function nodeView(node: NodeInfo): NodeView {
  let view = NODES.get(node);
  if (view === undefined) {
    view = Object.freeze(new LiveNode(node));
    NODES.set(node, view);
  }
  return view;
}

class LiveNode implements NodeView {
  readonly #info: NodeInfo;

  constructor(info: NodeInfo) {
    this.#info = info;
  }

  get name(): string {
    return this.#info.name;
  }

  get labels(): NodeView["labels"] {
    return this.#info.labels;
  }

  get taints(): NodeView["taints"] {
    return this.#info.node.spec?.taints ?? [];
  }

  get isUnschedulable(): boolean {
    return this.#info.isUnschedulable;
  }

  get allocatable(): NodeResourcesView {
    const { columns, row, allocatableScalars } = this.#info;
    return {
      cpuMilli: columns.allocatableCpuMilli[row] as number,
      memoryBytes: columns.allocatableMemoryBytes[row] as number,
      ephemeralStorageBytes: columns.allocatableEphemeralBytes[row] as number,
      pods: columns.allocatablePods[row] as number,
      extended: allocatableScalars,
    };
  }

  get requested(): NodeResourcesView {
    const { columns, row, requestedScalars } = this.#info;
    return {
      cpuMilli: columns.requestedCpuMilli[row] as number,
      memoryBytes: columns.requestedMemoryBytes[row] as number,
      ephemeralStorageBytes: columns.requestedEphemeralBytes[row] as number,
      pods: columns.podCount[row] as number,
      extended: requestedScalars,
    };
  }

  get pods(): readonly PodView[] {
    return Array.from(this.#info.pods.values(), podView);
  }

  get revision(): number {
    const { columns, row } = this.#info;
    return columns.isWhatIf ? Number.NaN : (columns.generation[row] as number);
  }

  get object(): NodeView["object"] {
    return this.#info.node;
  }
}
