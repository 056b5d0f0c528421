import type { Engine, Micros } from "../engine/index.ts";
import { Chains } from "../engine/index.ts";
import type { KubeEvent, KubeObject, OwnerReference, PodTemplateSpec } from "../kube/index.ts";
import type { Distribution } from "../random/index.ts";
import { deepFreeze, StateValue } from "../tables/index.ts";
import { rfc3339 } from "../units/index.ts";
import { Admission } from "./admission.ts";
import { ChangeLog, type Cursor, type Interest } from "./changes.ts";
import { DecisionLog } from "./decision-log.ts";
import { DocumentWriter } from "./document-writer.ts";
import { DocumentTable } from "./documents.ts";
import { EventRecorder } from "./event-recorder.ts";
import { materialisePod, podReference, type Rendering } from "./materialise.ts";
import type { PodTemplate } from "./pod-template.ts";
import { PodWriter } from "./pod-writer.ts";
import { PodTable } from "./pods.ts";
import { TemplateCache } from "./template-cache.ts";

/** Kinds with a table of their own, besides Pod. Every other kind goes into the table "Other", kept and not simulated. */
export const DOCUMENT_KINDS = [
  "Node",
  "Namespace",
  "ReplicationController",
  "ReplicaSet",
  "Deployment",
  "StatefulSet",
  "DaemonSet",
  "Job",
  "CronJob",
  "HorizontalPodAutoscaler",
  "PodDisruptionBudget",
  "Service",
  "EndpointSlice",
  "PriorityClass",
  "ResourceQuota",
  "LimitRange",
  "PersistentVolume",
  "PersistentVolumeClaim",
  "StorageClass",
  "ConfigMap",
  "Secret",
  "ServiceAccount",
  "Lease",
  "Other",
  "ControllerRevision",
  "Endpoints",
  "CSINode",
] as const;
export type DocumentKind = (typeof DOCUMENT_KINDS)[number];

const POD_KIND_ID = DOCUMENT_KINDS.length;
const MICROS_PER_SECOND = 1_000_000;

export interface StoreOptions {
  /** Microseconds since 1970-01-01T00:00:00Z at which the run starts: whole seconds. */
  readonly epochMicros: number;
  /** How the uid of the n-th created object is written; all different. */
  readonly uidOf?: (serial: number) => string;
  /** Whether claims and volumes are admitted as by default: protected, claims with the default class. Default false. */
  readonly admitsStorage?: boolean;
  /** How long the requests of a controller's sync take. Default no time. */
  readonly apiLatency?: Distribution;
  /** How long after a write those who watch hear of it. Default at once. */
  readonly watchLatency?: Distribution;
}

const NO_TIME: Distribution = { constant: 0 };

/**
 * The API server's truth. Components read tables freely and write only through the writers here; every write bumps the
 * revision (one counter for all kinds, as etcd's), is appended to the change log and wakes the cursors of the kind.
 */
export class Store {
  readonly engine: Engine;
  readonly pods: PodTable;
  readonly events: EventRecorder;
  readonly decisions: DecisionLog;
  readonly podWriter: PodWriter;
  readonly writer: DocumentWriter;
  readonly admission: Admission;
  /** Renewals of node leases, and posts of node status: chains numbered as `pods.nodeNames` numbers nodes. */
  readonly leases: Chains;
  readonly nodeStatusPosts: Chains;
  readonly rendering: Rendering;
  readonly #tables = new Map<string, DocumentTable>();
  readonly #log: ChangeLog;
  /** How long the requests of a controller's sync take. */
  readonly apiLatency: Distribution;
  readonly #watchLatency: Distribution;
  readonly #epochMicros: number;
  readonly #templates: TemplateCache;
  #shownSecond = Number.NaN;
  #shownText = "";

