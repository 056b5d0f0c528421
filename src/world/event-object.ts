import type { RecordedEvent, Store } from "../store/index.ts";
import type { JsonObject } from "./plan.ts";

const NANOS_PER_MICRO = 1000n;

/** The API object of a recorded event, in the shape of `kubectl get events -o json`. */
export function eventObject(store: Store, event: RecordedEvent): JsonObject {
  const { involvedObject: on, type, reason, message, source, count, firstAt, lastAt } = event;
  const nanos = BigInt(store.epochMicros + firstAt) * NANOS_PER_MICRO;
  return {
    apiVersion: "v1",
    kind: "Event",
    metadata: {
      // The id keeps two events about one object at one instant apart, as the clock of a real client would.
      name: `${on.name}.${(nanos + BigInt(event.id % 1000)).toString(16).padStart(16, "0")}`,
      namespace: on.namespace ?? "default",
      creationTimestamp: store.timestamp(firstAt),
    },
    involvedObject: { ...on },
    reason,
    message,
    type,
    source: { component: source },
    reportingComponent: source,
    firstTimestamp: store.timestamp(firstAt),
    lastTimestamp: store.timestamp(lastAt),
    count,
  };
}
