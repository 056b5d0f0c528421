import {
  autoscalerAsV1,
  convertToServed,
  type HorizontalPodAutoscaler,
  type KubeObject,
  withDefaults,
} from "../kube/index.ts";
import { sameData } from "../tables/index.ts";
import type { PlannedObject } from "./plan.ts";

type Fields = Readonly<Record<string, unknown>>;

/** Where what is given takes the whole place of what there is. @source kubernetes 1.37 patchStrategy retainKeys */
const WHOLE: ReadonlySet<string> = new Set(["strategy", "updateStrategy"]);
/** What the server keeps by itself. */
const SERVERS_OWN: ReadonlySet<string> = new Set(["apiVersion", "kind", "metadata", "status"]);

/**
 * What `kubectl apply` makes of a live object: what the manifest says; without what the manifest applied `before` said and
 * this one does not; and what others have set besides, such as the replicas that an autoscaler manages. Maps are merged,
 * lists taken whole. Parts that are the same data stay the same objects.
 *
 * DEVIATION(apply-lists): a list in a manifest takes the place of the live one; the original merges containers, ports, volumes and
 * the like by their keys, so that entries which others have added stay.
 * @source kubernetes 1.37 kubectl apply, three-way strategic merge patch
 */
export function applied(live: KubeObject, given: PlannedObject, before: PlannedObject | undefined): KubeObject {
  if (given.writtenIn === "autoscaling/v1") return appliedInV1(live, given, before);
  const { object } = given;
  const metadata = {
    ...live.metadata,
    labels: merged(live.metadata.labels ?? {}, object.metadata.labels ?? {}, before?.object.metadata.labels),
    annotations: merged(
      live.metadata.annotations ?? {},
      object.metadata.annotations ?? {},
      before?.object.metadata.annotations,
    ),
  };
  const next: Record<string, unknown> = { ...live, metadata };
  const [old, wanted, was] = [live, object, before?.object ?? {}] as unknown as [Fields, Fields, Fields];
  for (const key of new Set([...Object.keys(old), ...Object.keys(wanted)])) {
    if (SERVERS_OWN.has(key)) continue;
    const said = key === "spec" ? withoutUnsaid(wanted[key], old[key], given, before) : wanted[key];
    const value = key in wanted ? merged(old[key], said, was[key]) : key in was ? undefined : old[key];
    if (value === undefined) delete next[key];
    else next[key] = value;
  }
  return next as unknown as KubeObject;
}

/** Merged in the version of the manifest: what that has no field for is in annotations, which stay. */
function appliedInV1(live: KubeObject, given: PlannedObject, before: PlannedObject | undefined): KubeObject {
  const inV1 = (one: PlannedObject): PlannedObject => ({ ...withoutVersion(one), object: asV1(one.object) });
  const isOfV1 = before?.writtenIn === "autoscaling/v1";
  const next = applied(asV1(live), inV1(given), before !== undefined && isOfV1 ? inV1(before) : before);
  const served = convertToServed(next as unknown as Fields).object as unknown as KubeObject;
  const complete = withDefaults({ ...served, ...("status" in live && { status: live.status }) } as KubeObject);
  return sameData(complete, live) ? live : complete;
}

function asV1(object: KubeObject): KubeObject {
  return autoscalerAsV1(object as HorizontalPodAutoscaler) as unknown as KubeObject;
}

function withoutVersion({ writtenIn: _, ...rest }: PlannedObject): PlannedObject {
  return rest;
}

/** The manifest's spec without defaults for fields that neither manifest names: these stay what they are. */
function withoutUnsaid(
  spec: unknown,
  live: unknown,
  { written }: PlannedObject,
  before: PlannedObject | undefined,
): unknown {
  if (written === undefined || !isMap(spec) || !isMap(live)) return spec;
  const isSaid = (key: string): boolean => written.includes(key) || before?.written?.includes(key) === true;
  return Object.fromEntries(
    Object.entries(spec).map(([key, value]) => [key, isSaid(key) ? value : (live[key] ?? value)]),
  );
}

function merged<T>(live: T, given: T, before: unknown): T {
  if (!isMap(live) || !isMap(given)) return sameData(live, given) ? live : given;
  const was = isMap(before) ? before : {};
  const next: Record<string, unknown> = {};
  for (const key of new Set([...Object.keys(live), ...Object.keys(given)])) {
    if (key in given)
      next[key] = WHOLE.has(key) ? whole(live[key], given[key]) : merged(live[key], given[key], was[key]);
    else if (!(key in was)) next[key] = live[key];
  }
  return sameData(next, live) ? live : (next as T);
}

function whole(live: unknown, given: unknown): unknown {
  return sameData(live, given) ? live : given;
}

function isMap(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
