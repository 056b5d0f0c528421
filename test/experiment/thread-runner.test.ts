import { beforeAll, expect, test } from "vitest";
import { inlineRunner, outcomesOf, type RunRequest, threadRunner, withSeed } from "../../src/experiment/index.ts";
import { deployment, planOf } from "../../src/testing/index.ts";
import { ensureBuilt } from "../built.ts";

const PLAN = planOf({ nodes: 2, duration: "5m", objects: [deployment("web", { replicas: 3 })] });
const REQUESTS: RunRequest[] = Array.from({ length: 6 }, (_, index) => ({
  id: `seed ${index}`,
  plan: withSeed(PLAN, index),
  plugins: [],
}));

beforeAll(() => ensureBuilt(), 600_000);

test("worker threads give what this thread gives", async () => {
  const threads = await threadRunner(2);
  try {
    const outcomes = await outcomesOf(threads, REQUESTS);
    expect(outcomes).toEqual(await outcomesOf(inlineRunner(), REQUESTS));
  } finally {
    await threads.close();
  }
});

test("a run that is stopped ends its thread, and the runner goes on", async () => {
  const threads = await threadRunner(1);
  try {
    const long: RunRequest = { id: "long", plan: { ...PLAN, durationMicros: 1e15 }, plugins: [] };
    const stop = new AbortController();
    const run = threads.run(long, stop.signal);
    setTimeout(() => stop.abort(new Error("enough")), 300);
    await expect(run).rejects.toThrow();
    await expect(threads.run(REQUESTS[0] as RunRequest)).resolves.toMatchObject({ fault: null });
  } finally {
    await threads.close();
  }
});

test("what goes wrong in a thread is told here", async () => {
  const threads = await threadRunner(1);
  try {
    const plugins = [{ name: "Mine", path: "/nowhere/mine.mjs" }];
    await expect(threads.run({ ...(REQUESTS[0] as RunRequest), plugins })).rejects.toThrow(/plugin "Mine"/);
  } finally {
    await threads.close();
  }
});