  constructor(engine: Engine, options: StoreOptions) {
    this.engine = engine;
    this.#epochMicros = options.epochMicros;
    this.apiLatency = options.apiLatency ?? NO_TIME;
    this.#watchLatency = options.watchLatency ?? NO_TIME;
    this.rendering = { timestamp: (micros) => this.timestamp(micros), uid: options.uidOf ?? uidOf };
    for (const [kindId, kind] of DOCUMENT_KINDS.entries()) {
      this.#tables.set(kind, new DocumentTable(engine.cells, kind, kindId));
    }
    this.pods = new PodTable(engine.cells);
    this.events = new EventRecorder(engine);
    this.decisions = new DecisionLog(engine);
    this.leases = new Chains(engine, "leases", { listsChanged: true });
    this.nodeStatusPosts = new Chains(engine, "nodeStatusPosts");
    this.#log = new ChangeLog(engine, POD_KIND_ID, (kindId, row) => {
      if (kindId === POD_KIND_ID) this.pods.release(row);
      else this.documents(DOCUMENT_KINDS[kindId] as DocumentKind).release(row);
    });
    this.admission = new Admission(this);
    const revision = new StateValue(engine.cells, "store.revision", 1);
    const serial = new StateValue(engine.cells, "store.serial", 0);
    const { admitsStorage = false } = options;
    const names = engine.streams.stream("store/names");
    const shared = { store: this, log: this.#log, revision, serial, names, admitsStorage };
    this.podWriter = new PodWriter(shared, POD_KIND_ID);
    this.writer = new DocumentWriter(shared);
    this.#templates = new TemplateCache(this);
  }

  /** The table of a kind; kinds without a table of their own are in "Other". */
  documents<T extends KubeObject = KubeObject>(kind: DocumentKind): DocumentTable<T> {
    return (this.#tables.get(kind) ?? this.#tables.get("Other")) as unknown as DocumentTable<T>;
  }

  /**
   * Subscribes to the changes of some kinds ("Pod" or a document kind). `onWake` runs in phase `store`, `delayMicros` (or, where that
   * is 0, the store's `watchLatency`) after a write, once per instant; read the cursor to its end there and queue your own work. Only before the first event.
   * `pods` and `documents` narrow down the changes: a cursor is not woken for others, and every wake of a pod's write costs.
   * `isPrompt`: it is part of the API server or has a delay of its own, and hears at once.
   *
   * DEVIATION(watch-latency): a component that hears late still reads what is there when it acts; the original acts on what it
   * has heard.
   */
  watch(
    name: string,
    kinds: readonly (DocumentKind | "Pod")[],
    onWake: () => void,
    delayMicros: Micros = 0,
    options: { readonly pods?: Interest; readonly documents?: Interest; readonly isPrompt?: boolean } = {},
  ): Cursor {
    const { isPrompt = false, ...interests } = options;
    const delay = delayMicros > 0 || isPrompt ? { constant: delayMicros } : this.#watchLatency;
    return this.#log.watch(name, this.#kindIds(kinds), onWake, { delay, ...interests });
  }

  /** Subscribes an observer: woken in phase `observe`, silent, and not allowed to write. */
  observe(
    name: string,
    kinds: readonly (DocumentKind | "Pod")[],
    onWake: () => void,
    options: { readonly pods?: Interest; readonly documents?: Interest } = {},
  ): Cursor {
    return this.#log.watch(name, this.#kindIds(kinds), onWake, { isObserver: true, ...options });
  }

  #kindIds(kinds: readonly (DocumentKind | "Pod")[]): number[] {
    return kinds.map((kind) => this.kindIdOf(kind));
  }

  /** The number by which cursors name a kind. */
  kindIdOf(kind: DocumentKind | "Pod"): number {
    return kind === "Pod" ? POD_KIND_ID : DOCUMENT_KINDS.indexOf(kind);
  }

  /** Now, truncated to a whole second: what the API keeps of an instant. */
  get nowSecond(): Micros {
    return Math.floor(this.engine.now / MICROS_PER_SECOND) * MICROS_PER_SECOND;
  }

  /** An instant of the run as the API writes it. */
  timestamp(micros: Micros): string {
    const second = Math.floor(micros / MICROS_PER_SECOND);
    if (second !== this.#shownSecond) {
      this.#shownSecond = second;
      this.#shownText = rfc3339(this.#epochMicros + second * MICROS_PER_SECOND);
    }
    return this.#shownText;
  }

  get epochMicros(): number {
    return this.#epochMicros;
  }

  /** The shared template that pods made from this pod template have: defaulted, with what admission adds. */
  templateOf(template: PodTemplateSpec): PodTemplate {
    return this.#templates.of(template);
  }

  /** The API object of a pod row. */
  pod(row: number): ReturnType<typeof materialisePod> {
    return materialisePod(this.pods, row, this.rendering);
  }

  /** Reports a Kubernetes event about a pod. `fieldPath` as in `spec.containers{web}`. */
  podEvent(
    row: number,
    source: string,
    type: KubeEvent["type"],
    reason: string,
    message: string,
    fieldPath?: string,
  ): void {
    if (!this.events.isEnabled) return;
    const reference = podReference(this.pods, row, this.rendering);
    const involvedObject = fieldPath === undefined ? reference : { ...reference, fieldPath };
    this.events.record({ involvedObject, type, reason, message, source });
  }

  /** Reports a Kubernetes event about a pod as a client of events.k8s.io does, which counts in its own way (EventSeries). */
  podSeriesEvent(row: number, source: string, type: KubeEvent["type"], reason: string, message: string): void {
    if (!this.events.isEnabled) return;
    const involvedObject = podReference(this.pods, row, this.rendering);
    const version = this.pods.resourceVersion.get(row);
    this.events.recordSeries({ involvedObject, type, reason, message, source }, version);
  }

  /** Reports a Kubernetes event about a document. */
  event(object: KubeObject, source: string, type: KubeEvent["type"], reason: string, message: string): void {
    if (!this.events.isEnabled) return;
    const { namespace, name = "", uid } = object.metadata;
    const involvedObject = {
      kind: object.kind,
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ...(uid === undefined ? {} : { uid }),
    };
    this.events.record({ involvedObject, type, reason, message, source });
  }
}

