import type { Engine, Micros } from "../engine/index.ts";
import { compileSelector, PHASE, type StringMap } from "../kube/index.ts";
import type { Kubelets } from "../node/index.ts";
import { sample } from "../random/index.ts";
import type { Store } from "../store/index.ts";
import { StateMap } from "../tables/index.ts";
import { nodeRegistration } from "./options.ts";
import type { ChosenNodes, NodeChoice, Plan, PlannedNode, PlannedPool } from "./plan.ts";

/** A machine that was ordered during the run. `number` counts the nodes of its pool from 0, those of the start included. */
export interface Instance {
  readonly pool: string;
  readonly number: number;
  readonly orderedAt: Micros;
  /** When its kubelet registers, or did. */
  readonly joinsAt: Micros;
}

/** Who is told when the node of an ordered machine has registered, and when a machine has been taken away. */
export interface FleetListener {
  joined(name: string): void;
  gone(): void;
}

/** What became of machines: `booting` has no Node object yet, `gone` has been taken away (its object may be there still). */
export type InstanceState = "booting" | "running" | "gone";

/**
 * The cloud that the nodes come from: machines of the plan's pools are ordered and taken away while the run goes on. It starts and
 * stops machines and nothing else: a new one's kubelet registers its node after the pool's boot time, and the Node
 * object of one that went is deleted by the cloud node lifecycle controller once the node is not ready.
 *
 * ```ts
 * const name = fleet.add("general");
 * fleet.remove(name);
 * ```
 */
export class NodeFleet {
  readonly pools: readonly PlannedPool[];
  readonly #engine: Engine;
  readonly #store: Store;
  readonly #kubelets: Kubelets;
  readonly #hears: FleetListener;
  readonly #plannedAtStart: ReadonlyMap<string, PlannedNode>;
  /** Machines ordered during the run, by name. */
  readonly #ordered: StateMap<string, Instance>;
  /** Machines that were taken away, by name: when. */
  readonly #gone: StateMap<string, Micros>;
  /** Names given so far to nodes of a pool. */
  readonly #given: StateMap<string, number>;
  readonly #joinKind: number;

  /** Declares an event kind: to be made before the first event. */
  constructor(store: Store, kubelets: Kubelets, plan: Plan, hears: FleetListener) {
    const { engine } = store;
    this.pools = plan.pools;
    this.#engine = engine;
    this.#store = store;
    this.#kubelets = kubelets;
    this.#hears = hears;
    this.#plannedAtStart = new Map(plan.nodes.map((node) => [node.name, node]));
    this.#ordered = new StateMap(engine.cells, "fleet.ordered");
    this.#gone = new StateMap(engine.cells, "fleet.gone");
    this.#given = new StateMap(engine.cells, "fleet.given");
    this.#joinKind = engine.define("fleet.join", PHASE.fault, (poolIndex, number) => this.#join(poolIndex, number));
  }

  /** Another number whenever a machine was ordered or taken away. */
  get version(): number {
    return this.#ordered.size + this.#gone.size;
  }

