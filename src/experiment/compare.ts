import { summaryDocument } from "../report/index.ts";
import type { LoadedScenario } from "../scenario/index.ts";
import type { Plan } from "../world/plan.ts";
import { type Comparison, compareMeasures, type Seed } from "./comparison.ts";
import { type Measured, measuresOf } from "./measures.ts";
import { changesBetween } from "./plan-changes.ts";
import { type PluginFile, type Runner, type RunRequest, withSeed } from "./request.ts";
import { runAll } from "./run-all.ts";

/** A scenario under the name by which it is compared. */
export interface Variant {
  readonly name: string;
  /** Without errors. */
  readonly loaded: LoadedScenario & { readonly plan: Plan };
  readonly plugins: readonly PluginFile[];
}

export interface CompareOptions {
  /** The first is the base. */
  readonly variants: readonly Variant[];
  readonly seeds: readonly Seed[];
  readonly runner: Runner;
  readonly signal?: AbortSignal;
  readonly onRun?: () => void;
}

/** A plugin of the user's own did something that it must not: the message says which and what. */
export class PluginFault extends Error {
  override readonly name = "PluginFault";
}

interface VariantRun extends RunRequest {
  readonly variant: number;
}

/**
 * Runs every variant with every seed and compares each with the first, seed by seed: equal seeds draw the same numbers for
 * the same purposes, so that a difference is due to the change. Of a run, only its measures are kept.
 * @throws PluginFault, the signal's reason
 */
export async function compareVariants(options: CompareOptions): Promise<Comparison[]> {
  const { variants, seeds, runner, signal, onRun } = options;
  const measures = variants.map(() => new Map<Seed, readonly Measured[]>());
  await runAll(
    runner,
    requestsOf(variants, seeds),
    ({ plan, variant, id }, { summary, fault }) => {
      if (fault !== null) throw new PluginFault(`${id}: ${fault}`);
      const document = summaryDocument({ plan, version: "", summary, isPartial: false, inputs: [] });
      measures[variant]?.set(plan.seed, measuresOf(document));
      onRun?.();
    },
    signal,
  );
  const [base, ...others] = variants;
  if (base === undefined) return [];
  return others.map((other, index) => ({
    base: base.name,
    other: other.name,
    seeds,
    changes: changesBetween(base.loaded, other.loaded),
    measures: compareMeasures(seeds, measures[0] ?? new Map(), measures[index + 1] ?? new Map()),
  }));
}

function* requestsOf(variants: readonly Variant[], seeds: readonly Seed[]): Generator<VariantRun> {
  for (const seed of seeds) {
    for (const [index, { name, loaded, plugins }] of variants.entries()) {
      // What a run says of itself while it goes on is not asked for here.
      const plan = {
        ...withSeed(loaded.plan, seed),
        record: { ...loaded.plan.record, events: false, decisions: false },
      };
      yield { id: `${name}, seed ${seed}`, plan, plugins, variant: index };
    }
  }
}
