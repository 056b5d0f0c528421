import { nodeOfPool, type PluginModules } from "../world/index.ts";
import type { Plan, PlannedNode, PlannedPool } from "../world/plan.ts";
import { allocatableOf, countIn, type Demand, demandOf, less, NO_ROOM, type Room } from "./fleet-facts.ts";
import { type FleetUse, fleetUse } from "./fleet-use.ts";
import { onNodes, quietPlan } from "./quiet-plan.ts";
import { settle } from "./settle.ts";
import { type PodTemplate, podOf } from "./templates.ts";

export interface FewestQuestion {
  readonly plan: Plan;
  readonly plugins?: PluginModules;
  /** Makes of nodes to choose from. */
  readonly types: readonly PlannedPool[];
  /** Pods besides the plan's workloads. */
  readonly extra: readonly { readonly template: PodTemplate; readonly count: number }[];
  readonly objective: "cost" | "nodes";
  /** Whether the plan's nodes stay and the new ones come beside them. */
  readonly keepsNodes: boolean;
  /** New nodes at most. */
  readonly mostNodes: number;
}

export interface Fleet {
  /** Nodes of each type, in the order of the types. */
  readonly counts: readonly number[];
  readonly nodes: number;
  readonly costPerHour: number;
  readonly use: FleetUse;
}

export interface FewestAnswer {
  /** The fewest of each type alone; null where no number up to the most will do. */
  readonly alone: readonly (Fleet | null)[];
  /** A mix that is better than each type alone; null when there is none. */
  readonly mixed: Fleet | null;
  /** Whether every mix that could be better has been tried. */
  readonly isComplete: boolean;
  /** Clusters that were simulated. */
  readonly simulated: number;
}

/** Mixes that are listed, and those of them that are simulated, at most. */
const MOST_MIXES = 200_000;
const MOST_MIXES_TRIED = 300;

/**
 * The fewest nodes of each type alone, and the best mix of types, on which every pod finds a node. Each candidate is simulated as a
 * whole cluster; those that cannot do for want of CPU, memory or pod slots are passed over, which no scheduler could change.
 * All others are tried from the best on, so what is found is the best.
 */
export function fewestNodes(question: FewestQuestion): FewestAnswer {
  const search = new Search(question);
  const { types, mostNodes } = question;
  const alone = types.map((_, type) => {
    for (let count = 0; count <= mostNodes; count++) {
      const fleet = search.try(types.map((_one, index) => (index === type ? count : 0)));
      if (fleet !== null) return fleet;
    }
    return null;
  });
  const { mixed, isComplete } = types.length < 2 ? { mixed: null, isComplete: true } : bestMix(search, question, alone);
  return { alone, mixed, isComplete, simulated: search.simulated };
}

/** Whether the first is better; equal ones are not. */
export function isBetter(left: Priced, right: Priced, objective: FewestQuestion["objective"]): boolean {
  return order(left, right, objective) < 0;
}

type Priced = Pick<Fleet, "nodes" | "costPerHour">;

function order(left: Priced, right: Priced, objective: FewestQuestion["objective"]): number {
  // Sums of prices carry errors of the last digits.
  const cost = Math.round((left.costPerHour - right.costPerHour) * 1e6);
  const nodes = left.nodes - right.nodes;
  return objective === "cost" ? cost || nodes : nodes || cost;
}

class Search {
  readonly #question: FewestQuestion;
  readonly #plan: Plan;
  /** The most that any cluster has shown; pods that come one by one show up late. */
  #demand: Demand | null = null;
  readonly #daemons: Room[];
  simulated = 0;

  constructor(question: FewestQuestion) {
    this.#question = question;
    this.#daemons = question.types.map(() => NO_ROOM);
    const pods = question.extra.flatMap(({ template, count }) =>
      Array.from({ length: count }, (_, number) => podOf(template, number)),
    );
    const plan = quietPlan(question.plan);
    this.#plan = { ...plan, objects: [...plan.objects, ...pods] };
  }

