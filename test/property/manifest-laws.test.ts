import fc from "fast-check";
import { expect, test } from "vitest";
import { checkManifest } from "../../src/kube/index.ts";
import { planOf } from "../../src/testing/index.ts";
import { World } from "../../src/world/index.ts";
import { breachesOf } from "./invariants.ts";
import { brokenManifest, validManifests } from "./manifests.ts";
import { brokenSteps } from "./step-laws.ts";

/** Laws about what people write: valid manifests give runs that keep the laws, others are told what is wrong with them. */

const RUNS = Number(process.env.ORRERY_RUNS ?? 30);
const TIMEOUT_MILLIS = 60_000 + RUNS * 1000;

const errorsOf = (manifest: unknown): string[] =>
  checkManifest(manifest)
    .problems.filter(({ severity }) => severity === "error")
    .map(({ code, message }) => `${code} ${message}`);

test(
  "valid manifests are taken, and their controllers come to rest within the laws",
  () => {
    const law = (objects: readonly object[], seed: number): void => {
      expect(objects.flatMap(errorsOf)).toEqual([]);
      const world = World.from(planOf({ seed, objects, nodes: 2, duration: "8m" }));
      world.run();
      expect(breachesOf(world)).toEqual([]);
      expect(brokenSteps({ seed, objects, nodes: 2, duration: "40s" })).toEqual([]);
    };
    fc.assert(fc.property(validManifests(), fc.nat(1000), law), { numRuns: RUNS });
  },
  TIMEOUT_MILLIS,
);

test(
  "a manifest with something wrong is told what and where, or runs",
  () => {
    const law = (manifest: object, seed: number): void => {
      const { problems, object } = checkManifest(manifest);
      for (const { path, message } of problems) {
        expect(message).not.toBe("");
        expect(path.every((key) => typeof key === "string" || Number.isInteger(key))).toBe(true);
      }
      const errors = problems.filter(({ severity }) => severity === "error");
      expect(errors.length === 0).toBe(object !== undefined);
      if (object === undefined || seed % 8 !== 0) return;
      const world = World.from(planOf({ seed, objects: [manifest], nodes: 1, duration: "2m" }));
      world.run();
      expect(breachesOf(world)).toEqual([]);
    };
    fc.assert(fc.property(brokenManifest(), fc.nat(1000), law), { numRuns: RUNS * 40 });
  },
  TIMEOUT_MILLIS,
);
