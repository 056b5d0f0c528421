import {
  type CrossVersionObjectReference,
  compileMapSelector,
  compileSelector,
  type KubeObject,
  type LabelSelector,
  type StringMap,
} from "../../kube/index.ts";
import { type DocumentKind, type DocumentTable, documentKind, type Store } from "../../store/index.ts";
import type { Scale } from "./reconcile.ts";

/** Kinds with a scale subresource, by "group/kind". */
const RESOURCES: ReadonlyMap<string, string> = new Map([
  ["/ReplicationController", "replicationcontrollers"],
  ["apps/ReplicaSet", "replicasets.apps"],
  ["apps/Deployment", "deployments.apps"],
  ["apps/StatefulSet", "statefulsets.apps"],
]);

interface Scalable extends KubeObject {
  readonly spec: { readonly replicas?: number; readonly selector?: LabelSelector | StringMap };
  readonly status?: { readonly replicas?: number };
}

/** A target that was found, and its scale. */
export interface ScaleTarget {
  readonly table: DocumentTable<Scalable>;
  readonly row: number;
  readonly scale: Scale;
}

/**
 * Reads the scale subresource of an HPA's target, or the error's text.
 *
 * @source kubernetes 1.37 pkg/controller/podautoscaler/horizontal.go, scaleForResourceMappings; registries' scale REST
 */
export function readScale(
  store: Store,
  namespace: string,
  reference: CrossVersionObjectReference,
): ScaleTarget | { readonly error: string } {
  const parts = (reference.apiVersion ?? "").split("/");
  if (parts.length > 2) return { error: `unexpected GroupVersion string: ${reference.apiVersion}` };
  const group = parts.length === 2 ? (parts[0] ?? "") : "";
  const resource = RESOURCES.get(`${group}/${reference.kind}`);
  if (resource === undefined) {
    const isServed = documentKind(reference.kind) !== "Other";
    return {
      error: isServed
        ? "the server could not find the requested resource"
        : `no matches for kind "${reference.kind}" in group "${group}"`,
    };
  }
  const table = store.documents<Scalable>(reference.kind as DocumentKind);
  const row = table.rowOf(namespace, reference.name);
  if (row === -1) return { error: `${resource} "${reference.name}" not found` };
  const { spec, status } = table.get(row);
  const scale = {
    specReplicas: spec.replicas ?? 0,
    statusReplicas: status?.replicas ?? 0,
    selector: selectorTextOf(spec.selector, reference.kind),
  };
  return { table, row, scale };
}

/** Writes the number of replicas into the target. */
export function writeScale(store: Store, { table, row }: ScaleTarget, replicas: number): string | undefined {
  if (!table.isPresent(row)) return `${table.kind} has been deleted`;
  const target = table.get(row);
  store.writer.update(table, row, { ...target, spec: { ...target.spec, replicas } });
  return undefined;
}

/** Texts by selector object: derived, hence no state. */
const texts = new WeakMap<object, string>();

function selectorTextOf(selector: LabelSelector | StringMap | undefined, kind: string): string {
  if (selector === undefined) return "";
  const known = texts.get(selector);
  if (known !== undefined) return known;
  const isMap = kind === "ReplicationController";
  const matcher = isMap ? compileMapSelector(selector as StringMap) : compileSelector(selector as LabelSelector);
  texts.set(selector, matcher.text);
  return matcher.text;
}
