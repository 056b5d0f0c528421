import type { Seed } from "../experiment/index.ts";
import type { Micros, Plan } from "../world/plan.ts";
import type { Loss } from "./loss.ts";
import { type LossBudget, type LossOutcome, type SurviveTask, struckPlan } from "./survive-run.ts";

export interface SurviveQuestion {
  readonly plan: Plan;
  readonly losses: readonly Loss[];
  readonly seeds: readonly Seed[];
  /** The instant of the loss, and how long afterwards is looked at. */
  readonly atMicros: Micros;
  readonly horizonMicros: Micros;
  /** How many tasks can be played at a time. */
  readonly width: number;
  readonly play: (task: SurviveTask) => Promise<LossOutcome[]>;
  readonly onTask?: () => void;
}

/** What came of a loss over all seeds. Spans are microseconds. */
export interface LossAnswer {
  readonly loss: string;
  readonly kind: Loss["kind"];
  readonly nodes: readonly string[];
  /** Mean over the seeds. */
  readonly podsDown: number;
  readonly recoveredP50: Micros | null;
  readonly recoveredP95: Micros | null;
  /** The most that any seed had; a workload each. */
  readonly never: readonly { readonly workload: string; readonly count: number; readonly why: string }[];
  /** Mean over the seeds. */
  readonly below: readonly { readonly service: string; readonly micros: Micros }[];
  readonly budget: { readonly [part in keyof LossBudget]: Span | null };
}

export interface Span {
  readonly p50: Micros;
  readonly p95: Micros;
}

/** Plays every loss with every seed: the past of a seed is played once (or once a thread), each loss is a fork of it. */
export async function survive(question: SurviveQuestion): Promise<LossAnswer[]> {
  const { losses, play, onTask } = question;
  const tasks = tasksOf(question);
  const outcomes = new Map<string, LossOutcome[]>(losses.map(({ name }) => [name, []]));
  const done = await Promise.all(
    tasks.map(async (task) => {
      const result = await play(task);
      onTask?.();
      return result;
    }),
  );
  for (const outcome of done.flat()) outcomes.get(outcome.loss)?.push(outcome);
  return losses.map((loss) => answerOf(loss, outcomes.get(loss.name) ?? []));
}

/** How many tasks `survive` plays. */
export function tasksOf({ plan, losses, seeds, atMicros, horizonMicros, width }: SurviveQuestion): SurviveTask[] {
  const struck = struckPlan(plan, atMicros, horizonMicros);
  // With fewer seeds than threads, the losses of a seed are dealt out too.
  const parts = Math.max(1, Math.min(losses.length, Math.ceil(width / seeds.length)));
  return seeds.flatMap((seed) =>
    Array.from({ length: parts }, (_, part) => ({
      plan: { ...struck, seed },
      losses: losses.filter((_loss, index) => index % parts === part),
    })),
  );
}

function answerOf({ name, kind, nodes }: Loss, outcomes: readonly LossOutcome[]): LossAnswer {
  const recovered = spanOf(outcomes.flatMap(({ recoveredAfter }) => recoveredAfter));
  const part = (key: keyof LossBudget): Span | null => spanOf(outcomes.flatMap(({ budget }) => budget[key]));
  return {
    loss: name,
    kind,
    nodes,
    podsDown: mean(outcomes.map(({ podsDown }) => podsDown)),
    recoveredP50: recovered?.p50 ?? null,
    recoveredP95: recovered?.p95 ?? null,
    never: worstNever(outcomes),
    below: meanBelow(outcomes),
    budget: {
      notReady: part("notReady"),
      evicted: part("evicted"),
      scheduled: part("scheduled"),
      started: part("started"),
    },
  };
}

function spanOf(values: readonly Micros[]): Span | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  return { p50: nearestRank(sorted, 0.5), p95: nearestRank(sorted, 0.95) };
}

/** The smallest value that a share of all does not exceed. */
function nearestRank(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}

function worstNever(outcomes: readonly LossOutcome[]): LossAnswer["never"] {
  const worst = new Map<string, LossAnswer["never"][number]>();
  for (const one of outcomes.flatMap(({ never }) => never)) {
    if (one.count > (worst.get(one.workload)?.count ?? 0)) worst.set(one.workload, one);
  }
  return [...worst.values()].sort((a, b) => b.count - a.count || (a.workload < b.workload ? -1 : 1));
}

function meanBelow(outcomes: readonly LossOutcome[]): LossAnswer["below"] {
  const sums = new Map<string, number>();
  for (const { service, micros } of outcomes.flatMap(({ below }) => below))
    sums.set(service, (sums.get(service) ?? 0) + micros);
  return [...sums]
    .map(([service, micros]) => ({ service, micros: micros / outcomes.length }))
    .sort((a, b) => b.micros - a.micros || (a.service < b.service ? -1 : 1));
}
