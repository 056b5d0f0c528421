import type { Recording, TraceEntry } from "./recording.ts";

/** What a recording has besides its scenario. Seconds. */
interface Noise {
  /** From here on others meddled; nothing is compared. */
  readonly until?: number;
  /** From here on pods and their Events were not heard of. */
  readonly podsUntil?: number;
  /** Somebody else took a pod, which was replaced: the replacement is taken for the pod. */
  readonly taken?: { readonly from: number; readonly to: number };
  /** Others' events under a name of this scenario. */
  readonly foreign?: (entry: TraceEntry) => boolean;
  /** The instant of the last heartbeat is not known: what follows from it is compared by distance. */
  readonly hasUnknownHeartbeat?: boolean;
  /** Facts that say nothing, by the beginning of their name. */
  readonly open?: readonly string[];
  /** Facts of which the number says something, the time does not. */
  readonly untimed?: readonly string[];
}

const NOISE: Readonly<Record<string, Noise>> = {
  // The watch of pods was lost while the Deployment grew to 200, and with it the Events of pods. The steps of a rollout of 200 pods
  // follow the instants at which pods became Ready, which the machine's load spread over seconds.
  a_rollout: {
    podsUntil: 8,
    open: ["events Deployment/web: ScalingReplicaSet", "ReplicaSet web-RS1 wants", "ReplicaSet web-RS2 wants"],
    untimed: ["events ReplicaSet/"],
  },
  a2_rollout_small: {
    // A drain of another test evicted a pod.
    taken: { from: 3.6, to: 5.95 },
    // Pods of another scenario preempted two pods.
    until: 148,
    // A pod that goes while it starts has no process that would have to stop.
    open: ["pods of web-RS3: from asked to go to gone"],
  },
  // The fake kubelet that came back did not look at its pods before the recording ended.
  b_node_failure: {
    hasUnknownHeartbeat: true,
    open: [
      "pods of web-RS1: gone",
      "pods of web-RS1: from asked to go to gone",
      "Deployment web before the end",
      "ReplicaSet web-RS1 before the end",
      // The source writes them, and so do the recordings in virtual time; the recorder kept Events by name, and not these.
      "events Pod of web-RS1: TaintManagerEviction",
    ],
  },
  c_hpa: {
    // A drain of another test evicted a pod.
    taken: { from: 108.3, to: 110.5 },
    // Another HPA called web, 12.5 s off this one's beat, had no metrics.
    foreign: ({ t, k, obj, reason }) =>
      k === "Event" && obj === "HorizontalPodAutoscaler/web" && String(reason).startsWith("Failed") && t > 20,
    // The spam filter let one less through, as the replacement's event had gone before.
    open: ["events ReplicaSet/web-RS1: SuccessfulDelete"],
  },
  f_preempt: {
    // How often a pod is tried in vain depends on what else happens meanwhile. Two of the first pods preempted pods of another scenario.
    open: [
      "events Pod of low-RS1: FailedScheduling",
      "events Pod of high-RS1: FailedScheduling",
      "pods of low-RS1: nominated",
    ],
  },
};

export function noiseOf(name: string): Noise {
  return NOISE[name] ?? {};
}

/** What of a trace, recorded or ours, is compared at all. */
export function heard(name: string, entries: readonly TraceEntry[]): readonly TraceEntry[] {
  const { until = Number.POSITIVE_INFINITY, podsUntil = until } = noiseOf(name);
  const isAboutPod = ({ k, obj }: TraceEntry): boolean => k === "Pod" || String(obj).startsWith("Pod/");
  return entries.filter((entry) => entry.t < (isAboutPod(entry) ? podsUntil : until));
}

/** A recording's entries without what others did. */
export function withoutNoise({ name, entries }: Recording): readonly TraceEntry[] {
  const { taken, foreign } = noiseOf(name);
  const own = heard(name, entries).filter((entry) => foreign?.(entry) !== true);
  return taken === undefined ? own : withoutTaken(own, taken);
}

function withoutTaken(entries: readonly TraceEntry[], { from, to }: { from: number; to: number }): TraceEntry[] {
  const isWithin = ({ t }: TraceEntry): boolean => t >= from && t <= to;
  const pods = entries.filter((entry) => isWithin(entry) && entry.k === "Pod");
  const old = pods.find(({ e }) => e === "D")?.n;
  const replacement = pods.find(({ e }) => e === "A")?.n;
  const isTheirs = (entry: TraceEntry): boolean =>
    entry.k !== "Pod" || entry.n === old || (entry.n === replacement && entry.ready !== "True");
  const concerns = (entry: TraceEntry): boolean => isWithin(entry) && isTheirs(entry);
  return entries
    .filter((entry) => !concerns(entry))
    .map((entry) => (entry.k === "Pod" && entry.n === replacement ? { ...entry, n: old ?? "" } : entry));
}
