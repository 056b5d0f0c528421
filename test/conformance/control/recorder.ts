import type { KubeObject } from "../../../src/kube/index.ts";
import { CHANGE, type Cursor, DOCUMENT_KINDS, type DocumentKind, type Store } from "../../../src/store/index.ts";
import { byNature } from "./natural-order.ts";
import { isRecorded, type Naming, ownerText, project } from "./projections.ts";
import type { Entry, EventEntry, Outcome } from "./scenario.ts";

/** Kinds with made-up names get a number instead. */
const PREFIXES: Readonly<Record<string, string>> = {
  Pod: "P",
  ReplicaSet: "RS",
  Job: "J",
  ControllerRevision: "CR",
  EndpointSlice: "ES",
};
const COMBINED = "(combined from similar events): ";

interface State {
  readonly ms: number;
  readonly object: KubeObject;
  readonly isGone: boolean;
}

/** Notes what every object is at the end of each millisecond, and gives it in the recordings' form. */
export class Recorder {
  readonly #store: Store;
  readonly #cursor: Cursor;
  /** By serial number of the object. */
  readonly #ids = new Map<number, string>();
  readonly #idCounts = new Map<string, number>();
  /** Real names that were replaced, and the id of their last bearer. */
  readonly #names = new Map<string, string>();
  readonly #states = new Map<string, State[]>();
  readonly #notes: Entry[] = [];
  readonly #events: EventEntry[] = [];