  /** The node that the next `add` of a pool would make; what it would look like in the cluster. Undefined: no such pool. */
  next(pool: string): PlannedNode | undefined {
    const planned = this.pools.find(({ name }) => name === pool);
    return planned === undefined ? undefined : nodeOfPool(planned, this.#nextNumber(planned));
  }

  /** Orders a machine of a pool of the plan; returns the name of its node to be. It boots for `bootMicros`, by default as long as the
   *  pool's distribution says. */
  add(pool: string, bootMicros?: Micros): string {
    const poolIndex = this.pools.findIndex(({ name }) => name === pool);
    const planned = this.pools[poolIndex] as PlannedPool;
    const number = this.#nextNumber(planned);
    const { name } = nodeOfPool(planned, number);
    this.#given.set(pool, number + 1);
    const boot = bootMicros ?? sample(planned.boot, this.#engine.streams.stream(`fleet/boot/${pool}`));
    const { now } = this.#engine;
    this.#ordered.set(name, Object.freeze({ pool, number, orderedAt: now, joinsAt: now + boot }));
    this.#engine.after(boot, this.#joinKind, poolIndex, number);
    this.#tell("order", name, { pool, bootMicros: boot, notable: `node/${name} ordered` });
    return name;
  }

  /** Takes a machine away at once, booting or not; what was wrong, if there is none of that name. */
  remove(name: string): string | undefined {
    if (!this.hasInstance(name)) return `there is no machine "${name}"`;
    const wasBooting = this.stateOf(name) === "booting";
    this.#gone.set(name, this.#engine.now);
    if (!wasBooting) this.#kubelets.retire(this.#store.pods.nodeNames.find(name));
    this.#tell("remove", name, { notable: `node/${name} taken away` });
    this.#hears.gone();
    return undefined;
  }

  /** Whether the cloud has a machine of this name, booting or running. */
  hasInstance(name: string): boolean {
    const isKnown = this.#plannedAtStart.has(name) || this.#ordered.has(name);
    return isKnown && !this.#gone.has(name);
  }

  stateOf(name: string): InstanceState | undefined {
    if (this.#gone.has(name)) return "gone";
    const ordered = this.#ordered.get(name);
    if (ordered !== undefined) return this.#isRegistered(name) ? "running" : "booting";
    return this.#plannedAtStart.has(name) ? "running" : undefined;
  }

  /** Names of the machines of a pool that are booting or running, oldest first. */
  instancesOf(pool: string): string[] {
    const names: string[] = [];
    for (const node of this.#plannedAtStart.values()) if (node.pool === pool) names.push(node.name);
    for (const [name, instance] of this.#ordered) if (instance.pool === pool) names.push(name);
    return names.filter((name) => !this.#gone.has(name));
  }

  /** Nodes of machines that were ordered during the run and have registered, in the order of the orders. */
  joinedNodes(): PlannedNode[] {
    const names = [...this.#ordered.keys()].filter((name) => this.stateOf(name) === "running");
    return names.map((name) => this.planned(name)).filter((node) => node !== undefined);
  }

  /** Names of the nodes that an action is about now: as named; or those that were chosen and are still there, and those like them that have joined. */
  chosen({ nodes, later }: ChosenNodes): readonly string[] {
    if (later === undefined) return nodes;
    const joined = this.joinedNodes().filter((node) => isChosen(later, node));
    return [...nodes.filter((name) => this.stateOf(name) !== "gone"), ...joined.map(({ name }) => name)];
  }

  /** What the plan says of a node, of the start or ordered later; undefined for a name that it does not know. */
  planned(name: string): PlannedNode | undefined {
    const ordered = this.#ordered.get(name);
    if (ordered === undefined) return this.#plannedAtStart.get(name);
    const pool = this.pools.find((one) => one.name === ordered.pool);
    return pool === undefined ? undefined : nodeOfPool(pool, ordered.number);
  }

  #join(poolIndex: number, number: number): void {
    const node = nodeOfPool(this.pools[poolIndex] as PlannedPool, number);
    if (this.#gone.has(node.name)) return;
    this.#kubelets.registerNode({ ...nodeRegistration(node), ready: false });
    this.#tell("join", node.name, { pool: node.pool, notable: `node/${node.name} joins` });
    this.#hears.joined(node.name);
  }

  #isRegistered(name: string): boolean {
    const id = this.#store.pods.nodeNames.find(name);
    return id !== -1 && this.#kubelets.isRegistered(id);
  }

  /** Names are not given twice, and not to what the manifests call a node. */
  #nextNumber(pool: PlannedPool): number {
    let number = this.#given.get(pool.name) ?? pool.count;
    while (this.#plannedAtStart.has(nodeName(pool, number))) number++;
    return number;
  }

  #tell(what: string, name: string, details: object): void {
    if (!this.#store.decisions.isEnabled) return;
    this.#store.decisions.write({ by: "cloud", what, object: `node/${name}`, ...details });
  }
}

/** Whether a node is what was chosen. */
export function isChosen({ zone, pool, labels }: NodeChoice, node: PlannedNode): boolean {
  if ((zone !== null && node.zone !== zone) || (pool !== null && node.pool !== pool)) return false;
  return labels === null || compileSelector(labels).matches(node.labels);
}

/** The node of a pool by its number, from 0. */
export function nodeOfPool(pool: PlannedPool, number: number): PlannedNode {
  const { zones, template } = pool;
  const name = nodeName(pool, number);
  const zone = zones.length === 0 ? null : (zones[number % zones.length] ?? null);
  const labels = { ...ownLabels(name, pool.name, zone, template.region), ...template.labels };
  return { ...template, name, pool: pool.name, zone, labels };
}

function nodeName(pool: PlannedPool, number: number): string {
  const width = Math.max(2, String(pool.count).length);
  return `${pool.name}-${String(number + 1).padStart(width, "0")}`;
}

function ownLabels(node: string, pool: string, zone: string | null, region: string | null): StringMap {
  return {
    "beta.kubernetes.io/arch": "amd64",
    "beta.kubernetes.io/os": "linux",
    "kubernetes.io/arch": "amd64",
    "kubernetes.io/hostname": node,
    "kubernetes.io/os": "linux",
    "kube-orrery/pool": pool,
    ...(region === null ? {} : { "topology.kubernetes.io/region": region }),
    ...(zone === null ? {} : { "topology.kubernetes.io/zone": zone }),
  };
}
