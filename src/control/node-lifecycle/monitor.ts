import type { Engine, Micros } from "../../engine/index.ts";
import { type ConditionStatus, getCondition, type KubeNode, PHASE } from "../../kube/index.ts";
import { CONDITION, type DocumentTable, type Store } from "../../store/index.ts";
import { StateMap, StateValue } from "../../tables/index.ts";
import { Disruption } from "./disruption.ts";
import type { NoExecuteTainter } from "./no-execute-tainter.ts";
import { silentConditions } from "./node-health.ts";
import { COUNTED, type NodeMemory, type PassTimes, SEEN } from "./node-memory.ts";
import { readyStatus } from "./node-taints.ts";
import type { NodeLifecycleSettings } from "./settings.ts";
import { isExcludedFromDisruption, type Zones } from "./zones.ts";

export const SOURCE = "node-controller";

/** A node whose status a pass has written, and the Ready status from before. */
interface Written {
  readonly row: number;
  readonly name: string;
  readonly observed: ConditionStatus;
}

/** What the monitor shares with the rest of the controller. */
export interface MonitorParts {
  readonly memory: NodeMemory;
  readonly passTimes: PassTimes;
  readonly zones: Zones;
  readonly tainter: NoExecuteTainter;
  readonly nextPassAt: StateValue<number>;
}

/**
 * The monitor: every five seconds it looks for nodes that have been silent for too long, counts the ready ones of each
 * zone, and decides about NoExecute taints. A pass is one event, with a second one at its end when it has to act.
 *
 * A pass visits the watched nodes and those resting ones whose grace may be over (see NodeMemory), so that one over nodes
 * that are all well costs nothing; with explicit periodic activities it visits all, which leads to the same writes.
 *
 * @source kubernetes 1.37 pkg/controller/nodelifecycle monitorNodeHealth, tryUpdateNodeHealth
 */
export class Monitor {
  readonly #store: Store;
  readonly #engine: Engine;
  readonly #nodes: DocumentTable<KubeNode>;
  readonly #settings: NodeLifecycleSettings;
  readonly #parts: MonitorParts;
  readonly #disruption: Disruption;
  readonly #pass: StateValue<number>;
  readonly #written: StateValue<readonly Written[]>;
  /** Objects of nodes that are gone since the last pass, by name. */
  readonly #gone: StateMap<string, KubeNode>;
  readonly #passKind: number;
  readonly #endKind: number;

  constructor(store: Store, settings: NodeLifecycleSettings, parts: MonitorParts) {
    this.#store = store;
    this.#engine = store.engine;
    this.#nodes = store.documents("Node");
    this.#settings = settings;
    this.#parts = parts;
    this.#disruption = new Disruption(store, parts);
    const { cells } = store.engine;
    this.#pass = new StateValue(cells, "nodeLifecycle.pass", -1);
    this.#written = new StateValue<readonly Written[]>(cells, "nodeLifecycle.written", []);
    this.#gone = new StateMap(cells, "nodeLifecycle.gone");
    this.#passKind = store.engine.define("nodeLifecycle.pass", PHASE.control, () => this.#run());
    this.#endKind = store.engine.define("nodeLifecycle.passEnd", PHASE.control, () => this.#finish());
  }

  start(): void {
    this.#parts.nextPassAt.value = this.#engine.now;
    this.#engine.at(this.#engine.now, this.#passKind);
  }

  /** A new process: every node is seen for the first time by the next pass. */
  forgetAll(): void {
    const { memory, tainter, zones } = this.#parts;
    for (let row = this.#nodes.first(); row !== -1; row = this.#nodes.after(row)) {
      this.#count(row, -1, COUNTED.not);
      tainter.queue.remove(row);
      memory.forget(row);
      memory.watch(row);
    }
    zones.dropEmpty();
    this.#written.value = [];
    this.#gone.clear();
  }

  /** A node object has vanished; the next pass reports it. */
  noteGone(row: number, node: KubeNode): void {
    const { memory, tainter } = this.#parts;
    const wasKnown = memory.seen.get(row) !== SEEN.nothing;
    this.#count(row, -1, COUNTED.not);
    tainter.queue.remove(row);
    memory.forget(row);
    if (wasKnown) this.#gone.set(node.metadata.name ?? "", node);
  }

