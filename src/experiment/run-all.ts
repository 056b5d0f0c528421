import { setMaxListeners } from "node:events";
import type { Runner, RunOutcome, RunRequest } from "./request.ts";

/**
 * Makes all runs that `requests` gives, and hands each outcome over as it arrives, one at a time.
 *
 * Requests are taken when there is room (twice the width of the runner), so neither they nor the outcomes pile up: memory
 * does not grow with their number.
 * @throws the first fault of a run, of `onOutcome`, or the signal's reason; what has begun is waited for or stopped
 */
export async function runAll<R extends RunRequest>(
  runner: Runner,
  requests: Iterable<R> | AsyncIterable<R>,
  onOutcome: (request: R, outcome: RunOutcome) => Promise<void> | void,
  signal?: AbortSignal,
): Promise<void> {
  const stop = new AbortController();
  const either = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
  setMaxListeners(0, either);
  const going = new Set<Promise<void>>();
  let handing: Promise<void> = Promise.resolve();
  let fault: { readonly reason: unknown } | null = null;
  const failed = (reason: unknown): void => {
    fault ??= { reason };
    stop.abort(reason);
  };
  const start = (request: R): void => {
    const one: Promise<void> = runner
      .run(request, either)
      .then((outcome) => {
        handing = handing.then(() => (either.aborted ? undefined : onOutcome(request, outcome)));
        return handing;
      })
      .catch(failed)
      .finally(() => going.delete(one));
    going.add(one);
  };
  try {
    for await (const request of requests) {
      if (either.aborted) break;
      start(request);
      while (going.size >= 2 * runner.width) await Promise.race(going);
    }
  } catch (error) {
    failed(error);
  }
  while (going.size > 0) await Promise.race(going);
  signal?.throwIfAborted();
  if (fault !== null) throw (fault as { readonly reason: unknown }).reason;
}

/** The outcomes of a few runs, in the order of their requests. */
export async function outcomesOf(
  runner: Runner,
  requests: readonly RunRequest[],
  signal?: AbortSignal,
): Promise<RunOutcome[]> {
  const outcomes = new Map<string, RunOutcome>();
  await runAll(runner, requests, ({ id }, outcome) => void outcomes.set(id, outcome), signal);
  return requests.map(({ id }) => outcomes.get(id) as RunOutcome);
}
