import { compareQuantities, parseQuantity, quantityValue } from "../units/index.ts";
import { matchesNodeSelector } from "./node-affinity.ts";
import { compileSelector } from "./selectors.ts";
import type {
  PersistentVolume,
  PersistentVolumeClaim,
  StorageClass,
  StringMap,
  TopologySelectorTerm,
} from "./types.ts";

/** Annotations of claims and volumes. @source kubernetes 1.37 component-helpers storage/volume pv_helpers.go */
export const BIND_COMPLETED = "pv.kubernetes.io/bind-completed";
export const BOUND_BY_CONTROLLER = "pv.kubernetes.io/bound-by-controller";
export const SELECTED_NODE = "volume.kubernetes.io/selected-node";
export const PROVISIONED_BY = "pv.kubernetes.io/provisioned-by";
export const STORAGE_PROVISIONER = "volume.kubernetes.io/storage-provisioner";
export const BETA_STORAGE_PROVISIONER = "volume.beta.kubernetes.io/storage-provisioner";
export const DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class";
const BETA_DEFAULT_CLASS = "storageclass.beta.kubernetes.io/is-default-class";
const BETA_CLASS = "volume.beta.kubernetes.io/storage-class";

/** Finalizers that keep claims while pods use them, and volumes while they are bound. */
export const CLAIM_PROTECTION = "kubernetes.io/pvc-protection";
export const VOLUME_PROTECTION = "kubernetes.io/pv-protection";

/** The provisioner of classes whose volumes are made by hand. */
export const NO_PROVISIONER = "kubernetes.io/no-provisioner";

const ZERO = parseQuantity(0);

/** The claim of a pod's generic ephemeral volume. */
export function ephemeralClaimName(podName: string, volumeName: string): string {
  return `${podName}-${volumeName}`;
}

/** The class that a claim asks for; "" for none. */
export function claimClass({ metadata, spec }: PersistentVolumeClaim): string {
  return metadata.annotations?.[BETA_CLASS] ?? spec?.storageClassName ?? "";
}

/** Whether a claim says which class it wants, be it none. */
export function hasClass({ metadata, spec }: PersistentVolumeClaim): boolean {
  return metadata.annotations?.[BETA_CLASS] !== undefined || spec?.storageClassName !== undefined;
}

export function volumeClass({ metadata, spec }: PersistentVolume): string {
  return metadata.annotations?.[BETA_CLASS] ?? spec.storageClassName ?? "";
}

export function hasAnnotation({ metadata }: PersistentVolume | PersistentVolumeClaim, name: string): boolean {
  return metadata.annotations?.[name] !== undefined;
}

/** The class for claims that name none: of several the newest, then the first by name.
 *  @source kubernetes 1.37 pkg/volume/util GetDefaultClass */
export function defaultClassOf(classes: readonly StorageClass[]): StorageClass | undefined {
  const marked = classes.filter(isDefaultClass);
  const [first] = marked.sort((a, b) => {
    const [bornA, bornB] = [a.metadata.creationTimestamp ?? "", b.metadata.creationTimestamp ?? ""];
    if (bornA !== bornB) return bornA > bornB ? -1 : 1;
    return (a.metadata.name ?? "") < (b.metadata.name ?? "") ? -1 : 1;
  });
  return first;
}

export function isDefaultClass({ metadata: { annotations } }: StorageClass): boolean {
  return annotations?.[DEFAULT_CLASS] === "true" || annotations?.[BETA_DEFAULT_CLASS] === "true";
}

/** Whether the class leaves the binding to the scheduler. */
export function isBindingDelayed(storageClass: StorageClass | undefined): boolean {
  return storageClass?.volumeBindingMode === "WaitForFirstConsumer";
}

/** Whether claim and volume are bound for good, both sides written. */
export function isFullyBound(claim: PersistentVolumeClaim): boolean {
  return (claim.spec?.volumeName ?? "") !== "" && hasAnnotation(claim, BIND_COMPLETED);
}

/** Whether the volume is bound to the claim, or kept for it. */
export function isReservedFor({ spec: { claimRef } }: PersistentVolume, { metadata }: PersistentVolumeClaim): boolean {
  if (claimRef === undefined) return false;
  if (claimRef.name !== metadata.name || claimRef.namespace !== metadata.namespace) return false;
  return !claimRef.uid || claimRef.uid === metadata.uid;
}

/** The volume as bound to the claim; the same object when it is already.
 *  @source kubernetes 1.37 component-helpers storage/volume GetBindVolumeToClaim */
export function boundTo(volume: PersistentVolume, claim: PersistentVolumeClaim): PersistentVolume {
  const { name = "", namespace = "", uid = "" } = claim.metadata;
  const { claimRef } = volume.spec;
  const isMarked = isReservedFor(volume, claim) || hasAnnotation(volume, BOUND_BY_CONTROLLER);
  if (isMarked && claimRef?.uid === uid) return volume;
  const reference = { apiVersion: "v1", kind: "PersistentVolumeClaim", namespace, name, uid };
  const annotations = { ...volume.metadata.annotations, ...(isMarked ? {} : { [BOUND_BY_CONTROLLER]: "yes" }) };
  return {
    ...volume,
    metadata: Object.keys(annotations).length === 0 ? volume.metadata : { ...volume.metadata, annotations },
    spec: { ...volume.spec, claimRef: reference },
  };
}

