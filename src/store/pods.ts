import type { Condition, ContainerStatus, OwnerReference, RequiredLabel, StringMap } from "../kube/index.ts";
import { type CellRegistry, Column, Interner, Links, RefColumn, Rows } from "../tables/index.ts";
import { NO_LABELS, type PodTemplate } from "./pod-template.ts";

export const POD_PHASE = { pending: 0, running: 1, succeeded: 2, failed: 3, unknown: 4 } as const;
export const POD_PHASE_NAMES = ["Pending", "Running", "Succeeded", "Failed", "Unknown"] as const;

/** The status of a condition as a number; `absent` when the pod does not have it. */
export const CONDITION = { absent: 0, false: 1, true: 2, unknown: 3 } as const;

/** The conditions that every pod has sooner or later, each with columns of its own, in the order the kubelet writes them. */
export const POD_CONDITIONS = [
  "PodReadyToStartContainers",
  "Initialized",
  "Ready",
  "ContainersReady",
  "PodScheduled",
] as const;
export type PodConditionType = (typeof POD_CONDITIONS)[number];

export interface ConditionText {
  readonly reason?: string;
  readonly message?: string;
}

/** What few pods have: kept beside the columns, frozen and replaced as a whole. */
export interface PodExtra {
  /** Labels and annotations where they differ from the template's. */
  readonly labels?: StringMap;
  readonly annotations?: StringMap;
  readonly finalizers?: readonly string[];
  readonly generateName?: string;
  /** Reason and message of the standard conditions that have one. */
  readonly conditionTexts?: Readonly<Partial<Record<PodConditionType, ConditionText>>>;
  /** Further conditions (DisruptionTarget, …) as the API has them. */
  readonly conditions?: readonly Condition[];
  /** status.reason and status.message (Evicted, OutOfcpu, …). */
  readonly reason?: string;
  readonly message?: string;
  /** Further metadata, spec and status fields of an imported pod, given back as they came. */
  readonly status?: Readonly<Record<string, unknown>>;
}

const NO_GROUPS: readonly number[] = [];

function labelEntry(namespace: string, key: string, value: string): string {
  return `${namespace}\n${key}=${value}`;
}

const NO_EXTRA: PodExtra = Object.freeze({});

/**
 * The pods, as rows of typed columns plus a shared template. Reading columns is free for everybody; only the store
 * writes. All instants are microseconds since the start, truncated to whole seconds as the API keeps them; -1 is unset.
 * A deleted row stays readable until every cursor has seen the deletion.
 */
