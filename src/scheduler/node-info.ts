import { isScalarResource, type KubeNode, REPELLING_EFFECTS, type StringMap, type Taint } from "../kube/index.ts";
import { cpuMilliOf, wholeValueOf } from "../units/index.ts";
import { type NodeColumns, NUMBERS } from "./node-columns.ts";
import type { PodInfo } from "./pod-info.ts";

/** One node as the scheduler sees it: what it offers, the pods that it holds or is about to hold, and their sum. */
export class NodeInfo {
  readonly name: string;
  readonly row: number;
  readonly columns: NodeColumns;
  node: KubeNode;
  labels: StringMap = {};
  isUnschedulable = false;
  /** Taints that keep pods off. */
  hardTaints: readonly Taint[] = [];
  /** Taints that only lower the score. */
  softTaints: readonly Taint[] = [];
  images: ReadonlySet<string> = new Set();
  allocatableScalars: ReadonlyMap<string, number> = new Map();
  requestedScalars = new Map<string, number>();
  /** Host ports in use: addresses by "protocol/port". A set: a port that two pods hold is free when one goes. */
  usedPorts = new Map<string, Set<string>>();
  #pods = new Map<string, PodInfo>();
  /** Whether a checkpoint or a fork reads the map too: it is copied before the next change. */
  #arePodsShared = false;

  constructor(columns: NodeColumns, node: KubeNode) {
    this.columns = columns;
    this.row = columns.allocate();
    this.name = node.metadata.name ?? "";
    this.node = node;
    this.setNode(node);
  }

  /** Takes over a changed node object; the pods stay. */
  setNode(node: KubeNode): void {
    if (node === this.node || node.status?.images !== this.node.status?.images) this.images = imagesOf(node);
    this.node = node;
    this.labels = node.metadata.labels ?? {};
    this.isUnschedulable = node.spec?.unschedulable === true;
    const taints = node.spec?.taints ?? [];
    this.hardTaints = taints.filter((taint) => REPELLING_EFFECTS.includes(taint.effect));
    this.softTaints = taints.filter((taint) => taint.effect === "PreferNoSchedule");
    const { columns, row } = this;
    const allocatable = node.status?.allocatable ?? {};
    columns.allocatableCpuMilli[row] = cpuMilliOf(allocatable.cpu ?? "0");
    columns.allocatableMemoryBytes[row] = wholeValueOf(allocatable.memory ?? "0");
    columns.allocatableEphemeralBytes[row] = wholeValueOf(allocatable["ephemeral-storage"] ?? "0");
    columns.allocatablePods[row] = wholeValueOf(allocatable.pods ?? "0");
    const scalars = Object.entries(allocatable).filter(([name]) => isScalarResource(name));
    this.allocatableScalars = new Map(scalars.map(([name, text]) => [name, wholeValueOf(text)]));
    columns.touch(row);
  }

  /** By uid, in order of arrival. */
  get pods(): ReadonlyMap<string, PodInfo> {
    return this.#pods;
  }

  addPod(pod: PodInfo): void {
    this.#ownPods().set(pod.uid, pod);
    this.#account(pod, 1);
    for (const port of pod.template.hostPorts) {
      const used = this.usedPorts.get(port.key);
      if (used === undefined) this.usedPorts.set(port.key, new Set([port.ip]));
      else used.add(port.ip);
    }
  }

  removePod(pod: PodInfo): void {
    if (!this.#pods.has(pod.uid)) return;
    this.#ownPods().delete(pod.uid);
    this.#account(pod, -1);
    for (const port of pod.template.hostPorts) {
      const used = this.usedPorts.get(port.key);
      used?.delete(port.ip);
      if (used?.size === 0) this.usedPorts.delete(port.key);
    }
  }

  /** A version of a pod that is here, which counts the same. */
  replacePod(pod: PodInfo): void {
    this.#ownPods().set(pod.uid, pod);
  }

  /** All about the pods but their ports, to be shared with a node that takes it over. Cost: none a pod, until one side changes. */
  share(): SharedPods {
    this.#arePodsShared = true;
    return { numbers: this.#numbers(), scalars: new Map(this.requestedScalars), pods: this.#pods };
  }

  /** The other side of `share`. The ports are to follow. */
  adopt({ numbers, scalars, pods }: SharedPods): void {
    for (const [index, column] of NUMBERS.entries()) this.columns[column][this.row] = numbers[index] as number;
    this.requestedScalars = new Map(scalars);
    this.#pods = pods;
    this.#arePodsShared = true;
    this.columns.touch(this.row);
  }

  #ownPods(): Map<string, PodInfo> {
    if (this.#arePodsShared) {
      this.#pods = new Map(this.#pods);
      this.#arePodsShared = false;
    }
    return this.#pods;
  }

  #numbers(): number[] {
    return NUMBERS.map((column) => this.columns[column][this.row] as number);
  }

  /** Runs `work`, which may add and remove pods, and puts the node back as it was. */
  tryOut<T>(work: () => T): T {
    const { columns } = this;
    const usage = this.capture();
    const wasWhatIf = columns.isWhatIf;
    columns.isWhatIf = true;
    try {
      return work();
    } finally {
      columns.isWhatIf = wasWhatIf;
      this.restore(usage);
    }
  }

  /** All that `addPod` and `removePod` change. */
  capture(): NodeUsage {
    const ports = new Map([...this.usedPorts].map(([key, ips]) => [key, new Set(ips)] as const));
    return { numbers: this.#numbers(), ports, scalars: new Map(this.requestedScalars), pods: new Map(this.#pods) };
  }

  /** Puts back what was captured. It does not count as a change. */
  restore(usage: NodeUsage): void {
    for (const [index, column] of NUMBERS.entries()) this.columns[column][this.row] = usage.numbers[index] as number;
    this.usedPorts = usage.ports;
    this.requestedScalars = usage.scalars;
    this.#pods = usage.pods;
    this.#arePodsShared = false;
  }

  #account(pod: PodInfo, sign: 1 | -1): void {
    const { columns, row } = this;
    const { requests, usage } = pod.template;
    columns.requestedCpuMilli[row]! += sign * requests.cpuMilli;
    columns.requestedMemoryBytes[row]! += sign * requests.memoryBytes;
    columns.requestedEphemeralBytes[row]! += sign * requests.ephemeralStorageBytes;
    columns.nonZeroCpuMilli[row]! += sign * usage.cpuMilli;
    columns.nonZeroMemoryBytes[row]! += sign * usage.memoryBytes;
    columns.podCount[row]! += sign;
    for (const [name, amount] of requests.scalars) {
      this.requestedScalars.set(name, (this.requestedScalars.get(name) ?? 0) + sign * amount);
    }
    columns.touch(row);
  }
}

function imagesOf(node: KubeNode): ReadonlySet<string> {
  return new Set((node.status?.images ?? []).flatMap((image) => image.names ?? []));
}

/** What the pods of a node come to, and the pods. */
export interface SharedPods {
  readonly numbers: readonly number[];
  readonly scalars: Map<string, number>;
  readonly pods: Map<string, PodInfo>;
}

export interface NodeUsage extends SharedPods {
  readonly ports: Map<string, Set<string>>;
}
