import type { HpaScalingPolicy } from "../../kube/index.ts";

/** A recommendation before stabilisation, and its instant in microseconds. */
export interface Recommendation {
  readonly replicas: number;
  readonly atMicros: number;
}

/** A change of the scale by this HPA, as a positive number of replicas, and its instant in microseconds. */
export interface ScaleEvent {
  readonly change: number;
  readonly atMicros: number;
  /** Older than every policy looked back when it was last seen: its slot may be used again. */
  readonly isOutdated: boolean;
}

/** What the controller remembers of one HPA, in memory only. Replaced as a whole, never changed; not frozen, since
 *  reading and copying a frozen array costs ten times as much, once a sync. */
export interface ScaleHistory {
  readonly recommendations: readonly Recommendation[];
  readonly upEvents: readonly ScaleEvent[];
  readonly downEvents: readonly ScaleEvent[];
}

/** The history of an HPA at its first sync: its target's size counts as a recommendation. */
export function firstHistory(currentReplicas: number, now: number): ScaleHistory {
  return { recommendations: [{ replicas: currentReplicas, atMicros: now }], upEvents: [], downEvents: [] };
}

/** The list with an item in the slot, or at its end when `slot` is -1. */
export function storeInSlot<T>(list: readonly T[], slot: number, item: T): readonly T[] {
  const next = list.slice();
  if (slot === -1) next.push(item);
  else next[slot] = item;
  return next;
}

/** Replicas changed by events strictly younger than the period. */
export function changeWithin(periodSeconds: number, events: readonly ScaleEvent[], now: number): number {
  const cutoff = now - periodSeconds * 1_000_000;
  let sum = 0;
  for (const event of events) if (event.atMicros > cutoff) sum += event.change;
  return sum;
}

/**
 * The history with a rescale from `before` to `after` in it. `policies` are those of the direction taken.
 *
 * @source kubernetes 1.37 pkg/controller/podautoscaler/horizontal.go, storeScaleEvent and markScaleEventsOutdated
 */
export function withScaleEvent(
  history: ScaleHistory,
  policies: readonly HpaScalingPolicy[],
  scale: { readonly before: number; readonly after: number; readonly now: number },
): ScaleHistory {
  const isUp = scale.after > scale.before;
  const longestSeconds = policies.reduce((longest, policy) => Math.max(longest, policy.periodSeconds), 0);
  const cutoff = scale.now - longestSeconds * 1_000_000;
  const marked = (isUp ? history.upEvents : history.downEvents).map((event) =>
    event.atMicros < cutoff && !event.isOutdated ? { ...event, isOutdated: true } : event,
  );
  const slot = marked.findLastIndex((event) => event.isOutdated);
  const change = Math.abs(scale.after - scale.before);
  const events = storeInSlot(marked, slot, { change, atMicros: scale.now, isOutdated: false });
  return isUp ? { ...history, upEvents: events } : { ...history, downEvents: events };
}