  constructor(store: Store) {
    this.#store = store;
    this.#cursor = store.observe("recorder", [...DOCUMENT_KINDS, "Pod"], () => this.#readChanges(), {
      documents: { flags: -1 },
    });
    store.events.sink = {
      written: ({ involvedObject, type, reason, message, count }) =>
        this.#events.push({
          t: this.#ms() / 1000,
          obj: `${involvedObject.kind}/${involvedObject.name}`,
          type,
          reason,
          msg: message,
          n: count,
        }),
    };
  }

  /** The id of a pod row, as far as it has been seen; else its name. */
  podId(row: number): string {
    const { pods } = this.#store;
    const id = this.#ids.get(pods.serial.get(row));
    return id === undefined ? pods.name.get(row) : (this.#renumbered().get(id) ?? id);
  }

  /** The id of an object, not a pod, by its real name. */
  idOf(name: string): string {
    return this.#names.get(name) ?? name;
  }

  /** The real name behind an id. */
  realName(id: string): string {
    const renumbered = this.#renumbered();
    for (const [real, given] of this.#names) if ((renumbered.get(given) ?? given) === id) return real;
    return id;
  }

  /** Notes something that is no object: the outcome of a step. */
  note(kind: string, id: string, state: Readonly<Record<string, unknown>>): void {
    this.#notes.push({ t: this.#ms() / 1000, k: kind, id, s: state });
  }

  finish(): Outcome {
    const renumbered = this.#renumbered();
    const nameOf = (real: string): string => {
      const id = this.#names.get(real);
      return id === undefined ? real : (renumbered.get(id) ?? id);
    };
    const naming: Naming = { nameOf, epochMicros: this.#store.epochMicros };
    const replace = this.#replacer(nameOf);
    const timeline: Entry[] = [];
    for (const [key, states] of this.#states) {
      const [kind = "", given = ""] = [key.slice(0, key.indexOf("|")), key.slice(key.indexOf("|") + 1)];
      const id = kind === "Pod" ? (renumbered.get(given) ?? given) : given;
      timeline.push(...entriesOf(kind, id, states, naming));
    }
    timeline.push(...this.#notes);
    const named = timeline.map((entry) => ({
      ...entry,
      ...(JSON.parse(replace(JSON.stringify({ s: entry.s }))) as Pick<Entry, "s">),
    }));
    const events = this.#events.map((event) => ({
      ...event,
      obj: replace(event.obj),
      msg: replace(event.msg).replace(COMBINED, ""),
    }));
    return { timeline: named, events };
  }

  #ms(): number {
    return Math.round(this.#store.engine.now / 1000);
  }

  #readChanges(): void {
    const cursor = this.#cursor;
    const podKindId = this.#store.kindIdOf("Pod");
    const seen = new Map<string, { kindId: number; row: number; isGone: boolean; serial: number }>();
    while (cursor.next()) {
      const { kindId, row, flags } = cursor;
      const isPod = kindId === podKindId;
      const serial = isPod ? this.#store.pods.serial.get(row) : this.#table(kindId).serial.get(row);
      const object = isPod || (flags & CHANGE.added) === 0 ? undefined : this.#table(kindId).get(row);
      if ((flags & CHANGE.added) !== 0) this.#identify(serial, object ?? this.#store.pod(row));
      seen.set(String(serial), { kindId, row, isGone: (flags & CHANGE.deleted) !== 0, serial });
    }
    for (const { kindId, row, isGone, serial } of seen.values()) {
      const object = kindId === podKindId ? this.#store.pod(row) : this.#table(kindId).get(row);
      if (isRecorded(object.kind)) this.#keep(object, this.#ids.get(serial) ?? "", isGone);
    }
  }

  #table(kindId: number) {
    return this.#store.documents(DOCUMENT_KINDS[kindId] as DocumentKind);
  }

  #identify(serial: number, object: KubeObject): void {
    const { kind, metadata } = object;
    const { name = "" } = metadata;
    const prefix = PREFIXES[kind];
    const isMadeUp =
      metadata.generateName !== undefined || (kind !== "Pod" && (metadata.ownerReferences ?? []).length > 0);
    if (prefix === undefined || !isMadeUp) {
      this.#ids.set(serial, name);
      return;
    }
    const count = (this.#idCounts.get(kind) ?? 0) + 1;
    this.#idCounts.set(kind, count);
    this.#ids.set(serial, prefix + count);
    this.#names.set(name, prefix + count);
  }

  #keep(object: KubeObject, id: string, isGone: boolean): void {
    const key = `${object.kind}|${id}`;
    const states = this.#states.get(key) ?? [];
    this.#states.set(key, states);
    const ms = this.#ms();
    if (states.at(-1)?.ms === ms) states.pop();
    states.push({ ms, object, isGone });
  }

  /** Pods are numbered by millisecond and owner, so that two owners acting at once do not shuffle the numbers. */
  #renumbered(): Map<string, string> {
    const found: { id: string; owner: string; ms: number }[] = [];
    for (const [key, states] of this.#states) {
      const first = states[0];
      if (!key.startsWith("Pod|") || first?.object.metadata.generateName === undefined) continue;
      const [kind = "", name = ""] = (ownerText(first.object) ?? "/").split("/");
      found.push({ id: key.slice(4), owner: `${kind}/${this.#names.get(name) ?? name}`, ms: first.ms });
    }
    found.sort((a, b) => a.ms - b.ms || byNature(a.owner, b.owner) || byNature(a.id, b.id));
    return new Map(found.map(({ id }, i) => [id, `P${i + 1}`]));
  }

  #replacer(nameOf: (real: string) => string): (text: string) => string {
    const reals = [...this.#names.keys()].sort((a, b) => b.length - a.length || (a < b ? -1 : 1));
    if (reals.length === 0) return (text) => text;
    const pattern = new RegExp(reals.map((real) => real.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|"), "g");
    return (text) => text.replace(pattern, nameOf);
  }
}

function entriesOf(kind: string, id: string, states: readonly State[], naming: Naming): Entry[] {
  const last = new Map<string, string>();
  const entries: Entry[] = [];
  for (const { ms, object, isGone } of states) {
    const t = ms / 1000;
    if (isGone) {
      entries.push({ t, k: kind, id, gone: true });
      continue;
    }
    const fields = project(object, naming);
    const changed: Record<string, unknown> = {};
    for (const [field, value] of Object.entries(fields)) {
      const text = JSON.stringify(value);
      if (last.get(field) !== text) changed[field] = value;
      last.set(field, text);
    }
    for (const field of [...last.keys()]) {
      if (Object.hasOwn(fields, field)) continue;
      changed[field] = null;
      last.delete(field);
    }
    if (Object.keys(changed).length > 0) entries.push({ t, k: kind, id, s: changed });
  }
  return entries;
}
