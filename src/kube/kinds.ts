/** What the simulator does with a kind: acts on it, or keeps it and gives it back. */
export type KindSupport = "simulated" | "kept";

/** A kind in a served version. */
export interface KindInfo {
  readonly apiVersion: string;
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly shortNames: readonly string[];
  readonly isNamespaced: boolean;
  readonly support: KindSupport;
}

type Entry = readonly [
  kind: string,
  plural: string,
  shortNames: string,
  scope: "ns" | "cluster",
  support?: "simulated",
];

/** @source kubernetes 1.37 API discovery */
const SERVED: Readonly<Record<string, readonly Entry[]>> = {
  v1: [
    ["Pod", "pods", "po", "ns", "simulated"],
    ["Node", "nodes", "no", "cluster", "simulated"],
    ["Service", "services", "svc", "ns", "simulated"],
    ["ReplicationController", "replicationcontrollers", "rc", "ns", "simulated"],
    ["Namespace", "namespaces", "ns", "cluster", "simulated"],
    ["Event", "events", "ev", "ns", "simulated"],
    ["Endpoints", "endpoints", "ep", "ns", "simulated"],
    ["ConfigMap", "configmaps", "cm", "ns"],
    ["Secret", "secrets", "", "ns"],
    ["ServiceAccount", "serviceaccounts", "sa", "ns"],
    ["PersistentVolume", "persistentvolumes", "pv", "cluster", "simulated"],
    ["PersistentVolumeClaim", "persistentvolumeclaims", "pvc", "ns", "simulated"],
    ["ResourceQuota", "resourcequotas", "quota", "ns", "simulated"],
    ["LimitRange", "limitranges", "limits", "ns", "simulated"],
    ["PodTemplate", "podtemplates", "", "ns"],
  ],
  "apps/v1": [
    ["Deployment", "deployments", "deploy", "ns", "simulated"],
    ["ReplicaSet", "replicasets", "rs", "ns", "simulated"],
    ["StatefulSet", "statefulsets", "sts", "ns", "simulated"],
    ["DaemonSet", "daemonsets", "ds", "ns", "simulated"],
    ["ControllerRevision", "controllerrevisions", "", "ns", "simulated"],
  ],
  "autoscaling/v2": [["HorizontalPodAutoscaler", "horizontalpodautoscalers", "hpa", "ns", "simulated"]],
  "autoscaling/v1": [["HorizontalPodAutoscaler", "horizontalpodautoscalers", "hpa", "ns", "simulated"]],
  "autoscaling.k8s.io/v1": [["VerticalPodAutoscaler", "verticalpodautoscalers", "vpa", "ns", "simulated"]],
  "batch/v1": [
    ["Job", "jobs", "", "ns", "simulated"],
    ["CronJob", "cronjobs", "cj", "ns", "simulated"],
  ],
  "policy/v1": [["PodDisruptionBudget", "poddisruptionbudgets", "pdb", "ns", "simulated"]],
  "discovery.k8s.io/v1": [["EndpointSlice", "endpointslices", "", "ns", "simulated"]],
  "coordination.k8s.io/v1": [["Lease", "leases", "", "ns", "simulated"]],
  "scheduling.k8s.io/v1": [["PriorityClass", "priorityclasses", "pc", "cluster", "simulated"]],
  "events.k8s.io/v1": [["Event", "events", "ev", "ns", "simulated"]],
  "networking.k8s.io/v1": [
    ["Ingress", "ingresses", "ing", "ns"],
    ["IngressClass", "ingressclasses", "", "cluster"],
    ["NetworkPolicy", "networkpolicies", "netpol", "ns"],
    ["IPAddress", "ipaddresses", "ip", "cluster"],
    ["ServiceCIDR", "servicecidrs", "", "cluster"],
  ],
  "storage.k8s.io/v1": [
    ["StorageClass", "storageclasses", "sc", "cluster", "simulated"],
    ["VolumeAttachment", "volumeattachments", "", "cluster"],
    ["CSIDriver", "csidrivers", "", "cluster"],
    ["CSINode", "csinodes", "", "cluster", "simulated"],
    ["CSIStorageCapacity", "csistoragecapacities", "", "ns"],
    ["VolumeAttributesClass", "volumeattributesclasses", "vac", "cluster"],
  ],
  "rbac.authorization.k8s.io/v1": [
    ["Role", "roles", "", "ns"],
    ["RoleBinding", "rolebindings", "", "ns"],
    ["ClusterRole", "clusterroles", "", "cluster"],
    ["ClusterRoleBinding", "clusterrolebindings", "", "cluster"],
  ],
  "admissionregistration.k8s.io/v1": [
    ["MutatingWebhookConfiguration", "mutatingwebhookconfigurations", "", "cluster"],
    ["ValidatingWebhookConfiguration", "validatingwebhookconfigurations", "", "cluster"],
    ["ValidatingAdmissionPolicy", "validatingadmissionpolicies", "", "cluster"],
    ["ValidatingAdmissionPolicyBinding", "validatingadmissionpolicybindings", "", "cluster"],
  ],
  "apiextensions.k8s.io/v1": [["CustomResourceDefinition", "customresourcedefinitions", "crd", "cluster"]],
  "apiregistration.k8s.io/v1": [["APIService", "apiservices", "", "cluster"]],
  "flowcontrol.apiserver.k8s.io/v1": [
    ["FlowSchema", "flowschemas", "", "cluster"],
    ["PriorityLevelConfiguration", "prioritylevelconfigurations", "", "cluster"],
  ],
  "node.k8s.io/v1": [["RuntimeClass", "runtimeclasses", "", "cluster"]],
  "certificates.k8s.io/v1": [["CertificateSigningRequest", "certificatesigningrequests", "csr", "cluster"]],
  "resource.k8s.io/v1": [
    ["ResourceClaim", "resourceclaims", "", "ns"],
    ["ResourceClaimTemplate", "resourceclaimtemplates", "", "ns"],
    ["ResourceSlice", "resourceslices", "", "cluster"],
    ["DeviceClass", "deviceclasses", "", "cluster"],
  ],
  "metrics.k8s.io/v1beta1": [
    ["NodeMetrics", "nodes", "", "cluster", "simulated"],
    ["PodMetrics", "pods", "", "ns", "simulated"],
  ],
};

