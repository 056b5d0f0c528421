import type { KubeNode } from "../../kube/index.ts";
import { PHASE, PROCESS } from "../../kube/index.ts";
import { CHANGE, type Cursor, type Store } from "../../store/index.ts";
import { StateMap, StateValue } from "../../tables/index.ts";
import { type Micros, seconds } from "../../units/index.ts";
import { ClusterSnapshot } from "./cluster-snapshot.ts";
import { DecisionReporter } from "./decision-reporter.ts";
import { podsOf, renamed } from "./estimator.ts";
import { COMPONENT, statusEvent } from "./events.ts";
import { GroupRegistry, type GroupView } from "./group-registry.ts";
import { LONG_AGO, NodeDeletions } from "./node-deletions.ts";
import { PRIORITY_CONFIG_KEY, PRIORITY_CONFIG_MAP, readPriorities } from "./priority-expander.ts";
import { type CandidateNode, chooseDeletions, findUnneeded, type UnneededNode } from "./scale-down.ts";
import { planScaleUp, type ScaleUpPlan } from "./scale-up.ts";
import type { ClusterAutoscalerSettings } from "./settings.ts";
import { updateSoftTaints } from "./soft-taints.ts";
import type { NodeCloud, PlacementSimulation, SimulatedPod } from "./types.ts";

/** Pods that were created no longer ago wait one iteration for more of them. @source cluster-autoscaler 1.37 static_autoscaler.go */
const POD_BUFFER = seconds(2);
const POD_WITH_GPU_BUFFER = seconds(30);
/** @source cluster-autoscaler 1.37 loop/trigger.go maxPodChangeAge */
const POD_CHANGE_AGE_MAX = seconds(10);

/** What an iteration works with. */
interface Iteration {
  readonly views: readonly GroupView[];
  /** Nodes that pods may be put on: real ones and those on their way. */
  readonly nodeNames: readonly string[];
  /** Real nodes that have started. */
  readonly startedNames: readonly string[];
  readonly upcomingNames: readonly string[];
}

/**
 * The cluster autoscaler: looks every ten seconds, and when a pod is found unschedulable, whether pods need more nodes or nodes
 * need no pods, and asks the cloud accordingly.
 * @source cluster-autoscaler 1.37 core/static_autoscaler.go RunOnce
 *
 * DEVIATION(autoscaler-sizes): a group's target is the number of its machines, so there is no difference between the two
 * to mend; a machine that vanishes is not replaced.
 */
export class ClusterAutoscaler {
  readonly #store: Store;
  readonly #cloud: NodeCloud;
  readonly #settings: ClusterAutoscalerSettings;
  readonly #snapshot: ClusterSnapshot;
  readonly #registry: GroupRegistry;
  readonly #deletions: NodeDeletions;
  readonly #reporter: DecisionReporter;
  readonly #cursor: Cursor;
  readonly #unneededSince: StateMap<string, Micros>;
  readonly #unremovableUntil: StateMap<string, Micros>;
  readonly #lastScaleUpAt: StateValue<Micros>;
  readonly #lastDeletionAt: StateValue<Micros>;
  /** The pending iteration, its instant, and when the last one was over. */
  readonly #loop: StateValue<{ readonly ref: number; readonly at: Micros; readonly freeAt: Micros }>;
  readonly #loopKind: number;
  /** An iteration before this instant does as little as the last one, if nothing has changed: derived. -1: it has to be seen. */
  #quietUntil = -1;
  #cloudVersion = -1;

