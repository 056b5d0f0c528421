import type { Engine } from "../engine/index.ts";
import { Chains } from "../engine/index.ts";
import type { PodTemplateSpec } from "../kube/index.ts";
import { drawAt, type Stream } from "../random/index.ts";
import type { Store } from "../store/index.ts";
import { Column, RefColumn, StateMap, StateValue } from "../tables/index.ts";
import type { Micros } from "../units/index.ts";
import type { CachedImage, KubeletOptions, NodeRegistration } from "./options.ts";
import type { PodConditions } from "./pod-phase.ts";
import { type PodShape, shapeOf, type Unit } from "./unit.ts";

/** Bits of a node's state. */
export const NODE = {
  registered: 1,
  /** The machine is on. */
  power: 2,
  /** The kubelet process runs. */
  kubelet: 4,
  /** The kubelet reaches the API server. */
  link: 8,
  /** The kubelet is ready to report Ready. */
  ready: 16,
  /** The machine has been taken away and will not come back. */
  retired: 32,
  /** The API server answers. */
  served: 64,
} as const;
const ACTS = NODE.registered | NODE.power | NODE.kubelet;
const LISTENS = ACTS | NODE.link | NODE.served;

/** Where a pod is in the kubelet's hands. */
export const STAGE = {
  unknown: 0,
  /** Noticed, or about to be. */
  noticed: 1,
  /** Admitted: its containers are started and kept running. */
  live: 2,
  /** Its containers have been told to stop. */
  terminating: 3,
  /** All containers have ended; sandbox and volumes are being removed. */
  stopped: 4,
  /** Nothing is left to do but delete the object when that is wanted. */
  finished: 5,
} as const;

/** What the worker of a pod is waiting for. */
export const BUSY = { idle: 0, sandbox: 1, image: 2, start: 3, report: 4 } as const;

/** Numbers of the event kinds. */
export interface Kinds {
  readonly notice: number;
  readonly step: number;
  readonly relist: number;
  readonly resync: number;
  readonly exit: number;
  readonly readiness: number;
  readonly startup: number;
  readonly liveness: number;
  readonly stopped: number;
  readonly finish: number;
  readonly remove: number;
  readonly reconcile: number;
  readonly deadline: number;
  readonly pulled: number;
  readonly postStatus: number;
  readonly nodeReady: number;
  readonly boot: number;
  readonly staticPod: number;
}

/** An image pull, queued (startedAt -1) or under way. */
export interface Pull {
  readonly nodeId: number;
  readonly row: number;
  readonly generation: number;
  readonly epoch: number;
  readonly image: string;
  readonly requestedAt: Micros;
  readonly startedAt: Micros;
  readonly isMissing: boolean;
}

export interface PodEnd {
  readonly reason: string;
  readonly message: string;
}

const DRAWS_KEY = 1;
const RELIST_KEY = 2;
const NO_IMAGES: readonly CachedImage[] = Object.freeze([]);
const NO_REGISTRATION: NodeRegistration = Object.freeze({ name: "", capacity: Object.freeze({}) });
const NO_PODS: readonly PodTemplateSpec[] = Object.freeze([]);
const NO_PULLS: readonly number[] = Object.freeze([]);

/** The cells of all kubelets, and what their parts share. Node columns go by node id, pod columns by pod row. */
export class KubeletContext {
  readonly engine: Engine;
  readonly store: Store;
  readonly options: KubeletOptions;
  kinds!: Kinds;
  readonly streams: { readonly start: Stream; readonly pull: Stream; readonly stop: Stream; readonly resync: Stream };

  readonly nodeBits: Column<Uint8Array>;
  readonly nodeIp: Column<Float64Array>;
  readonly networkBase: Column<Float64Array>;
  readonly networkSize: Column<Float64Array>;
  /** Pod addresses given out so far, those skipped included. */
  readonly ipsGiven: Column<Float64Array>;
  readonly images: RefColumn<readonly CachedImage[]>;
  readonly pullQueue: RefColumn<readonly number[]>;
  readonly activePulls: Column<Int32Array>;
  readonly parallelPulls: Column<Int32Array>;
  readonly bandwidth: Column<Float64Array>;
  /** Whether a write of the node's status is scheduled. */
  readonly postPending: Column<Uint8Array>;
  /** Draws made for the node so far, by which its counter-based draws go. */
  readonly nodeDraws: Column<Int32Array>;
  /** What the kubelet registers its node with. */
  readonly registration: RefColumn<NodeRegistration>;
  /** Pods the kubelet runs by itself. */
  readonly staticPods: RefColumn<readonly PodTemplateSpec[]>;
  readonly networksGiven: StateValue<number>;
  readonly addressesGiven: StateValue<number>;
  readonly pulls: StateMap<number, Pull>;
  readonly nextPull: StateValue<number>;
  /** Evaluations of the node status, by node id. */
  readonly statusTicks: Chains;

