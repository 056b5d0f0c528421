import {
  type ConditionStatus,
  type ContainerStatus,
  generatedName,
  type OwnerReference,
  type StringMap,
  setCondition,
} from "../kube/index.ts";
import { deepFreeze } from "../tables/index.ts";
import { CHANGE, ownerBitOf } from "./changes.ts";
import type { ApiResult, WriterContext } from "./document-writer.ts";
import type { PodTemplate } from "./pod-template.ts";
import {
  CONDITION,
  type ConditionText,
  POD_CONDITIONS,
  POD_PHASE,
  type PodConditionType,
  type PodExtra,
  type PodTable,
} from "./pods.ts";

export interface PodCreation {
  readonly namespace: string;
  /** Either a name or the base of a generated one. */
  readonly name?: string;
  readonly generateName?: string;
  readonly template: PodTemplate;
  readonly owner?: OwnerReference;
  /** Bound from the start (imported pods, static pods). */
  readonly nodeName?: string;
  readonly extra?: PodExtra;
}

export type ConditionTexts = Readonly<Partial<Record<PodConditionType, ConditionText | null>>>;

/** What of a pod's status changes; absent fields stay. Conditions keep their transition time unless the status flips. */
export interface PodStatusChange {
  readonly phase?: number;
  readonly startTime?: number;
  readonly ip?: number;
  readonly conditions?: Readonly<Partial<Record<PodConditionType, number>>>;
  /** Reasons and messages of conditions; `null` removes them. */
  readonly texts?: ConditionTexts;
  readonly containers?: readonly ContainerStatus[];
  readonly initContainers?: readonly ContainerStatus[];
  readonly restarts?: number;
  readonly reason?: string;
  readonly message?: string;
}

const MICROS_PER_SECOND = 1_000_000;
const NO_CONDITION_TEXTS = Object.freeze({});

/** Writes pods: the one place where pod rows are made, changed and removed. */
export class PodWriter {
  readonly #context: WriterContext;
  readonly #kindId: number;

  constructor(context: WriterContext, kindId: number) {
    this.#context = context;
    this.#kindId = kindId;
  }

  /** Creates a pod. Fails with AlreadyExists or Forbidden. The owner reference should be one shared object an owner. */
  create(creation: PodCreation): ApiResult {
    const { store, serial } = this.#context;
    const pods = store.pods;
    const name = creation.name ?? this.#generateName(creation.namespace, creation.generateName ?? "");
    if (pods.rowOf(creation.namespace, name) !== -1) {
      return { ok: false, status: { code: 409, reason: "AlreadyExists", message: `pods "${name}" already exists` } };
    }
    const admitted = store.admission.admitPod(creation.namespace, name, creation.template);
    if ("refusal" in admitted) return { ok: false, status: admitted.refusal };
    const row = pods.rows.allocate();
    serial.value++;
    pods.name.set(row, name);
    pods.namespaceId.set(row, pods.namespaces.idOf(creation.namespace));
    pods.template.set(row, admitted.template);
    if (creation.extra !== undefined) pods.extra.set(row, deepFreeze(creation.extra));
    pods.serial.set(row, serial.value);
    pods.createdAt.set(row, store.nowSecond);
    pods.generation.set(row, 1);
    pods.phase.set(row, POD_PHASE.pending);
    pods.enter(row);
    this.#own(row, creation.owner ?? null);
    if (creation.nodeName !== undefined) this.#place(row, creation.nodeName);
    this.#changed(row, CHANGE.added);
    return { ok: true, row };
  }

  /** Binds a pod to a node: spec.nodeName, PodScheduled=True; a nomination ends. */
  bind(row: number, nodeName: string): void {
    const pods = this.#context.store.pods;
    this.#place(row, nodeName);
    pods.nominatedNodeId.set(row, -1);
    this.#setCondition(pods, row, "PodScheduled", CONDITION.true);
    this.#setTexts(row, { PodScheduled: null });
    this.#changed(row, CHANGE.bound);
  }

  /** PodScheduled=False with its reason and message, and the nomination (undefined: unchanged, "": none). */
  setUnschedulable(row: number, reason: string, message: string, nominatedNode?: string): void {
    const pods = this.#context.store.pods;
    const known = pods.extra.get(row).conditionTexts?.PodScheduled;
    const status = pods.conditionStatus[POD_CONDITIONS.indexOf("PodScheduled")]?.get(row);
    let flags = 0;
    if (status !== CONDITION.false || known?.reason !== reason || known.message !== message) {
      this.#setCondition(pods, row, "PodScheduled", CONDITION.false);
      this.#setTexts(row, { PodScheduled: { reason, message } });
      flags |= CHANGE.unschedulable;
    }
    if (nominatedNode !== undefined) flags |= this.#nominate(row, nominatedNode);
    if (flags !== 0) this.#changed(row, flags);
  }

