import type { KubeNode, Taint } from "../../kube/index.ts";
import { PHASE, PROCESS } from "../../kube/index.ts";
import type { Store } from "../../store/index.ts";
import { deepFreeze, StateMap, StateValue } from "../../tables/index.ts";
import { type Micros, minutes, seconds } from "../../units/index.ts";
import { evict } from "../disruption/index.ts";
import type { ClusterSnapshot } from "./cluster-snapshot.ts";
import { podsOfNode } from "./drainability.ts";
import { COMPONENT, statusEvent } from "./events.ts";
import type { UnneededNode } from "./scale-down.ts";
import type { ClusterAutoscalerSettings } from "./settings.ts";
import type { NodeCloud } from "./types.ts";
import { utilizationText } from "./utilization.ts";

export const TO_BE_DELETED = "ToBeDeletedByClusterAutoscaler";
/** @source cluster-autoscaler 1.37 core/scaledown/actuation/drain.go */
const EVICTION_RETRY = seconds(10);
const POLL_PERIOD = seconds(5);
const EVICTION_HEADROOM = seconds(30);

/** Before anything happened: what is younger than this by a delay is not in the way at the start. */
export const LONG_AGO = -minutes(60);

interface PodAt {
  readonly row: number;
  readonly serial: number;
}

/** A node on its way out. */
interface Deletion {
  readonly node: string;
  readonly group: string;
  readonly isDrained: boolean;
  readonly startedAt: Micros;
  /** Pods that must be gone before the machine goes; null until they have been told. */
  readonly waitsFor: readonly PodAt[] | null;
  /** Pods that still have to be evicted. */
  readonly toEvict: readonly PodAt[];
  readonly evictsUntil: Micros;
  readonly waitsUntil: Micros;
}

/**
 * Takes nodes away: taint and cordon, wait, evict what runs there, wait until it is gone, give the machine back. A node whose
 * pods do not go in time, or that got new ones, is given back to the scheduler.
 * @source cluster-autoscaler 1.37 core/scaledown/actuation
 */
export class NodeDeletions {
  /** When a deletion failed last. */
  readonly failedAt: StateValue<Micros>;
  readonly #store: Store;
  readonly #cloud: NodeCloud;
  readonly #snapshot: ClusterSnapshot;
  readonly #settings: ClusterAutoscalerSettings;
  readonly #deletions: StateMap<string, Deletion>;
  readonly #stepKind: number;

