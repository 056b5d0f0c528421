import type { Micros } from "../../engine/index.ts";
import type { KubeNode } from "../../kube/index.ts";
import type { DocumentTable, Store } from "../../store/index.ts";
import { Column } from "../../tables/index.ts";
import { type BatchOrder, decisionName, type Expectations, PodControl, referenceTo, slowStart } from "../pods/index.ts";
import { oldestFirst } from "./availability.ts";
import { DaemonTemplates } from "./daemon-template.ts";
import { type Deletion, EVENT_SOURCE, type NodePlanner, type SetView } from "./node-plan.ts";
import type { NodeSlots } from "./node-slots.ts";
import type { RolloutStep } from "./rolling-update.ts";

export interface DaemonPodsOptions {
  /** Order of creation within a batch. Default: in order of the nodes. */
  readonly batchOrder?: BatchOrder;
}

/** Creations, and deletions, of one sync. @source kubernetes 1.37 pkg/controller/daemon BurstReplicas */
const BURST = 250;

/** What a pass over the changed nodes came to. */
interface Managed {
  readonly failure: string | undefined;
  /** Look again after so long; 0 for not needed. */
  readonly againMicros: Micros;
}

/** Creates and deletes the pods of DaemonSets. */
export class DaemonPods {
  readonly #store: Store;
  readonly #nodes: DocumentTable<KubeNode>;
  readonly #slots: NodeSlots;
  readonly #planner: NodePlanner;
  readonly #expectations: Expectations;
  readonly #templates: DaemonTemplates;
  readonly #control: PodControl;
  readonly #batchOrder: BatchOrder;
  /** By slot: something was left undone at the last pass, for want of burst, by back-off or by a refusal. */
  readonly #isLeft: Column<Uint8Array>;

  constructor(
    store: Store,
    slots: NodeSlots,
    planner: NodePlanner,
    expectations: Expectations,
    options: DaemonPodsOptions,
  ) {
    this.#store = store;
    this.#nodes = store.documents<KubeNode>("Node");
    this.#slots = slots;
    this.#planner = planner;
    this.#expectations = expectations;
    this.#templates = new DaemonTemplates(store);
    this.#control = new PodControl(store, EVENT_SOURCE);
    this.#batchOrder = options.batchOrder ?? "in-order";
    this.#isLeft = new Column<Uint8Array>(store.engine.cells, "daemonset.isLeft", Uint8Array);
  }

  /** Looks at the nodes that changed since the last sync and does what they need. */
  manage(row: number, view: SetView): Managed {
    const creations: number[] = [];
    const deletions: Deletion[] = [];
    let againMicros = 0;
    for (const slot of this.#changedInOrder(row)) {
      const plan = this.#planner.plan(view, slot);
      const isFull =
        creations.length + (plan.creates ? 1 : 0) > BURST || deletions.length + plan.deletions.length > BURST;
      this.#isLeft.set(slot, isFull || plan.againMicros > 0 ? 1 : 0);
      if (plan.againMicros > 0)
        againMicros = againMicros === 0 ? plan.againMicros : Math.min(againMicros, plan.againMicros);
      if (isFull) continue;
      if (plan.creates) creations.push(slot);
      deletions.push(...plan.deletions);
    }
    return { failure: this.carryOut(row, view, { creations, deletions }), againMicros };
  }

  /** Whether the slot has to be looked at again although nothing of it changes. */
  isPending(view: SetView, slot: number): boolean {
    if (this.#isLeft.get(slot) === 1) return true;
    if ((view.set.spec.minReadySeconds ?? 0) === 0) return false;
    const { pods } = this.#store;
    return this.#slots.pods.rows(slot).some((pod) => pods.isReady(pod) && !this.#planner.isAvailable(view, pod));
  }

  /** Creates and deletes; returns the text of the first refusal. */
  carryOut(row: number, view: SetView, { creations, deletions }: RolloutStep): string | undefined {
    const toCreate = creations.slice(0, BURST);
    const toDelete = deletions.slice(0, BURST);
    this.#expectations.expect(
      row,
      toCreate.length,
      toDelete.map(({ pod }) => pod),
    );
    const failure = toCreate.length === 0 ? undefined : this.#create(row, view, toCreate);
    if (toDelete.length > 0) this.#delete(view, toDelete);
    return failure;
  }

  #create(row: number, { set, hash }: SetView, creations: readonly number[]): string | undefined {
    const { metadata, spec } = set;
    const generateName = `${metadata.name}-`;
    const owner = referenceTo(this.#store, set);
    const create = (item: number) => {
      const slot = creations[item] as number;
      const template = this.#templates.of(spec.template, hash, this.#slots.nodeNameOf(slot));
      const { namespace = "" } = metadata;
      const made = this.#control.create(set, { namespace, generateName, template, owner, extra: { generateName } });
      this.#isLeft.set(slot, "name" in made ? 0 : 1);
      return made;
    };
    for (const slot of creations) this.#isLeft.set(slot, 1);
    const { names, failure, skipped } = slowStart(creations.length, create, this.#batchOrder);
    this.#expectations.lowerCreations(row, skipped);
    this.#tell(set, "create", names, failure === undefined ? {} : { error: failure });
    return failure;
  }

  #delete({ set }: SetView, deletions: readonly Deletion[]): void {
    const names = deletions.map(({ pod }) => this.#control.delete(set, pod));
    this.#tell(set, "delete", names, { reasons: deletions.map(({ why }) => why) });
  }

  /** Changed slots in the order in which their nodes were made; those without node come last, by their oldest pod. */
  #changedInOrder(row: number): number[] {
    const { pods } = this.#store;
    const age = new Map<number, number>();
    for (const slot of this.#slots.changed.rows(row)) {
      const node = this.#nodes.rowOf("", this.#slots.nodeNameOf(slot));
      if (node !== -1) age.set(slot, this.#nodes.serial.get(node));
      else {
        const [oldest = -1] = oldestFirst(pods, this.#slots.pods.rows(slot));
        age.set(slot, Number.MAX_SAFE_INTEGER / 2 + (oldest === -1 ? 0 : pods.serial.get(oldest)));
      }
    }
    return [...age].sort((a, b) => a[1] - b[1] || a[0] - b[0]).map(([slot]) => slot);
  }

  #tell(set: SetView["set"], what: string, pods: readonly string[], more: object): void {
    if (pods.length === 0 || !this.#store.decisions.isEnabled) return;
    this.#store.decisions.write({ by: "daemonset", what, object: decisionName(set), pods, ...more });
  }
}
