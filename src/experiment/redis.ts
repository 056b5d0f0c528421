import { createRequire } from "node:module";
import type * as BullMq from "bullmq";

/** Redis cannot be used: what is missing, and what to do. */
export class RedisRefusal extends Error {
  override readonly name = "RedisRefusal";
}

/** What is used of an ioredis client besides handing it to BullMQ. */
export interface RedisClient {
  connect(): Promise<void>;
  get(key: string): Promise<string | null>;
  set(key: string, value: string, mode: "EX", seconds: number): Promise<unknown>;
  expire(key: string, seconds: number): Promise<number>;
  disconnect(): void;
  duplicate(): RedisClient;
  on(event: "error", listener: (error: Error) => void): unknown;
  options: { retryStrategy: unknown };
}

export interface OpenRedis {
  readonly bullmq: typeof BullMq;
  readonly client: RedisClient;
  readonly connection: BullMq.ConnectionOptions;
}

/** How long a plan is kept for runs that nobody has asked for since. */
export const PLAN_KEPT_SECONDS = 7 * 24 * 3600;
const RETRY_MILLIS = 1000;

/** One version's runs are made by workers of that version: only then are they the same. */
export function queueName(version: string): string {
  return `kube-orrery-${version}`;
}

export function planKey(hash: string): string {
  return `kube-orrery:plan:${hash}`;
}

/** Loads the optional packages and connects. @throws RedisRefusal */
export async function openRedis(url: string): Promise<OpenRedis> {
  if (!/^rediss?:\/\//.test(url)) throw new RedisRefusal(`expected an address such as redis://host:6379; got "${url}"`);
  const { bullmq, Redis } = await loadPackages();
  // The first connection tells at once when nobody is there; once it has been made, it is made again by itself.
  const client = new Redis(url, { lazyConnect: true, maxRetriesPerRequest: null, retryStrategy: () => null });
  const faults: Error[] = [];
  client.on("error", (error) => void faults.push(error));
  try {
    await client.connect();
  } catch (error) {
    client.disconnect();
    const reason = faults[0] ?? error;
    throw new RedisRefusal(
      `cannot reach Redis at ${withoutPassword(url)}: ${reason instanceof Error ? reason.message : reason}`,
    );
  }
  client.options.retryStrategy = () => RETRY_MILLIS;
  return { bullmq, client, connection: client as unknown as BullMq.ConnectionOptions };
}

type RedisClass = new (url: string, options: object) => RedisClient;

async function loadPackages(): Promise<{ readonly bullmq: typeof BullMq; readonly Redis: RedisClass }> {
  try {
    const bullmq = await import("bullmq");
    // By `require`, as BullMQ itself looks for its client.
    const found = createRequire(import.meta.url)("ioredis") as RedisClass & { readonly default?: RedisClass };
    return { bullmq, Redis: found.default ?? found };
  } catch (error) {
    const missing = /Cannot find (?:package|module) '([^']+)'/.exec(error instanceof Error ? error.message : "")?.[1];
    if (missing === undefined) throw error;
    throw new RedisRefusal(
      `runs over Redis need the packages bullmq and ioredis, and "${missing}" is not installed: npm install bullmq ioredis`,
    );
  }
}

function withoutPassword(url: string): string {
  return url.replace(/\/\/[^@/]*@/, "//…@");
}