  readonly stage: Column<Uint8Array>;
  readonly busy: Column<Uint8Array>;
  /** The unit being started, and the next one to look at after it. */
  readonly unitAt: Column<Int32Array>;
  /** Something happened while the worker was busy. */
  readonly dirty: Column<Uint8Array>;
  /** Counts the lives of the worker: a step of an earlier one does not match. */
  readonly epoch: Column<Int32Array>;
  readonly instances: Column<Int32Array>;
  /** The IP of the sandbox; 0 without one. */
  readonly sandboxIp: Column<Float64Array>;
  readonly units: RefColumn<readonly Unit[] | null>;
  /** The units as last written to the API: the same array, nothing to write. */
  readonly published: RefColumn<readonly Unit[] | null>;
  /** The conditions as last written: the same object, the same reasons and messages. */
  readonly told: RefColumn<PodConditions | null>;
  readonly end: RefColumn<PodEnd | null>;
  /** When the pod's probe workers began. */
  readonly probesAt: Column<Float64Array>;
  readonly noticedAt: Column<Float64Array>;
  readonly admittedAt: Column<Float64Array>;
  /** What the pod holds of its node since its admission. */
  readonly heldCpuMilli: Column<Float64Array>;
  readonly heldMemoryBytes: Column<Float64Array>;
  readonly heldEphemeralBytes: Column<Float64Array>;
  readonly sandboxAt: Column<Float64Array>;
  readonly pullMicros: Column<Float64Array>;
  /** Pending resync and stop events. */
  readonly resyncRef: Column<Float64Array>;
  readonly stopRef: Column<Float64Array>;
  /** Grace of the stop under way, and when it began. */
  readonly stopGrace: Column<Float64Array>;
  readonly stoppedAt: Column<Float64Array>;
  /** Number of the static pod of its node this row mirrors, from 1; 0 for others. */
  readonly staticNumber: Column<Int32Array>;

  constructor(store: Store, options: KubeletOptions) {
    this.store = store;
    this.engine = store.engine;
    this.options = options;
    const { cells, streams } = this.engine;
    const stream = (purpose: string) => streams.stream(`kubelet/${purpose}`);
    this.streams = { start: stream("start"), pull: stream("pull"), stop: stream("stop"), resync: stream("resync") };
    const bytes = (name: string) => new Column<Uint8Array>(cells, `kubelet.${name}`, Uint8Array);
    const ints = (name: string) => new Column<Int32Array>(cells, `kubelet.${name}`, Int32Array);
    const floats = (name: string) => new Column<Float64Array>(cells, `kubelet.${name}`, Float64Array);
    this.nodeBits = bytes("node.bits");
    this.nodeIp = floats("node.ip");
    this.networkBase = floats("node.networkBase");
    this.networkSize = floats("node.networkSize");
    this.ipsGiven = floats("node.ipsGiven");
    this.images = new RefColumn(cells, "kubelet.node.images", NO_IMAGES);
    this.pullQueue = new RefColumn(cells, "kubelet.node.pullQueue", NO_PULLS);
    this.activePulls = ints("node.activePulls");
    this.parallelPulls = ints("node.parallelPulls");
    this.bandwidth = floats("node.bandwidth");
    this.postPending = bytes("node.postPending");
    this.nodeDraws = ints("node.draws");
    this.registration = new RefColumn(cells, "kubelet.node.registration", NO_REGISTRATION);
    this.staticPods = new RefColumn(cells, "kubelet.node.staticPods", NO_PODS);
    this.networksGiven = new StateValue(cells, "kubelet.networksGiven", 0);
    this.addressesGiven = new StateValue(cells, "kubelet.addressesGiven", 0);
    this.pulls = new StateMap(cells, "kubelet.pulls");
    this.nextPull = new StateValue(cells, "kubelet.nextPull", 1);
    this.statusTicks = new Chains(this.engine, "kubelet.statusTicks");
    this.stage = bytes("stage");
    this.busy = bytes("busy");
    this.unitAt = ints("unitAt");
    this.dirty = bytes("dirty");
    this.epoch = ints("epoch");
    this.instances = ints("instances");
    this.sandboxIp = floats("sandboxIp");
    this.units = new RefColumn<readonly Unit[] | null>(cells, "kubelet.units", null);
    this.published = new RefColumn<readonly Unit[] | null>(cells, "kubelet.published", null);
    this.told = new RefColumn<PodConditions | null>(cells, "kubelet.told", null);
    this.end = new RefColumn<PodEnd | null>(cells, "kubelet.end", null);
    this.probesAt = floats("probesAt");
    this.noticedAt = floats("noticedAt");
    this.heldCpuMilli = floats("heldCpuMilli");
    this.heldMemoryBytes = floats("heldMemoryBytes");
    this.heldEphemeralBytes = floats("heldEphemeralBytes");
    this.admittedAt = new Column<Float64Array>(cells, "kubelet.admittedAt", Float64Array, -1);
    this.sandboxAt = floats("sandboxAt");
    this.pullMicros = floats("pullMicros");
    this.resyncRef = floats("resyncRef");
    this.stopRef = floats("stopRef");
    this.stopGrace = floats("stopGrace");
    this.stoppedAt = floats("stoppedAt");
    this.staticNumber = ints("staticNumber");
  }

