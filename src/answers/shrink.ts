import { type PluginModules, World } from "../world/index.ts";
import type { Action, Plan } from "../world/plan.ts";
import { quietPlan } from "./quiet-plan.ts";
import { rest } from "./settle.ts";

export interface ShrinkQuestion {
  readonly plan: Plan;
  readonly plugins?: PluginModules;
}

export interface ShrinkAnswer {
  /** Nodes that can go together. */
  readonly nodes: readonly RemovableNode[];
  /** Why each other node has to stay, at least beside those that go. */
  readonly staying: readonly { readonly name: string; readonly why: string }[];
  /** Whether every set that saves more has been tried. */
  readonly isExact: boolean;
  readonly savedPerHour: number;
  /** Drains that were simulated. */
  readonly simulated: number;
  /** From the order to drain all of them until the last was empty and every pod ready again; null: nothing goes. */
  readonly tookMicros: number | null;
}

export interface RemovableNode {
  readonly name: string;
  readonly pricePerHour: number;
  /** Pods that move. */
  readonly pods: number;
}

const SECOND = 1_000_000;
const SETTLE_LONGEST = 2 * 3600 * SECOND;
/** A drain that a budget holds up for so long is not going to end. */
const DRAIN_LONGEST = 30 * 60 * SECOND;
/** Up to so many candidates every set of them is tried, the largest saving first. */
const EXACT_UP_TO = 8;
const MIRROR_ANNOTATION = "kubernetes.io/config.mirror";

/**
 * Which nodes can go: all of them are drained together, as kubectl drain does it, in a fork of the cluster at rest, and every pod
 * has to be back and ready elsewhere. Budgets, DaemonSets, taints, affinity and spread thus count as they do in the cluster.
 */
export function shrink(question: ShrinkQuestion): ShrinkAnswer {
  const trial = new DrainTrial(question);
  const { plan } = question;
  const alone = new Map(plan.nodes.map(({ name }) => [name, trial.drain([name])]));
  const candidates = plan.nodes.filter(({ name }) => alone.get(name)?.why === null).map(({ name }) => name);
  const price = (names: readonly string[]): number =>
    names.reduce((sum, name) => sum + (plan.nodes.find((node) => node.name === name)?.pricePerHour ?? 0), 0);
  const isExact = candidates.length <= EXACT_UP_TO;
  const chosen = isExact ? bestSet(trial, candidates, price) : greedySet(trial, candidates, price);
  const outcome = chosen.length === 0 ? null : trial.drain(chosen);
  return {
    nodes: chosen.map((name) => ({ name, pricePerHour: price([name]), pods: trial.podsOn(name) })),
    staying: plan.nodes
      .filter(({ name }) => !chosen.includes(name))
      .map(({ name }) => ({
        name,
        why: alone.get(name)?.why ?? trial.drain([...chosen, name]).why ?? "no larger saving with it",
      })),
    isExact,
    savedPerHour: price(chosen),
    simulated: trial.simulated,
    tookMicros: outcome?.tookMicros ?? null,
  };
}

type Price = (names: readonly string[]) => number;

/** The set that saves most money, then most nodes, then moves the fewest pods. */
function bestSet(trial: DrainTrial, candidates: readonly string[], price: Price): readonly string[] {
  const sets = Array.from({ length: 2 ** candidates.length - 1 }, (_, bits) =>
    candidates.filter((_name, index) => ((bits + 1) & (1 << index)) !== 0),
  );
  const order = sets.map((names, index) => ({
    names,
    saved: Math.round(price(names) * 1e6),
    moves: names.reduce((sum, name) => sum + trial.podsOn(name), 0),
    index,
  }));
  order.sort((a, b) => b.saved - a.saved || b.names.length - a.names.length || a.moves - b.moves || a.index - b.index);
  return order.find(({ names }) => trial.drain(names).why === null)?.names ?? [];
}

/** One after the other: the dearest first, then the one with the fewest pods. */
function greedySet(trial: DrainTrial, candidates: readonly string[], price: Price): readonly string[] {
  const order = candidates.map((name, index) => ({ name, saved: price([name]), pods: trial.podsOn(name), index }));
  order.sort((a, b) => b.saved - a.saved || a.pods - b.pods || a.index - b.index);
  const chosen: string[] = [];
  for (const { name } of order) if (trial.drain([...chosen, name]).why === null) chosen.push(name);
  return chosen;
}

interface DrainOutcome {
  /** null: all is well without the nodes. */
  readonly why: string | null;
  readonly tookMicros: number;
}

/** A cluster at rest, and what comes of draining nodes in forks of it. */
class DrainTrial {
  readonly #plan: Plan;
  readonly #plugins: PluginModules | undefined;
  readonly #base: World;
  readonly #checkpoint: ReturnType<World["checkpoint"]>;
  readonly #readyBefore: number;
  readonly #known = new Map<string, DrainOutcome>();
  simulated = 0;

