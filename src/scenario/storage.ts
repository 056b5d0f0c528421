import { DEFAULT_CLASS, isDefaultClass, type StorageClass, withDefaults } from "../kube/index.ts";
import type { PlannedObject, SourceLocation } from "../world/plan.ts";
import { isRecord } from "./field.ts";
import { templateOf } from "./objects.ts";

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
