import type { KubeNode, KubeObject, Pod } from "../../../src/kube/index.ts";

/** Recordings of the real scheduler; see FORMAT.md beside them. */
export interface SchedulerDocument {
  readonly format: string;
  readonly kind: "decide" | "preempt" | "queue" | "nodeorder";
  readonly family: string;
  readonly cases: unknown;
}

export interface FailGroup {
  readonly plugin: string;
  readonly code: string;
  readonly reasons: readonly string[];
  readonly nodes: readonly number[];
}

export interface RecordedScores {
  readonly raw: number | readonly number[];
  readonly weighted: number | readonly number[];
}

export interface RecordedDecision {
  readonly pod: string;
  readonly feasible: readonly number[];
  readonly failed?: readonly FailGroup[];
  readonly preFilter?: { readonly plugin: string; readonly code: string; readonly reasons: readonly string[] };
  readonly preFilterNodes?: readonly number[];
  readonly skippedFilters?: readonly string[];
  readonly skippedScores?: readonly string[];
  readonly scores?: Readonly<Record<string, RecordedScores>>;
  readonly total?: readonly number[];
  readonly top?: readonly number[];
  readonly chosen?: string;
  readonly unschedulablePlugins?: readonly string[];
  readonly fitMessage?: string;
  readonly message?: string;
}

export interface DecideCase {
  readonly name: string;
  readonly nodes: readonly KubeNode[];
  readonly objects?: readonly KubeObject[];
  readonly pods?: readonly Pod[];
  readonly pending: readonly Pod[];
  readonly decisions: readonly RecordedDecision[];
}

export interface RecordedPreemption {
  readonly potentialNodes: readonly number[];
  readonly candidates?: readonly { readonly node: string; readonly victims: readonly string[] }[];
  readonly nominatedNode: string;
  readonly clearsOwnNomination?: boolean;
  readonly clearedNominations?: readonly string[];
  readonly code: string;
  readonly message: string;
}

export interface PreemptStep {
  readonly op: "decide" | "terminating" | "delete";
  readonly pods?: readonly string[];
  readonly nominatedBefore?: Readonly<Record<string, string>>;
  readonly decision?: RecordedDecision;
  readonly preemption?: RecordedPreemption;
}

export type PreemptCase = Omit<DecideCase, "decisions"> & { readonly steps: readonly PreemptStep[] };

export interface OrderCase {
  readonly name: string;
  readonly ops: readonly {
    readonly op: "add" | "remove" | "relabel";
    readonly node: string;
    readonly region?: string;
    readonly zone?: string;
    readonly order: readonly string[];
  }[];
}

export interface SamplingRow {
  readonly nodes: number;
  readonly percentage: number;
  readonly toFind: number;
}

export interface WindowCase {
  readonly name: string;
  readonly zones: number;
  readonly percentage: number;
  readonly order: readonly string[];
  readonly pods: readonly {
    readonly full: readonly number[];
    readonly start: number;
    readonly evaluated: number;
    readonly feasible: number;
  }[];
}

export interface NodeOrderCases {
  readonly order: readonly OrderCase[];
  readonly sampling: readonly SamplingRow[];
  readonly windows: readonly WindowCase[];
}

export interface QueueOp {
  readonly atMs: number;
  readonly op: "create" | "update" | "delete";
  readonly kind: "Node" | "Pod";
  readonly name: string;
  readonly object?: KubeObject;
  readonly void?: boolean;
}

export interface RecordedAttempt {
  readonly atMs: number;
  readonly pod: string;
  readonly attempts: number;
  readonly unschedulable: number;
  readonly node?: string;
  readonly nominated?: string;
  readonly message?: string;
  readonly plugins?: readonly string[];
}

/** A preempted pod: when it was deleted, and when it is gone. */
export interface RecordedEviction {
  readonly atMs: number;
  readonly pod: string;
  readonly goneMs: number;
}

export interface QueueCase {
  readonly name: string;
  readonly ops: readonly QueueOp[];
  readonly endMs: number;
  readonly attempts: readonly RecordedAttempt[];
  readonly evictions?: readonly RecordedEviction[];
  readonly states: readonly {
    readonly atMs: number;
    readonly backoff: readonly string[];
    readonly unschedulable: readonly string[];
  }[];
}

export interface QueueCases {
  readonly cycleMs: number;
  readonly cases: readonly QueueCase[];
}

/** One thing that differs, for a person to read. */
export interface Difference {
  readonly case: string;
  /** The pod, operation or row. */
  readonly subject: string;
  readonly what: string;
  readonly expected: unknown;
  readonly got: unknown;
}

export interface FamilyResult {
  readonly family: string;
  readonly cases: number;
  readonly decisions: number;
  readonly agreed: number;
  /** The first differences of every decision that differs. */
  readonly differences: readonly Difference[];
}

/** Counts decisions and keeps what differs. */
export class Tally {
  decisions = 0;
  agreed = 0;
  readonly differences: Difference[] = [];

  /** Compares what was recorded with what came out, field by field. */
  compare(caseName: string, subject: string, expected: object, got: object): void {
    this.decisions++;
    const found = differencesOf(expected, got);
    if (found.length === 0) this.agreed++;
    for (const [what, wanted, had] of found) {
      this.differences.push({ case: caseName, subject, what, expected: wanted, got: had });
    }
  }

  result(family: string, cases: number): FamilyResult {
    const { decisions, agreed, differences } = this;
    return { family, cases, decisions, agreed, differences };
  }
}

function differencesOf(expected: object, got: object): [what: string, expected: unknown, got: unknown][] {
  const left = expected as Record<string, unknown>;
  const right = got as Record<string, unknown>;
  const names = [...new Set([...Object.keys(left), ...Object.keys(right)])];
  return names
    .filter((name) => canonical(left[name]) !== canonical(right[name]))
    .map((name) => [name, left[name], right[name]]);
}

/** JSON with sorted keys; undefined stands for itself. */
function canonical(value: unknown): string | undefined {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
