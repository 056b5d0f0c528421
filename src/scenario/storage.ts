import {
  claimClass,
  DEFAULT_CLASS,
  isDefaultClass,
  type KubeObject,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type StatefulSet,
  type StorageClass,
  volumeClass,
  withDefaults,
} from "../kube/index.ts";
import type { PlannedObject, SourceLocation } from "../world/plan.ts";
import { isRecord } from "./field.ts";
import { templateOf } from "./objects.ts";
import type { Problem } from "./problem.ts";
import { nearestFew } from "./spelling.ts";

/** The class of claims that name none, where the manifests have no default class. */
export const STANDARD_CLASS = "standard";
const STANDARD_DRIVER = "disk.csi.kube-orrery";

/**
 * The objects, headed by the class `standard` where something claims storage and no class is the default one.
 * `applied` are the objects that come later.
 */
export function withStandardClass(
  objects: readonly PlannedObject[],
  applied: readonly PlannedObject[],
  source: SourceLocation,
): readonly PlannedObject[] {
  const classes = objects.flatMap(({ object }) => (object.kind === "StorageClass" ? [object as StorageClass] : []));
  if (classes.some((one) => isDefaultClass(one) || one.metadata.name === STANDARD_CLASS)) return objects;
  if (![...objects, ...applied].some(claimsStorage)) return objects;
  const object = withDefaults<StorageClass>({
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: { name: STANDARD_CLASS, annotations: { [DEFAULT_CLASS]: "true" } },
    provisioner: STANDARD_DRIVER,
    volumeBindingMode: "WaitForFirstConsumer",
    allowVolumeExpansion: true,
  });
  return [{ object, source, simulated: true }, ...objects];
}

/** Warns of claims whose class nobody makes, and for which no volume of that class waits. */
export function checkClaims(
  objects: readonly PlannedObject[],
  applied: readonly PlannedObject[],
  problems: Problem[],
): void {
  const known = [...objects, ...applied].map(({ object }) => object);
  const classes = known.flatMap(({ kind, metadata }) => (kind === "StorageClass" ? [metadata.name ?? ""] : []));
  const offered = new Set(known.flatMap((object) => (isVolume(object) ? [volumeClass(object)] : [])));
  for (const { object, source } of objects) {
    for (const claim of claimsOf(object)) {
      const name = claimClass(claim);
      if (name === "" || claim.spec?.volumeName || classes.includes(name) || offered.has(name)) continue;
      const label = `${object.kind} ${object.metadata.namespace ?? "default"}/${object.metadata.name ?? ""}`;
      const near = nearestFew(name, classes, 1)[0];
      const hint = near === undefined ? "" : ` — did you mean "${near}"?`;
      const message = `${label} asks for StorageClass "${name}", which does not exist: its claims stay Pending${hint}`;
      problems.push({ code: "W0214", ...source, length: 1, message });
    }
  }
}

function isVolume(object: KubeObject): object is PersistentVolume {
  return object.kind === "PersistentVolume";
}

/** The object as a claim, or the claims that it makes for its pods. */
function claimsOf(object: KubeObject): PersistentVolumeClaim[] {
  if (object.kind === "PersistentVolumeClaim") return [object as PersistentVolumeClaim];
  return object.kind === "StatefulSet" ? [...((object as StatefulSet).spec.volumeClaimTemplates ?? [])] : [];
}

function claimsStorage({ object }: PlannedObject): boolean {
  const { kind } = object;
  if (kind === "PersistentVolumeClaim") return true;
  const spec: unknown = "spec" in object ? object.spec : undefined;
  if (!isRecord(spec)) return false;
  if (Array.isArray(spec.volumeClaimTemplates) && spec.volumeClaimTemplates.length > 0) return true;
  const template = kind === "Pod" ? object : templateOf(kind, spec);
  const podSpec = isRecord(template) && isRecord(template.spec) ? template.spec : {};
  const volumes: unknown[] = Array.isArray(podSpec.volumes) ? podSpec.volumes : [];
  return volumes.some((volume) => isRecord(volume) && volume.ephemeral !== undefined);
}
