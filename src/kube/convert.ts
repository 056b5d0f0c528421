import { convertAutoscaler } from "./convert-autoscaler.ts";
import { type Conversion, convertIngress, convertWorkload, restated } from "./convert-kinds.ts";
import { type JsonObject, type Problem, problem } from "./problems.ts";

/** A version that the modelled release no longer serves, for one kind. */
export interface OldVersion {
  readonly apiVersion: string;
  readonly kind: string;
  /** The release without it. */
  readonly removedIn: string;
  /** What it became; `undefined` when nothing took its place. */
  readonly to?: string;
  readonly convert?: Conversion;
}

const WORKLOADS = ["Deployment", "DaemonSet", "ReplicaSet", "StatefulSet"];
const RBAC = ["Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"];
const WEBHOOKS = ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];

function old(
  apiVersion: string,
  kinds: readonly string[],
  removedIn: string,
  to?: string,
  convert?: Conversion,
): OldVersion[] {
  return kinds.map((kind) => ({
    apiVersion,
    kind,
    removedIn,
    ...(to !== undefined && { to, convert: convert ?? restated }),
  }));
}

/** @source kubernetes deprecation guide, up to 1.37 */
export const OLD_VERSIONS: readonly OldVersion[] = [
  ...old("extensions/v1beta1", WORKLOADS.slice(0, 3), "1.16", "apps/v1", convertWorkload),
  ...old("apps/v1beta1", WORKLOADS, "1.16", "apps/v1", convertWorkload),
  ...old("apps/v1beta2", WORKLOADS, "1.16", "apps/v1", convertWorkload),
  ...old("extensions/v1beta1", ["Ingress"], "1.22", "networking.k8s.io/v1", convertIngress),
  ...old("networking.k8s.io/v1beta1", ["Ingress"], "1.22", "networking.k8s.io/v1", convertIngress),
  ...old("networking.k8s.io/v1beta1", ["IngressClass"], "1.22", "networking.k8s.io/v1"),
  ...old("extensions/v1beta1", ["HorizontalPodAutoscaler"], "1.8", "autoscaling/v2", convertAutoscaler),
  ...old("autoscaling/v2beta1", ["HorizontalPodAutoscaler"], "1.25", "autoscaling/v2", convertAutoscaler),
  ...old("autoscaling/v2beta2", ["HorizontalPodAutoscaler"], "1.26", "autoscaling/v2"),
  ...old("extensions/v1beta1", ["NetworkPolicy"], "1.16", "networking.k8s.io/v1"),
  ...old("extensions/v1beta1", ["PodSecurityPolicy"], "1.16"),
  ...old("policy/v1beta1", ["PodSecurityPolicy"], "1.25"),
  ...old("policy/v1beta1", ["PodDisruptionBudget"], "1.25", "policy/v1"),
  ...old("batch/v1beta1", ["CronJob"], "1.25", "batch/v1"),
  ...old("batch/v2alpha1", ["CronJob"], "1.21", "batch/v1"),
  ...old("discovery.k8s.io/v1beta1", ["EndpointSlice"], "1.25", "discovery.k8s.io/v1"),
  ...old("events.k8s.io/v1beta1", ["Event"], "1.25", "events.k8s.io/v1"),
  ...old("scheduling.k8s.io/v1beta1", ["PriorityClass"], "1.22", "scheduling.k8s.io/v1"),
  ...old("scheduling.k8s.io/v1alpha1", ["PriorityClass"], "1.22", "scheduling.k8s.io/v1"),
  ...old("rbac.authorization.k8s.io/v1beta1", RBAC, "1.22", "rbac.authorization.k8s.io/v1"),
  ...old("rbac.authorization.k8s.io/v1alpha1", RBAC, "1.22", "rbac.authorization.k8s.io/v1"),
  ...old(
    "storage.k8s.io/v1beta1",
    ["StorageClass", "VolumeAttachment", "CSIDriver", "CSINode"],
    "1.22",
    "storage.k8s.io/v1",
  ),
  ...old("coordination.k8s.io/v1beta1", ["Lease"], "1.22", "coordination.k8s.io/v1"),
  ...old("admissionregistration.k8s.io/v1beta1", WEBHOOKS, "1.22", "admissionregistration.k8s.io/v1"),
];

export function findOldVersion(apiVersion: string, kind: string): OldVersion | undefined {
  return OLD_VERSIONS.find((one) => one.apiVersion === apiVersion && one.kind === kind);
}

export interface Converted {
  readonly object: JsonObject;
  readonly notes: readonly Problem[];
}

/**
 * An object in the version that the simulator keeps: old versions become the one that took their place, and
 * autoscaling/v1 becomes autoscaling/v2, silently, since it is served. Objects of other versions come back as they
 * are. A kind that nothing took the place of comes back with an error among the notes.
 *
 * @source kubernetes 1.37 pkg/apis conversions; kubernetes deprecation guide
 */
export function convertToServed(object: JsonObject): Converted {
  const { apiVersion, kind } = object;
  if (typeof apiVersion !== "string" || typeof kind !== "string") return { object, notes: [] };
  if (apiVersion === "autoscaling/v1" && kind === "HorizontalPodAutoscaler") {
    return { object: { ...convertAutoscaler(object, []), apiVersion: "autoscaling/v2" }, notes: [] };
  }
  const found = findOldVersion(apiVersion, kind);
  if (found === undefined) return { object, notes: [] };
  const removed = `${apiVersion} ${kind} was removed in ${found.removedIn}`;
  if (found.to === undefined || found.convert === undefined) {
    const hint = "nothing took its place: leave the object out";
    return { object, notes: [problem("E0102", ["apiVersion"], removed, { hint })] };
  }
  const notes: Problem[] = [
    problem("W0201", ["apiVersion"], `${removed}; read as ${found.to}`, { hint: `write apiVersion: ${found.to}` }),
  ];
  return { object: { ...found.convert(object, notes), apiVersion: found.to }, notes };
}
