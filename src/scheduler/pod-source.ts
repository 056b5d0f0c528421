import type { Condition, Pod, StringMap } from "../kube/index.ts";
import { parseRfc3339 } from "../units/index.ts";
import type { PodSource } from "./pod-info.ts";

/** Reason of the DisruptionTarget condition of pods that a scheduler preempts. */
export const PREEMPTED = "PreemptionByScheduler";

const NO_LABELS: StringMap = Object.freeze({});

/** What the scheduler needs of a whole pod object. Instants are read as microseconds of the calendar. */
export function podSource(pod: Pod): PodSource {
  const { metadata, spec, status } = pod;
  const owner = metadata.ownerReferences?.find((reference) => reference.controller === true);
  const scheduled = status?.conditions?.find(({ type, status: is }) => type === "PodScheduled" && is === "False");
  const disrupted = status?.conditions?.find(({ type }) => type === "DisruptionTarget");
  return Object.freeze({
    namespace: metadata.namespace ?? "default",
    name: metadata.name ?? "",
    uid: metadata.uid ?? `${metadata.namespace}/${metadata.name}`,
    labels: metadata.labels ?? NO_LABELS,
    spec,
    ...(owner === undefined ? {} : { owner }),
    nodeName: spec.nodeName ?? "",
    nominatedNodeName: status?.nominatedNodeName ?? "",
    isTerminating: metadata.deletionTimestamp !== undefined,
    ...(metadata.deletionTimestamp !== undefined && isPreemption(disrupted) ? { isPreempted: true } : {}),
    startAt: status?.startTime === undefined ? -1 : parseRfc3339(status.startTime),
    ...(scheduled?.message === undefined ? {} : { scheduledMessage: scheduled.message }),
  });
}

/** Whether a DisruptionTarget condition comes from a scheduler's preemption.
 *  @source kubernetes 1.37 framework/preemption PodTerminatingByPreemption */
export function isPreemption(condition: Pick<Condition, "status" | "reason"> | undefined): boolean {
  return condition?.status === "True" && condition.reason === PREEMPTED;
}
