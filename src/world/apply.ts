import {
  autoscalerAsV1,
  convertToServed,
  type HorizontalPodAutoscaler,
  inOrder,
  type KubeObject,
  mergeKeyOf,
  type ObjectMeta,
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
 * this one does not; and what others have set besides, such as the replicas that an autoscaler manages. Maps are merged, and
 * lists of containers, ports, variables, volumes and the like by their keys; other lists are taken whole. Parts that are the same
 * data stay the same objects.
 *
 * DEVIATION(apply-twin-keys): a list with two items of one key, such as a port for TCP and for UDP, is taken whole; the original
 * merges one into the other.
 * @source kubernetes 1.37 kubectl apply, three-way strategic merge patch
 */
export function applied(live: KubeObject, given: PlannedObject, before: PlannedObject | undefined): KubeObject {
  if (given.writtenIn === "autoscaling/v1") return appliedInV1(live, given, before);
  const { object } = given;
  const metadata = {
    ...live.metadata,
    ...textsOf("labels", live, object, before?.object),
    ...textsOf("annotations", live, object, before?.object),
  };
  const next: Record<string, unknown> = { ...live, metadata };
  const [old, wanted, was] = [live, object, before?.object ?? {}] as unknown as [Fields, Fields, Fields];
  for (const key of new Set([...Object.keys(old), ...Object.keys(wanted)])) {
    if (SERVERS_OWN.has(key)) continue;
    const said = key === "spec" ? withoutUnsaid(wanted[key], old[key], given, before) : wanted[key];
    const value = key in wanted ? merged(key, old[key], said, was[key]) : key in was ? undefined : old[key];
    if (value === undefined) delete next[key];
    else next[key] = value;
  }
  return sameData(next, live) ? live : (next as unknown as KubeObject);
}

function textsOf(
  field: "labels" | "annotations",
  live: KubeObject,
  given: KubeObject,
  before: KubeObject | undefined,
): Pick<ObjectMeta, "labels" | "annotations"> {
  const [old, wanted] = [live.metadata[field], given.metadata[field]];
  if (old === undefined && wanted === undefined) return {};
  return { [field]: merged(field, old ?? {}, wanted ?? {}, before?.metadata[field]) };
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

function merged<T>(name: string, live: T, given: T, before: unknown): T {
  if (sameData(live, given) || live === undefined) return live ?? given;
  if (Array.isArray(live) && Array.isArray(given)) {
    return mergedList(name, live, given, Array.isArray(before) ? before : []) as T;
  }
  if (!isMap(live) || !isMap(given)) return given;
  const was = isMap(before) ? before : {};
  const next: Record<string, unknown> = {};
  for (const key of new Set([...Object.keys(live), ...Object.keys(given)])) {
    if (key in given)
      next[key] = WHOLE.has(key) ? whole(live[key], given[key]) : merged(key, live[key], given[key], was[key]);
    else if (!(key in was)) next[key] = live[key];
  }
  return sameData(next, live) ? live : (next as T);
}

/** Items by their key: those of the manifest in its order, and those that others have added where they are. */
function mergedList(
  name: string,
  live: readonly unknown[],
  given: readonly unknown[],
  before: readonly unknown[],
): readonly unknown[] {
  const key = mergeKeyOf(name, [...live, ...given]);
  if (key === undefined || hasTwins(live, key) || hasTwins(given, key)) return given;
  const ofKey = (list: readonly unknown[], item: unknown): unknown =>
    list.find((one) => (one as Fields)[key] === (item as Fields)[key]);
  const others = live.filter((item) => ofKey(given, item) === undefined && ofKey(before, item) === undefined);
  const own = given.map((item) => merged(name, ofKey(live, item) ?? item, item, ofKey(before, item)));
  const next = inOrder([...own, ...others], given, live, key);
  return sameData(next, live) ? live : next;
}

function hasTwins(list: readonly unknown[], key: string): boolean {
  return new Set(list.map((item) => (item as Fields)[key])).size < list.length;
}

function whole(live: unknown, given: unknown): unknown {
  return sameData(live, given) ? live : given;
}

function isMap(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
