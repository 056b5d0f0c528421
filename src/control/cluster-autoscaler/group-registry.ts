import type { DaemonSet, KubeNode } from "../../kube/index.ts";
import type { Store } from "../../store/index.ts";
import { StateMap } from "../../tables/index.ts";
import type { Micros } from "../../units/index.ts";
import { daemonTolerations, eligibilityOf } from "../daemonset/eligibility.ts";
import { statusEvent } from "./events.ts";
import {
  type Backoff,
  backedOff,
  changedRequest,
  type GroupMachine,
  isHealthy,
  type Readiness,
  readinessOf,
  type ScaleUpRequest,
  upcomingCount,
} from "./group-state.ts";
import { SKIPPED } from "./scale-up.ts";
import type { ClusterAutoscalerSettings } from "./settings.ts";
import type { NodeCloud, NodeGroup, SimulatedPod } from "./types.ts";

/** A group at one iteration. */
export interface GroupView {
  readonly group: NodeGroup;
  readonly machines: readonly GroupMachine[];
  readonly readiness: Readiness;
  /** Nodes that are on their way and may be counted on. */
  readonly upcoming: number;
}

/**
 * What the autoscaler remembers of its groups from one iteration to the next: what it asked for and has not got, which groups
 * failed, and since when machines are missing their nodes.
 * @source cluster-autoscaler 1.37 clusterstate/clusterstate.go
 */
export class GroupRegistry {
  readonly #store: Store;
  readonly #cloud: NodeCloud;
  readonly #settings: ClusterAutoscalerSettings;
  readonly #requests: StateMap<string, ScaleUpRequest>;
  readonly #backoffs: StateMap<string, Backoff>;
  readonly #unregisteredSince: StateMap<string, Micros>;

  constructor(store: Store, cloud: NodeCloud, settings: ClusterAutoscalerSettings) {
    const { cells } = store.engine;
    this.#store = store;
    this.#cloud = cloud;
    this.#settings = settings;
    this.#requests = new StateMap(cells, "clusterAutoscaler.requests");
    this.#backoffs = new StateMap(cells, "clusterAutoscaler.backoffs");
    this.#unregisteredSince = new StateMap(cells, "clusterAutoscaler.unregisteredSince");
  }

  /** A new process: what it asked for is forgotten. */
  restart(): void {
    this.#requests.clear();
    this.#backoffs.clear();
    this.#unregisteredSince.clear();
  }

  /** Whether nothing was asked for that has not come, and no group is left alone because it failed. */
  get isIdle(): boolean {
    return this.#requests.size === 0 && this.#backoffs.size === 0;
  }

