/** The entry of a worker thread: Piscina calls `playInThread` with what `threadRunner` posts. */
import { play } from "./play.ts";
import type { RunOutcome, RunRequest } from "./request.ts";

export async function playInThread(request: RunRequest): Promise<RunOutcome> {
  return play(request);
}
