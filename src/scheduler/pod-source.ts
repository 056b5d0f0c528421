import type { Pod, StringMap } from "../kube/index.ts";
import { parseRfc3339 } from "../units/index.ts";
import type { PodSource } from "./pod-info.ts";

const NO_LABELS: StringMap = Object.freeze({});

/** What the scheduler needs of a whole pod object. Instants are read as microseconds of the calendar. */
export function podSource(pod: Pod): PodSource {
  const { metadata, spec, status } = pod;
  const owner = metadata.ownerReferences?.find((reference) => reference.controller === true);
  const scheduled = status?.conditions?.find(({ type, status: is }) => type === "PodScheduled" && is === "False");
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
    startAt: status?.startTime === undefined ? -1 : parseRfc3339(status.startTime),
    ...(scheduled?.message === undefined ? {} : { scheduledMessage: scheduled.message }),
  });
}
