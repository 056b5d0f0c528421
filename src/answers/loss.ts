import { Streams } from "../random/index.ts";
import type { Plan } from "../world/plan.ts";

/** Nodes that go at the same instant. */
export interface Loss {
  readonly kind: "node" | "zone";
  /** `general-01`, `zone a + zone b`. */
  readonly name: string;
  readonly nodes: readonly string[];
}

export interface LossQuestion {
  /** So many nodes at a time; 0: no question of nodes. */
  readonly nodes: number;
  readonly zones: number;
  /** At most so many losses of each kind: a sample where there are more. */
  readonly sample: number;
}

/** The losses to look at: every choice of so many nodes or zones, or a sample of them, the same for the same plan. */
export function lossesOf(plan: Plan, { nodes, zones, sample }: LossQuestion): Loss[] {
  const names = plan.nodes.map(({ name }) => name);
  const zoneNames = [...new Set(plan.nodes.map(({ zone }) => zone).filter((zone) => zone !== null))].sort();
  const byNode = choices(names, nodes, sample).map(
    (chosen): Loss => ({ kind: "node", name: chosen.join(" + "), nodes: chosen }),
  );
  const byZone = choices(zoneNames, zones, sample).map(
    (chosen): Loss => ({
      kind: "zone",
      name: chosen.map((zone) => `zone ${zone}`).join(" + "),
      nodes: plan.nodes.filter(({ zone }) => zone !== null && chosen.includes(zone)).map(({ name }) => name),
    }),
  );
  return [...byNode, ...byZone];
}

/** All choices of `count` of the items in their order, or `most` of them drawn at random; none of 0 items. */
export function choices(items: readonly string[], count: number, most: number): string[][] {
  if (count === 0 || count > items.length) return [];
  const total = binomial(items.length, count);
  if (total <= most) return combinations(items, count);
  const stream = new Streams("survive").stream(`losses/${count}`);
  const drawn = new Map<string, number[]>();
  while (drawn.size < most) {
    const chosen = new Set<number>();
    while (chosen.size < count) chosen.add(stream.int(items.length));
    const sorted = [...chosen].sort((a, b) => a - b);
    drawn.set(sorted.join(), sorted);
  }
  const sets = [...drawn.values()].sort((a, b) => firstDifference(a, b));
  return sets.map((set) => set.map((index) => items[index] as string));
}

function firstDifference(left: readonly number[], right: readonly number[]): number {
  for (const [index, value] of left.entries()) if (value !== right[index]) return value - (right[index] as number);
  return 0;
}

function binomial(n: number, k: number): number {
  let product = 1;
  for (let i = 1; i <= k; i++) product = (product * (n - k + i)) / i;
  return Math.round(product);
}

function combinations(items: readonly string[], count: number): string[][] {
  let partial: { readonly chosen: string[]; readonly next: number }[] = [{ chosen: [], next: 0 }];
  for (let size = 1; size <= count; size++) {
    partial = partial.flatMap(({ chosen, next }) =>
      items.slice(next).map((item, offset) => ({ chosen: [...chosen, item], next: next + offset + 1 })),
    );
  }
  return partial.map(({ chosen }) => chosen);
}
