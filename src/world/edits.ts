import type { Container, KubeNode, KubeObject, Quantities, StringMap, Taint } from "../kube/index.ts";
import { strategicMerge, withDefaults } from "../kube/index.ts";
import { jsonPatch, mergePatch, sameData } from "../tables/index.ts";
import type { Action } from "./plan.ts";

/** What kubectl's small verbs make of a live object; a text when it would refuse. */

type EnvVar = NonNullable<Container["env"]>[number];
type LabelAction = Extract<Action, { kind: "label" }>;
type TaintAction = Extract<Action, { kind: "taint" }>;

/** @source kubernetes 1.37 kubectl pkg/cmd/label, pkg/cmd/annotate */
export function labelled<T extends KubeObject>(object: T, { field, set, remove, overwrites }: LabelAction): T | string {
  const live: StringMap = object.metadata[field] ?? {};
  const taken = Object.entries(set).filter(([key, value]) => live[key] !== undefined && live[key] !== value);
  if (taken.length > 0 && !overwrites) {
    const texts = taken.map(([key]) => `'${key}' already has a value (${live[key]})`);
    if (field === "labels") {
      const errors = texts.map((text) => `${text}, and --overwrite is false`);
      return errors.length === 1 ? (errors[0] as string) : `[${errors.join(", ")}]`;
    }
    return `--overwrite is false but found the following declared annotation(s): ${texts.join("; ")}`;
  }
  const next = Object.fromEntries(Object.entries({ ...live, ...set }).filter(([key]) => !remove.includes(key)));
  return { ...object, metadata: { ...object.metadata, [field]: next } };
}

/** New taints go first; one of the same key and effect is replaced. @source kubernetes 1.37 kubectl pkg/cmd/taint */
export function tainted(node: KubeNode, { set, remove, overwrites }: TaintAction): KubeNode | string {
  const live: readonly Taint[] = node.spec?.taints ?? [];
  const isSame = (one: Taint, other: Taint): boolean => one.key === other.key && one.effect === other.effect;
  const taken = set.filter((taint) => live.some((one) => isSame(one, taint)));
  if (taken.length > 0 && !overwrites) {
    const keys = taken.map(({ key }) => key).join(",");
    return `node ${node.metadata.name} already has ${keys} taint(s) with same effect(s) and --overwrite is false`;
  }
  const goes = (taint: Taint, { key, effect }: TaintAction["remove"][number]): boolean =>
    taint.key === key && (effect === null || taint.effect === effect);
  const missing = remove.find((one) => !live.some((taint) => goes(taint, one)));
  if (missing !== undefined) {
    return `taint "${missing.key}${missing.effect === null ? "" : `:${missing.effect}`}" not found`;
  }
  const kept = live.filter(
    (taint) => !remove.some((one) => goes(taint, one)) && !set.some((one) => isSame(one, taint)),
  );
  return { ...node, spec: { ...node.spec, taints: [...set, ...kept] } };
}

/** Variables are replaced where they stand; new ones come last. @source kubernetes 1.37 kubectl pkg/cmd/set/set_env.go */
export function withEnv(container: Container, set: StringMap, remove: readonly string[]): Container {
  const live: readonly EnvVar[] = container.env ?? [];
  const kept = live
    .filter(({ name }) => !remove.includes(name))
    .map((one): EnvVar => (set[one.name] === undefined ? one : { name: one.name, value: set[one.name] as string }));
  const added = Object.entries(set).filter(([name]) => !live.some((one) => one.name === name));
  return { ...container, env: [...kept, ...added.map(([name, value]): EnvVar => ({ name, value }))] };
}

/** @source kubernetes 1.37 kubectl pkg/cmd/set/set_resources.go */
export function withResources(container: Container, requests: Quantities, limits: Quantities): Container {
  const { resources = {} } = container;
  const next = {
    ...resources,
    ...(Object.keys(requests).length > 0 && { requests: { ...resources.requests, ...requests } }),
    ...(Object.keys(limits).length > 0 && { limits: { ...resources.limits, ...limits } }),
  };
  return { ...container, resources: next };
}

type PatchAction = Extract<Action, { kind: "patch" }>;

/** An object with a patch over it, and the defaults of what is new. What it is, and its status, stay. */
export function patchedWith(live: KubeObject, action: PatchAction): KubeObject | string {
  const patched = patchOver(live, action);
  if ("error" in patched) return `${REJECTED}: ${patched.error}`;
  const next = patched.value as KubeObject;
  const { apiVersion, kind, metadata } = live;
  const { labels, annotations, finalizers } = next.metadata;
  const kept = {
    ...metadata,
    ...(labels !== undefined && { labels }),
    ...(annotations !== undefined && { annotations }),
    ...(finalizers !== undefined && { finalizers }),
  };
  const status = "status" in live ? { status: live.status } : {};
  const complete = withDefaults({ ...next, apiVersion, kind, metadata: kept, ...status });
  return sameData(complete, live) ? live : complete;
}

const REJECTED = "The request is invalid: the server rejected our request due to an error in our request";

function patchOver(live: KubeObject, action: PatchAction): { readonly value: unknown } | { readonly error: string } {
  if (action.type === "json") return jsonPatch(live, action.operations, sameData);
  const { status: _status, ...changes } = action.patch;
  return { value: action.type === "strategic" ? strategicMerge(live, changes) : mergePatch(live, changes) };
}