  /** Looks at all groups, and closes what has arrived or will not. */
  update(): GroupView[] {
    const { now } = this.#store.engine;
    for (const [group, { failedAt }] of [...this.#backoffs]) {
      if (failedAt + this.#settings.backoffResetMicros < now) this.#backoffs.delete(group);
    }
    return this.#cloud.groups.map(({ id, min, max, pricePerHour }) => {
      const machines = this.#machinesOf(id);
      const readiness = readinessOf(machines, now, this.#settings);
      const target = machines.length;
      this.#closeRequest(id, target, readiness);
      const isComing = this.#requests.has(id) && !this.isBackedOff(id);
      const template = this.#templateOf(id);
      return {
        group: { id, min, max, target, pricePerHour, template },
        machines,
        readiness,
        upcoming: isComing ? upcomingCount(target, readiness) : 0,
      };
    });
  }

  /** Why a group must not grow now; undefined when it may. */
  unsafe({ group, readiness }: GroupView): string | undefined {
    if (!isHealthy(group.target, readiness, this.#requests.get(group.id), this.#settings)) return SKIPPED.notReady;
    return this.isBackedOff(group.id) ? SKIPPED.backoff : undefined;
  }

  isBackedOff(group: string): boolean {
    return (this.#backoffs.get(group)?.until ?? Number.NEGATIVE_INFINITY) > this.#store.engine.now;
  }

  /** More nodes were asked for (or, below 0, given up). */
  requested(group: string, delta: number): void {
    const { now } = this.#store.engine;
    const next = changedRequest(this.#requests.get(group), delta, now, this.#settings.maxNodeProvisionMicros);
    if (next === undefined) this.#requests.delete(group);
    else this.#requests.set(group, Object.freeze(next));
  }

  /** The group could not grow: it is left alone for a while. */
  failed(group: string, reason: string): Backoff {
    const next = Object.freeze(backedOff(this.#backoffs.get(group), this.#store.engine.now, reason, this.#settings));
    this.#backoffs.set(group, next);
    return next;
  }

  #closeRequest(group: string, target: number, readiness: Readiness): void {
    const request = this.#requests.get(group);
    if (request === undefined) return;
    const { now } = this.#store.engine;
    const { ready, unready } = readiness;
    if (target <= ready + unready) {
      this.#requests.delete(group);
      return;
    }
    if (request.expectedBy >= now) return;
    this.#requests.delete(group);
    const waited = goDuration(now - request.at);
    statusEvent(
      this.#store,
      "Warning",
      "ScaleUpTimedOut",
      `Nodes added to group ${group} failed to register within ${waited}`,
    );
    const { until } = this.failed(group, "timeout");
    this.#tell("scale-up-timed-out", group, {
      waitedMicros: now - request.at,
      backoffUntilMicros: until,
      notable: `nodegroup/${group}: nodes did not come within ${waited}`,
    });
  }

  #machinesOf(group: string): GroupMachine[] {
    const { now } = this.#store.engine;
    const table = this.#store.documents<KubeNode>("Node");
    return this.#cloud.machinesOf(group).map((name) => {
      const row = table.rowOf("", name);
      if (row !== -1) {
        this.#unregisteredSince.delete(name);
        return { name, node: table.get(row), createdAt: table.createdAt.get(row), unregisteredSince: undefined };
      }
      const unregisteredSince = this.#unregisteredSince.get(name) ?? now;
      if (unregisteredSince === now) this.#unregisteredSince.set(name, now);
      return { name, node: undefined, createdAt: -1, unregisteredSince };
    });
  }

  /** A machine is gone: it is no longer waited for. */
  forget(machine: string): void {
    this.#unregisteredSince.delete(machine);
  }

  /**
   * The next node of a group with the DaemonSet pods that it will get.
   *
   * DEVIATION(group-template): the original makes the template from a node of the group where there is one; here it is always that of
   * the machine that would come next, which is the same but for labels and taints that somebody put on nodes.
   */
  #templateOf(group: string): NodeGroup["template"] {
    const node = this.#cloud.nextNode(group);
    const name = `template-node-for-${group}`;
    const named = { ...node, metadata: { ...node.metadata, name } };
    const sets = this.#store.documents<DaemonSet>("DaemonSet").list();
    return { node: named, pods: sets.filter((set) => eligibilityOf(set, named).shouldRun).map(daemonPod(this.#store)) };
  }

  #tell(what: string, group: string, details: object): void {
    if (!this.#store.decisions.isEnabled) return;
    this.#store.decisions.write({ by: "cluster-autoscaler", what, object: `nodegroup/${group}`, ...details });
  }
}

/** The pod that a DaemonSet would have on a new node. */
function daemonPod(store: Store): (set: DaemonSet) => SimulatedPod {
  return ({ metadata, spec, apiVersion, kind }) => {
    const { name = "", namespace = "default", uid = "" } = metadata;
    const { spec: podSpec, labels } = store.templateOf(spec.template);
    return {
      namespace,
      name,
      uid: `${uid}-template`,
      labels,
      spec: { ...podSpec, tolerations: daemonTolerations(podSpec) },
      owner: { apiVersion, kind, name, uid, controller: true },
      nodeName: "",
      nominatedNodeName: "",
      isTerminating: false,
      startAt: -1,
    };
  };
}

/** As Go prints a duration, to the whole second: `15m10s`. */
function goDuration(micros: Micros): string {
  const all = Math.floor(micros / 1_000_000);
  const [hours, minutes, rest] = [Math.floor(all / 3600), Math.floor((all % 3600) / 60), all % 60];
  return `${hours > 0 ? `${hours}h` : ""}${hours > 0 || minutes > 0 ? `${minutes}m` : ""}${rest}s`;
}
