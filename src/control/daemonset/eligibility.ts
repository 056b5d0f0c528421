import {
  type DaemonSet,
  firstUntolerated,
  type KubeNode,
  matchesRequiredNodeAffinity,
  type PodSpec,
  REPELLING_EFFECTS,
  TAINT_DISK_PRESSURE,
  TAINT_MEMORY_PRESSURE,
  TAINT_NETWORK_UNAVAILABLE,
  TAINT_NOT_READY,
  TAINT_PID_PRESSURE,
  TAINT_UNREACHABLE,
  TAINT_UNSCHEDULABLE,
  type Toleration,
} from "../../kube/index.ts";

/** What a DaemonSet wants with a node. */
export interface Eligibility {
  /** A pod is to be made where there is none. */
  readonly shouldRun: boolean;
  /** A pod that is there may stay. */
  readonly mayStay: boolean;
}
const NOT_AT_ALL: Eligibility = Object.freeze({ shouldRun: false, mayStay: false });
const RUNS: Eligibility = Object.freeze({ shouldRun: true, mayStay: true });
const STAYS: Eligibility = Object.freeze({ shouldRun: false, mayStay: true });

const ADDED: readonly (readonly [key: string, effect: "NoExecute" | "NoSchedule"])[] = [
  [TAINT_NOT_READY, "NoExecute"],
  [TAINT_UNREACHABLE, "NoExecute"],
  [TAINT_DISK_PRESSURE, "NoSchedule"],
  [TAINT_MEMORY_PRESSURE, "NoSchedule"],
  [TAINT_PID_PRESSURE, "NoSchedule"],
  [TAINT_UNSCHEDULABLE, "NoSchedule"],
];
const OF_HOST_NETWORK = [TAINT_NETWORK_UNAVAILABLE, "NoSchedule"] as const;

/**
 * Whether the pods of a DaemonSet belong on a node: its name, labels and taints decide, not its resources.
 *
 * @source kubernetes 1.37 pkg/controller/daemon NodeShouldRunDaemonPod
 */
export function eligibilityOf(set: DaemonSet, node: KubeNode): Eligibility {
  const { spec } = set.spec.template;
  const { name = "", labels = {} } = node.metadata;
  if (spec.nodeName !== undefined && spec.nodeName !== "" && spec.nodeName !== name) return NOT_AT_ALL;
  if (!matchesRequiredNodeAffinity(spec, labels, name)) return NOT_AT_ALL;
  const taints = node.spec?.taints;
  if (taints === undefined || taints.length === 0) return RUNS;
  const tolerations = daemonTolerations(spec);
  if (firstUntolerated(taints, tolerations, REPELLING_EFFECTS) === undefined) return RUNS;
  return firstUntolerated(taints, tolerations, ["NoExecute"]) === undefined ? STAYS : NOT_AT_ALL;
}

const tolerationsBySpec = new WeakMap<PodSpec, readonly Toleration[]>();

/** The tolerations of a template and those that every pod of a DaemonSet gets. @source kubernetes 1.37 AddOrUpdateDaemonPodTolerations */
export function daemonTolerations(spec: PodSpec): readonly Toleration[] {
  const known = tolerationsBySpec.get(spec);
  if (known !== undefined) return known;
  const added = spec.hostNetwork === true ? [...ADDED, OF_HOST_NETWORK] : ADDED;
  const tolerations = [...(spec.tolerations ?? [])];
  for (const [key, effect] of added) {
    const toleration: Toleration = { key, operator: "Exists", effect };
    const at = tolerations.findIndex((own) => isOfSameTaint(own, toleration));
    if (at === -1) tolerations.push(toleration);
    else tolerations[at] = toleration;
  }
  tolerationsBySpec.set(spec, tolerations);
  return tolerations;
}

function isOfSameTaint(a: Toleration, b: Toleration): boolean {
  return a.key === b.key && a.effect === b.effect && a.operator === b.operator && (a.value ?? "") === (b.value ?? "");
}
