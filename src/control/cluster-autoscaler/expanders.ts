import { podRequests } from "../../kube/index.ts";
import { cpuMilliOf, wholeValueOf } from "../../units/index.ts";
import type { Estimate } from "./estimator.ts";
import { priceScores } from "./price-expander.ts";
import { type Priorities, priorityOf } from "./priority-expander.ts";
import type { Expander } from "./settings.ts";
import type { NodeGroup } from "./types.ts";

/** A way to help pods: more nodes of one group. */
export interface Option extends Estimate {
  readonly group: NodeGroup;
  /** Groups that could share the growth. */
  readonly similar: readonly NodeGroup[];
}

/** What an expander looks at beside the options. */
export interface ExpanderContext {
  /** Nodes of the cluster. */
  readonly nodeCount: number;
  /** From the ConfigMap of the priority expander; undefined when there is none that can be read. */
  readonly priorities: Priorities | undefined;
  /** All groups, for what pods cost. */
  readonly groups: readonly NodeGroup[];
}

/** What one expander made of the options that were left to it. */
export interface ExpanderRound {
  readonly expander: Expander;
  /** Smaller is better; in the order of the options that were left. Without a score chance decides. */
  readonly scores: readonly { readonly group: string; readonly score: number | null }[];
  readonly left: readonly string[];
}

export interface Choice {
  readonly best: Option | undefined;
  readonly rounds: readonly ExpanderRound[];
}

/**
 * The option that the expanders leave, each narrowing what the one before it left. `pick(n)` draws one of n at random, only when
 * more than one is left at the end.
 * @source cluster-autoscaler 1.37 expander/factory/chain.go
 */
export function chooseOption(
  options: readonly Option[],
  expanders: readonly Expander[],
  context: ExpanderContext,
  pick: (n: number) => number,
): Choice {
  const rounds: ExpanderRound[] = [];
  let left = options;
  for (const expander of expanders) {
    if (expander === "random" || left.length < 2) break;
    const values = scoresOf(expander, left, context);
    const best = Math.min(...values.flatMap((value) => (value === null ? [] : [value])));
    const scores = left.map(({ group }, index) => ({ group: group.id, score: values[index] ?? null }));
    // An expander that knows none of the options filters none.
    if (Number.isFinite(best)) left = left.filter((_, index) => values[index] === best);
    rounds.push({ expander, scores, left: left.map(({ group }) => group.id) });
  }
  if (left.length < 2) return { best: left[0], rounds };
  const best = left[pick(left.length)] as Option;
  const scores = left.map(({ group }) => ({ group: group.id, score: null }));
  rounds.push({ expander: "random", scores, left: [best.group.id] });
  return { best, rounds };
}

/** What an expander gives each option: the less the better; null for an option that it does not know. */
function scoresOf(expander: Expander, options: readonly Option[], context: ExpanderContext): (number | null)[] {
  switch (expander) {
    case "least-waste":
      return options.map(wasteOf);
    case "most-pods":
      return options.map(({ pods }) => -pods.length);
    case "least-nodes":
      return options.map(({ nodeCount }) => nodeCount);
    case "price":
      return priceScores(options, context);
    case "priority":
      return options.map(({ group }) => {
        const priority = context.priorities === undefined ? null : priorityOf(context.priorities, group.id);
        return priority === null ? null : -priority;
      });
    case "random":
      return options.map(() => 0);
  }
}

/** Share of the new nodes' cpu that nobody asks for, plus the same of memory. @source cluster-autoscaler 1.37 expander/waste/waste.go */
export function wasteOf({ group, nodeCount, pods }: Option): number {
  const { cpu = "0", memory = "0" } = group.template.node.status?.capacity ?? {};
  let requestedCpu = 0;
  let requestedMemory = 0;
  for (const { spec } of pods) {
    const requests = podRequests(spec);
    requestedCpu += requests.cpuMilli;
    requestedMemory += requests.memoryBytes;
  }
  const allCpu = cpuMilliOf(cpu) * nodeCount;
  const allMemory = wholeValueOf(memory) * nodeCount;
  return (allCpu - requestedCpu) / allCpu + (allMemory - requestedMemory) / allMemory;
}
