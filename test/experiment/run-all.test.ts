import { describe, expect, test } from "vitest";
import {
  inlineRunner,
  outcomesOf,
  type Runner,
  type RunOutcome,
  type RunRequest,
  runAll,
  withSeed,
} from "../../src/experiment/index.ts";
import { deployment, planOf } from "../../src/testing/index.ts";
import { World } from "../../src/world/index.ts";

const PLAN = planOf({ nodes: 1, duration: "1m", objects: [deployment("web", { replicas: 2 })] });
const requests = (count: number): RunRequest[] =>
  Array.from({ length: count }, (_, index) => ({ id: `seed ${index}`, plan: withSeed(PLAN, index), plugins: [] }));

/** Answers in the order that the test wants; the digest is the request's id. */
class FakeRunner implements Runner {
  readonly width = 2;
  readonly waiting: { readonly id: string; readonly done: () => void; readonly fail: (error: Error) => void }[] = [];
  seen = 0;
  most = 0;
  run({ id }: RunRequest, signal?: AbortSignal): Promise<RunOutcome> {
    this.seen++;
    return new Promise((resolve, reject) => {
      const outcome = { summary: { digest: id }, fault: null } as unknown as RunOutcome;
      signal?.addEventListener("abort", () => reject(signal.reason as Error));
      this.waiting.push({ id, done: () => resolve(outcome), fail: reject });
      this.most = Math.max(this.most, this.waiting.length);
    });
  }
  async close(): Promise<void> {}
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("runAll", () => {
  test("gives what a world of the plan gives, in the order of the requests", async () => {
    const runner = inlineRunner();
    const outcomes = await outcomesOf(runner, requests(3));
    for (const [seed, { summary, fault }] of outcomes.entries()) {
      const world = World.from(withSeed(PLAN, seed));
      world.run();
      expect([summary, fault]).toEqual([world.finish(), null]);
    }
    expect(new Set(outcomes.map(({ summary }) => summary.digest)).size).toBe(3);
  });

  test("takes requests as there is room, and hands outcomes over one at a time", async () => {
    const runner = new FakeRunner();
    const taken: string[] = [];
    let inside = 0;
    const all = runAll(runner, requests(20).values(), async ({ id }) => {
      expect(++inside).toBe(1);
      await turn();
      taken.push(id);
      inside--;
    });
    for (let step = 0; step < 200 && taken.length < 20; step++) {
      await turn();
      // The latest first: order of arrival is not the order of the requests.
      runner.waiting.pop()?.done();
    }
    await all;
    expect(runner.most).toBe(4);
    expect([...taken].sort()).toEqual(
      requests(20)
        .map(({ id }) => id)
        .sort(),
    );
  });

  test("stops at the first fault", async () => {
    const runner = new FakeRunner();
    const all = runAll(runner, requests(50), () => undefined);
    await turn();
    runner.waiting[1]?.fail(new Error("no memory"));
    await expect(all).rejects.toThrow("no memory");
    expect(runner.seen).toBe(4);
  });

  test("stops when it is told to", async () => {
    const runner = new FakeRunner();
    const stop = new AbortController();
    const all = runAll(runner, requests(50), () => undefined, stop.signal);
    await turn();
    stop.abort(new Error("enough"));
    await expect(all).rejects.toThrow("enough");
  });

  test("a fault of who takes the outcome is not lost", async () => {
    const all = runAll(inlineRunner(), requests(3), () => {
      throw new Error("disk full");
    });
    await expect(all).rejects.toThrow("disk full");
  });
});