export class PodTable {
  readonly rows: Rows;
  readonly name: RefColumn<string>;
  readonly namespaces: Interner;
  readonly namespaceId: Column<Int32Array>;
  readonly template: RefColumn<PodTemplate | null>;
  readonly extra: RefColumn<PodExtra>;
  readonly owner: RefColumn<OwnerReference | null>;
  /** The owner's kind as a bit (`OWNER`). */
  readonly ownerBit: Column<Uint8Array>;
  /** Counts creations over all kinds: an order of birth without ties; the uid is made from it. */
  readonly serial: Column<Float64Array>;
  readonly createdAt: Column<Float64Array>;
  readonly resourceVersion: Column<Float64Array>;
  readonly generation: Column<Int32Array>;
  /** Names of nodes that some pod was ever bound or nominated to. */
  readonly nodeNames: Interner;
  /** spec.nodeName as a number of `nodeNames`; -1 when not bound. */
  readonly nodeId: Column<Int32Array>;
  readonly nominatedNodeId: Column<Int32Array>;
  readonly phase: Column<Uint8Array>;
  readonly startTime: Column<Float64Array>;
  /** metadata.deletionTimestamp: the request plus the grace. -1 when not deleting. */
  readonly deletionAt: Column<Float64Array>;
  readonly graceSeconds: Column<Float64Array>;
  readonly conditionStatus: readonly Column<Uint8Array>[];
  readonly conditionAt: readonly Column<Float64Array>[];
  /** Shortcuts to the Ready condition. */
  readonly ready: Column<Uint8Array>;
  readonly readyAt: Column<Float64Array>;
  /** The pod IP as an IPv4 number; 0 when none. */
  readonly ip: Column<Float64Array>;
  readonly containers: RefColumn<readonly ContainerStatus[] | null>;
  readonly initContainers: RefColumn<readonly ContainerStatus[] | null>;
  /** Sum of restart counts of the regular containers. */
  readonly restarts: Column<Int32Array>;
  /** Pods by node: list number = node number of `nodeNames`. */
  readonly byNode: Links;
  /** Pods by controlling owner: list number = number of the owner's uid in `ownerUids`. */
  readonly byOwner: Links;
  readonly ownerUids: Interner;
  /** Pods by (namespace, labels): list number = number of the pair in `groups`. */
  readonly byGroup: Links;
  readonly groups: Interner;
  readonly groupNamespace: RefColumn<string>;
  readonly groupLabels: RefColumn<StringMap>;
  /** By group: grows with every write of a pod of the group, and when one comes or goes. */
  readonly groupVersion: Column<Float64Array>;
  readonly #present: Links;
  readonly #groupsOfNamespace: Links;
  /** Rows by name, by namespace number: derived. */
  #index: Map<string, number>[] | undefined;
  /** Groups by namespace and label, as far as they have been looked at: derived. */
  #groupsByLabel = new Map<string, number[]>();
  #labelledCount = 0;

  constructor(registry: CellRegistry) {
    const floats = (name: string, fill = 0) => new Column<Float64Array>(registry, `pods.${name}`, Float64Array, fill);
    const ints = (name: string, fill = 0) => new Column<Int32Array>(registry, `pods.${name}`, Int32Array, fill);
    const bytes = (name: string) => new Column<Uint8Array>(registry, `pods.${name}`, Uint8Array);
    this.rows = new Rows(registry, "pods");
    this.name = new RefColumn(registry, "pods.name", "");
    this.namespaces = new Interner(registry, "pods.namespaces");
    this.namespaceId = ints("namespace");
    this.template = new RefColumn<PodTemplate | null>(registry, "pods.template", null);
    this.extra = new RefColumn(registry, "pods.extra", NO_EXTRA);
    this.owner = new RefColumn<OwnerReference | null>(registry, "pods.owner", null);
    this.ownerBit = new Column<Uint8Array>(registry, "pods.ownerBit", Uint8Array);
    this.serial = floats("serial");
    this.createdAt = floats("createdAt");
    this.resourceVersion = floats("resourceVersion");
    this.generation = ints("specGeneration");
    this.nodeNames = new Interner(registry, "pods.nodeNames");
    this.nodeId = ints("node", -1);
    this.nominatedNodeId = ints("nominatedNode", -1);
    this.phase = bytes("phase");
    this.startTime = floats("startTime", -1);
    this.deletionAt = floats("deletionAt", -1);
    this.graceSeconds = floats("graceSeconds");
    this.conditionStatus = POD_CONDITIONS.map((type) => bytes(`condition.${type}`));
    this.conditionAt = POD_CONDITIONS.map((type) => floats(`condition.${type}.at`, -1));
    this.ready = this.conditionStatus[POD_CONDITIONS.indexOf("Ready")] as Column<Uint8Array>;
    this.readyAt = this.conditionAt[POD_CONDITIONS.indexOf("Ready")] as Column<Float64Array>;
    this.ip = floats("ip");
    this.containers = new RefColumn<readonly ContainerStatus[] | null>(registry, "pods.containers", null);
    this.initContainers = new RefColumn<readonly ContainerStatus[] | null>(registry, "pods.initContainers", null);
    this.restarts = ints("restarts");
    this.byNode = new Links(registry, "pods.byNode");
    this.byOwner = new Links(registry, "pods.byOwner");
    this.ownerUids = new Interner(registry, "pods.ownerUids");
    this.byGroup = new Links(registry, "pods.byGroup");
    this.groups = new Interner(registry, "pods.groups");
    this.groupNamespace = new RefColumn(registry, "pods.groupNamespace", "");
    this.groupLabels = new RefColumn<StringMap>(registry, "pods.groupLabels", NO_LABELS);
    this.groupVersion = floats("groupVersion");
    this.#present = new Links(registry, "pods.present");
    this.#groupsOfNamespace = new Links(registry, "pods.groupsOfNamespace");
    registry.add({
      name: "pods.index",
      save: () => ({ form: "data", data: null }),
      load: () => {
        this.#index = undefined;
        this.#groupsByLabel = new Map();
        this.#labelledCount = 0;
      },
    });
  }

