import type { MetricSummary, MetricUnit, Plan, RunSummary, SourceLocation } from "../world/plan.ts";

export interface SummaryAssertion {
  readonly text: string;
  readonly metric: string;
  readonly value: number | null;
  readonly unit: MetricUnit;
  readonly threshold: number;
  readonly holds: boolean;
  readonly source: SourceLocation;
}

/** The content of summary.json. Keys are never renamed within a version of the schema. */
export interface SummaryDocument {
  readonly schema: "kube-orrery/summary.v1";
  readonly version: string;
  readonly scenario: string;
  readonly seed: string | number;
  readonly run: number;
  readonly kubernetesVersion: string;
  readonly partial: boolean;
  readonly durationSeconds: number;
  /** How far the run came. */
  readonly endSeconds: number;
  readonly warmupSeconds: number;
  readonly currency: string;
  readonly events: number;
  /** null while the run is going on. */
  readonly digest: string | null;
  readonly unseed: string | null;
  readonly counts: RunSummary["counts"];
  readonly assertions: readonly SummaryAssertion[];
  readonly metrics: readonly MetricSummary[];
  readonly inputs: readonly { readonly path: string; readonly sha256: string }[];
}

export interface SummaryInput {
  readonly plan: Plan;
  readonly version: string;
  readonly summary: RunSummary | null;
  readonly isPartial: boolean;
  readonly inputs: readonly { readonly path: string; readonly sha256: string }[];
}

export function summaryDocument({ plan, version, summary, isPartial, inputs }: SummaryInput): SummaryDocument {
  return {
    schema: "kube-orrery/summary.v1",
    version,
    scenario: plan.name,
    seed: plan.seed,
    run: plan.run,
    kubernetesVersion: plan.kubernetesVersion,
    partial: isPartial,
    durationSeconds: plan.durationMicros / 1_000_000,
    endSeconds: (summary?.endMicros ?? 0) / 1_000_000,
    warmupSeconds: plan.warmupMicros / 1_000_000,
    currency: plan.currency,
    events: summary?.eventCount ?? 0,
    digest: summary?.digest ?? null,
    unseed: summary?.unseed ?? null,
    counts: summary?.counts ?? { nodes: 0, pods: 0, workloads: 0 },
    assertions: (summary?.assertions ?? []).map(({ assertion, value, holds }) => ({
      text: assertion.text,
      metric: assertion.metric,
      value,
      unit: assertion.unit,
      threshold: assertion.threshold,
      holds,
      source: assertion.source,
    })),
    metrics: summary?.metrics ?? [],
    inputs,
  };
}
