import { type OwnerReference, PHASE, PROCESS } from "../../kube/index.ts";
import { documentKind, POD_PHASE, type Store } from "../../store/index.ts";
import { type Micros, minutes, parseRfc3339 } from "../../units/index.ts";
import { evict } from "../disruption/index.ts";
import type { Scalable } from "../scale.ts";
import { applicable } from "./admitted-pod.ts";
import { targetPods, updateModeOf, vpaRows } from "./objects.ts";
import { type ContainerRecommendation, policyOf, type VerticalPodAutoscaler } from "./recommendation.ts";
import { compareUpdatePriority, meetsRequirements, type UpdatePriority, updatePriority } from "./update-priority.ts";

/** @source vertical-pod-autoscaler 1.6 flags updater-interval, min-replicas, eviction-tolerance,
 *  pod-lifetime-update-threshold, pod-update-threshold, evict-after-oom-threshold */
const PERIOD: Micros = minutes(1);
const MIN_REPLICAS = 2;
const TOLERANCE = 0.5;
const LIFETIME: Micros = minutes(12 * 60);
const MIN_CHANGE = 0.1;
const QUICK_OOM: Micros = minutes(10);
const SOURCE = "vpa-updater";
const POD_TEXT = "Pod was evicted by VPA Updater to apply resource recommendation.";
const MODES = new Set(["Recreate", "Auto", "InPlaceOrRecreate"]);

/** The live pods of one controller when a pass begins, and how many of them it may still take away. */
class Group {
  readonly #configured: number;
  live = 0;
  running = 0;
  evicted = 0;

  constructor(configured: number) {
    this.#configured = configured;
  }

  /** @source vertical-pod-autoscaler 1.6 pkg/updater/restriction isPodDisruptable */
  get canLoseOne(): boolean {
    const tolerance = Math.floor(this.#configured * TOLERANCE);
    if (this.running - this.evicted > this.#configured - tolerance) return true;
    return tolerance === 0 && this.evicted === 0 && this.running === this.#configured;
  }
}

/**
 * The updater of the vertical pod autoscaler: once a minute it evicts pods whose requests are not as recommended, so that
 * they are made again and admitted with others; as many of a controller at a time as its tolerance and the budgets allow.
 *
 * DEVIATION(vpa-in-place): pods are not resized in place: InPlaceOrRecreate evicts, and InPlace leaves running pods alone.
 *
 * @source vertical-pod-autoscaler 1.6 pkg/updater/logic/updater.go, pkg/updater/priority/update_priority_calculator.go
 */
export class VpaUpdater {
  readonly #store: Store;
  readonly #tickKind: number;

  constructor(store: Store) {
    this.#store = store;
    this.#tickKind = store.engine.define("vpa.update", PHASE.control, () => this.#tick(), {
      process: PROCESS.verticalPodAutoscaler,
    });
  }

  start(): void {
    this.#store.engine.after(PERIOD, this.#tickKind);
  }