  constructor(store: Store, cloud: NodeCloud, snapshot: ClusterSnapshot, settings: ClusterAutoscalerSettings) {
    const { engine } = store;
    this.#store = store;
    this.#cloud = cloud;
    this.#snapshot = snapshot;
    this.#settings = settings;
    this.#deletions = new StateMap(engine.cells, "clusterAutoscaler.deletions");
    this.failedAt = new StateValue(engine.cells, "clusterAutoscaler.failedAt", LONG_AGO);
    this.#stepKind = engine.define("cluster-autoscaler.delete", PHASE.control, (nodeId) => this.#step(nodeId), {
      process: PROCESS.clusterAutoscaler,
    });
  }

  /** A new process: nodes that were to be deleted are given back to the scheduler. */
  restart(): void {
    for (const node of [...this.#deletions.keys()]) this.#setTaint(node, false);
    this.#deletions.clear();
    this.failedAt.value = LONG_AGO;
  }

  /** Whether no deletion is under way. */
  get isIdle(): boolean {
    return this.#deletions.size === 0;
  }

  has(node: string): boolean {
    return this.#deletions.has(node);
  }

  /** Deletions that are under way. */
  underWay(): { readonly byGroup: Map<string, number>; readonly empty: number; readonly drained: number } {
    const byGroup = new Map<string, number>();
    let drained = 0;
    for (const { group, isDrained } of this.#deletions.values()) {
      byGroup.set(group, (byGroup.get(group) ?? 0) + 1);
      if (isDrained) drained++;
    }
    return { byGroup, empty: this.#deletions.size - drained, drained };
  }

  /** Rows of pods that are still on nodes being drained: they will need room elsewhere. */
  podsBeingDrained(): number[] {
    const { pods } = this.#store;
    const rows: number[] = [];
    for (const { waitsFor, isDrained, node } of this.#deletions.values()) {
      if (!isDrained) continue;
      const told = waitsFor ?? this.#podsToMove(node);
      rows.push(...told.flatMap(({ row }) => (this.#isThere({ row, serial: pods.serial.get(row) }) ? [row] : [])));
    }
    return rows.filter((row) => !pods.isDeleting(row));
  }

  begin({ candidate, utilization, toMove, since }: UnneededNode): void {
    const { engine } = this.#store;
    const { name, group, node } = candidate;
    const isDrained = toMove.length > 0;
    this.#setTaint(name, true);
    this.#store.event(node, COMPONENT, "Normal", "ScaleDown", "marked the node as toBeDeleted/unschedulable");
    const names = toMove.map(({ pod }) => `${pod.namespace}/${pod.name}`);
    if (isDrained) {
      const used = utilizationText(utilization);
      const pods = toMove.map(({ pod }) => pod.name).join(",");
      const text = `Scale-down: removing node ${name}, utilization: ${used}, pods to reschedule: ${pods}`;
      statusEvent(this.#store, "Normal", "ScaleDown", text);
    } else {
      statusEvent(this.#store, "Normal", "ScaleDownEmpty", `Scale-down: removing empty node "${name}"`);
    }
    this.#deletions.set(
      name,
      deepFreeze({
        node: name,
        group,
        isDrained,
        startedAt: engine.now,
        waitsFor: null,
        toEvict: [],
        evictsUntil: 0,
        waitsUntil: 0,
      }),
    );
    engine.after(this.#settings.deleteDelayAfterTaintMicros, this.#stepKind, this.#idOf(name));
    this.#tell("remove-node", name, {
      group,
      utilization: utilization.utilization,
      resource: utilization.resource,
      unneededForMicros: engine.now - since,
      pods: names,
      notable: `node/${name} is not needed: ${isDrained ? `drained of ${names.length} pods` : "empty"}`,
    });
  }

  #step(nodeId: number): void {
    const name = this.#store.pods.nodeNames.textOf(nodeId);
    const deletion = this.#deletions.get(name);
    if (deletion === undefined) return;
    if (deletion.waitsFor === null) this.#start(deletion);
    else if (deletion.toEvict.length > 0) this.#evictPods(deletion);
    else this.#poll(deletion);
  }

  /** The wait after the taint is over: the node is looked at once more. */
  #start(deletion: Deletion): void {
    const { node, isDrained } = deletion;
    const { now } = this.#store.engine;
    const pods = podsOfNode(this.#snapshot.podsOn(node), now, this.#snapshot.allowedDisruptions(), this.#settings);
    if (pods.blocking !== undefined) {
      this.#fail(deletion, pods.blocking.message);
      return;
    }
    if (!isDrained) {
      if (pods.toMove.length === 0) this.#finish(deletion);
      else this.#fail(deletion, `failed to delete empty node "${node}", new pods scheduled`);
      return;
    }
    const waitsFor = pods.toMove.map(({ pod }) => this.#podAt(pod.row as number));
    // Nobody waits for pods of DaemonSets, and a refusal does not matter.
    for (const { pod } of pods.ofDaemonSets) this.#evict(this.#podAt(pod.row as number));
    this.#evictPods({
      ...deletion,
      waitsFor,
      toEvict: waitsFor,
      evictsUntil: now + this.#settings.maxEvictionMicros,
      waitsUntil: now + this.#settings.maxEvictionMicros + this.#graceMicros(),
    });
  }

  #evictPods(deletion: Deletion): void {
    const { engine } = this.#store;
    const refused = deletion.toEvict.filter((pod) => this.#isThere(pod) && !this.#evict(pod));
    const next = deepFreeze({ ...deletion, toEvict: refused });
    this.#deletions.set(deletion.node, next);
    if (refused.length === 0) {
      const waitsUntil = engine.now + this.#graceMicros();
      this.#deletions.set(deletion.node, deepFreeze({ ...next, waitsUntil }));
      this.#poll(deepFreeze({ ...next, waitsUntil }));
      return;
    }
    if (engine.now + EVICTION_RETRY < deletion.evictsUntil) {
      engine.after(EVICTION_RETRY, this.#stepKind, this.#idOf(deletion.node));
      return;
    }
    for (const { row } of refused) {
      this.#store.podEvent(row, COMPONENT, "Warning", "ScaleDownFailed", "failed to delete pod for ScaleDown");
    }
    this.#fail(deletion, `failed to drain the node: ${refused.length} pods could not be evicted`);
  }

  #poll(deletion: Deletion): void {
    const { engine } = this.#store;
    const left = (deletion.waitsFor ?? []).filter((pod) => this.#isThere(pod));
    if (left.length === 0) this.#finish(deletion);
    else if (engine.now >= deletion.waitsUntil)
      this.#fail(deletion, "failed to drain the node: pods remaining after timeout");
    else engine.after(POLL_PERIOD, this.#stepKind, this.#idOf(deletion.node));
  }

  #finish({ node, isDrained, startedAt, group }: Deletion): void {
    this.#deletions.delete(node);
    this.#cloud.remove(node);
    if (isDrained) statusEvent(this.#store, "Normal", "ScaleDown", `Scale-down: node ${node} removed with drain`);
    else statusEvent(this.#store, "Normal", "ScaleDownEmpty", `Scale-down: empty node ${node} removed`);
    this.#tell("removed-node", node, { group, tookMicros: this.#store.engine.now - startedAt });
  }

  #fail({ node, group }: Deletion, why: string): void {
    const { engine } = this.#store;
    this.#deletions.delete(node);
    this.failedAt.value = engine.now;
    const object = this.#store.documents<KubeNode>("Node").find("", node);
    if (object !== undefined) {
      this.#setTaint(node, false);
      this.#store.event(object, COMPONENT, "Warning", "ScaleDownFailed", why);
    }
    this.#tell("keep-node", node, { group, reason: why, notable: `node/${node} stays: ${why}` });
  }

  /** Whether the eviction was granted. */
  #evict({ row }: PodAt): boolean {
    const { pods } = this.#store;
    const own = pods.templateOf(row).spec.terminationGracePeriodSeconds ?? 30;
    const gracePeriodSeconds = Math.min(own, this.#settings.maxGracefulTerminationSeconds);
    this.#store.podEvent(row, COMPONENT, "Normal", "ScaleDown", "deleting pod for node scale down");
    return evict(this.#store, row, { gracePeriodSeconds }).ok;
  }

  #podsToMove(node: string): PodAt[] {
    const { now } = this.#store.engine;
    const pods = podsOfNode(this.#snapshot.podsOn(node), now, this.#snapshot.allowedDisruptions(), this.#settings);
    return pods.toMove.map(({ pod }) => this.#podAt(pod.row as number));
  }

  #podAt(row: number): PodAt {
    return { row, serial: this.#store.pods.serial.get(row) };
  }

  #isThere({ row, serial }: PodAt): boolean {
    const { pods } = this.#store;
    return pods.isPresent(row) && pods.serial.get(row) === serial && !pods.isTerminal(row);
  }

  #graceMicros(): Micros {
    return seconds(this.#settings.maxGracefulTerminationSeconds) + EVICTION_HEADROOM;
  }

  #idOf(node: string): number {
    return this.#store.pods.nodeNames.idOf(node);
  }

  /** Marks the node as one that goes and cordons it, or takes that back. */
  #setTaint(name: string, isOn: boolean): void {
    const table = this.#store.documents<KubeNode>("Node");
    const row = table.rowOf("", name);
    if (row === -1) return;
    const node = table.get(row);
    const others = (node.spec?.taints ?? []).filter(({ key }) => key !== TO_BE_DELETED);
    const { unschedulable: _, ...spec } = node.spec ?? {};
    const taint: Taint = { key: TO_BE_DELETED, value: unixSeconds(this.#store), effect: "NoSchedule" };
    const taints = isOn ? [...others, taint] : others;
    this.#store.writer.update(table, row, {
      ...node,
      spec: { ...spec, taints, ...(isOn ? { unschedulable: true } : {}) },
    });
  }

  #tell(what: string, node: string, details: object): void {
    if (!this.#store.decisions.isEnabled) return;
    this.#store.decisions.write({ by: COMPONENT, what, object: `node/${node}`, ...details });
  }
}

/** Seconds of the calendar, as the values of the autoscaler's taints. */
export function unixSeconds(store: Store): string {
  return String(Math.floor((store.epochMicros + store.engine.now) / seconds(1)));
}
