import { compareQuantities, formatQuantity, parseQuantity, tryParseQuantity } from "../units/index.ts";
import {
  at,
  atKey,
  duplicate,
  type FieldError,
  type FieldPath,
  forbidden,
  invalid,
  ROOT_PATH,
  required,
  tooLong,
  unsupported,
} from "./field-errors.ts";
import { dnsSubdomainProblems, labelKeyProblems } from "./labels.ts";
import type {
  CsiNode,
  CsiNodeDriver,
  PersistentVolume,
  PersistentVolumeClaim,
  StorageClass,
  TopologySelectorTerm,
} from "./types.ts";
import { validateNodeSelector } from "./validation-affinity.ts";
import { validateLabelSelector, validateMetadata, validateNotNegative } from "./validation-common.ts";
import { VOLUME_SOURCES } from "./volume-sources.ts";

const SPEC = at(ROOT_PATH, "spec");
const ACCESS_MODES = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];
const VOLUME_MODES = ["Block", "Filesystem"];
const DRIVER_NAME_MAX = 63;
const NODE_ID_MAX = 256;
const ZERO = parseQuantity(0);

/** @source kubernetes 1.37 pkg/apis/core/validation ValidatePersistentVolumeClaim */
export function validatePersistentVolumeClaim({ metadata, spec }: PersistentVolumeClaim): FieldError[] {
  return [...validateMetadata(metadata), ...validateClaimSpec(spec, SPEC)];
}

/** @source kubernetes 1.37 pkg/apis/core/validation ValidatePersistentVolumeClaimSpec */
export function validateClaimSpec(spec: PersistentVolumeClaim["spec"], path: FieldPath): FieldError[] {
  const { accessModes = [], resources, selector, storageClassName = "", volumeMode } = spec ?? {};
  const modes = at(path, "accessModes");
  const errors: FieldError[] = [];
  if (accessModes.length === 0) errors.push(required(modes, "at least 1 access mode is required"));
  if (selector !== undefined) errors.push(...validateLabelSelector(selector, at(path, "selector")));
  errors.push(...validateAccessModes(accessModes, modes));
  const size = atKey(at(path, "resources"), "storage");
  const storage = resources?.requests?.storage;
  errors.push(...(storage === undefined ? [required(size)] : validateSize(storage, size)));
  errors.push(...validateClassName(storageClassName, at(path, "storageClassName")));
  errors.push(...validateVolumeMode(volumeMode, at(path, "volumeMode")));
  return errors;
}

/** @source kubernetes 1.37 pkg/apis/core/validation ValidatePersistentVolume */
export function validatePersistentVolume({ metadata, spec }: PersistentVolume): FieldError[] {
  const { accessModes = [], persistentVolumeReclaimPolicy: policy, storageClassName = "", volumeMode } = spec;
  const policies = ["Delete", "Recycle", "Retain"];
  const policyPath = at(SPEC, "persistentVolumeReclaimPolicy");
  return [
    ...validateMetadata(metadata),
    ...(accessModes.length === 0 ? [required(at(SPEC, "accessModes"))] : []),
    ...validateAccessModes(accessModes, at(SPEC, "accessModes")),
    ...validateCapacity(spec.capacity ?? {}, at(SPEC, "capacity")),
    ...(policy === undefined || policies.includes(policy) ? [] : [unsupported(policyPath, policy, policies)]),
    ...validateVolumeAffinity(spec.nodeAffinity, at(SPEC, "nodeAffinity")),
    ...validateVolumeSource(spec),
    ...validateClassName(storageClassName, at(SPEC, "storageClassName")),
    ...validateVolumeMode(volumeMode, at(SPEC, "volumeMode")),
  ];
}