  #tick(): void {
    const table = this.#store.documents<VerticalPodAutoscaler>("Other");
    for (const row of vpaRows(this.#store)) if (MODES.has(updateModeOf(table.get(row)))) this.#update(table.get(row));
    this.#store.engine.after(PERIOD, this.#tickKind);
  }

  #update(vpa: VerticalPodAutoscaler): void {
    const all = vpa.status?.recommendation?.containerRecommendations ?? [];
    if (all.length === 0) return;
    const { pods } = this.#store;
    const live = targetPods(this.#store, vpa).filter((row) => !pods.isDeleting(row));
    const groups = this.#groupsOf(live, vpa.spec.updatePolicy?.minReplicas ?? MIN_REPLICAS);
    for (const { row, priority } of this.#inOrder(live, vpa, all)) {
      const group = groups.get(row);
      if (group === undefined) continue;
      const isPending = pods.phase.get(row) === POD_PHASE.pending;
      if (!isPending && !group.canLoseOne) continue;
      if (this.#evict(row, vpa, priority) && !isPending) group.evicted++;
    }
  }

  /** Pods to be evicted, those that gain most first. */
  #inOrder(
    live: readonly number[],
    vpa: VerticalPodAutoscaler,
    all: readonly ContainerRecommendation[],
  ): { readonly row: number; readonly priority: UpdatePriority }[] {
    const { pods } = this.#store;
    const policies = vpa.spec.resourcePolicy?.containerPolicies ?? [];
    const requirements = vpa.spec.updatePolicy?.evictionRequirements ?? [];
    const found = live.flatMap((row) => {
      const { spec } = pods.templateOf(row);
      const recommendations = applicable(spec, all, policies);
      const priority = updatePriority(spec, recommendations);
      if (!meetsRequirements(spec, recommendations, requirements)) return [];
      return this.#isDue(row, vpa, priority) ? [{ row, priority }] : [];
    });
    return found.sort(
      (a, b) => compareUpdatePriority(a.priority, b.priority) || pods.serial.get(a.row) - pods.serial.get(b.row),
    );
  }

  #isDue(row: number, vpa: VerticalPodAutoscaler, { isOutside, difference }: UpdatePriority): boolean {
    const hasQuickOom = this.#wasKilledQuickly(row, vpa);
    if (hasQuickOom && difference === 0) return false;
    if (isOutside || hasQuickOom) return true;
    const startedAt = this.#store.pods.startTime.get(row);
    if (startedAt === -1 || this.#store.engine.now < startedAt + LIFETIME) return false;
    return difference >= MIN_CHANGE;
  }

  #wasKilledQuickly(row: number, { spec }: VerticalPodAutoscaler): boolean {
    const policies = spec.resourcePolicy?.containerPolicies ?? [];
    return (this.#store.pods.containers.get(row) ?? []).some(({ name, lastState }) => {
      const { reason, startedAt, finishedAt } = lastState?.terminated ?? {};
      if (reason !== "OOMKilled" || startedAt === undefined || finishedAt === undefined) return false;
      if (policyOf(policies, name)?.mode === "Off") return false;
      return parseRfc3339(finishedAt) - parseRfc3339(startedAt) < QUICK_OOM;
    });
  }

  /** The groups of pods that have enough live ones, by pod. */
  #groupsOf(live: readonly number[], minReplicas: number): Map<number, Group> {
    const { pods } = this.#store;
    const byOwner = new Map<string, Group>();
    const groups = new Map<number, Group>();
    for (const row of live) {
      const owner = pods.owner.get(row);
      if (owner === null) continue;
      let group = byOwner.get(owner.uid);
      if (group === undefined) {
        group = new Group(this.#replicasOf(owner, pods.namespaceOf(row)));
        byOwner.set(owner.uid, group);
      }
      group.live++;
      if (pods.phase.get(row) !== POD_PHASE.pending) group.running++;
      groups.set(row, group);
    }
    for (const [row, group] of groups) if (group.live < minReplicas) groups.delete(row);
    return groups;
  }

  #replicasOf({ kind, name }: OwnerReference, namespace: string): number {
    return this.#store.documents<Scalable>(documentKind(kind)).find(namespace, name)?.spec.replicas ?? 0;
  }

  #evict(row: number, vpa: VerticalPodAutoscaler, { scalesUp, difference }: UpdatePriority): boolean {
    const store = this.#store;
    const outcome = evict(store, row);
    const pod = `${store.pods.namespaceOf(row)}/${store.pods.name.get(row)}`;
    if (store.decisions.isEnabled) {
      const { namespace = "default", name = "" } = vpa.metadata;
      const object = `vpa/${namespace}/${name}`;
      const why = outcome.ok ? { scalesUp, difference } : { error: outcome.message };
      store.decisions.write({ by: "vpa", what: outcome.ok ? "evict" : "refused", object, pod, ...why });
    }
    if (!outcome.ok) return false;
    store.podEvent(row, SOURCE, "Normal", "EvictedByVPA", POD_TEXT);
    const text = `VPA Updater evicted Pod ${store.pods.name.get(row)} to apply resource recommendation.`;
    store.event(vpa, SOURCE, "Normal", "EvictedPod", text);
    return true;
  }
}