  /** Whether the node's kubelet runs: it starts, restarts and stops containers. */
  acts(nodeId: number): boolean {
    return nodeId >= 0 && (this.nodeBits.get(nodeId) & ACTS) === ACTS;
  }
  /** Whether it also reads from and writes to the API server. */
  listens(nodeId: number): boolean {
    return nodeId >= 0 && (this.nodeBits.get(nodeId) & LISTENS) === LISTENS;
  }
  hasBit(nodeId: number, bit: number): boolean {
    return (this.nodeBits.get(nodeId) & bit) !== 0;
  }
  setBit(nodeId: number, bit: number, isSet: boolean): void {
    const bits = this.nodeBits.get(nodeId);
    this.nodeBits.set(nodeId, isSet ? bits | bit : bits & ~bit);
  }

  /** Whether the pod exists, is on a node whose kubelet runs, and is at the stage. */
  isAt(row: number, stage: number): boolean {
    const { pods } = this.store;
    return this.stage.get(row) === stage && pods.isPresent(row) && this.acts(pods.nodeId.get(row));
  }
  shapeOf(row: number): PodShape {
    return shapeOf(this.store.pods.templateOf(row).spec);
  }
  unitsOf(row: number): readonly Unit[] {
    return this.units.get(row) ?? this.shapeOf(row).newUnits;
  }
  /** Replaces one unit. Units and their arrays are shared and never changed in place. */
  putUnit(row: number, index: number, unit: Unit): void {
    const units = this.unitsOf(row);
    if (units.length === 1) this.units.set(row, [unit]);
    else this.units.set(row, units.with(index, unit));
  }
  /** Replaces some fields of one unit. */
  setUnit(row: number, index: number, change: Partial<Unit>): void {
    const unit = this.unitsOf(row)[index];
    if (unit !== undefined) this.putUnit(row, index, { ...unit, ...change });
  }

  /** The next draw of a node, uniform in [0, 1): depends on the node's name and how many it has had. */
  drawOfNode(nodeId: number): number {
    const count = this.nodeDraws.get(nodeId);
    this.nodeDraws.set(nodeId, count + 1);
    return drawAt(this.#seedOf(nodeId), DRAWS_KEY, count);
  }

  /** The first instant at or after `at` at which the node's kubelet looks for exited containers. */
  relistAt(nodeId: number, at: Micros): Micros {
    const period = this.options.plegRelistMicros;
    if (period === 0) return at;
    const phase = Math.floor(drawAt(this.#seedOf(nodeId), RELIST_KEY, 0) * period);
    return phase + Math.ceil((at - phase) / period) * period;
  }

  /** A node's draws depend on its name, not on which nodes there are besides. */
  #seedOf(nodeId: number): number {
    return this.engine.streams.seedOf(`kubelet/node/${this.store.pods.nodeNames.textOf(nodeId)}`);
  }

  /** Forgets what was kept of a pod row: it is gone, or on no node of ours. */
  forget(row: number): void {
    this.engine.cancel(this.resyncRef.get(row));
    this.engine.cancel(this.stopRef.get(row));
    for (const column of [this.stage, this.busy, this.dirty]) column.set(row, 0);
    for (const column of [this.unitAt, this.instances, this.staticNumber]) column.set(row, 0);
    for (const column of [this.sandboxIp, this.resyncRef, this.stopRef, this.pullMicros]) column.set(row, 0);
    this.epoch.set(row, 0);
    this.admittedAt.set(row, -1);
    this.units.clear(row);
    this.published.clear(row);
    this.told.clear(row);
    this.end.clear(row);
  }

  /** `name_namespace(uid)`, as the kubelet names pods in messages. */
  podText(row: number): string {
    const { pods, rendering } = this.store;
    return `${pods.name.get(row)}_${pods.namespaceOf(row)}(${rendering.uid(pods.serial.get(row))})`;
  }
  /** `pod/ns/name`, as decisions name pods. */
  podKey(row: number): string {
    const { pods } = this.store;
    return `pod/${pods.namespaceOf(row)}/${pods.name.get(row)}`;
  }
}