  #run(): void {
    const { now } = this.#engine;
    const { memory, passTimes, nextPassAt } = this.#parts;
    const pass = this.#pass.value + 1;
    this.#pass.value = pass;
    passTimes.record(pass, now);
    nextPassAt.value = -1;
    const rows = this.#rowsToVisit(pass);
    for (const row of rows) if (memory.seen.get(row) === SEEN.nothing) this.#register(row);
    this.#reportGone();
    const written: Written[] = [];
    for (const row of rows) {
      const was = this.#visit(row, pass);
      if (was !== undefined) written.push(was);
    }
    this.#written.value = Object.freeze(written);
    const { passMicros, statusWriteMicros, monitorPeriodMicros } = this.#settings;
    const endsAt = now + Math.max(passMicros, written.length > 0 ? statusWriteMicros : 0);
    if (endsAt === now) this.#finish();
    else if (written.length > 0 || this.#parts.zones.disruption().kind !== "nothing") {
      this.#engine.at(endsAt, this.#endKind);
    } else this.#parts.zones.dropEmpty();
    nextPassAt.value = endsAt + monitorPeriodMicros;
    this.#engine.at(nextPassAt.value, this.#passKind);
  }

  /** Rows to look at, by node name. */
  #rowsToVisit(pass: number): number[] {
    const rows: number[] = [];
    if (this.#engine.explicitPeriodic) {
      for (let row = this.#nodes.first(); row !== -1; row = this.#nodes.after(row)) rows.push(row);
    } else {
      rows.push(...this.#parts.memory.watched());
      this.#addSilent(pass, rows);
    }
    const names = new Map(rows.map((row) => [row, this.#nameOf(row)]));
    return rows.sort((a, b) => compare(names.get(a) ?? "", names.get(b) ?? ""));
  }

  /** Looks at the nodes whose grace may be over: those resting for that long, and those whose renewals have changed. */
  #addSilent(pass: number, silent: number[]): void {
    const { memory, passTimes } = this.#parts;
    const { leases, pods } = this.#store;
    for (const nameId of leases.takeChanged()) {
      const row = this.#nodes.rowOf("", pods.nodeNames.textOf(nameId));
      if (row !== -1 && memory.isAsleep(row)) this.#look(row, pass, silent);
    }
    const { now } = this.#engine;
    const grace = this.#settings.gracePeriodMicros;
    for (let old = passTimes.oldest(pass); old < pass && passTimes.at(old) + grace < now; old++) {
      let next = -1;
      for (let row = memory.firstResting(old); row !== -1; row = next) {
        next = memory.restingAfter(row);
        this.#look(row, pass, silent);
      }
    }
  }

  /** Looks at one resting node: most have given signs of life and go on resting. */
  #look(row: number, pass: number, silent: number[]): void {
    const { memory, passTimes } = this.#parts;
    const sign = this.#lastSign(memory.nameId.get(row));
    if (sign > memory.signAt.get(row)) {
      memory.signAt.set(row, sign);
      memory.probeAt.set(row, Math.max(memory.probeAt.get(row), passTimes.at(passTimes.noticed(sign, pass))));
    }
    const probeAt = memory.probeAt.get(row);
    if (this.#engine.now > probeAt + this.#settings.gracePeriodMicros) silent.push(row);
    else this.#rest(row, passTimes.notAfter(probeAt, pass));
  }

  /** Nothing is to be done about the node until its grace is over, counted from a pass not after its probe time. */
  #rest(row: number, pass: number): void {
    const { memory } = this.#parts;
    const { gracePeriodMicros } = this.#settings;
    if (this.#store.leases.ticksWithin(memory.nameId.get(row), gracePeriodMicros)) memory.sleep(row);
    else memory.rest(row, pass);
  }

  #register(row: number): void {
    const node = this.#nodes.get(row);
    const { zones, tainter, memory } = this.#parts;
    const name = this.#nameOf(row);
    if (!this.#gone.delete(name)) {
      this.#store.event(
        node,
        SOURCE,
        "Normal",
        "RegisteredNode",
        `Node ${name} event: Registered Node ${name} in Controller`,
      );
    }
    memory.nameId.set(row, this.#store.pods.nodeNames.idOf(name));
    memory.zone.set(row, zones.of(node));
    tainter.openZone(memory.zone.get(row));
    tainter.release(row);
  }

  #reportGone(): void {
    for (const [name, node] of this.#gone) {
      const message = `Node ${name} event: Removing Node ${name} from Controller`;
      this.#store.event(node, SOURCE, "Normal", "RemovingNode", message);
    }
    this.#gone.clear();
  }

  /** Looks at one node. Returns it when its status had to be written: what follows from that waits for the write. */
  #visit(row: number, pass: number): Written | undefined {
    const { memory, zones, tainter } = this.#parts;
    const before = this.#nodes.get(row);
    const observed = readyStatus(before);
    const wasSilent = memory.seen.get(row) === SEEN.unknown || memory.seen.get(row) === SEEN.false;
    const zone = zones.of(before);
    if (zone !== memory.zone.get(row)) tainter.queue.remove(row);
    tainter.openZone(zone);
    const noticedIn = this.#noteSigns(row, before, pass);
    memory.see(row, before);
    const wasWritten = this.#markIfSilent(row, before);
    const node = this.#nodes.get(row);
    const status = readyStatus(node);
    this.#count(
      row,
      zone,
      isExcludedFromDisruption(node) ? COUNTED.not : status === "True" ? COUNTED.ready : COUNTED.notReady,
    );
    memory.zone.set(row, zone);
    if (status === "True" && wasSilent) {
      this.#tell(row, "recovered", { lastSignOfLife: memory.signAt.get(row), noticedAt: memory.probeAt.get(row) });
    }
    if (!wasWritten && status !== undefined) tainter.decide(row, status);
    if (status === "True" && tainter.isClear(row)) this.#rest(row, noticedIn);
    else memory.watch(row);
    return wasWritten ? { row, name: this.#nameOf(row), observed: observed ?? "Unknown" } : undefined;
  }

  /** Brings the probe time up to date. Returns a pass not after it. */
  #noteSigns(row: number, node: KubeNode, pass: number): number {
    const { memory, passTimes } = this.#parts;
    const { now } = this.#engine;
    const ready = getCondition(node.status?.conditions, "Ready");
    const seen = memory.seen.get(row);
    const sign = this.#lastSign(memory.nameId.get(row));
    const isNewSign = sign > memory.signAt.get(row);
    memory.signAt.set(row, sign);
    if (seen === SEEN.nothing) {
      memory.probeAt.set(row, ready === undefined && sign < 0 ? this.#nodes.createdAt.get(row) : now);
      return pass;
    }
    const isChanged =
      (ready === undefined) !== (seen === SEEN.absent) ||
      memory.heartbeat.get(row) !== (ready?.lastHeartbeatTime ?? "");
    const noticedIn = isChanged ? pass : isNewSign ? passTimes.noticed(sign, pass) : -1;
    if (noticedIn !== -1) memory.probeAt.set(row, Math.max(memory.probeAt.get(row), passTimes.at(noticedIn)));
    return passTimes.notAfter(memory.probeAt.get(row), pass);
  }

  /** The last lease renewal or status post; -1 when there was none. */
  #lastSign(nameId: number): Micros {
    return Math.max(this.#store.leases.lastTickAt(nameId), this.#store.nodeStatusPosts.lastTickAt(nameId));
  }

  /** Marks the conditions of a node Unknown whose grace is over. Returns whether its Ready condition changed. */
  #markIfSilent(row: number, node: KubeNode): boolean {
    const { memory } = this.#parts;
    const { now } = this.#engine;
    const observed = readyStatus(node);
    const grace = observed === undefined ? this.#settings.startupGraceMicros : this.#settings.gracePeriodMicros;
    if (!(now > memory.probeAt.get(row) + grace)) return false;
    if (observed === "Unknown") return false;
    const conditions = silentConditions(node, this.#store.timestamp(this.#store.nowSecond));
    this.#store.writer.updateStatus(this.#nodes, row, { ...node.status, conditions });
    memory.see(row, this.#nodes.get(row));
    this.#tell(row, "not-ready", {
      from: observed ?? "none",
      to: "Unknown",
      lastSignOfLife: memory.signAt.get(row),
      noticedAt: memory.probeAt.get(row),
      graceMicros: grace,
    });
    return true;
  }

  /** The end of a pass: what follows from the status writes, then the state of the zones. */
  #finish(): void {
    const written = this.#written.value;
    this.#written.value = Object.freeze([]);
    for (const { row, name, observed } of written) {
      if (!this.#nodes.isPresent(row) || this.#nameOf(row) !== name) continue;
      const node = this.#nodes.get(row);
      this.#parts.tainter.decide(row, readyStatus(node) ?? "Unknown");
      if (observed !== "True") continue;
      this.#store.event(node, SOURCE, "Normal", "NodeNotReady", `Node ${name} status is now: NodeNotReady`);
      const { pods } = this.#store;
      for (const pod of pods.byNode.rows(pods.nodeNames.idOf(name))) markPodNotReady(this.#store, pod);
    }
    this.#disruption.handle();
    this.#parts.zones.dropEmpty();
  }

  /** Has the node counted in this zone and in this way, and no longer as before. */
  #count(row: number, zone: number, as: number): void {
    const { memory, zones } = this.#parts;
    const oldZone = memory.zone.get(row);
    const columnOf = (kind: number) => (kind === COUNTED.ready ? zones.ready : zones.notReady);
    const was = memory.countedAs.get(row);
    if (was === as && oldZone === zone) return;
    if (was !== COUNTED.not) columnOf(was).set(oldZone, columnOf(was).get(oldZone) - 1);
    if (as !== COUNTED.not) columnOf(as).set(zone, columnOf(as).get(zone) + 1);
    memory.countedAs.set(row, as);
  }

  #tell(row: number, what: string, details: Readonly<Record<string, unknown>>): void {
    if (!this.#store.decisions.isEnabled) return;
    this.#store.decisions.write({ by: "node-lifecycle", what, object: `node/${this.#nameOf(row)}`, ...details });
  }

  #nameOf(row: number): string {
    return this.#nodes.get(row).metadata.name ?? "";
  }
}

/** Ready=False on a pod whose node is not ready, with its event. A pod without the condition, or not ready, is left alone. */
export function markPodNotReady(store: Store, pod: number): void {
  if (store.pods.ready.get(pod) === CONDITION.absent) return;
  if (!store.podWriter.updateStatus(pod, { conditions: { Ready: CONDITION.false } })) return;
  store.podEvent(pod, SOURCE, "Warning", "NodeNotReady", "Node is not ready");
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