  constructor({ plan, plugins }: ShrinkQuestion) {
    this.#plugins = plugins;
    const quiet = quietPlan(plan);
    const scout = World.from(quiet, undefined, plugins);
    rest(scout, SETTLE_LONGEST);
    // The drain is in the plan from the start, of no node; the forks differ in which.
    this.#plan = { ...quiet, actions: [drainOf([], scout.nowMicros + SECOND)] };
    this.#base = World.from(this.#plan, undefined, plugins);
    this.#base.run(scout.nowMicros);
    this.#checkpoint = this.#base.checkpoint();
    this.#readyBefore = readyCount(this.#base);
  }

  podsOn(node: string): number {
    return movingRows(this.#base, node).length;
  }

  drain(names: readonly string[]): DrainOutcome {
    const key = names.toSorted().join();
    let outcome = this.#known.get(key);
    if (outcome === undefined) {
      outcome = this.#refusal(names) ?? this.#simulate(names);
      this.#known.set(key, outcome);
    }
    return outcome;
  }

  /** What needs no simulation: pods that nothing would make again. */
  #refusal(names: readonly string[]): DrainOutcome | null {
    const { pods } = this.#base.store;
    for (const name of names) {
      for (const row of movingRows(this.#base, name)) {
        if (pods.owner.get(row) === null)
          return {
            why: `pod ${pods.namespaceOf(row)}/${pods.name.get(row)} has no controller that would replace it`,
            tookMicros: 0,
          };
      }
    }
    return names.length === this.#plan.nodes.length ? { why: "it would be the last node", tookMicros: 0 } : null;
  }

  #simulate(names: readonly string[]): DrainOutcome {
    this.simulated++;
    const [empty] = this.#plan.actions as [Action];
    const plan = { ...this.#plan, actions: [drainOf(names, empty.atMicros)] };
    const world = World.fork(plan, this.#checkpoint, undefined, this.#plugins);
    const end = empty.atMicros + DRAIN_LONGEST;
    while (world.nowMicros < end) {
      world.run(world.nowMicros + SECOND);
      if (world.nowMicros <= empty.atMicros) continue;
      const left = names.flatMap((name) => movingRows(world, name));
      if (left.length === 0 && readyCount(world) >= this.#readyBefore)
        return { why: null, tookMicros: world.nowMicros - empty.atMicros };
    }
    return { why: whyNot(world, names), tookMicros: DRAIN_LONGEST };
  }
}

function drainOf(nodes: readonly string[], atMicros: number): Action {
  const source = { file: "", line: 0, column: 0 };
  return { index: 0, atMicros, text: "drain", source, kind: "drain", nodes, gracePeriodSeconds: null };
}

/** Pods on a node that a drain has to move. */
function movingRows({ store: { pods } }: World, node: string): number[] {
  const list = pods.nodeNames.find(node);
  return (list === -1 ? [] : pods.byNode.rows(list)).filter(
    (row) =>
      pods.owner.get(row)?.kind !== "DaemonSet" &&
      pods.annotationsOf(row)[MIRROR_ANNOTATION] === undefined &&
      !pods.isTerminal(row),
  );
}

function readyCount({ store: { pods } }: World): number {
  let count = 0;
  for (let row = pods.first(); row !== -1; row = pods.after(row)) {
    if (pods.isReady(row) && !pods.isDeleting(row) && !pods.isTerminal(row)) count++;
  }
  return count;
}

/** Pods that are not ready and not about to go. */
function unready({ store: { pods } }: World): number[] {
  const rows: number[] = [];
  for (let row = pods.first(); row !== -1; row = pods.after(row)) {
    if (!pods.isReady(row) && !pods.isDeleting(row) && !pods.isTerminal(row)) rows.push(row);
  }
  return rows;
}

function whyNot(world: World, names: readonly string[]): string {
  const { pods } = world.store;
  const label = (row: number): string => `${pods.namespaceOf(row)}/${pods.name.get(row)}`;
  const waiting = unready(world).find((row) => pods.nodeId.get(row) === -1);
  if (waiting !== undefined) {
    const message = pods.extra.get(waiting).conditionTexts?.PodScheduled?.message;
    return `pod ${label(waiting)} finds no other node${message === undefined ? "" : `: ${message}`}`;
  }
  const held = names.flatMap((name) => movingRows(world, name)).find((row) => !pods.isDeleting(row));
  if (held !== undefined) return `a PodDisruptionBudget does not let pod ${label(held)} go within 30m`;
  const slow = unready(world)[0];
  return slow === undefined ? "the drain did not end within 30m" : `pod ${label(slow)} was not ready again within 30m`;
}
