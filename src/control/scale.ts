import {
  compileMapSelector,
  compileSelector,
  groupVersion,
  type KubeObject,
  type LabelSelector,
  type Matcher,
  type StringMap,
} from "../kube/index.ts";
import { type DocumentTable, documentKind, type Store } from "../store/index.ts";

/** The scale subresource of one object: `specReplicas` is wanted, `statusReplicas` is counted. */
export interface Scale {
  readonly ok: true;
  readonly table: DocumentTable<Scalable>;
  readonly row: number;
  readonly specReplicas: number;
  readonly statusReplicas: number;
  /** The pods' selector as the API prints it. */
  readonly selectorText: string;
  readonly matcher: Matcher;
}
export interface ScaleFailure {
  readonly ok: false;
  readonly message: string;
}

/** What is read of the objects that can be scaled. */
export interface Scalable extends KubeObject {
  readonly spec: { readonly replicas?: number; readonly selector?: LabelSelector | StringMap };
  readonly status?: { readonly replicas?: number };
}

/** Kinds with a scale subresource, by API group, and the resource that messages name. */
const RESOURCES: ReadonlyMap<string, { readonly group: string; readonly resource: string }> = new Map([
  ["ReplicationController", { group: "", resource: "replicationcontrollers" }],
  ["ReplicaSet", { group: "apps", resource: "replicasets.apps" }],
  ["Deployment", { group: "apps", resource: "deployments.apps" }],
  ["StatefulSet", { group: "apps", resource: "statefulsets.apps" }],
]);

/**
 * Reads the scale subresource of a ReplicationController, ReplicaSet, Deployment or StatefulSet.
 *
 * @source kubernetes 1.37 pkg/registry/apps and core, ScaleREST
 */
export function readScale(
  store: Store,
  apiVersion: string,
  kind: string,
  namespace: string,
  name: string,
): Scale | ScaleFailure {
  const served = RESOURCES.get(kind);
  if (served === undefined || !hasScale(apiVersion, kind)) {
    return { ok: false, message: `no matches for kind "${kind}" in group "${groupVersion(apiVersion).group}"` };
  }
  const table = store.documents<Scalable>(documentKind(kind));
  const row = table.rowOf(namespace, name);
  if (row === -1) return { ok: false, message: `${served.resource} "${name}" not found` };
  const { spec, status } = table.get(row);
  const matcher = matcherOf(kind, spec.selector);
  return {
    ok: true,
    table,
    row,
    specReplicas: spec.replicas ?? 0,
    statusReplicas: status?.replicas ?? 0,
    selectorText: matcher.text,
    matcher,
  };
}

/** Whether objects of this kind have a scale subresource. */
export function hasScale(apiVersion: string, kind: string): boolean {
  return RESOURCES.get(kind)?.group === groupVersion(apiVersion).group;
}

/** Sets `spec.replicas` through the scale subresource; `replicas` is not negative. Writes nothing when it is so already. */
export function writeScale(
  store: Store,
  apiVersion: string,
  kind: string,
  namespace: string,
  name: string,
  replicas: number,
): { readonly ok: true } | ScaleFailure {
  const scale = readScale(store, apiVersion, kind, namespace, name);
  if (!scale.ok) return scale;
  const object = scale.table.get(scale.row);
  if (object.spec.replicas !== replicas) {
    store.writer.update(scale.table, scale.row, { ...object, spec: { ...object.spec, replicas } });
  }
  return { ok: true };
}

/** Compiled selectors by selector object: derived, hence no state. */
const matchers = new WeakMap<object, Matcher>();
const NOTHING = compileSelector(undefined);

/** The matcher of an object's selector: a plain map for a ReplicationController or Service, a label selector for workloads. */
export function matcherOf(kind: string, selector: LabelSelector | StringMap | undefined): Matcher {
  if (selector === undefined) return NOTHING;
  let matcher = matchers.get(selector);
  if (matcher === undefined) {
    const isMap = kind === "ReplicationController" || kind === "Service";
    matcher = isMap ? compileMapSelector(selector as StringMap) : compileSelector(selector as LabelSelector);
    matchers.set(selector, matcher);
  }
  return matcher;
}
