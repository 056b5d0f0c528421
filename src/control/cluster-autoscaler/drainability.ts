import type { PodSpec, StringMap } from "../../kube/index.ts";
import { type Micros, minutes, seconds } from "../../units/index.ts";
import type { ClusterAutoscalerSettings } from "./settings.ts";
import type { SimulatedPod } from "./types.ts";

/** A pod on a node that is looked at for scale-down. */
export interface NodePod {
  readonly pod: SimulatedPod;
  readonly annotations: StringMap;
  readonly createdAt: Micros;
  readonly isTerminal: boolean;
  /** When the deletion was asked for plus the grace; -1 when it was not. */
  readonly deletionAt: Micros;
  /** Whether the controller that owns it is there; true for a pod without owner. */
  readonly hasOwner: boolean;
  /** Names of the disruption budgets that select it, with namespace. */
  readonly budgets: readonly string[];
}

/** Why a pod keeps its node, in the words of the autoscaler's log and as the name of the reason. */
export interface Blocking {
  readonly pod: string;
  readonly reason: string;
  readonly message: string;
}

export interface PodsOfNode {
  /** To be evicted and to find room elsewhere. */
  readonly toMove: readonly NodePod[];
  readonly ofDaemonSets: readonly NodePod[];
  readonly blocking: Blocking | undefined;
}

/** Disruptions that each budget still allows, by its name with namespace. */
export type AllowedDisruptions = ReadonlyMap<string, number>;

const SAFE_TO_EVICT = "cluster-autoscaler.kubernetes.io/safe-to-evict";
const SAFE_LOCAL_VOLUMES = "cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes";
const MIRROR = "kubernetes.io/config.mirror";
/** @source cluster-autoscaler 1.37 utils/drain/drain.go PodLongTerminatingExtraThreshold */
const LONG_TERMINATING = seconds(30);
/** @source cluster-autoscaler 1.37 flag bsp-disruption-timeout */
const SYSTEM_POD_BLOCKS = minutes(60);
const REPLICATED = new Set(["ReplicationController", "ReplicaSet", "StatefulSet", "Job"]);

/**
 * What is to become of the pods of a node that would be taken away, up to the first one that keeps it.
 * @source cluster-autoscaler 1.37 simulator/drainability/rules
 */
export function podsOfNode(
  pods: readonly NodePod[],
  now: Micros,
  allowed: AllowedDisruptions,
  settings: Pick<ClusterAutoscalerSettings, "skipsSystemPods" | "skipsLocalStorage" | "skipsCustomControllers">,
): PodsOfNode {
  const toMove: NodePod[] = [];
  const ofDaemonSets: NodePod[] = [];
  for (const nodePod of pods) {
    const { pod, annotations } = nodePod;
    if (annotations[MIRROR] !== undefined || isLongTerminating(nodePod, now)) continue;
    const why = blocksNode(nodePod, now, allowed, settings);
    if (why !== undefined) {
      const name = `${pod.namespace}/${pod.name}`;
      return { toMove, ofDaemonSets, blocking: { pod: name, reason: why[0], message: why[1](name) } };
    }
    if (pod.owner?.kind === "DaemonSet") ofDaemonSets.push(nodePod);
    else toMove.push(nodePod);
  }
  return { toMove, ofDaemonSets, blocking: undefined };
}

type Why = readonly [reason: string, message: (pod: string) => string];

const WHY = {
  ownerMissing: ["ControllerNotFound", (pod) => `replication controller for ${pod} is not available`],
  notReplicated: ["NotReplicated", (pod) => `${pod} is not replicated`],
  system: [
    "UnmovableKubeSystemPod",
    (pod) => `non-daemonset, non-mirrored, non-pdb-assigned kube-system pod present: ${pod}`,
  ],
  unsafe: ["NotSafeToEvictAnnotation", (pod) => `pod annotated as not safe to evict present: ${pod}`],
  localStorage: ["LocalStorageRequested", (pod) => `pod with local storage present: ${pod}`],
  budget: ["NotEnoughPdb", (pod) => `not enough pod disruption budget to move ${pod}`],
} as const satisfies Readonly<Record<string, Why>>;

function blocksNode(
  { pod, annotations, createdAt, isTerminal, hasOwner, budgets }: NodePod,
  now: Micros,
  allowed: AllowedDisruptions,
  settings: Pick<ClusterAutoscalerSettings, "skipsSystemPods" | "skipsLocalStorage" | "skipsCustomControllers">,
): Why | undefined {
  const { owner } = pod;
  if (owner !== undefined && !hasOwner) return WHY.ownerMissing;
  if (owner?.kind === "DaemonSet") return undefined;
  const isEvictable = annotations[SAFE_TO_EVICT] === "true" || isTerminal;
  if (!isEvictable) {
    const isReplicated = owner !== undefined && (!settings.skipsCustomControllers || REPLICATED.has(owner.kind));
    if (!isReplicated) return WHY.notReplicated;
    const isNewSystemPod = pod.namespace === "kube-system" && createdAt + SYSTEM_POD_BLOCKS > now;
    if (settings.skipsSystemPods && isNewSystemPod && budgets.length === 0) return WHY.system;
    if (annotations[SAFE_TO_EVICT] === "false") return WHY.unsafe;
    if (settings.skipsLocalStorage && hasLocalStorage(pod.spec, annotations)) return WHY.localStorage;
  }
  if (budgets.some((budget) => (allowed.get(budget) ?? 0) < 1)) return WHY.budget;
  return undefined;
}

/** Volumes on the node's own disk, but for those that an annotation lets go. */
function hasLocalStorage({ volumes = [] }: PodSpec, annotations: StringMap): boolean {
  const safe = new Set((annotations[SAFE_LOCAL_VOLUMES] ?? "").split(","));
  return volumes.some((volume) => {
    const { name, emptyDir, hostPath } = volume as {
      readonly name: string;
      readonly emptyDir?: { readonly medium?: string } | null;
      readonly hostPath?: unknown;
    };
    const isLocal = hostPath !== undefined || (emptyDir !== undefined && emptyDir?.medium !== "Memory");
    return isLocal && !safe.has(name);
  });
}

/** Whether the pod has been terminating for so long that it is not waited for. */
export function isLongTerminating({ deletionAt }: Pick<NodePod, "deletionAt">, now: Micros): boolean {
  return deletionAt !== -1 && deletionAt + LONG_TERMINATING < now;
}
