import type { KubeNode } from "../kube/index.ts";
import { POD_CONDITIONS } from "../store/index.ts";
import { type PluginModules, World } from "../world/index.ts";
import type { Micros, NodeFailure, Plan } from "../world/plan.ts";
import type { Loss } from "./loss.ts";
import { type Down, downPods, type NeverBack, neverBack, Recovery, workloadOf } from "./recovery.ts";

/** Losses to be played with one seed: plain data, so that it can go to another thread. */
export interface SurviveTask {
  /** With the seed, and with the failure of `struckPlan` as its only one. */
  readonly plan: Plan;
  readonly losses: readonly Loss[];
}

/** What came of one loss with one seed. Instants are microseconds since the loss. */
export interface LossOutcome {
  readonly loss: string;
  /** Pods that were ready on the nodes; those of DaemonSets are not counted, since they go with their nodes. */
  readonly podsDown: number;
  /** When the first, second, … of them was made up for. */
  readonly recoveredAfter: readonly Micros[];
  readonly never: readonly NeverBack[];
  /** Time in which the demand for a Service was more than its endpoints could serve. */
  readonly below: readonly { readonly service: string; readonly micros: Micros }[];
  readonly budget: LossBudget;
}

/** Where the time of a failover goes. Empty: it did not come so far. */
export interface LossBudget {
  /** From the loss to a node's not being ready, a node each. */
  readonly notReady: readonly Micros[];
  /** From there to the request to delete a pod on it, a pod each. */
  readonly evicted: readonly Micros[];
  /** From the creation of a replacement to its binding, and from there to its being ready. */
  readonly scheduled: readonly Micros[];
  readonly started: readonly Micros[];
}

const SECOND = 1_000_000;
const POD_SCHEDULED = POD_CONDITIONS.indexOf("PodScheduled");
/** When everything is back, so long a calm ends the look. */
const CALM: Micros = 120 * SECOND;

/** The plan with one failure, of no node yet, at an instant: the forks of its world differ in which nodes are struck. */
export function struckPlan(plan: Plan, atMicros: Micros, horizonMicros: Micros): Plan {
  const failure: NodeFailure = {
    index: 0,
    name: "loss",
    source: { file: "", line: 0, column: 0 },
    schedule: { at: atMicros },
    kind: "crash",
    nodes: [],
    count: null,
    lasts: null,
  };
  return {
    ...plan,
    durationMicros: atMicros + horizonMicros,
    warmupMicros: 0,
    failures: [failure],
    assertions: [],
    record: { ...plan.record, events: false, decisions: false },
  };
}

/** Plays the past once and forks it for each loss. */
export function surviveTask({ plan, losses }: SurviveTask, plugins?: PluginModules): LossOutcome[] {
  const [failure] = plan.failures as [NodeFailure];
  const atMicros = "at" in failure.schedule ? failure.schedule.at : 0;
  const past = World.from(plan, undefined, plugins);
  past.run(atMicros - 1);
  const checkpoint = past.checkpoint();
  return losses.map((loss) => {
    const world = World.fork(
      { ...plan, failures: [{ ...failure, nodes: loss.nodes }] },
      checkpoint,
      undefined,
      plugins,
    );
    return playLoss(world, loss, atMicros);
  });
}

function playLoss(world: World, loss: Loss, atMicros: Micros): LossOutcome {
  const down = downPods(world, loss.nodes);
  const overloaded = world.workload.services.map(({ totals }) => totals.overloadedMicros);
  const recovery = new Recovery(world, loss.nodes, down);
  const watch = new BudgetWatch(world, loss.nodes, down, atMicros);
  const end = world.plan.durationMicros;
  let calmSince = -1;
  for (let second = 1; atMicros + second * SECOND <= end; second++) {
    world.run(atMicros + second * SECOND);
    watch.look();
    if (recovery.look(second * SECOND) > 0) calmSince = -1;
    else if (calmSince === -1) calmSince = second * SECOND;
    else if (second * SECOND - calmSince >= CALM) break;
  }
  return {
    loss: loss.name,
    podsDown: down.length,
    recoveredAfter: recovery.recoveredAfter(),
    never: neverBack(world, recovery.missing(), down),
    below: world.workload.services.flatMap(({ load, totals }, index) => {
      const micros = totals.overloadedMicros - (overloaded[index] ?? 0);
      return micros === 0 ? [] : [{ service: `${load.namespace}/${load.service}`, micros }];
    }),
    budget: watch.budget(),
  };
}

/** Follows the lost nodes and pods, second by second. */
class BudgetWatch {
  readonly #world: World;
  readonly #atMicros: Micros;
  readonly #notReadyAt = new Map<string, Micros>();
  readonly #evictedAfter: Micros[] = [];
  readonly #nodes: readonly string[];
  #waiting: readonly Down[];
  readonly #down: readonly Down[];

  constructor(world: World, nodes: readonly string[], down: readonly Down[], atMicros: Micros) {
    this.#world = world;
    this.#nodes = nodes;
    this.#down = down;
    this.#waiting = down;
    this.#atMicros = atMicros;
  }

  look(): void {
    const { store, nowMicros } = this.#world;
    for (const name of this.#nodes) {
      if (this.#notReadyAt.has(name)) continue;
      const node = store.documents<KubeNode>("Node").find("", name);
      const isReady =
        node?.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") === true;
      if (!isReady) this.#notReadyAt.set(name, nowMicros);
    }
    this.#waiting = this.#waiting.filter(({ row, serial, node }) => {
      const isThere = store.pods.isPresent(row) && store.pods.serial.get(row) === serial;
      if (isThere && !store.pods.isDeleting(row)) return true;
      this.#evictedAfter.push(nowMicros - (this.#notReadyAt.get(node) ?? this.#atMicros));
      return false;
    });
  }

  budget(): LossBudget {
    const { pods } = this.#world.store;
    const workloads = new Set(this.#down.map(({ workload }) => workload));
    const [scheduled, started]: [Micros[], Micros[]] = [[], []];
    for (let row = pods.first(); row !== -1; row = pods.after(row)) {
      const createdAt = pods.createdAt.get(row);
      const boundAt = pods.conditionAt[POD_SCHEDULED]?.get(row) ?? -1;
      if (createdAt < this.#atMicros || pods.nodeId.get(row) === -1 || !pods.isReady(row)) continue;
      if (!workloads.has(workloadOf(this.#world, row))) continue;
      scheduled.push(boundAt - createdAt);
      started.push(pods.readyAt.get(row) - boundAt);
    }
    const notReady = [...this.#notReadyAt.values()].map((at) => at - this.#atMicros);
    return { notReady, evicted: this.#evictedAfter, scheduled, started };
  }
}
