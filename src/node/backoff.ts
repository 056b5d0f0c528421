import type { Micros } from "../units/index.ts";
import type { KubeletOptions } from "./options.ts";
import type { Unit } from "./unit.ts";

export type RestartDecision =
  /** Not yet: not before this instant. */
  | { readonly isDue: false; readonly retryAt: Micros; readonly backoffMicros: Micros }
  /** Now; the entry becomes this. */
  | { readonly isDue: true; readonly backoffMicros: Micros; readonly backoffAt: Micros };

type BackoffOptions = Pick<
  KubeletOptions,
  "crashBackoffInitialMicros" | "crashBackoffMaxMicros" | "crashBackoffResetMicros"
>;

/**
 * Whether a container that ended at `finishedAt` may be started again at `now`: at once after its first end, then 10 s
 * after the end, 20 s, … up to 300 s; from the beginning when it has run for more than 10 minutes.
 * @source kubernetes 1.37 pkg/kubelet/kuberuntime doBackOff; client-go util/flowcontrol Backoff
 */
export function crashBackoff(
  entry: Pick<Unit, "backoffMicros" | "backoffAt">,
  finishedAt: Micros,
  now: Micros,
  options: BackoffOptions,
): RestartDecision {
  const { crashBackoffInitialMicros: initial, crashBackoffMaxMicros: max, crashBackoffResetMicros: reset } = options;
  const { backoffMicros, backoffAt } = entry;
  const isFresh = backoffMicros > 0 && finishedAt - backoffAt <= reset;
  if (isFresh && now - finishedAt < backoffMicros) {
    return { isDue: false, retryAt: finishedAt + backoffMicros, backoffMicros };
  }
  return { isDue: true, backoffMicros: isFresh ? Math.min(2 * backoffMicros, max) : initial, backoffAt: now };
}

/** When the kubelet looks again at a pod whose container waits until `retryAt`: `u` is uniform in [0, 1).
 *  @source kubernetes 1.37 pkg/kubelet/pod_workers.go completeWork */
export function resyncDelay(remaining: Micros, maxStep: Micros, jitter: number, u: number): Micros {
  const base = Math.min(Math.max(remaining, 0), maxStep);
  return Math.floor(base * (1 + jitter * u));
}

/** `10s`, `40s`, `2m40s`, `5m0s`: Go's way, which the messages about back-off use. */
export { goDuration as backoffText } from "../units/index.ts";
