import type { NodeInfo } from "../node-info.ts";
import type { PodInfo } from "../pod-info.ts";
import { CODE, type Status } from "../status.ts";
import { startOrNever, type Trial, type Victims } from "./victims.ts";

/** A node on which the pod would fit if the victims went. */
export interface Candidate {
  readonly node: NodeInfo;
  /** The most important first. */
  readonly victims: readonly PodInfo[];
  /** Victims that a PodDisruptionBudget protects. */
  readonly pdbViolations: number;
}

/** A node on which preemption does not help, and why. */
export interface RejectedNode {
  /** Of the node in the search order. */
  readonly position: number;
  readonly status: Status;
}

export interface DryRun {
  /** Those that break no budget first, each kind in the order in which they were tried. */
  readonly candidates: readonly Candidate[];
  readonly rejected: readonly RejectedNode[];
}

/** What preemption found out for one pod. */
export interface Preemption extends DryRun {
  /** The equally good candidates; the first one is taken. Empty when there is none. */
  readonly best: readonly Candidate[];
  /** Pods of lower priority nominated to the chosen node, which lose that nomination. */
  readonly cleared: readonly PodInfo[];
}

export interface DryRunOptions {
  /** The nodes that may be tried, by position in the search order. */
  readonly potential: readonly number[];
  /** Index into `potential` of the first one to try. */
  readonly offset: number;
  /** How many candidates are enough, as long as one of them breaks no budget. */
  readonly wanted: number;
  /** Tries one node. */
  readonly select: (node: NodeInfo) => Victims | Status;
}

/**
 * Tries the potential nodes one after another, round from the offset, until there are enough candidates.
 * @source kubernetes 1.37 framework/preemption DryRunPreemption (with one worker)
 */
export function dryRun(nodes: readonly NodeInfo[], options: DryRunOptions): DryRun {
  const { potential, offset, wanted, select } = options;
  const sparing: Candidate[] = [];
  const violating: Candidate[] = [];
  const rejected: RejectedNode[] = [];
  for (let i = 0; i < potential.length; i++) {
    const position = potential[(offset + i) % potential.length] as number;
    const node = nodes[position] as NodeInfo;
    const found = select(node);
    if ("code" in found) {
      rejected.push({ position, status: found });
      continue;
    }
    if (found.pods.length === 0) {
      rejected.push({ position, status: withoutVictims(node) });
      continue;
    }
    const { pods: victims, pdbViolations } = found;
    (pdbViolations === 0 ? sparing : violating).push({ node, victims, pdbViolations });
    if (sparing.length > 0 && sparing.length + violating.length >= wanted) break;
  }
  return { candidates: [...sparing, ...violating], rejected };
}

/** The pod fits with all victims back in place, which the filters denied before: a flaw of theirs, told as an error. */
function withoutVictims(node: NodeInfo): Status {
  const reason = `expected at least one victim pod on node "${node.name}"`;
  return Object.freeze({ code: CODE.error, plugin: "", reasons: Object.freeze([reason]) });
}

/** Added to every priority so that sums grow with the number of victims. */
const PRIORITY_SHIFT = 2_147_483_648;

/**
 * The candidates that are equally good and better than all others: fewest budget violations, then lowest priority of
 * the most important victim, smallest sum of priorities, fewest victims, latest start of the longest running among
 * the most important victims. Keeps their order.
 * @source kubernetes 1.37 framework/preemption pickOneNodeForPreemption
 */
export function bestCandidates(candidates: readonly Candidate[], startOf: Trial["startOf"]): readonly Candidate[] {
  const costs: readonly ((candidate: Candidate) => number)[] = [
    ({ pdbViolations }) => pdbViolations,
    ({ victims }) => priorityOf(victims[0]),
    ({ victims }) => victims.reduce((sum, victim) => sum + priorityOf(victim) + PRIORITY_SHIFT, 0),
    ({ victims }) => victims.length,
    ({ victims }) => -earliestStart(victims, startOf),
  ];
  let left = candidates;
  for (const cost of costs) {
    if (left.length < 2) break;
    const values = left.map(cost);
    const lowest = values.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY);
    left = left.filter((_candidate, index) => values[index] === lowest);
  }
  return left;
}

function priorityOf(pod: PodInfo | undefined): number {
  return pod?.template.priority ?? 0;
}

function earliestStart(victims: readonly PodInfo[], startOf: Trial["startOf"]): number {
  const highest = priorityOf(victims[0]);
  return victims
    .filter((victim) => victim.template.priority === highest)
    .reduce((earliest, victim) => Math.min(earliest, startOrNever(startOf(victim))), Number.POSITIVE_INFINITY);
}
