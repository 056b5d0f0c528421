import type { NodeInfo } from "./node-info.ts";
import type { Placement } from "./schedule-one.ts";
import type { Status } from "./status.ts";

export interface PluginScore {
  readonly plugin: string;
  readonly raw: number;
  /** 0..100. */
  readonly normalized: number;
  readonly weighted: number;
}

/** What one attempt found out about one node. */
export interface NodeDetail {
  readonly node: string;
  /** "excluded": a preFilter plugin left it out; "unseen": the search had enough nodes before. */
  readonly outcome: "feasible" | "rejected" | "excluded" | "unseen";
  /** Why it was rejected or excluded. */
  readonly status: Status | undefined;
  /** Empty when nothing was scored: fewer than two nodes were feasible. */
  readonly scores: readonly PluginScore[];
  readonly total: number | undefined;
}

/** Everything about every node, in search order. Call it before the next attempt: the scores are used again then. */
export function detailsOf(nodes: readonly NodeInfo[], placement: Placement): NodeDetail[] {
  const { diagnosis, feasible, scores } = placement;
  const feasibleAt = new Map(feasible.map((node, index) => [node, index]));
  const rejected = new Set(diagnosis.failed);
  return nodes.map((node, position) => {
    const index = feasibleAt.get(node);
    if (index !== undefined) {
      const total = scores?.totals[index];
      return { node: node.name, outcome: "feasible", status: undefined, scores: scoresAt(placement, index), total };
    }
    const status = rejected.has(position) ? diagnosis.statusAt(position) : diagnosis.absentStatus;
    const outcome = rejected.has(position) ? "rejected" : status === undefined ? "unseen" : "excluded";
    return { node: node.name, outcome, status, scores: [], total: undefined };
  });
}

function scoresAt({ scores }: Placement, index: number): PluginScore[] {
  return (scores?.columns ?? []).map(({ plugin, weight, raw, normalized }) => ({
    plugin,
    raw: raw[index] as number,
    normalized: normalized[index] as number,
    weighted: (normalized[index] as number) * weight,
  }));
}
