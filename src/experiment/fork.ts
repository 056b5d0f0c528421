import { parse } from "yaml";
import { summaryDocument } from "../report/index.ts";
import { loadPlugins } from "../scenario/index.ts";
import { type Action, type Failure, type Plan, type PlannedObject, World } from "../world/index.ts";
import { type Comparison, compareMeasures } from "./comparison.ts";
import { measuresOf } from "./measures.ts";
import { changesBetween } from "./plan-changes.ts";
import { type RecordedRun, RerunRefusal } from "./rerun.ts";

export interface Fork {
  /** The run as it was against the run from the instant on with the changes. */
  readonly comparison: Comparison;
  readonly digests: { readonly asItWas: string; readonly changed: string };
}

/** What of a scenario may change in the middle of a run. Objects are applied at the instant. */
const FREE = ["actions", "failures", "duration", "seed", "manifests", "objects", "overlays"];

/**
 * Two futures of one past: a finished run is made again up to an instant, and goes on once as it was and once changed. Changed
 * manifests are applied at the instant, as a person would: fields that the change does not name stay as they are by then.
 * @param changed the same run with the changes: see `readRun`
 * @param atMicros before the end of the run
 * @throws RerunRefusal when something changes that cannot in the middle of a run
 */
export async function fork(run: RecordedRun, changed: RecordedRun, atMicros: number): Promise<Fork> {
  const { plan, plugins, summary } = run;
  if (atMicros >= plan.durationMicros) throw new RerunRefusal("the run is over by that instant");
  refuseFixed(run, changed);
  const modules = await loadPlugins(plugins);
  const past = World.from(plan, undefined, modules);
  past.run(atMicros);
  const checkpoint = past.checkpoint();
  const future = World.fork(futurePlan(plan, changed.plan, past, atMicros), checkpoint, undefined, modules);
  future.schedule({ actions: plan.actions.length, failures: plan.failures.length });
  for (const world of [past, future]) world.run();
  const told = (world: World): Future => {
    const document = summaryDocument({ plan, version: "", summary: world.finish(), isPartial: false, inputs: [] });
    return { digest: document.digest ?? "", measures: new Map([[plan.seed, measuresOf(document)]]) };
  };
  const [asItWas, other] = [told(past), told(future)];
  const seeds = [summary.seed];
  const measures = compareMeasures(seeds, asItWas.measures, other.measures);
  const changes = changesBetween(run.loaded, changed.loaded);
  return {
    comparison: { base: "as it was", other: "changed", seeds, changes, measures },
    digests: { asItWas: asItWas.digest, changed: other.digest },
  };
}

interface Future {
  readonly digest: string;
  readonly measures: Parameters<typeof compareMeasures>[1];
}

function refuseFixed(run: RecordedRun, changed: RecordedRun): void {
  const [before, after] = [specOf(run), specOf(changed)];
  const fixed = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (key) => !FREE.includes(key) && JSON.stringify(before[key]) !== JSON.stringify(after[key]),
  );
  if (fixed.length === 0) return;
  const names = fixed.map((key) => `spec.${key}`).join(" and ");
  throw new RerunRefusal(
    `${names} cannot change in the middle of a run: manifests, actions, failures and duration can`,
  );
}

function specOf({ loaded }: RecordedRun): Readonly<Record<string, unknown>> {
  return (parse(loaded.resolved) as { readonly spec: Readonly<Record<string, unknown>> }).spec;
}

/** The plan of the past, and behind what it has: one action that applies the changed objects, and what is new. */
function futurePlan(plan: Plan, changed: Plan, past: World, atMicros: number): Plan {
  const objects = changedObjects(plan, changed, past);
  const at: Action = {
    kind: "apply",
    index: plan.actions.length,
    atMicros,
    objects,
    text: `apply ${objects.map(({ object }) => `${object.kind.toLowerCase()}/${object.metadata.name}`).join(", ")}`,
    source: objects[0]?.source ?? { file: "", line: 0, column: 0 },
  };
  const actions = [...plan.actions, ...(objects.length === 0 ? [] : [at])];
  const laterActions = behind(plan.actions, changed.actions, "actions").map(
    (action, index): Action => ({ ...action, index: actions.length + index }),
  );
  const failures = behind(plan.failures, changed.failures, "failures");
  for (const action of laterActions) refusePast(action.atMicros, atMicros, action.text);
  for (const failure of failures) if ("at" in failure.schedule) refusePast(failure.schedule.at, atMicros, failure.name);
  return {
    ...plan,
    durationMicros: changed.durationMicros,
    actions: [...actions, ...laterActions],
    failures: [...plan.failures, ...failures],
  };
}

/** What a list has behind the other one, which it begins with. */
function behind<T extends Action | Failure>(known: readonly T[], all: readonly T[], what: string): T[] {
  const text = ({ source: _, ...rest }: T): string => JSON.stringify(rest);
  const isSame = known.every((one, index) => all[index] !== undefined && text(all[index]) === text(one));
  if (!isSame) throw new RerunRefusal(`spec.${what} of the past cannot change: new ones come behind them`);
  return all.slice(known.length);
}

function refusePast(at: number, now: number, what: string): void {
  if (at < now) throw new RerunRefusal(`${what} lies before the instant of the fork`);
}

function changedObjects(plan: Plan, changed: Plan, past: World): PlannedObject[] {
  const key = ({ object }: PlannedObject): string =>
    [object.kind, object.metadata.namespace ?? "", object.metadata.name].join("/");
  const before = new Map(plan.objects.map((one) => [key(one), one.object]));
  return changed.objects.flatMap((planned) => {
    const { object } = planned;
    const was = before.get(key(planned));
    if (was === undefined) return [planned];
    if (JSON.stringify(was) === JSON.stringify(object)) return [];
    const live = past.object(object.kind, object.metadata.namespace ?? "", object.metadata.name ?? "");
    if (live === undefined) throw new RerunRefusal(`${key(planned)} is not there at that instant, or is a pod`);
    return [{ ...planned, object: carried(live, was, object) as PlannedObject["object"] }];
  });
}

/** `live` with what differs between `was` and `wanted`: maps go deep, all else is replaced. */
function carried(live: unknown, was: unknown, wanted: unknown): unknown {
  if (JSON.stringify(was) === JSON.stringify(wanted)) return live;
  if (!isMap(live) || !isMap(was) || !isMap(wanted)) return wanted;
  const result: Record<string, unknown> = { ...live };
  for (const name of new Set([...Object.keys(was), ...Object.keys(wanted)])) {
    if (name in wanted) result[name] = carried(live[name], was[name], wanted[name]);
    else delete result[name];
    if (result[name] === undefined) delete result[name];
  }
  return result;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