  constructor(store: Store, simulation: PlacementSimulation, cloud: NodeCloud, settings: ClusterAutoscalerSettings) {
    const { engine } = store;
    this.#store = store;
    this.#cloud = cloud;
    this.#settings = settings;
    this.#snapshot = new ClusterSnapshot(store, simulation, settings.expendablePriorityCutoff);
    this.#registry = new GroupRegistry(store, cloud, settings);
    this.#deletions = new NodeDeletions(store, cloud, this.#snapshot, settings);
    this.#reporter = new DecisionReporter(store);
    this.#unneededSince = new StateMap(engine.cells, "clusterAutoscaler.unneededSince");
    this.#unremovableUntil = new StateMap(engine.cells, "clusterAutoscaler.unremovableUntil");
    this.#lastScaleUpAt = new StateValue(engine.cells, "clusterAutoscaler.lastScaleUpAt", LONG_AGO);
    this.#lastDeletionAt = new StateValue(engine.cells, "clusterAutoscaler.lastDeletionAt", LONG_AGO);
    this.#loop = new StateValue(engine.cells, "clusterAutoscaler.loop", Object.freeze({ ref: 0, at: -1, freeAt: 0 }));
    this.#loopKind = engine.define("cluster-autoscaler.loop", PHASE.control, () => this.#iterate(), {
      process: PROCESS.clusterAutoscaler,
    });
    engine.cells.add({
      name: "clusterAutoscaler.quiet",
      save: () => ({ form: "data", data: null }),
      load: () => {
        this.#quietUntil = -1;
      },
    });
    this.#cursor = store.watch("cluster-autoscaler", ["Pod", "Namespace", "Service"], () => this.#onWake(), 0, {
      pods: { flags: CHANGE.added | CHANGE.unschedulable | CHANGE.nominated | CHANGE.metadata },
    });
  }

  start(): void {
    this.#runAt(this.#store.engine.now);
  }

  /**
   * A new process, which knows what the API server and the cloud have and nothing else: deletions under way are given up.
   * @source cluster-autoscaler 1.37 core/static_autoscaler.go, cleanUpIfRequired
   */
  restart(): void {
    this.#unneededSince.clear();
    this.#unremovableUntil.clear();
    this.#lastScaleUpAt.value = LONG_AGO;
    this.#lastDeletionAt.value = LONG_AGO;
    this.#registry.restart();
    this.#deletions.restart();
    this.#reporter.restart();
    this.#quietUntil = -1;
    const { now } = this.#store.engine;
    this.#loop.value = Object.freeze({ ref: 0, at: -1, freeAt: now });
    this.start();
  }

  /** A pod that was found unschedulable a moment ago brings the next iteration forward. */
  #onWake(): void {
    const podKind = this.#store.kindIdOf("Pod");
    const { now } = this.#store.engine;
    const cursor = this.#cursor;
    let isUrgent = false;
    while (cursor.next()) {
      if (cursor.kindId !== podKind) this.#snapshot.simulation.refresh();
      else if ((cursor.flags & CHANGE.deleted) === 0 && this.#snapshot.isUnschedulable(cursor.row)) {
        isUrgent ||= this.#snapshot.unschedulableSince(cursor.row) + POD_CHANGE_AGE_MAX >= now;
      }
    }
    const { at, freeAt } = this.#loop.value;
    const wanted = Math.max(now, freeAt);
    if (isUrgent && at > wanted) this.#runAt(wanted);
  }

  #runAt(at: Micros): void {
    const { engine } = this.#store;
    const { ref, freeAt } = this.#loop.value;
    if (engine.isPending(ref)) engine.cancel(ref);
    this.#loop.value = Object.freeze({ ref: engine.at(at, this.#loopKind), at, freeAt });
  }

  #iterate(): void {
    const { engine } = this.#store;
    this.#loop.value = Object.freeze({ ref: 0, at: -1, freeAt: engine.now + this.#settings.loopMicros });
    const wasProductive = !this.#isQuiet() && this.#lookAtAll();
    const { freeAt } = this.#loop.value;
    this.#runAt(wasProductive ? freeAt : freeAt + this.#settings.scanMicros);
  }

  /**
   * Whether an iteration would find what the last one found: that one had nothing to do and nothing to wait for but instants
   * that are still to come, and neither a node nor a pod nor a machine has changed.
   */
  #isQuiet(): boolean {
    const hasChanged = this.#snapshot.update();
    const { version } = this.#cloud;
    const isSameCloud = version === this.#cloudVersion;
    this.#cloudVersion = version;
    const isQuiet = !hasChanged && isSameCloud && this.#store.engine.now < this.#quietUntil;
    return isQuiet && this.#settings.skipsQuietIterations !== false;
  }

  #lookAtAll(): boolean {
    const { simulation } = this.#snapshot;
    const mark = simulation.mark();
    this.#quietUntil = -1;
    const wasProductive = this.#runOnce();
    simulation.revert(mark);
    return wasProductive;
  }

  /** One iteration; whether it asked for nodes or began to take some away. */
  #runOnce(): boolean {
    const views = this.#registry.update();
    if (this.#removeUnregistered(views) || !this.#isClusterHealthy(views)) return false;
    const iteration = this.#prepare(views);
    const pending = this.#podsToHelp(iteration);
    const isWaiting = pending.length > 0 && this.#areAllNew(pending);
    if (pending.length > 0 && !isWaiting && this.#scaleUp(pending, iteration)) return true;
    if (this.#settings.isScaleDownEnabled && this.#scaleDown(iteration, isWaiting)) return true;
    if (!this.#isSettled(views)) return false;
    this.#quietUntil = Number.POSITIVE_INFINITY;
    for (const until of this.#unremovableUntil.values()) this.#quietUntil = Math.min(this.#quietUntil, until);
    return false;
  }

  /** Whether time alone changes nothing, but for nodes that are left alone until an instant. */
  #isSettled(views: readonly GroupView[]): boolean {
    const isWhole = ({ readiness, upcoming }: GroupView): boolean =>
      upcoming === 0 &&
      readiness.unregistered === 0 &&
      readiness.longUnregistered.length === 0 &&
      readiness.notStarted.length === 0;
    return (
      views.every(isWhole) &&
      this.#registry.isIdle &&
      this.#deletions.isIdle &&
      this.#unneededSince.size === 0 &&
      !this.#snapshot.hasDeletingPods &&
      this.#snapshot.pending().length === 0
    );
  }

  /** Machines that never became nodes go back to the cloud. */
  #removeUnregistered(views: readonly GroupView[]): boolean {
    let hasRemoved = false;
    for (const { group, readiness } of views) {
      const given = readiness.longUnregistered.slice(0, Math.max(0, group.target - group.min));
      for (const name of given) {
        this.#cloud.remove(name);
        this.#registry.forget(name);
        statusEvent(this.#store, "Normal", "DeleteUnregistered", `Removed unregistered node ${name}`);
        this.#reporter.unregistered(name, group.id);
        hasRemoved = true;
      }
    }
    return hasRemoved;
  }

  #isClusterHealthy(views: readonly GroupView[]): boolean {
    const { okUnreadyCount, maxUnreadyPercentage } = this.#settings;
    let unready = 0;
    for (const { readiness } of views) unready += readiness.unready;
    const all = this.#store.documents("Node").count;
    if (unready <= okUnreadyCount || unready <= (maxUnreadyPercentage / 100) * all) return true;
    statusEvent(this.#store, "Warning", "ClusterUnhealthy", "Cluster is unhealthy");
    this.#reporter.unhealthy(unready, all);
    return false;
  }

  /** Puts the nodes that are on their way into the simulation, in place of those of them that are not ready yet. */
  #prepare(views: readonly GroupView[]): Iteration {
    const { simulation } = this.#snapshot;
    const upcomingNames: string[] = [];
    const notStarted = new Set<string>();
    for (const { group, readiness, upcoming } of views) {
      for (let index = 0; index < upcoming; index++) {
        const name = `${group.template.node.metadata.name}-upcoming-${index}`;
        simulation.addNode(renamed(group.template.node, name), podsOf(group.template.pods, name));
        upcomingNames.push(name);
      }
      for (const name of readiness.notStarted) {
        simulation.removeNode(name);
        notStarted.add(name);
      }
    }
    const table = this.#store.documents<KubeNode>("Node");
    const names = table.list().map(({ metadata }) => metadata.name ?? "");
    const startedNames = names.filter((name) => !notStarted.has(name));
    return { views, startedNames, upcomingNames, nodeNames: [...startedNames, ...upcomingNames] };
  }

  /**
   * Pending pods for which there is no room, neither on the nodes there are nor on those that are coming; the more important are
   * given room first.
   * @source cluster-autoscaler 1.37 core/podlistprocessor
   */
  #podsToHelp({ nodeNames }: Iteration): SimulatedPod[] {
    const { simulation } = this.#snapshot;
    const { now } = this.#store.engine;
    const waiting: SimulatedPod[] = [];
    for (const row of this.#deletions.podsBeingDrained()) {
      const { nodeName: _, ...pod } = this.#snapshot.podOf(row);
      simulation.take(pod.uid);
      waiting.push({ ...pod, nodeName: "" });
    }
    for (const { pod, createdAt } of this.#snapshot.pending()) {
      const { nominatedNodeName, owner } = pod;
      if (nominatedNodeName !== "" && simulation.hasNode(nominatedNodeName)) simulation.place(pod, nominatedNodeName);
      else if (owner?.kind !== "DaemonSet" && createdAt + this.#settings.newPodDelayMicros <= now) waiting.push(pod);
    }
    const byImportance = waiting
      .map((pod, index) => ({ pod, index, priority: pod.spec.priority ?? 0 }))
      .sort((a, b) => b.priority - a.priority || a.index - b.index);
    const toHelp: SimulatedPod[] = [];
    let next = 0;
    for (const { pod } of byImportance) {
      const at = nodeNames.length === 0 ? -1 : simulation.firstFit(pod, nodeNames, next);
      if (at === -1) toHelp.push(pod);
      else {
        simulation.place(pod, nodeNames[at] as string);
        next = (at + 1) % nodeNames.length;
      }
    }
    return toHelp;
  }

  #areAllNew(pods: readonly SimulatedPod[]): boolean {
    const { now } = this.#store.engine;
    const createdAt = (pod: SimulatedPod): Micros => this.#store.pods.createdAt.get(pod.row as number);
    const withGpu = pods.filter(({ spec }) => spec.containers.some(({ resources }) => wantsGpu(resources?.requests)));
    const oldest = Math.min(...pods.map(createdAt));
    const oldestWithGpu = Math.min(...withGpu.map(createdAt));
    return oldest + POD_BUFFER > now || (withGpu.length > 0 && oldestWithGpu + POD_WITH_GPU_BUFFER > now);
  }

  #scaleUp(pods: readonly SimulatedPod[], { views, nodeNames }: Iteration): boolean {
    const { engine } = this.#store;
    const { maxNodesTotal } = this.#settings;
    if (maxNodesTotal > 0 && nodeNames.length >= maxNodesTotal) {
      const message = `Max total nodes in cluster reached: ${maxNodesTotal}`;
      statusEvent(this.#store, "Warning", "MaxNodesTotalReached", message);
      this.#reporter.full(pods, message);
      return false;
    }
    const unsafe = new Map(
      views.flatMap((view) => {
        const why = this.#registry.unsafe(view);
        return why === undefined ? [] : [[view.group.id, why] as const];
      }),
    );
    const plan = planScaleUp(this.#snapshot.simulation, {
      pods,
      groups: views.map(({ group }) => group),
      unsafe,
      nodeNames,
      priorities: this.#priorities(),
      settings: this.#settings,
      pick: (n) => engine.streams.stream("cluster-autoscaler/expander").int(n),
    });
    if (plan.increases.length === 0) {
      this.#tellUnhelped(plan);
      return false;
    }
    return this.#carryOut(plan);
  }

  #carryOut(plan: ScaleUpPlan): boolean {
    const { engine } = this.#store;
    const done: string[] = [];
    for (const { group, current, next, max } of plan.increases) {
      const change = `${next} instead of ${current} (max: ${max})`;
      statusEvent(this.#store, "Normal", "ScaledUpGroup", `Scale-up: setting group ${group} size to ${change}`);
      const error = this.#cloud.increase(group, next - current);
      if (error !== undefined) {
        statusEvent(this.#store, "Warning", "FailedToScaleUpGroup", `Scale-up failed for group ${group}: ${error}`);
        const { until } = this.#registry.failed(group, error);
        this.#reporter.refused(group, error, until);
        break;
      }
      this.#registry.requested(group, next - current);
      statusEvent(this.#store, "Normal", "ScaledUpGroup", `Scale-up: group ${group} size set to ${change}`);
      done.push(`{${group} ${current}->${next} (max: ${max})}`);
    }
    this.#reporter.scaledUp(plan);
    if (done.length < plan.increases.length) return false;
    for (const { row } of plan.helped) {
      if (row === undefined) continue;
      const text = `pod triggered scale-up: [${done.join(" ")}]`;
      this.#store.podEvent(row, COMPONENT, "Normal", "TriggeredScaleUp", text);
    }
    this.#lastScaleUpAt.value = engine.now;
    return true;
  }

  #tellUnhelped(plan: ScaleUpPlan): void {
    for (const { pod, reasons } of plan.unhelped) {
      if (pod.row === undefined) continue;
      const text = `pod didn't trigger scale-up: ${reasons}`;
      this.#store.podEvent(pod.row, COMPONENT, "Normal", "NotTriggerScaleUp", text);
    }
    this.#reporter.notScaledUp(plan);
  }

  #priorities() {
    if (!this.#settings.expanders.includes("priority")) return undefined;
    const map = this.#store.documents("ConfigMap").find("kube-system", PRIORITY_CONFIG_MAP);
    const text = (map as { readonly data?: Readonly<Record<string, string>> } | undefined)?.data?.[PRIORITY_CONFIG_KEY];
    return text === undefined ? undefined : readPriorities(text);
  }

  /** Whether nodes began to be taken away. */
  #scaleDown({ views, startedNames }: Iteration, isWaiting: boolean): boolean {
    const { now } = this.#store.engine;
    const settings = this.#settings;
    const groups = views.map(({ group }) => group);
    const candidates = this.#candidates(views, new Set(startedNames));
    const plan = findUnneeded(this.#snapshot.simulation, {
      now,
      candidates,
      destinations: startedNames.filter((name) => !this.#deletions.has(name)),
      groups,
      allowed: this.#snapshot.allowedDisruptions(),
      memory: { unneededSince: new Map(this.#unneededSince), unremovableUntil: new Map(this.#unremovableUntil) },
      settings,
    });
    replace(this.#unneededSince, plan.memory.unneededSince);
    replace(this.#unremovableUntil, plan.memory.unremovableUntil);
    const isCooling =
      isWaiting ||
      candidates.length === 0 ||
      this.#lastScaleUpAt.value + settings.scaleDownDelayAfterAddMicros > now ||
      this.#deletions.failedAt.value + settings.scaleDownDelayAfterFailureMicros > now ||
      this.#lastDeletionAt.value + settings.scaleDownDelayAfterDeleteMicros > now;
    const { empty, drained, kept } = chooseDeletions(plan.unneeded, this.#deletions.underWay(), {
      now,
      groups,
      settings,
    });
    this.#reporter.nodes(plan.unneeded, [...plan.needed, ...kept]);
    const chosen: UnneededNode[] = isCooling ? [] : [...empty, ...drained];
    if (chosen.length === 0) {
      const unneeded = plan.unneeded.map(({ candidate }) => candidate.name);
      updateSoftTaints(this.#store, candidates, new Set(unneeded), settings.maxSoftTaints);
      return false;
    }
    for (const one of chosen) {
      this.#deletions.begin(one);
      this.#unneededSince.delete(one.candidate.name);
    }
    this.#lastDeletionAt.value = now;
    return true;
  }

  /** Nodes of groups that have started and are not on their way out. */
  #candidates(views: readonly GroupView[], started: ReadonlySet<string>): CandidateNode[] {
    return views.flatMap(({ group, machines }) =>
      machines.flatMap(({ name, node }) =>
        node === undefined || !started.has(name) || this.#deletions.has(name)
          ? []
          : [{ node, name, group: group.id, pods: this.#snapshot.podsSeenOn(name) }],
      ),
    );
  }
}

function wantsGpu(requests: Readonly<Record<string, string>> | undefined): boolean {
  return requests?.["nvidia.com/gpu"] !== undefined;
}

function replace<V>(into: StateMap<string, V>, from: ReadonlyMap<string, V>): void {
  const entries = [...from];
  for (const key of [...into.keys()]) if (!from.has(key)) into.delete(key);
  for (const [key, value] of entries) if (into.get(key) !== value) into.set(key, value);
}
