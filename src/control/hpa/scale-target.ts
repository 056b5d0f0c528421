import type { CrossVersionObjectReference } from "../../kube/index.ts";
import { documentKind, type Store } from "../../store/index.ts";
import { readScale, writeScale } from "../scale.ts";
import type { Scale } from "./reconcile.ts";
import type { TargetSeen } from "./steady.ts";

/** The kinds that can be scaled; other kinds that the API serves have no scale subresource. */
const SCALABLE: ReadonlySet<string> = new Set(["ReplicationController", "ReplicaSet", "Deployment", "StatefulSet"]);

/**
 * Reads the scale of an HPA's target, or the error's text.
 *
 * @source kubernetes 1.37 pkg/controller/podautoscaler/horizontal.go, scaleForResourceMappings
 */
export function readTargetScale(
  store: Store,
  namespace: string,
  target: CrossVersionObjectReference,
): (Scale & { readonly seen: TargetSeen }) | { readonly error: string } {
  const apiVersion = target.apiVersion ?? "";
  if (apiVersion.split("/").length > 2) return { error: `unexpected GroupVersion string: ${apiVersion}` };
  if (documentKind(target.kind) !== "Other" && !SCALABLE.has(target.kind)) {
    return { error: "the server could not find the requested resource" };
  }
  const scale = readScale(store, apiVersion, target.kind, namespace, target.name);
  if (!scale.ok) return { error: scale.message };
  const { table, row, specReplicas, statusReplicas, selectorText: selector } = scale;
  return { specReplicas, statusReplicas, selector, seen: { table, row, object: table.get(row) } };
}

/** Writes the number of replicas into an HPA's target; the error's text when that fails. */
export function writeTargetScale(
  store: Store,
  namespace: string,
  target: CrossVersionObjectReference,
  replicas: number,
): string | undefined {
  const written = writeScale(store, target.apiVersion ?? "", target.kind, namespace, target.name, replicas);
  return written.ok ? undefined : written.message;
}