/** What a summary counts as workloads, where nothing else controls it. */
export const WORKLOAD_KINDS = [
  "Deployment",
  "ReplicaSet",
  "ReplicationController",
  "StatefulSet",
  "DaemonSet",
  "Job",
  "CronJob",
] as const;

/** All kinds in all served versions; the preferred version of a kind comes first. */
export const KINDS: readonly KindInfo[] = Object.entries(SERVED).flatMap(([apiVersion, entries]) =>
  entries.map(([kind, plural, shortNames, scope, support]) => ({
    apiVersion,
    ...groupVersion(apiVersion),
    kind,
    plural,
    shortNames: shortNames === "" ? [] : shortNames.split(" "),
    isNamespaced: scope === "ns",
    support: support ?? "kept",
  })),
);

export const SERVED_API_VERSIONS: readonly string[] = Object.keys(SERVED);

/** Takes `apps/v1` apart; the core group is empty. */
export function groupVersion(apiVersion: string): { readonly group: string; readonly version: string } {
  const slash = apiVersion.indexOf("/");
  return { group: slash < 0 ? "" : apiVersion.slice(0, slash), version: apiVersion.slice(slash + 1) };
}

export function findKind(apiVersion: string, kind: string): KindInfo | undefined {
  return KINDS.find((info) => info.apiVersion === apiVersion && info.kind === kind);
}

/** The kind in its preferred version, by its name alone. */
export function findKindByName(kind: string): KindInfo | undefined {
  return KINDS.find((info) => info.kind === kind);
}

/** What a command line calls a kind: `po`, `pod`, `pods`, `deployments.apps`, `Deployment`. Metrics are left out. */
export function findKindByResource(resource: string): KindInfo | undefined {
  const lower = resource.toLowerCase();
  const dot = lower.indexOf(".");
  const name = dot < 0 ? lower : lower.slice(0, dot);
  const group = dot < 0 ? undefined : lower.slice(dot + 1);
  return KINDS.find(
    (info) =>
      info.group !== "metrics.k8s.io" &&
      (group === undefined || info.group === group) &&
      (info.plural === name || info.kind.toLowerCase() === name || info.shortNames.includes(name)),
  );
}

/** As commands print a kind: `pod`, `deployment.apps`. */
export function resourceName(info: KindInfo): string {
  const name = info.kind.toLowerCase();
  return info.group === "" ? name : `${name}.${info.group}`;
}

/** A kind as the API server names it in its answers: `deployments.apps`, `pods`. */
export function resourceText(kind: string): string {
  const info = findKindByName(kind);
  if (info === undefined) return `${kind.toLowerCase()}s`;
  return info.group === "" ? info.plural : `${info.plural}.${info.group}`;
}