/** @source kubernetes 1.37 pkg/apis/storage/validation ValidateStorageClass */
export function validateStorageClass(storageClass: StorageClass): FieldError[] {
  const { metadata, provisioner, reclaimPolicy, volumeBindingMode, allowedTopologies = [] } = storageClass;
  const errors = validateMetadata(metadata);
  const provisionerPath = at(ROOT_PATH, "provisioner");
  if (!provisioner) errors.push(required(provisionerPath));
  else {
    const lower = provisioner.toLowerCase();
    errors.push(...labelKeyProblems(lower).map((text) => invalid(provisionerPath, lower, text)));
  }
  const policies = ["Delete", "Retain"];
  if (reclaimPolicy && !policies.includes(reclaimPolicy)) {
    errors.push(unsupported(at(ROOT_PATH, "reclaimPolicy"), reclaimPolicy, policies));
  }
  const modes = ["Immediate", "WaitForFirstConsumer"];
  const modePath = at(ROOT_PATH, "volumeBindingMode");
  if (volumeBindingMode === undefined) errors.push(required(modePath));
  else if (!modes.includes(volumeBindingMode)) errors.push(unsupported(modePath, volumeBindingMode, modes));
  return [...errors, ...validateTopologies(allowedTopologies)];
}

/** @source kubernetes 1.37 pkg/apis/storage/validation ValidateCSINode */
export function validateCsiNode({ metadata, spec }: CsiNode): FieldError[] {
  const errors = validateMetadata(metadata);
  const names = new Set<string>();
  spec.drivers.forEach((driver, i) => {
    const path = at(SPEC, "drivers", i);
    errors.push(...validateDriver(driver, path));
    if (names.has(driver.name)) errors.push(duplicate(at(path, "name"), driver.name));
    names.add(driver.name);
    errors.push(...validateTopologyKeys(driver.topologyKeys ?? [], path));
  });
  return errors;
}

function validateDriver({ name, nodeID, allocatable }: CsiNodeDriver, path: FieldPath): FieldError[] {
  const idPath = at(path, "nodeID");
  const errors = validateDriverName(name, at(path, "name"));
  if (!nodeID) errors.push(required(idPath));
  else if (nodeID.length > NODE_ID_MAX)
    errors.push(invalid(idPath, nodeID, `must be ${NODE_ID_MAX} characters or less`));
  errors.push(...validateNotNegative(allocatable?.count, at(path, "allocatable", "count")));
  return errors;
}

/** The complaints name the driver, not the key: so does the original. */
function validateTopologyKeys(keys: readonly string[], path: FieldPath): FieldError[] {
  return keys.flatMap((key, i) => {
    const errors = key === "" ? [required(path)] : [];
    if (keys.indexOf(key) < i) errors.push(duplicate(path, key));
    return [...errors, ...labelKeyProblems(key).map((text) => invalid(path, key, text))];
  });
}

function validateDriverName(name: string | undefined, path: FieldPath): FieldError[] {
  if (!name) return [required(path)];
  const errors = name.length > DRIVER_NAME_MAX ? [tooLong(path, DRIVER_NAME_MAX)] : [];
  return [...errors, ...dnsSubdomainProblems(name.toLowerCase()).map((text) => invalid(path, name, text))];
}

function validateAccessModes(accessModes: readonly string[], path: FieldPath): FieldError[] {
  const errors = accessModes
    .filter((mode) => !ACCESS_MODES.includes(mode))
    .map((mode) => unsupported(path, mode, ACCESS_MODES));
  const known = accessModes.filter((mode) => ACCESS_MODES.includes(mode));
  if (known.includes("ReadWriteOncePod") && known.some((mode) => mode !== "ReadWriteOncePod")) {
    errors.push(forbidden(path, "may not use ReadWriteOncePod with other access modes"));
  }
  return errors;
}

function validateSize(text: string, path: FieldPath): FieldError[] {
  const quantity = tryParseQuantity(text);
  if ("error" in quantity) return [invalid(path, text, quantity.error)];
  return compareQuantities(quantity, ZERO) > 0
    ? []
    : [invalid(path, formatQuantity(quantity), "must be greater than zero")];
}

