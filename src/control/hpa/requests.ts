import { addInt64, type Milli } from "./int64.ts";
import type { PodRecord } from "./types.ts";

/**
 * A pod's request of a resource in milli-units, or the error's text. A named container's request is taken alone;
 * otherwise requests at pod level win over the sum of the containers. `container` is "" for the whole pod.
 *
 * @source kubernetes 1.37 pkg/controller/podautoscaler/replica_calculator.go, calculateRequests
 */
export function requestOf(
  pod: Pick<PodRecord, "name" | "requests">,
  container: string,
  resource: string,
): Milli | string {
  const { podLevelMilli, containers } = pod.requests;
  if (podLevelMilli !== undefined && container === "") {
    return podLevelMilli.get(resource) ?? `missing pod-level request for ${resource} in Pod ${pod.name}`;
  }
  let sum: Milli = 0;
  for (const candidate of containers) {
    if (container !== "" && container !== candidate.name) continue;
    const request = candidate.requestMilli.get(resource);
    if (request === undefined) {
      return `missing request for ${resource} in container ${candidate.name} of Pod ${pod.name}`;
    }
    sum = addInt64(sum, request);
    if (container !== "") return sum;
  }
  return container === "" ? sum : `container ${container} not found in Pod ${pod.name}`;
}
