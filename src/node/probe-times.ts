import type { Probe } from "../kube/index.ts";
import { type Micros, seconds } from "../units/index.ts";

/**
 * When probes change a container's result, in closed form: attempts come on a grid, and what they find changes once.
 * Nothing here is scheduled; instants are microseconds.
 * @source kubernetes 1.37 pkg/kubelet/prober/worker.go
 */

/** A probe's attempts: at `from`, `from` + period, …, none before `startedAt` + initial delay. */
interface Attempts {
  readonly probe: Probe;
  readonly from: Micros;
  readonly startedAt: Micros;
}

/** The first attempt at or after `at`. */
export function firstAttempt({ probe, from, startedAt }: Attempts, at: Micros): Micros {
  const period = periodOf(probe);
  const earliest = Math.max(at, startedAt + seconds(probe.initialDelaySeconds ?? 0));
  return from + Math.max(0, Math.ceil((earliest - from) / period)) * period;
}

/** When the container becomes ready if it answers from `answersAt` on: at the last of the successes wanted in a row. */
export function readyAt(attempts: Attempts, answersAt: Micros): Micros {
  const wanted = attempts.probe.successThreshold ?? 1;
  return firstAttempt(attempts, answersAt) + (wanted - 1) * periodOf(attempts.probe);
}

/** When the failures in a row are enough if the container answers nothing from `silentAt` on. */
export function failedAt(attempts: Attempts, silentAt: Micros): Micros {
  const { probe } = attempts;
  const first = firstAttempt(attempts, silentAt);
  return first + ((probe.failureThreshold ?? 3) - 1) * periodOf(probe) + seconds(probe.timeoutSeconds ?? 1);
}

/** The outcome of a startup probe: passed at the first answer, or failed when the attempts allowed have found none. */
export function startupOutcome(
  attempts: Attempts,
  answersAt: Micros,
): { readonly at: Micros; readonly isPassed: boolean } {
  const { probe, startedAt } = attempts;
  const success = firstAttempt(attempts, answersAt);
  const first = firstAttempt(attempts, startedAt);
  const lastFailure = first + ((probe.failureThreshold ?? 3) - 1) * periodOf(probe);
  return success <= lastFailure ? { at: success, isPassed: true } : { at: lastFailure, isPassed: false };
}

function periodOf(probe: Probe): Micros {
  return seconds(probe.periodSeconds ?? 10);
}
