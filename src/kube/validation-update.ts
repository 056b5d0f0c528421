import { at, type FieldError, forbidden, invalid, ROOT_PATH } from "./field-errors.ts";
import type { Job, KubeObject, PodTemplateSpec, PriorityClass, Service, StatefulSet } from "./types.ts";

const SPEC = at(ROOT_PATH, "spec");
const IMMUTABLE = "field is immutable";

type Fields = Readonly<Record<string, unknown>>;
type IsSame = (left: unknown, right: unknown) => boolean;

/** Fields of a StatefulSet that may change. @source kubernetes 1.37 pkg/apis/apps/validation ValidateStatefulSetUpdate */
const STATEFUL_SET_MUTABLE = new Set([
  "replicas",
  "ordinals",
  "template",
  "updateStrategy",
  "revisionHistoryLimit",
  "persistentVolumeClaimRetentionPolicy",
  "minReadySeconds",
]);

/** @source kubernetes 1.37 pkg/apis/batch/validation validateJobSpecUpdate */
const JOB_IMMUTABLE = [
  "selector",
  "completionMode",
  "podFailurePolicy",
  "backoffLimitPerIndex",
  "managedBy",
  "successPolicy",
] as const;

/** What a suspended Job that never started may still change of its pods: where they go. */
const SCHEDULING_FIELDS = ["affinity", "nodeSelector", "tolerations", "schedulingGates"];

/**
 * What the API server would refuse about putting `next` in the place of `live`, besides what it would refuse about a new
 * object; empty when it would take it. Both are complete, with defaults. `isSame` compares data.
 *
 * @source kubernetes 1.37 pkg/apis validation of updates
 */
export function validateUpdate(next: KubeObject, live: KubeObject, isSame: IsSame): FieldError[] {
  switch (next.kind) {
    case "Deployment":
    case "ReplicaSet":
    case "DaemonSet":
      return unchanged(next, live, ["selector"], isSame);
    case "StatefulSet":
      return statefulSet(next as StatefulSet, live as StatefulSet, isSame);
    case "Job":
      return job(next as Job, live as Job, isSame);
    case "Service":
      return service(next as Service, live as Service);
    case "PersistentVolumeClaim":
      return claim(next, live, isSame);
    case "PriorityClass":
      return priorityClass(next as PriorityClass, live as PriorityClass);
    default:
      return [];
  }
}

function specOf(object: KubeObject): Fields {
  return (object as { readonly spec?: Fields }).spec ?? {};
}

function unchanged(next: KubeObject, live: KubeObject, fields: readonly string[], isSame: IsSame): FieldError[] {
  return fields
    .filter((field) => !isSame(specOf(next)[field], specOf(live)[field]))
    .map((field) => invalid(at(SPEC, field), specOf(next)[field] ?? null, IMMUTABLE));
}

function statefulSet(next: StatefulSet, live: StatefulSet, isSame: IsSame): FieldError[] {
  const fields = new Set([...Object.keys(next.spec), ...Object.keys(live.spec)]);
  const isKept = [...fields].every(
    (field) => STATEFUL_SET_MUTABLE.has(field) || isSame(specOf(next)[field], specOf(live)[field]),
  );
  if (isKept) return [];
  const rule =
    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";
  return [forbidden(SPEC, rule)];
}

function job(next: Job, live: Job, isSame: IsSame): FieldError[] {
  const errors = unchanged(next, live, JOB_IMMUTABLE, isSame);
  const isElastic =
    live.spec.completionMode === "Indexed" &&
    next.spec.completions === next.spec.parallelism &&
    live.spec.completions === live.spec.parallelism;
  if (!isElastic) errors.unshift(...unchanged(next, live, ["completions"], isSame));
  const mayMove = live.spec.suspend === true && live.status?.startTime === undefined;
  const kept = (template: PodTemplateSpec): unknown => (mayMove ? withoutScheduling(template) : template);
  if (!isSame(kept(next.spec.template), kept(live.spec.template))) {
    errors.push(invalid(at(SPEC, "template"), next.spec.template, IMMUTABLE));
  }
  return errors;
}

function withoutScheduling({ spec }: PodTemplateSpec): unknown {
  return Object.fromEntries(Object.entries(spec).filter(([field]) => !SCHEDULING_FIELDS.includes(field)));
}

/** A service keeps its address, unless it turns into a name or was one. */
function service(next: Service, live: Service): FieldError[] {
  const before = live.spec.clusterIP ?? "";
  const after = next.spec.clusterIP ?? "";
  const isNamed = live.spec.type === "ExternalName" || next.spec.type === "ExternalName";
  if (isNamed || before === "" || after === "" || before === after) return [];
  return [invalid(at(SPEC, "clusterIPs", 0), next.spec.clusterIPs ?? [after], "may not change once set")];
}

function claim(next: KubeObject, live: KubeObject, isSame: IsSame): FieldError[] {
  const fixed = ({ resources: _, volumeAttributesClassName: __, ...rest }: Fields): Fields => rest;
  if (isSame(fixed(specOf(next)), fixed(specOf(live)))) return [];
  const rule =
    "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims";
  return [forbidden(SPEC, rule)];
}

function priorityClass(next: PriorityClass, live: PriorityClass): FieldError[] {
  const errors: FieldError[] = [];
  if (next.value !== live.value) errors.push(forbidden(at(ROOT_PATH, "value"), "may not be changed in an update."));
  if (next.preemptionPolicy !== live.preemptionPolicy) {
    errors.push(invalid(at(ROOT_PATH, "preemptionPolicy"), next.preemptionPolicy ?? null, IMMUTABLE));
  }
  return errors;
}