  /** Sets status.nominatedNodeName; "" clears it. */
  setNomination(row: number, nominatedNode: string): void {
    const flags = this.#nominate(row, nominatedNode);
    if (flags !== 0) this.#changed(row, flags);
  }

  // hot: several times a pod's life (bench/world).
  /** Writes part of the status. Returns whether anything differed. */
  updateStatus(row: number, change: PodStatusChange): boolean {
    const pods = this.#context.store.pods;
    let flags = 0;
    if (change.phase !== undefined && pods.phase.get(row) !== change.phase) {
      pods.phase.set(row, change.phase);
      flags |= CHANGE.phase;
    }
    if (change.ip !== undefined && pods.ip.get(row) !== change.ip) {
      pods.ip.set(row, change.ip);
      flags |= CHANGE.podIp;
    }
    if (change.startTime !== undefined && pods.startTime.get(row) !== truncated(change.startTime)) {
      pods.startTime.set(row, truncated(change.startTime));
      flags |= CHANGE.status;
    }
    if (change.conditions !== undefined) {
      for (const type of POD_CONDITIONS) {
        const status = change.conditions[type];
        if (status === undefined || !this.#setCondition(pods, row, type, status)) continue;
        flags |= type === "Ready" ? CHANGE.ready : CHANGE.status;
      }
    }
    if (change.texts !== undefined && this.#setTexts(row, change.texts)) flags |= CHANGE.status;
    if (change.containers !== undefined && pods.containers.get(row) !== change.containers) {
      pods.containers.set(row, deepFreeze(change.containers));
      flags |= CHANGE.status;
    }
    if (change.initContainers !== undefined && pods.initContainers.get(row) !== change.initContainers) {
      pods.initContainers.set(row, deepFreeze(change.initContainers));
      flags |= CHANGE.status;
    }
    if (change.restarts !== undefined && pods.restarts.get(row) !== change.restarts) {
      pods.restarts.set(row, change.restarts);
      flags |= CHANGE.status;
    }
    if (change.reason !== undefined || change.message !== undefined) {
      const { reason, message } = change;
      const extra = pods.extra.get(row);
      if ((reason !== undefined && extra.reason !== reason) || (message !== undefined && extra.message !== message)) {
        const told = { ...(reason === undefined ? {} : { reason }), ...(message === undefined ? {} : { message }) };
        pods.extra.set(row, deepFreeze({ ...extra, ...told }));
        flags |= CHANGE.status;
      }
    }
    if (flags !== 0) this.#changed(row, flags);
    return flags !== 0;
  }

  /**
   * Sets a condition without columns of its own (DisruptionTarget, …), in its old place or at the end. Its transition time
   * moves only when the status flips; nothing is written when nothing differs. An empty reason or message is left out.
   */
  setExtraCondition(row: number, type: string, status: ConditionStatus, reason: string, message: string): void {
    const { store } = this.#context;
    const extra = store.pods.extra.get(row);
    const known = extra.conditions ?? [];
    const condition = {
      type,
      status,
      ...(reason === "" ? {} : { reason }),
      ...(message === "" ? {} : { message }),
      lastProbeTime: null,
    };
    const conditions = setCondition(known, condition, store.timestamp(store.nowSecond));
    if (conditions === known) return;
    store.pods.extra.set(row, deepFreeze({ ...extra, conditions }));
    this.#changed(row, CHANGE.status);
  }

  /**
   * DELETE of a pod: with the option's grace, else the pod's own. A pod that is not bound or has ended goes at once;
   * otherwise it gets its deletion timestamp (a repeated request can only shorten it) and the kubelet does the rest.
   */
  requestDeletion(row: number, graceOptionSeconds?: number): void {
    const { store } = this.#context;
    const pods = store.pods;
    let grace = graceOptionSeconds ?? pods.templateOf(row).spec.terminationGracePeriodSeconds ?? 30;
    if (grace < 0) grace = 1;
    const finalizers = pods.finalizersOf(row);
    if (pods.nodeId.get(row) === -1 || pods.isTerminal(row)) grace = 0;
    if (grace === 0 && finalizers.length === 0) {
      this.remove(row);
      return;
    }
    const isForced = pods.isDeleting(row) && grace === 0 && pods.graceSeconds.get(row) > 0;
    // Without grace the timestamp is that of the first request; the pod now waits for its finalizers only.
    const deletionAt = isForced
      ? pods.deletionAt.get(row) - pods.graceSeconds.get(row) * MICROS_PER_SECOND
      : store.nowSecond + grace * MICROS_PER_SECOND;
    if (pods.isDeleting(row) && pods.deletionAt.get(row) <= deletionAt && !isForced) return;
    const isFirst = !pods.isDeleting(row);
    pods.deletionAt.set(row, deletionAt);
    pods.graceSeconds.set(row, grace);
    if (isFirst) pods.generation.set(row, pods.generation.get(row) + 1);
    this.#changed(row, isFirst ? CHANGE.deleting : CHANGE.metadata);
  }

  /** The object is gone. Its row stays readable until every cursor has seen it. */
  remove(row: number): void {
    const { store, log, revision } = this.#context;
    store.pods.leave(row);
    store.pods.resourceVersion.set(row, ++revision.value);
    log.append(this.#kindId, row, CHANGE.deleted, undefined, store.pods.ownerBit.get(row));
  }

  /** Adopts (a reference) or releases (null) a pod. */
  setOwner(row: number, owner: OwnerReference | null): void {
    this.#own(row, owner);
    this.#changed(row, CHANGE.metadata);
  }

  addFinalizer(row: number, finalizer: string): void {
    const finalizers = this.#context.store.pods.finalizersOf(row);
    if (!finalizers.includes(finalizer)) this.setMetadata(row, { finalizers: [...finalizers, finalizer] });
  }

  /** Without its last finalizer a pod goes whose deletion waited for nothing else. */
  removeFinalizer(row: number, finalizer: string): void {
    const { pods } = this.#context.store;
    const finalizers = pods.finalizersOf(row);
    if (!finalizers.includes(finalizer)) return;
    const kept = finalizers.filter((other) => other !== finalizer);
    this.setMetadata(row, { finalizers: kept });
    if (kept.length === 0 && pods.isDeleting(row) && pods.graceSeconds.get(row) === 0) this.remove(row);
  }

  setMetadata(
    row: number,
    change: { readonly labels?: StringMap; readonly annotations?: StringMap; readonly finalizers?: readonly string[] },
  ): void {
    const pods = this.#context.store.pods;
    pods.extra.set(row, deepFreeze({ ...pods.extra.get(row), ...change }));
    if (change.labels !== undefined) pods.regroup(row);
    this.#changed(row, CHANGE.metadata);
  }

  #own(row: number, owner: OwnerReference | null): void {
    const pods = this.#context.store.pods;
    pods.owner.set(row, owner);
    pods.ownerBit.set(row, ownerBitOf(owner?.kind));
    const list = owner === null ? pods.orphanList(pods.namespaceOf(row)) : pods.ownerList(owner.uid);
    pods.byOwner.append(list, row);
  }

  #place(row: number, nodeName: string): void {
    const pods = this.#context.store.pods;
    const id = pods.nodeNames.idOf(nodeName);
    pods.nodeId.set(row, id);
    pods.byNode.append(id, row);
  }

  /** The flags of the change that this was. */
  #nominate(row: number, nodeName: string): number {
    const { pods } = this.#context.store;
    const id = nodeName === "" ? -1 : pods.nodeNames.idOf(nodeName);
    if (pods.nominatedNodeId.get(row) === id) return 0;
    pods.nominatedNodeId.set(row, id);
    return CHANGE.nominated;
  }

