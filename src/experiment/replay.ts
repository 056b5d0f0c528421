import { summaryDocument } from "../report/index.ts";
import { loadPlugins } from "../scenario/index.ts";
import { World } from "../world/index.ts";
import { type Measured, measuresOf } from "./measures.ts";
import { SLICE_EVENTS } from "./play.ts";
import type { RecordedRun } from "./rerun.ts";
import { RerunRefusal } from "./rerun.ts";

export interface Replay {
  readonly recorded: string;
  readonly now: string;
  readonly isSame: boolean;
  /** Version that made the record, when it is another one. */
  readonly otherVersion: string | null;
  /** Measures that came out otherwise. */
  readonly changed: readonly { readonly measure: Measured; readonly was: number | null }[];
}

/**
 * Makes a run again and compares its digest, and its measures, with the record. A run that was stopped is played as far as it came.
 * @throws RerunRefusal when it never came so far
 */
export async function replay(run: RecordedRun, version: string): Promise<Replay> {
  const { plan, plugins, summary } = run;
  if (summary.digest === null) throw new RerunRefusal(`${run.folder}: the run was never finished`);
  const world = World.from(plan, IGNORE, await loadPlugins(plugins));
  // A run is stopped between two slices, so the same slices come to the same place.
  while (!world.runSlice(plan.durationMicros, SLICE_EVENTS)) {
    if (summary.partial && world.eventCount >= summary.events) break;
  }
  const outcome = world.finish();
  const again = summaryDocument({ plan, version, summary: outcome, isPartial: summary.partial, inputs: [] });
  const before = new Map(measuresOf(summary).map(({ measure, value }) => [measure, value]));
  const changed = measuresOf(again).flatMap((measure) => {
    const was = before.get(measure.measure) ?? null;
    return was === measure.value ? [] : [{ measure, was }];
  });
  return {
    recorded: summary.digest,
    now: outcome.digest,
    isSame: outcome.digest === summary.digest && changed.length === 0,
    otherVersion: summary.version === version ? null : summary.version,
    changed,
  };
}

/** Watching changes nothing but the number of slices, which the record was made with. */
const IGNORE = { event: () => undefined, decision: () => undefined, sample: () => undefined };
