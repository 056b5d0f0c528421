import { setImmediate as nextTurn } from "node:timers/promises";
import { hostFacts, ResultFolder } from "../report/index.ts";
import { loadPlugins } from "../scenario/index.ts";
import { World } from "../world/index.ts";
import type { Runner, RunOutcome, RunRequest } from "./request.ts";

/** Events between two looks at the outside: files, and whether to stop. About 20 ms. */
export const SLICE_EVENTS = 20_000;

/** Makes one run in this thread. @throws the signal's reason */
export async function play(request: RunRequest, signal?: AbortSignal): Promise<RunOutcome> {
  const { plan, plugins, folder } = request;
  const startedAt = new Date();
  const result = folder === undefined ? null : new ResultFolder({ ...folder, plan, isIndexed: false });
  try {
    const world = World.from(plan, result ?? undefined, await loadPlugins(plugins));
    const fault = await playSlices(world, async () => {
      signal?.throwIfAborted();
      await result?.flush();
    });
    const summary = world.finish();
    await result?.finish(summary, fault !== null);
    result?.writeHost(hostFacts(startedAt, (Date.now() - startedAt.getTime()) / 1000, summary.eventCount));
    return { summary, fault };
  } catch (error) {
    result?.abandon();
    throw error;
  }
}

async function playSlices(world: World, between: () => Promise<void>): Promise<string | null> {
  for (let isDone = false; !isDone; ) {
    try {
      isDone = world.runSlice(world.plan.durationMicros, SLICE_EVENTS);
    } catch (error) {
      if (error instanceof Error && error.name === "PluginError") return error.message;
      throw error;
    }
    await between();
    if (!isDone) await nextTurn();
  }
  return null;
}

/** Runs in this thread, one after the other: for a few small ones. */
export function inlineRunner(): Runner {
  let last: Promise<unknown> = Promise.resolve();
  return {
    width: 1,
    run: (request, signal) => {
      const next = last.then(() => play(request, signal));
      last = next.catch(() => undefined);
      return next;
    },
    close: async () => undefined,
  };
}