/** Where a volume can be used: everywhere without node affinity. */
export function isUsableOn(volume: PersistentVolume, nodeLabels: StringMap, nodeName: string): boolean {
  const required = volume.spec.nodeAffinity?.required;
  return required === undefined || matchesNodeSelector(required, nodeLabels, nodeName);
}

/** Whether a node is in one of the topologies; no terms allow all, an empty term allows none.
 *  @source kubernetes 1.37 pkg/apis/core/v1/helper MatchTopologySelectorTerms */
export function matchesTopologies(terms: readonly TopologySelectorTerm[] | undefined, labels: StringMap): boolean {
  if (terms === undefined || terms.length === 0) return true;
  return terms.some(({ matchLabelExpressions = [] }) => {
    if (matchLabelExpressions.length === 0) return false;
    return matchLabelExpressions.every(({ key, values }) => values.includes(labels[key] ?? ""));
  });
}

export function hasAccessModes(claim: PersistentVolumeClaim, volume: PersistentVolume): boolean {
  const offered = volume.spec.accessModes ?? [];
  return (claim.spec?.accessModes ?? []).every((mode) => offered.includes(mode));
}

export function hasOtherMode(claim: PersistentVolumeClaim, volume: PersistentVolume): boolean {
  return (claim.spec?.volumeMode ?? "Filesystem") !== (volume.spec.volumeMode ?? "Filesystem");
}

export function hasOtherAttributes(claim: PersistentVolumeClaim, volume: PersistentVolume): boolean {
  return (claim.spec?.volumeAttributesClassName ?? "") !== (volume.spec.volumeAttributesClassName ?? "");
}

/** What a claim asks for, bytes. */
export function requestedBytes({ spec }: PersistentVolumeClaim): number {
  return quantityValue(sizeOf(spec?.resources?.requests?.storage));
}

/** What a volume holds, bytes. */
export function capacityBytes({ spec }: PersistentVolume): number {
  return quantityValue(sizeOf(spec.capacity?.storage));
}

/** Orders claims by what they ask for. */
export function compareClaimSizes(a: PersistentVolumeClaim, b: PersistentVolumeClaim): number {
  return compareQuantities(sizeOf(a.spec?.resources?.requests?.storage), sizeOf(b.spec?.resources?.requests?.storage));
}

export interface VolumeSearch {
  /** Where the volume has to be usable; absent when the controller looks. */
  readonly node?: { readonly name: string; readonly labels: StringMap };
  /** Names of volumes that are spoken for. */
  readonly taken?: ReadonlySet<string>;
  /** Only volumes that are kept for the claim by name: the scheduler finds the others. */
  readonly onlyReserved?: boolean;
}

/**
 * The volume that is kept for the claim, else the smallest that fits it: the first of several.
 * @source kubernetes 1.37 component-helpers storage/volume FindMatchingVolume
 */
export function findMatchingVolume(
  claim: PersistentVolumeClaim,
  volumes: readonly PersistentVolume[],
  { node, taken, onlyReserved = false }: VolumeSearch,
): PersistentVolume | undefined {
  const selector = claim.spec?.selector === undefined ? undefined : compileSelector(claim.spec.selector);
  const wanted = sizeOf(claim.spec?.resources?.requests?.storage);
  const className = claimClass(claim);
  let smallest: PersistentVolume | undefined;
  for (const volume of volumes) {
    const { metadata, spec, status } = volume;
    if (taken?.has(metadata.name ?? "") === true) continue;
    const isReserved = isReservedFor(volume, claim);
    if (spec.claimRef !== undefined && !isReserved) continue;
    const size = sizeOf(spec.capacity?.storage);
    if (compareQuantities(size, wanted) < 0) continue;
    if (hasOtherMode(claim, volume) || hasOtherAttributes(claim, volume)) continue;
    if (metadata.deletionTimestamp !== undefined) continue;
    const isHere = node === undefined || isUsableOn(volume, node.labels, node.name);
    if (isReserved) return isHere ? volume : undefined;
    if (onlyReserved || !isHere || status?.phase !== "Available") continue;
    if (selector?.matches(metadata.labels ?? {}) === false || volumeClass(volume) !== className) continue;
    if (node !== undefined && !hasAccessModes(claim, volume)) continue;
    if (smallest === undefined || compareQuantities(sizeOf(smallest.spec.capacity?.storage), size) > 0)
      smallest = volume;
  }
  return smallest;
}

function sizeOf(text: string | undefined): ReturnType<typeof parseQuantity> {
  return text === undefined ? ZERO : parseQuantity(text);
}
