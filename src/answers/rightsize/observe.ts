import { type Measured, measuresOf } from "../../experiment/index.ts";
import { summaryDocument } from "../../report/index.ts";
import { type PluginModules, World } from "../../world/index.ts";
import type { Plan } from "../../world/plan.ts";
import { type Peaks, RunFacts } from "./run-facts.ts";
import { type ContainerUsage, UsageWatch } from "./usage.ts";

/** What one run shows to whoever sizes requests. Plain data: it crosses threads. */
export interface ObservedRun {
  readonly usage: readonly ContainerUsage[];
  /** The run's own measures, and what `RunFacts` adds. */
  readonly measures: readonly Measured[];
  readonly peaks: Peaks;
  /** Assertions that do not hold. */
  readonly failed: readonly string[];
  readonly digest: string;
}

/** Plays a plan to its end and looks at it after its warm-up, as often as metrics are scraped. */
export function observeRun(plan: Plan, plugins?: PluginModules): ObservedRun {
  const { durationMicros, warmupMicros, timing } = plan;
  const every = timing.metricsScrapeMicros;
  const world = World.from(
    { ...plan, record: { ...plan.record, events: false, decisions: false } },
    undefined,
    plugins,
  );
  const usage = new UsageWatch(world);
  const facts = new RunFacts(world, every);
  for (let at = warmupMicros + every; at <= durationMicros; at += every) {
    world.run(at);
    usage.look();
    facts.look();
  }
  world.run(durationMicros);
  const summary = world.finish();
  const document = summaryDocument({ plan, version: "", summary, isPartial: false, inputs: [] });
  return {
    usage: usage.usage(),
    measures: [...measuresOf(document), ...facts.measured()],
    peaks: facts.peaks(),
    failed: summary.assertions.filter(({ holds }) => !holds).map(({ assertion }) => assertion.text),
    digest: summary.digest,
  };
}