  /** Pods present. */
  get count(): number {
    return this.#present.count(0);
  }
  isPresent(row: number): boolean {
    return row >= 0 && this.#present.listOf(row) === 0;
  }
  /** Present pods in order of creation: `for (row = first(); row !== -1; row = after(row))`. */
  first(): number {
    return this.#present.head(0);
  }
  after(row: number): number {
    return this.#present.next(row);
  }
  rowOf(namespace: string, name: string): number {
    return this.#names(this.namespaces.find(namespace))?.get(name) ?? -1;
  }

  namespaceOf(row: number): string {
    return this.namespaces.textOf(this.namespaceId.get(row));
  }
  templateOf(row: number): PodTemplate {
    const template = this.template.get(row);
    if (template === null) throw new Error(`pod row ${row} is not in use`);
    return template;
  }
  labelsOf(row: number): StringMap {
    return this.extra.get(row).labels ?? this.templateOf(row).labels;
  }
  annotationsOf(row: number): StringMap {
    return this.extra.get(row).annotations ?? this.templateOf(row).annotations;
  }
  finalizersOf(row: number): readonly string[] {
    return this.extra.get(row).finalizers ?? this.templateOf(row).finalizers;
  }
  /** The name of the node the pod is bound to, or "". */
  nodeNameOf(row: number): string {
    const id = this.nodeId.get(row);
    return id === -1 ? "" : this.nodeNames.textOf(id);
  }
  isDeleting(row: number): boolean {
    return this.deletionAt.get(row) !== -1;
  }
  isTerminal(row: number): boolean {
    const phase = this.phase.get(row);
    return phase === POD_PHASE.succeeded || phase === POD_PHASE.failed;
  }
  /** Neither terminal nor being deleted: what replica controllers count. */
  isActive(row: number): boolean {
    return !this.isTerminal(row) && !this.isDeleting(row);
  }
  isReady(row: number): boolean {
    return this.ready.get(row) === CONDITION.true;
  }

  /** The number of the list of pods controlled by an owner, for `byOwner`. */
  ownerList(uid: string): number {
    return this.ownerUids.idOf(uid);
  }
  /** The number of the list of pods without controller in a namespace, for `byOwner`. */
  orphanList(namespace: string): number {
    return this.ownerUids.idOf(`orphans of ${namespace}`);
  }

  /**
   * Groups of pods of a namespace whose labels satisfy the matcher, in order of first sight; for `byGroup`. Cost: the groups that
   * have the label, where the matcher is known to ask for one, else all of the namespace.
   */
  matchingGroups(namespace: string, matches: (labels: StringMap) => boolean, label?: RequiredLabel): number[] {
    const found: number[] = [];
    if (label !== undefined) {
      for (const group of this.#labelled(namespace, label)) {
        if (this.byGroup.count(group) > 0 && matches(this.groupLabels.get(group))) found.push(group);
      }
      return found;
    }
    const list = this.namespaces.find(namespace);
    if (list === -1) return found;
    for (let group = this.#groupsOfNamespace.head(list); group !== -1; group = this.#groupsOfNamespace.next(group)) {
      if (this.byGroup.count(group) > 0 && matches(this.groupLabels.get(group))) found.push(group);
    }
    return found;
  }
  /** Present pods of a namespace whose labels satisfy the matcher, by creation. For places that are not hot. */
  matching(namespace: string, matches: (labels: StringMap) => boolean): number[] {
    const rows = this.matchingGroups(namespace, matches).flatMap((group) => this.byGroup.rows(group));
    return rows.sort((a, b) => this.serial.get(a) - this.serial.get(b));
  }