  /** The fleet with so many nodes of each type; null when a pod finds no node. */
  try(counts: readonly number[]): Fleet | null {
    if (!this.mayDo(counts)) return null;
    const made = this.#nodesOf(counts);
    const nodes = [...(this.#question.keepsNodes ? this.#plan.nodes : []), ...made];
    if (nodes.length === 0) return null;
    this.simulated++;
    const { world, pendingRows } = settle(onNodes(this.#plan, nodes), this.#question.plugins);
    const demand = demandOf(world);
    this.#note(demand, counts, made);
    if (pendingRows.length > 0) return null;
    return { counts, ...this.price(counts), use: fleetUse(nodes, demand) };
  }

  price(counts: readonly number[]): Priced {
    const { types } = this.#question;
    return {
      nodes: counts.reduce((sum, count) => sum + count, 0),
      costPerHour: counts.reduce((sum, count, index) => sum + count * (types[index]?.template.pricePerHour ?? 0), 0),
    };
  }

  /** False: there is not enough room, wherever the pods go. */
  mayDo(counts: readonly number[]): boolean {
    const demand = this.#demand;
    if (demand === null) return true;
    const { types, keepsNodes } = this.#question;
    const rooms = counts.map((count, index) => ({
      count,
      room: less(allocatableOf((types[index] as PlannedPool).template), this.#daemons[index] as Room),
    }));
    if (keepsNodes) rooms.push(...this.#plan.nodes.map((node) => ({ count: 1, room: allocatableOf(node) })));
    const [has, needs] = [
      { cpuMilli: 0, memoryBytes: 0, pods: 0 },
      { cpuMilli: 0, memoryBytes: 0, pods: 0 },
    ];
    for (const { count, room } of rooms) addTimes(has, room, count);
    for (const shape of demand.shapes) {
      addTimes(needs, { ...shape, pods: 1 }, shape.count);
      // Sixty pods of which two fit a node need thirty nodes, whatever the sums say.
      if (
        rooms.reduce((sum, { count, room }) => sum + (count === 0 ? 0 : count * countIn(room, shape)), 0) < shape.count
      )
        return false;
    }
    return needs.cpuMilli <= has.cpuMilli && needs.memoryBytes <= has.memoryBytes && needs.pods <= has.pods;
  }

  #nodesOf(counts: readonly number[]): PlannedNode[] {
    return counts.flatMap((count, index) => {
      const type = { ...(this.#question.types[index] as PlannedPool), count };
      return Array.from({ length: count }, (_, number) => nodeOfPool(type, number));
    });
  }

  #note(demand: Demand, counts: readonly number[], made: readonly PlannedNode[]): void {
    const count = ({ shapes }: Demand): number => shapes.reduce((sum, shape) => sum + shape.count, 0);
    if (this.#demand === null || count(demand) > count(this.#demand)) this.#demand = demand;
    for (const [index, some] of counts.entries()) {
      if (some === 0) continue;
      const pool = this.#question.types[index]?.name;
      const rooms = made.filter((node) => node.pool === pool).map(({ name }) => demand.daemons.get(name) ?? NO_ROOM);
      // What daemons take of every node of the type.
      this.#daemons[index] = rooms.reduce((least, room) => ({
        cpuMilli: Math.min(least.cpuMilli, room.cpuMilli),
        memoryBytes: Math.min(least.memoryBytes, room.memoryBytes),
        pods: Math.min(least.pods, room.pods),
      }));
    }
  }
}

function addTimes(sum: { cpuMilli: number; memoryBytes: number; pods: number }, room: Room, count: number): void {
  sum.cpuMilli += room.cpuMilli * count;
  sum.memoryBytes += room.memoryBytes * count;
  sum.pods += room.pods * count;
}

function bestMix(
  search: Search,
  question: FewestQuestion,
  alone: readonly (Fleet | null)[],
): Pick<FewestAnswer, "mixed" | "isComplete"> {
  const { objective, mostNodes } = question;
  const best = alone.reduce<Fleet | null>(
    (found, fleet) => (fleet !== null && (found === null || isBetter(fleet, found, objective)) ? fleet : found),
    null,
  );
  // More of a type than would do alone cannot be better.
  const most = alone.map((fleet, index) => fleet?.counts[index] ?? mostNodes);
  const mixes: { readonly counts: readonly number[]; readonly price: Priced }[] = [];
  let isComplete = most.reduce((product, count) => product * (count + 1), 1) <= MOST_VECTORS;
  for (const counts of countVectors(most)) {
    if (counts.filter((count) => count > 0).length < 2) continue;
    const price = search.price(counts);
    if (price.nodes > mostNodes || (best !== null && !isBetter(price, best, objective)) || !search.mayDo(counts))
      continue;
    if (mixes.length === MOST_MIXES) {
      isComplete = false;
      break;
    }
    mixes.push({ counts, price });
  }
  mixes.sort((a, b) => order(a.price, b.price, objective) || compareCounts(a.counts, b.counts));
  const before = search.simulated;
  for (const { counts } of mixes) {
    if (search.simulated - before >= MOST_MIXES_TRIED) return { mixed: null, isComplete: false };
    const fleet = search.try(counts);
    if (fleet !== null) return { mixed: fleet, isComplete };
  }
  return { mixed: null, isComplete };
}

function compareCounts(left: readonly number[], right: readonly number[]): number {
  for (const [index, count] of left.entries()) if (count !== right[index]) return (right[index] as number) - count;
  return 0;
}

/** How many vectors are looked at: beyond, the list is cut. */
const MOST_VECTORS = 5_000_000;

/** All vectors from zeros up to `most`, the last number moving fastest. */
function* countVectors(most: readonly number[]): Generator<readonly number[]> {
  const counts = most.map(() => 0);
  for (let seen = 0; seen < MOST_VECTORS; seen++) {
    yield [...counts];
    let index = counts.length - 1;
    while (index >= 0 && counts[index] === most[index]) counts[index--] = 0;
    if (index < 0) return;
    counts[index] = (counts[index] as number) + 1;
  }
}
