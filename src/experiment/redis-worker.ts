import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { openRedis, planKey, queueName, type RedisClient } from "./redis.ts";
import type { RunJob, SharedPlan } from "./redis-runner.ts";
import { type PluginFile, type Runner, type RunOutcome, withSeed } from "./request.ts";

/** A worker that has not told of itself for so long is taken for lost, and its runs go to others. */
const LOST_AFTER_MILLIS = 10_000;
const LOOK_FOR_LOST_MILLIS = 5_000;
/** However often a run loses its worker, it is made in the end. */
const LOSSES_MAX = 1_000_000;
/** Plans kept at hand; the runs of one come one after the other. */
const PLANS_KEPT = 4;

export interface WorkerOptions {
  readonly url: string;
  readonly version: string;
  readonly runner: Runner;
  readonly onRun: (id: string) => void;
}

/**
 * Takes runs from a Redis until it is closed: as many at a time as the runner is wide. The runs are made in threads, so that this
 * one can tell all the time that it is alive.
 *
 * Who can write to the Redis can run code here, by way of scheduler plugins: it is to be as private as a shell.
 * @throws RedisRefusal
 */
export async function startWorker(options: WorkerOptions): Promise<{ close(): Promise<void> }> {
  const { url, version, runner, onRun } = options;
  const { bullmq, client, connection } = await openRedis(url);
  const plans = new PlanStore(client);
  const worker = new bullmq.Worker<RunJob, RunOutcome>(
    queueName(version),
    async ({ data: { id, planHash, seed } }) => {
      const { plan, plugins } = await plans.get(planHash);
      const outcome = await runner.run({ id, plan: withSeed(plan, seed), plugins });
      onRun(id);
      return outcome;
    },
    {
      connection,
      concurrency: runner.width,
      lockDuration: LOST_AFTER_MILLIS,
      stalledInterval: LOOK_FOR_LOST_MILLIS,
      maxStalledCount: LOSSES_MAX,
    },
  );
  // A broken connection is made again, and a run that another worker has been given meanwhile is that one's: both are told here.
  worker.on("error", () => undefined);
  await worker.waitUntilReady();
  return {
    close: async () => {
      await worker.close();
      client.disconnect();
      plans.close();
    },
  };
}

interface KeptPlan {
  readonly plan: SharedPlan["plan"];
  readonly plugins: readonly PluginFile[];
}

/** Plans by their hash, with the code of their plugins in files that a thread can load. */
class PlanStore {
  readonly #client: RedisClient;
  readonly #kept = new Map<string, Promise<KeptPlan>>();
  readonly #folder = mkdtempSync(join(tmpdir(), "orrery-worker-"));

  constructor(client: RedisClient) {
    this.#client = client;
  }

  get(hash: string): Promise<KeptPlan> {
    const known = this.#kept.get(hash) ?? this.#fetch(hash);
    this.#kept.delete(hash);
    this.#kept.set(hash, known);
    for (const oldest of this.#kept.keys()) if (this.#kept.size > PLANS_KEPT) this.#kept.delete(oldest);
    return known;
  }

  async #fetch(hash: string): Promise<KeptPlan> {
    const text = await this.#client.get(planKey(hash));
    if (text === null) throw new Error(`the plan ${hash} is not in Redis any more`);
    const { plan, plugins, files } = JSON.parse(text) as SharedPlan;
    const folder = join(this.#folder, hash);
    for (const [file, source] of Object.entries(files)) {
      const path = join(folder, file);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, source);
    }
    return { plan, plugins: plugins.map(({ name, file }) => ({ name, path: join(folder, file) })) };
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