/** The owner reference that makes `owner` the controller of what carries it; one object an owner, so that it can be shared. */
export function controllerReference(owner: KubeObject): OwnerReference {
  const { name = "", uid = "" } = owner.metadata;
  return deepFreeze({
    apiVersion: owner.apiVersion,
    kind: owner.kind,
    name,
    uid,
    controller: true,
    blockOwnerDeletion: true,
  });
}

/** A uid in the form of a random one, made from the order of creation: the same in every run of a scenario. */
function uidOf(serial: number): string {
  const slot = serial % REMEMBERED_UIDS;
  if (uidSerials[slot] === serial) return uidTexts[slot] as string;
  const uid = madeUid(serial);
  uidSerials[slot] = serial;
  uidTexts[slot] = uid;
  return uid;
}

/** The same objects are asked for again and again: a memo of a pure function. */
const REMEMBERED_UIDS = 1 << 15;
const uidSerials = new Float64Array(REMEMBERED_UIDS).fill(-1);
const uidTexts: string[] = [];

function madeUid(serial: number): string {
  const word = (salt: number): string => {
    let h = Math.imul((serial ^ salt) | 0, 0x9e3779b1) ^ Math.floor(serial / 4294967296);
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    return ((h ^ (h >>> 16)) >>> 0).toString(16).padStart(8, "0");
  };
  const [a, b, c] = [word(0x51ed270b), word(0x2545f491), word(0x1b873593)];
  const tail = serial.toString(16).padStart(8, "0").slice(-8);
  return `${a}-${b.slice(0, 4)}-4${b.slice(5)}-8${c.slice(1, 4)}-${c.slice(4)}${tail}`;
}
