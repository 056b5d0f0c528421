import { describe, expect, it } from "vitest";
import { decodeCheckpoint, encodeCheckpoint, fingerprint } from "../engine/index.ts";
import { Streams } from "../random/index.ts";
import { seconds } from "../units/index.ts";
import type { KubeletOptions } from "./options.ts";
import { NodeWorld } from "./testing.ts";

const NODES = 4;
const OPTIONS: Partial<KubeletOptions> = {
  nodeBoot: { uniform: { min: seconds(1), max: seconds(20) } },
  images: {
    defaultSizeBytes: 200_000_000,
    preloaded: false,
    images: [{ name: "gone:1", sizeBytes: 1, preloaded: false, missing: true }],
  },
  app: (row) => ({ readyAfterMicros: seconds(row % 7), stop: { exponential: { mean: seconds(8) } } }),
};

function worldWithNodes(isExplicit = false): NodeWorld {
  return new NodeWorld(OPTIONS, isExplicit);
}

/** Plays a random story of pods and outages from `from` to `to` seconds; the story depends on `seed` alone. */
function play(world: NodeWorld, seed: number, from: number, to: number): void {
  const { kubelets, store } = world;
  for (let second = from; second < to; second++) {
    const story = new Streams(seed, second).stream("story");
    const node = story.int(NODES);
    const row = story.int(40);
    const isPod = store.pods.isPresent(row);
    const action = story.int(16);
    if (action < 5) world.pod(`p${second}`, podSpec(story.int(6)), `n${node}`);
    else if (action === 5) kubelets.crash(node);
    else if (action === 6 || action === 7) kubelets.recover(node);
    else if (action === 8) kubelets.partition(node);
    else if (action === 9) kubelets.heal(node);
    else if (action === 10) kubelets.stopKubelet(node);
    else if (action === 11) kubelets.startKubelet(node);
    else if (isPod && action === 12) store.podWriter.requestDeletion(row);
    else if (isPod && action === 13) store.podWriter.requestDeletion(row, story.int(3));
    else if (isPod && action === 14) kubelets.exitContainer(row, 0, story.int(3));
    else if (isPod) kubelets.hangContainer(row, 0);
    world.run(second + 1);
  }
}

function podSpec(kind: number): Parameters<NodeWorld["pod"]>[1] {
  const probe = { periodSeconds: 3, failureThreshold: 2 };
  const initContainers = [
    { name: "setup", image: "init:1" },
    { name: "proxy", image: "proxy:1", restartPolicy: "Always" },
  ];
  const specs: Parameters<NodeWorld["pod"]>[1][] = [
    {},
    { container: { image: "gone:1" } },
    { initContainers },
    { container: { image: "other", readinessProbe: probe, livenessProbe: probe } },
    { restartPolicy: "Never", container: { startupProbe: { ...probe, failureThreshold: 5 } } },
    { restartPolicy: "OnFailure", activeDeadlineSeconds: 60, initContainers },
  ];
  return specs[kind];
}

function register(world: NodeWorld): void {
  for (let node = 0; node < NODES; node++) world.node(`n${node}`);
}

/** All back to order: every pod has to reach a state of rest. */
function settle(world: NodeWorld, at: number): void {
  for (let node = 0; node < NODES; node++) {
    world.kubelets.recover(node);
    world.kubelets.heal(node);
    world.kubelets.startKubelet(node);
  }
  world.run(at);
}

describe("random stories of pods and outages", () => {
  for (const seed of [1, 2, 3, 4, 5, 6]) {
    it(`seed ${seed}: fork equals continue`, () => {
      const straight = worldWithNodes();
      register(straight);
      play(straight, seed, 0, 150);
      const saved = encodeCheckpoint(straight.engine.checkpoint());
      play(straight, seed, 150, 300);
      const forked = worldWithNodes();
      forked.engine.restore(decodeCheckpoint(saved));
      play(forked, seed, 150, 300);
      expect(forked.engine.unseed()).toBe(straight.engine.unseed());
      expect(fingerprint(forked.engine.checkpoint().cells)).toBe(fingerprint(straight.engine.checkpoint().cells));
    });

    it(`seed ${seed}: observers and explicit ticks leave no trace`, () => {
      const plain = worldWithNodes();
      plain.store.events.isEnabled = false;
      register(plain);
      play(plain, seed, 0, 200);
      const watched = worldWithNodes(true).record();
      register(watched);
      play(watched, seed, 0, 200);
      expect(watched.engine.unseed()).toBe(plain.engine.unseed());
      expect(watched.decisions.length).toBeGreaterThan(10);
    });

    it(`seed ${seed}: after all outages every pod runs, has ended, waits for its restart or is gone`, () => {
      const world = worldWithNodes();
      register(world);
      play(world, seed, 0, 300);
      settle(world, 1000);
      const { pods } = world.store;
      const unsettled: string[] = [];
      const ips = new Set<number>();
      for (let row = pods.first(); row !== -1; row = pods.after(row)) {
        const [phase, readiness] = world.state(row).split(" ");
        const waits = ["ErrImagePull", "ImagePullBackOff", "CrashLoopBackOff"].includes(world.containerState(row));
        const rests = phase === "Succeeded" || phase === "Failed" || (phase === "Running" && readiness === "ready");
        const isTrue = !rests || phase !== "Running" || world.kubelets.isRunning(row);
        if ((!rests && !waits) || !isTrue || pods.isDeleting(row)) {
          unsettled.push(`${pods.name.get(row)}: ${world.state(row)} ${world.containerState(row)}`);
        }
        if (phase !== "Running" || !world.kubelets.isRunning(row)) continue;
        expect(ips.has(pods.ip.get(row))).toBe(false);
        ips.add(pods.ip.get(row));
      }
      expect(unsettled).toEqual([]);
      expect(ips.size).toBeGreaterThan(5);
      world.engine.audit();
    });
  }
});
