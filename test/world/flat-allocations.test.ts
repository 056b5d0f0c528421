import { Session } from "node:inspector/promises";
import { expect, test } from "vitest";
import { autoscaler, deployment, planOf, timed, usage } from "../../src/testing/index.ts";
import { minutes, seconds } from "../../src/units/index.ts";
import { World } from "../../src/world/index.ts";

interface Size {
  readonly nodes: number;
  readonly autoscalers: number;
  readonly podsEach: number;
}

const SMALL: Size = { nodes: 20, autoscalers: 10, podsEach: 40 };
const SAMPLING_INTERVAL_BYTES = 512;
const MEASURED_SECONDS = 7200;

/** Bytes allocated while `work` runs, those too that are gone by now. */
async function bytesAllocated(work: () => void): Promise<number> {
  const session = new Session();
  session.connect();
  try {
    await session.post("HeapProfiler.startSampling", {
      samplingInterval: SAMPLING_INTERVAL_BYTES,
      includeObjectsCollectedByMajorGC: true,
      includeObjectsCollectedByMinorGC: true,
    });
    work();
    const { profile } = await session.post("HeapProfiler.stopSampling");
    let bytes = 0;
    const add = (node: (typeof profile)["head"]): void => {
      bytes += node.selfSize;
      for (const child of node.children) add(child);
    };
    add(profile.head);
    return bytes;
  } finally {
    session.disconnect();
  }
}

/** What is allocated in two hours of a cluster at rest, after three hours in which the code has been compiled. */
async function bytesOf({ nodes, autoscalers, podsEach }: Size): Promise<number> {
  const names = Array.from({ length: autoscalers }, (_, i) => `web-${i}`);
  const resources = { requests: { cpu: "100m" }, limits: { cpu: "1" } };
  const noise = { relativeSd: 0.05, everyMicros: seconds(15) };
  const plan = planOf({
    duration: "6h",
    nodes: Array.from({ length: nodes }, (_, i) => ({ name: `n${i}`, cpu: "16", memory: "64Gi" })),
    objects: names.flatMap((name) => [
      deployment(name, { replicas: podsEach, resources }),
      autoscaler(name, 60, podsEach - 10, podsEach + 10),
    ]),
    loads: names.map((name) => usage(name, { cpuMilli: timed({ kind: "constant", value: 60 }, { noise }) })),
  });
  // Measures look at the world once in an hour here: what they keep is not what is counted.
  const world = World.from({ ...plan, record: { ...plan.record, sampleMicros: minutes(60) } });
  world.run(minutes(180));
  const scrapes = world.metricsServer.scrapeCount;
  const bytes = await bytesAllocated(() => world.run(minutes(180) + seconds(MEASURED_SECONDS) - 1));
  expect(world.metricsServer.scrapeCount - scrapes).toBe(MEASURED_SECONDS / 15);
  expect(world.store.pods.count).toBe(autoscalers * podsEach);
  return bytes;
}

// A boxed number is 12 bytes or more: what is below that by far is none for each.
test("nothing is allocated for a sample or a heartbeat at rest, and a few numbers for the sync of an HPA", async () => {
  const small = await bytesOf(SMALL);
  const morePods = await bytesOf({ ...SMALL, podsEach: 200 });
  const samples = (MEASURED_SECONDS / 15) * SMALL.autoscalers * 160;
  expect((morePods - small) / samples).toBeLessThan(1);
  const moreNodes = await bytesOf({ ...SMALL, nodes: 220 });
  const heartbeats = (MEASURED_SECONDS / 10) * 200;
  expect((moreNodes - small) / heartbeats).toBeLessThan(3);
  const moreAutoscalers = await bytesOf({ ...SMALL, autoscalers: 40 });
  const syncs = (MEASURED_SECONDS / 15) * 30;
  expect((moreAutoscalers - small) / syncs).toBeLessThan(200);
}, 120_000);
