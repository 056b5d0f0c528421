import type { KubeObject } from "../../kube/index.ts";

export function isBeingDeleted(object: KubeObject): boolean {
  return object.metadata.deletionTimestamp !== undefined;
}

/** How decisions name an object. */
export function decisionName(object: KubeObject): string {
  return `${object.kind.toLowerCase()}/${object.metadata.namespace ?? ""}/${object.metadata.name ?? ""}`;
}