  #setCondition(pods: PodTable, row: number, type: PodConditionType, status: number): boolean {
    const index = POD_CONDITIONS.indexOf(type);
    const column = pods.conditionStatus[index];
    if (column === undefined || column.get(row) === status) return false;
    column.set(row, status);
    pods.conditionAt[index]?.set(row, this.#context.store.nowSecond);
    return true;
  }

  /** Puts reasons and messages of conditions into the pod's extra, all in one. Returns whether anything differed. */
  #setTexts(row: number, texts: ConditionTexts): boolean {
    const pods = this.#context.store.pods;
    const extra = pods.extra.get(row);
    const known = extra.conditionTexts;
    let differs = false;
    const next: Partial<Record<PodConditionType, ConditionText>> = {};
    for (const type of POD_CONDITIONS) {
      const before = known?.[type];
      const text = texts[type];
      const after = text === undefined ? before : (text ?? undefined);
      if (before?.reason !== after?.reason || before?.message !== after?.message) differs = true;
      if (after !== undefined) next[type] = after;
    }
    if (!differs) return false;
    const hasTexts = POD_CONDITIONS.some((type) => next[type] !== undefined);
    pods.extra.set(row, deepFreeze({ ...extra, conditionTexts: hasTexts ? next : NO_CONDITION_TEXTS }));
    return true;
  }

  #generateName(namespace: string, base: string): string {
    const { store, names } = this.#context;
    for (;;) {
      const name = generatedName(base, (n) => names.int(n));
      if (store.pods.rowOf(namespace, name) === -1) return name;
    }
  }

  #changed(row: number, flags: number): void {
    const { store, log, revision } = this.#context;
    store.pods.resourceVersion.set(row, ++revision.value);
    store.pods.touch(row);
    log.append(this.#kindId, row, flags, undefined, store.pods.ownerBit.get(row));
  }
}

function truncated(micros: number): number {
  return Math.floor(micros / MICROS_PER_SECOND) * MICROS_PER_SECOND;
}
