import type { PodRecord, PodSample, ReadinessPeriods } from "./types.ts";

export const POD_CLASS = { ready: 0, unready: 1, missing: 2, ignored: 3 } as const;
export type PodClass = (typeof POD_CLASS)[keyof typeof POD_CLASS];

/**
 * Class of a pod for one metric. `sample` is the pod's value, undefined when the answer holds none; readiness counts
 * for the resource cpu alone, so other metrics pass `isCpu` false. Instants in microseconds.
 *
 * @source kubernetes 1.37 pkg/controller/podautoscaler/replica_calculator.go, groupPods
 */
export function classifyPod(
  pod: PodRecord,
  sample: PodSample | undefined,
  isCpu: boolean,
  now: number,
  periods: ReadinessPeriods,
): PodClass {
  if (pod.isDeleting || pod.phase === "Failed") return POD_CLASS.ignored;
  if (pod.phase === "Pending") return POD_CLASS.unready;
  if (sample === undefined) return POD_CLASS.missing;
  if (isCpu && isCpuSampleUnready(pod, sample, now, periods)) return POD_CLASS.unready;
  return POD_CLASS.ready;
}

function isCpuSampleUnready(pod: PodRecord, sample: PodSample, now: number, periods: ReadinessPeriods): boolean {
  if (pod.readyStatus === undefined || pod.startMicros === undefined) return true;
  const isFalse = pod.readyStatus === "False";
  if (pod.startMicros + periods.cpuInitializationMicros > now) {
    return isFalse || sample.timestampMicros < pod.readyTransitionMicros + sample.windowMicros;
  }
  return isFalse && pod.startMicros + periods.initialReadinessDelayMicros > pod.readyTransitionMicros;
}
