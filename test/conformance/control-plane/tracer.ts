import type { Condition, KubeObject, Pod, Taint } from "../../../src/kube/index.ts";
import { CHANGE, type Cursor, DOCUMENT_KINDS, type DocumentKind, type Store } from "../../../src/store/index.ts";
import type { TraceEntry } from "./recording.ts";

type Fields = Record<string, unknown>;
type Loose = KubeObject & { readonly spec?: Fields; readonly status?: Fields };

const RECORDED = [
  "Pod",
  "Node",
  "ReplicaSet",
  "Deployment",
  "StatefulSet",
  "DaemonSet",
  "Job",
  "HorizontalPodAutoscaler",
  "PodDisruptionBudget",
] as const;

const KUBELET = "kubelet";
const REVISION = "deployment.kubernetes.io/revision";

/** Watches a store as the recorder watched the API server: an entry for each object that changed at an instant, and for each Event written. */
export class Tracer {
  readonly entries: TraceEntry[] = [];
  readonly #store: Store;
  readonly #cursor: Cursor;
  /** Names made up by a controller, and what they are called in the recordings. */
  readonly #names = new Map<string, string>();
  readonly #counts = new Map<string, number>();

  constructor(store: Store) {
    this.#store = store;
    this.#cursor = store.observe("tracer", [...RECORDED], () => this.#read(), { documents: { flags: -1 } });
    store.events.isEnabled = true;
    store.events.sink = {
      written: ({ involvedObject: { kind, name }, type, reason, message, count, source }) => {
        // The fake kubelets of the recordings say nothing.
        if (source === KUBELET) return;
        const e = count === 1 ? "A" : "M";
        this.entries.push({ t: this.#now(), k: "Event", e, reason, ev: type, obj: `${kind}/${name}`, msg: message });
      },
    };
  }

  /** All entries with the names of the recordings. */
  finish(): TraceEntry[] {
    const real = [...this.#names.keys()].sort((a, b) => b.length - a.length || (a < b ? -1 : 1));
    if (real.length === 0) return this.entries;
    const pattern = new RegExp(real.join("|"), "g");
    const renamed = (text: string): string => text.replace(pattern, (name) => this.#names.get(name) ?? name);
    return this.entries.map((entry) => JSON.parse(renamed(JSON.stringify(entry))) as TraceEntry);
  }

  #now(): number {
    return Math.round(this.#store.engine.now / 1000) / 1000;
  }

  #read(): void {
    const cursor = this.#cursor;
    const podKind = this.#store.kindIdOf("Pod");
    const seen = new Map<string, { kindId: number; row: number; flags: number }>();
    while (cursor.next()) {
      const { kindId, row } = cursor;
      const key = `${kindId} ${row} ${this.#serial(kindId, row)}`;
      seen.set(key, { kindId, row, flags: (seen.get(key)?.flags ?? 0) | cursor.flags });
    }
    for (const { kindId, row, flags } of seen.values()) {
      const object = kindId === podKind ? this.#store.pod(row) : this.#table(kindId).get(row);
      this.#write(object as Loose, flags);
    }
  }

  #serial(kindId: number, row: number): number {
    return kindId === this.#store.kindIdOf("Pod")
      ? this.#store.pods.serial.get(row)
      : this.#table(kindId).serial.get(row);
  }

  #table(kindId: number) {
    return this.#store.documents(DOCUMENT_KINDS[kindId] as DocumentKind);
  }

  #write(object: Loose, flags: number): void {
    if (object.kind === "Node" && object.status?.conditions === undefined) return;
    if ((flags & CHANGE.added) !== 0) this.#name(object);
    const e = (flags & CHANGE.deleted) !== 0 ? "D" : (flags & CHANGE.added) !== 0 ? "A" : "M";
    const fields = FIELDS[object.kind]?.(object) ?? {};
    this.entries.push({ t: this.#now(), k: object.kind, e, n: object.metadata.name ?? "", ...fields });
  }

  /** `web-RS1` for the first ReplicaSet of web, `web-RS1-p001` for its first pod. */
  #name({ kind, metadata }: Loose): void {
    const { name = "", generateName, ownerReferences = [] } = metadata;
    const owner = ownerReferences.find((one) => one.controller === true);
    if (owner === undefined || owner.kind === "StatefulSet" || (kind === "Pod" && generateName === undefined)) return;
    const base = this.#names.get(owner.name) ?? owner.name;
    const key = `${kind} ${base}`;
    const count = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.set(key, count);
    this.#names.set(name, kind === "Pod" ? `${base}-p${String(count).padStart(3, "0")}` : `${base}-RS${count}`);
  }
}

/** The fields of each kind, as the recorder chose them. */
const FIELDS: Readonly<Record<string, (object: Loose) => Fields>> = {
  Pod: (object) => podFields(object as unknown as Pod),
  Node: ({ spec, status }) => {
    const ready = (status?.conditions as readonly Condition[] | undefined)?.find(({ type }) => type === "Ready");
    const taints = (spec?.taints ?? []) as readonly Taint[];
    return {
      ready: `${ready?.status}:${ready?.reason}`,
      taints: taints.map(({ key, value = "", effect }) => `${key}=${value}:${effect}`),
      unsched: spec?.unschedulable === true,
    };
  },
  ReplicaSet: ({ metadata, spec, status = {} }) => ({
    spec: spec?.replicas,
    rev: metadata.annotations?.[REVISION],
    st: ["replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas", "terminatingReplicas"].map(
      (field) => status[field] ?? 0,
    ),
  }),
  Deployment: (object) => ({
    spec: object.spec?.replicas,
    rev: object.metadata.annotations?.[REVISION],
    st: figures(object, {
      r: "replicas",
      u: "updatedReplicas",
      rd: "readyReplicas",
      av: "availableReplicas",
      un: "unavailableReplicas",
      tm: "terminatingReplicas",
    }),
    conds: conditions(object),
    paused: object.spec?.paused === true,
  }),
  StatefulSet: (object) => ({
    spec: object.spec?.replicas,
    st: figures(object, {
      r: "replicas",
      rd: "readyReplicas",
      av: "availableReplicas",
      cur: "currentReplicas",
      u: "updatedReplicas",
    }),
  }),
  DaemonSet: (object) => ({
    st: figures(object, {
      d: "desiredNumberScheduled",
      c: "currentNumberScheduled",
      rd: "numberReady",
      u: "updatedNumberScheduled",
      av: "numberAvailable",
      un: "numberUnavailable",
      mis: "numberMisscheduled",
    }),
  }),
  Job: (object) => ({
    st: figures(object, { a: "active", rd: "ready", s: "succeeded", f: "failed", tm: "terminating" }),
    conds: conditions(object),
  }),
  HorizontalPodAutoscaler: (object) => {
    const metrics = (object.status?.currentMetrics ?? []) as readonly { readonly resource?: { current?: unknown } }[];
    return {
      st: {
        ...figures(object, { cur: "currentReplicas", des: "desiredReplicas" }),
        m: metrics.map(({ resource }) => resource?.current ?? null),
      },
      conds: conditions(object),
    };
  },
  PodDisruptionBudget: (object) => ({
    st: figures(object, {
      allowed: "disruptionsAllowed",
      h: "currentHealthy",
      d: "desiredHealthy",
      e: "expectedPods",
    }),
  }),
};

function podFields({ metadata, spec, status }: Pod): Fields {
  const shown = (status?.conditions ?? []).filter(({ type }) => type === "PodScheduled" || type === "DisruptionTarget");
  return {
    ...(spec.nodeName !== undefined && { node: spec.nodeName }),
    ...(status?.nominatedNodeName !== undefined && { nominated: status.nominatedNodeName }),
    phase: status?.phase,
    ready: status?.conditions?.find(({ type }) => type === "Ready")?.status,
    conds: shown.map(conditionText),
    ...(metadata.deletionTimestamp !== undefined && { del: metadata.deletionGracePeriodSeconds ?? 0 }),
  };
}

function figures({ status = {} }: Loose, fields: Readonly<Record<string, string>>): Fields {
  return Object.fromEntries(Object.entries(fields).map(([key, field]) => [key, status[field] ?? 0]));
}

function conditions({ status }: Loose): string[] {
  return ((status?.conditions ?? []) as readonly Condition[]).map(conditionText).sort();
}

function conditionText({ type, status, reason }: Condition): string {
  return reason === undefined || reason === "" ? `${type}=${status}` : `${type}=${status}:${reason}`;
}
