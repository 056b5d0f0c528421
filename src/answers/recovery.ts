import type { KubeObject, OwnerReference } from "../kube/index.ts";
import type { World } from "../world/index.ts";
import type { Micros } from "../world/plan.ts";

/** A pod that was ready on a node that went. */
export interface Down {
  readonly row: number;
  readonly serial: number;
  readonly node: string;
  /** What keeps pods like it: `Deployment/shop/web`; the pod itself when nothing does. */
  readonly workload: string;
}

/** A pod that nothing has made up for, and why. */
export interface NeverBack {
  readonly workload: string;
  readonly count: number;
  readonly why: string;
}

/** By which a kubelet marks the static pods that it runs by itself. */
const STATIC = "kubernetes.io/config.mirror";

/** The pods that a loss takes: ready ones on the nodes, but for those that belong to their nodes. */
export function downPods(world: World, nodes: readonly string[]): Down[] {
  const { pods } = world.store;
  return nodes.flatMap((node) => {
    const list = pods.nodeNames.find(node);
    const rows = list === -1 ? [] : pods.byNode.rows(list);
    return rows
      .filter((row) => pods.isReady(row) && !pods.isDeleting(row) && !belongsToNode(world, row))
      .map((row) => ({ row, serial: pods.serial.get(row), node, workload: workloadOf(world, row) }));
  });
}

/** Pods of DaemonSets, and those that a kubelet starts from files. */
function belongsToNode({ store: { pods } }: World, row: number): boolean {
  return pods.owner.get(row)?.kind === "DaemonSet" || pods.templateOf(row).annotations[STATIC] !== undefined;
}

const MADE_BY_ANOTHER = ["ReplicaSet", "Job"] as const;

/** What keeps pods like this one: the Deployment behind its ReplicaSet, the CronJob behind its Job, its other controller, or the pod itself. */
export function workloadOf({ store }: World, row: number): string {
  const { pods } = store;
  const namespace = pods.namespaceOf(row);
  const owner = pods.owner.get(row);
  if (owner === null) return `Pod/${namespace}/${pods.name.get(row)}`;
  const made = MADE_BY_ANOTHER.find((kind) => kind === owner.kind);
  const keeper = made === undefined ? undefined : store.documents(made).find(namespace, owner.name);
  const above: OwnerReference | undefined = keeper?.metadata.ownerReferences?.find(({ controller }) => controller);
  const { kind, name } = above ?? owner;
  return `${kind}/${namespace}/${name}`;
}

/** Counts, second by second, how many ready pods each struck workload lacks. */
export class Recovery {
  readonly #world: World;
  readonly #lost: ReadonlySet<string>;
  readonly #before: ReadonlyMap<string, number>;
  readonly #downOf: ReadonlyMap<string, number>;
  /** By workload: how many it lacks now, and when at least one, two, … were lacking last. */
  readonly #lacking = new Map<string, number>();
  readonly #lackedAt = new Map<string, Micros[]>();

  constructor(world: World, nodes: readonly string[], down: readonly Down[]) {
    this.#world = world;
    this.#lost = new Set(nodes);
    const downOf = new Map<string, number>();
    for (const { workload } of down) downOf.set(workload, (downOf.get(workload) ?? 0) + 1);
    this.#downOf = downOf;
    this.#before = this.#readyBy(new Set());
  }

  /** Looks at the world as it is now; how many are lacking in all. */
  look(sinceMicros: Micros): number {
    const ready = this.#readyBy(this.#lost);
    let sum = 0;
    for (const [workload, downCount] of this.#downOf) {
      const goal = Math.min(this.#before.get(workload) ?? 0, replicasOf(this.#world, workload));
      const lacking = Math.min(downCount, Math.max(0, goal - (ready.get(workload) ?? 0)));
      const at = this.#lackedAt.get(workload) ?? Array.from({ length: downCount }, () => 0);
      for (let nth = 0; nth < lacking; nth++) at[nth] = sinceMicros;
      this.#lackedAt.set(workload, at);
      this.#lacking.set(workload, lacking);
      sum += lacking;
    }
    return sum;
  }

  /** When each pod that was made up for was, in rising order. */
  recoveredAfter(): Micros[] {
    const all = [...this.#lackedAt].flatMap(([workload, at]) => at.slice(this.#lacking.get(workload) ?? 0));
    return all.map((last) => last + 1_000_000).sort((a, b) => a - b);
  }

  missing(): ReadonlyMap<string, number> {
    return this.#lacking;
  }

  #readyBy(without: ReadonlySet<string>): Map<string, number> {
    const { pods } = this.#world.store;
    const ready = new Map<string, number>();
    for (let row = pods.first(); row !== -1; row = pods.after(row)) {
      if (!pods.isReady(row) || pods.isDeleting(row) || without.has(pods.nodeNameOf(row))) continue;
      const workload = workloadOf(this.#world, row);
      if (this.#downOf.has(workload)) ready.set(workload, (ready.get(workload) ?? 0) + 1);
    }
    return ready;
  }
}

/** Replicas that are wanted now; without bound where the kind has no such number. */
function replicasOf({ store }: World, workload: string): number {
  const [kind = "", namespace = "", name = ""] = workload.split("/");
  if (kind === "Pod") return 1;
  const object: (KubeObject & { readonly spec?: { readonly replicas?: number } }) | undefined = store
    .documents(kind as "Deployment")
    .find(namespace, name);
  return object?.spec?.replicas ?? Number.POSITIVE_INFINITY;
}

/** Why pods are not made up for. */
export function neverBack(world: World, missing: ReadonlyMap<string, number>, down: readonly Down[]): NeverBack[] {
  return [...missing]
    .filter(([, count]) => count > 0)
    .map(([workload, count]) => ({ workload, count, why: whyNever(world, workload, down) }));
}

function whyNever(world: World, workload: string, down: readonly Down[]): string {
  const { pods } = world.store;
  if (workload.startsWith("Pod/")) return "no controller makes another";
  for (let row = pods.first(); row !== -1; row = pods.after(row)) {
    if (pods.nodeId.get(row) !== -1 || workloadOf(world, row) !== workload) continue;
    const message = pods.extra.get(row).conditionTexts?.PodScheduled?.message;
    if (message !== undefined) return `pod ${pods.name.get(row)} is pending: ${message}`;
  }
  const stuck = down.find(
    ({ row, serial, workload: own }) =>
      own === workload && pods.isPresent(row) && pods.serial.get(row) === serial && pods.isDeleting(row),
  );
  if (stuck !== undefined)
    return `pod ${pods.name.get(stuck.row)} stays Terminating on ${stuck.node}: the dead kubelet cannot confirm that it has stopped`;
  return "not ready again within the time that was looked at";
}
