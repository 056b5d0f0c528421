import type { Job, Queue, QueueEvents } from "bullmq";
import { bundleModules } from "../scenario/index.ts";
import type { Plan } from "../world/plan.ts";
import { sha256 } from "./experiment-folder.ts";
import { openRedis, PLAN_KEPT_SECONDS, planKey, queueName, type RedisClient } from "./redis.ts";
import type { Runner, RunOutcome, RunRequest } from "./request.ts";

/** What workers need for all runs of one plan. */
export interface SharedPlan {
  /** Its seed is that of the job. */
  readonly plan: Plan;
  /** The modules of the plugins, by name, among `files`. */
  readonly plugins: readonly { readonly name: string; readonly file: string }[];
  /** Texts of all files that the plugins need, by path. */
  readonly files: Readonly<Record<string, string>>;
}

export interface RunJob {
  readonly id: string;
  readonly planHash: string;
  readonly seed: string | number;
}

/** Runs that wait in Redis or are on their way: enough for many workers, and little to throw away. */
const WIDTH = 64;
/** An event can be missed, when the connection breaks; so often a run is asked after. */
const ASK_EVERY_MILLIS = 20_000;
const LOOK_FOR_WORKERS_MILLIS = 10_000;
/** Events kept by the queue; outcomes are among them. */
const EVENTS_KEPT = 1000;

/**
 * Runs on the machines that have an `orrery worker` on this Redis. What is on its way when this process is killed is found
 * again by the next one.
 * @param note receives what the user should know while nothing happens
 * @throws RedisRefusal
 */
export async function redisRunner(url: string, version: string, note: (text: string) => void): Promise<Runner> {
  const { bullmq, client, connection } = await openRedis(url);
  const streams = { events: { maxLen: EVENTS_KEPT } };
  const queue = new bullmq.Queue<RunJob, RunOutcome>(queueName(version), { connection, streams });
  const events = new bullmq.QueueEvents(queueName(version), { connection });
  // A broken connection is made again; what cannot be done meanwhile waits.
  queue.on("error", () => undefined);
  events.on("error", () => undefined);
  // One a run on its way.
  for (const one of [queue, events]) one.setMaxListeners(0);
  await events.waitUntilReady();
  const watch = setInterval(() => void look(), LOOK_FOR_WORKERS_MILLIS);
  const look = async (): Promise<void> => {
    if ((await queue.getWorkersCount().catch(() => 1)) > 0) return;
    note(`no worker of version ${version} is on this Redis: start one with orrery worker --redis URL`);
  };
  return {
    width: WIDTH,
    run: (request, signal) => runOverRedis(request, { queue, events, client, signal }),
    close: async () => {
      clearInterval(watch);
      await events.close();
      await queue.close();
      client.disconnect();
    },
  };
}

interface Line {
  readonly queue: Queue<RunJob, RunOutcome>;
  readonly events: QueueEvents;
  readonly client: RedisClient;
  readonly signal: AbortSignal | undefined;
}

async function runOverRedis(request: RunRequest, line: Line): Promise<RunOutcome> {
  const { queue, client, signal } = line;
  if (request.folder !== undefined) throw new Error("a run over Redis writes no result folder");
  signal?.throwIfAborted();
  const { seed } = request.plan;
  const shared = JSON.stringify(sharedPlan(request));
  const planHash = sha256(shared);
  if ((await client.expire(planKey(planHash), PLAN_KEPT_SECONDS)) === 0) {
    await client.set(planKey(planHash), shared, "EX", PLAN_KEPT_SECONDS);
  }
  // The same run has the same name: one that an earlier process has asked for is taken over.
  const jobId = sha256(`${planHash} ${typeof seed} ${seed}`);
  const job = await queue.add("run", { id: request.id, planHash, seed }, { jobId, removeOnFail: true });
  try {
    return await finished(job, line);
  } finally {
    // One that is being made is left to its worker.
    await job.remove().catch(() => undefined);
  }
}

function sharedPlan({ plan, plugins }: RunRequest): SharedPlan {
  const { entries, files } = bundleModules(plugins.map(({ path }) => path));
  const named = plugins.map(({ name }, index) => ({ name, file: entries[index] as string }));
  return { plan: { ...plan, seed: 0 }, plugins: named, files };
}

async function finished(job: Job<RunJob, RunOutcome>, { queue, events, signal }: Line): Promise<RunOutcome> {
  const over = new AbortController();
  const aborted = new Promise<never>((_, reject) => {
    signal?.addEventListener("abort", () => reject(signal.reason as Error), { signal: over.signal });
  });
  aborted.catch(() => undefined);
  try {
    for (;;) {
      try {
        return await Promise.race([job.waitUntilFinished(events, ASK_EVERY_MILLIS), aborted]);
      } catch (error) {
        signal?.throwIfAborted();
        const state = await queue.getJobState(job.id ?? "");
        if (state === "failed" || state === "unknown") throw error;
      }
    }
  } finally {
    over.abort();
  }
}