  /** For the store alone: puts the row on all lists and in the index of names. */
  enter(row: number): void {
    this.#names(this.namespaceId.get(row))?.set(this.name.get(row), row);
    this.#present.append(0, row);
    this.regroup(row);
  }
  /** For the store alone: the group of a pod follows its labels. */
  regroup(row: number): void {
    const namespace = this.namespaceOf(row);
    const template = this.templateOf(row);
    const labels = this.extra.get(row).labels;
    const key =
      labels === undefined
        ? template.labelsKey
        : Object.entries(labels)
            .map((pair) => pair.join("="))
            .sort()
            .join(",");
    const known = this.groups.count;
    const group = this.groups.idOf(`${namespace}\n${key}`);
    if (group === known) {
      this.groupNamespace.set(group, namespace);
      this.groupLabels.set(group, labels ?? template.labels);
      this.#groupsOfNamespace.append(this.namespaces.idOf(namespace), group);
    }
    this.touch(row);
    this.byGroup.append(group, row);
    this.touch(row);
  }
  /** For the store alone: the pod is written. */
  touch(row: number): void {
    const group = this.byGroup.listOf(row);
    if (group !== -1) this.groupVersion.set(group, this.groupVersion.get(group) + 1);
  }
  /** For the store alone: off all lists; the columns stay readable until `release`. */
  leave(row: number): void {
    this.#names(this.namespaceId.get(row))?.delete(this.name.get(row));
    this.#present.remove(row);
    this.byNode.remove(row);
    this.byOwner.remove(row);
    this.touch(row);
    this.byGroup.remove(row);
  }
  /** For the store alone: nobody needs the deleted row any more. */
  release(row: number): void {
    this.name.clear(row);
    this.template.clear(row);
    this.extra.clear(row);
    this.owner.clear(row);
    this.containers.clear(row);
    this.initContainers.clear(row);
    for (const column of [this.nodeId, this.nominatedNodeId, this.startTime, this.deletionAt]) column.set(row, -1);
    for (const column of [this.phase, this.ip, this.restarts, this.generation, this.graceSeconds]) column.set(row, 0);
    for (const column of this.conditionStatus) column.set(row, 0);
    for (const column of this.conditionAt) column.set(row, -1);
    this.rows.free(row);
  }

  /** Groups of the namespace with the label, in order of first sight. */
  #labelled(namespace: string, { key, value }: RequiredLabel): readonly number[] {
    for (; this.#labelledCount < this.groups.count; this.#labelledCount++) {
      const group = this.#labelledCount;
      for (const [name, text] of Object.entries(this.groupLabels.get(group))) {
        const entry = labelEntry(this.groupNamespace.get(group), name, text);
        const known = this.#groupsByLabel.get(entry);
        if (known === undefined) this.#groupsByLabel.set(entry, [group]);
        else known.push(group);
      }
    }
    return this.#groupsByLabel.get(labelEntry(namespace, key, value)) ?? NO_GROUPS;
  }

  #names(namespaceId: number): Map<string, number> | undefined {
    if (this.#index === undefined) {
      this.#index = [];
      for (let row = this.first(); row !== -1; row = this.after(row)) {
        this.#names(this.namespaceId.get(row))?.set(this.name.get(row), row);
      }
    }
    if (namespaceId === -1) return undefined;
    let names = this.#index[namespaceId];
    if (names === undefined) {
      names = new Map();
      this.#index[namespaceId] = names;
    }
    return names;
  }
}