function validateCapacity(capacity: Readonly<Record<string, string>>, path: FieldPath): FieldError[] {
  const names = Object.keys(capacity);
  const errors = names.length === 0 ? [required(path)] : [];
  if (capacity.storage === undefined || names.length > 1) errors.push(unsupported(path, capacity, ["storage"]));
  return [...errors, ...names.flatMap((name) => validateSize(capacity[name] ?? "", atKey(path, name)))];
}

function validateClassName(name: string, path: FieldPath): FieldError[] {
  return (name === "" ? [] : dnsSubdomainProblems(name)).map((text) => invalid(path, name, text));
}

function validateVolumeMode(mode: string | undefined, path: FieldPath): FieldError[] {
  return mode === undefined || VOLUME_MODES.includes(mode) ? [] : [unsupported(path, mode, VOLUME_MODES)];
}

function validateVolumeAffinity(affinity: PersistentVolume["spec"]["nodeAffinity"], path: FieldPath): FieldError[] {
  if (affinity === undefined) return [];
  const selector = at(path, "required");
  if (affinity.required === undefined) return [required(selector, "must specify required node constraints")];
  return validateNodeSelector(affinity.required, at(selector, "nodeSelectorTerms"));
}

/** Exactly one source. Of its fields those are looked at that say where the data are. */
function validateVolumeSource(spec: PersistentVolume["spec"]): FieldError[] {
  const [first, ...others] = VOLUME_SOURCES.filter((name) => spec[name] !== undefined);
  if (first === undefined) return [required(SPEC, "must specify a volume type")];
  const source = (spec[first] ?? {}) as Readonly<Record<string, string | undefined>>;
  const path = at(SPEC, first);
  return [
    ...sourceErrors(first, source, path),
    ...(first === "local" && spec.nodeAffinity === undefined
      ? [required(at(SPEC, "nodeAffinity"), "Local volume requires node affinity")]
      : []),
    ...others.map((name) => forbidden(at(SPEC, name), "may not specify more than 1 volume type")),
  ];
}

function sourceErrors(
  kind: string,
  source: Readonly<Record<string, string | undefined>>,
  path: FieldPath,
): FieldError[] {
  if (kind === "csi") {
    const errors = validateDriverName(source.driver, at(path, "driver"));
    return source.volumeHandle ? errors : [...errors, required(at(path, "volumeHandle"))];
  }
  if (kind === "nfs") {
    const errors = (["server", "path"] as const).flatMap((field) => (source[field] ? [] : [required(at(path, field))]));
    if (source.path?.startsWith("/")) return errors;
    return [...errors, invalid(at(path, "path"), source.path ?? "", "must be an absolute path")];
  }
  if (kind !== "hostPath" && kind !== "local") return [];
  if (!source.path) return [required(at(path, "path"))];
  return source.path.split("/").includes("..") ? [invalid(at(path, "path"), source.path, "must not contain '..'")] : [];
}

function validateTopologies(terms: readonly TopologySelectorTerm[]): FieldError[] {
  return terms.flatMap(({ matchLabelExpressions = [] }, i) => {
    const keys = new Set<string>();
    return matchLabelExpressions.flatMap(({ key, values }, j) => {
      const path = at(ROOT_PATH, "allowedTopologies", i, "matchLabelExpressions", j);
      const errors = validateTopologyValues(values ?? [], at(path, "values"));
      errors.push(...labelKeyProblems(key ?? "").map((text) => invalid(at(path, "key"), key ?? "", text)));
      if (keys.has(key)) errors.push(duplicate(at(path, "key"), key));
      keys.add(key);
      return errors;
    });
  });
}

function validateTopologyValues(values: readonly string[], path: FieldPath): FieldError[] {
  if (values.length === 0) return [required(path)];
  return values.flatMap((value, i) => (values.indexOf(value) < i ? [duplicate(at(path, i), value)] : []));
}
