import { describe, expect, test } from "vitest";
import { adviceOn, type Topic } from "../../src/answers/index.ts";
import { autoscaler, deployment, planOf, pod } from "../../src/testing/index.ts";

const cpu = (milli: number) => ({ resources: { requests: { cpu: `${milli}m` } } });

function found(topic: Topic, nodes: number, ...objects: object[]): string[] {
  return adviceOn(topic, { plan: planOf({ nodes, objects }) }).map(({ code, message }) => `${code} ${message}`);
}

function budget(name: string, spec: object, app = "web"): object {
  const selector = { matchLabels: { app } };
  return { apiVersion: "policy/v1", kind: "PodDisruptionBudget", metadata: { name }, spec: { selector, ...spec } };
}

describe("rollouts", () => {
  test("a surge that finds no room, and none may be unavailable", () => {
    expect(found("rollouts", 3, deployment("web", { replicas: 3, ...cpu(2500) }))).toEqual([
      expect.stringMatching(
        /^W0223 Deployment default\/web: a rollout cannot finish \(maxSurge 25% is 1, maxUnavailable 25% is 0 of 3\): 0\/3 nodes are available: 3 Insufficient cpu\./,
      ),
    ]);
  });

  test.each([
    ["there is room", 4, deployment("web", { replicas: 3, ...cpu(2500) })],
    ["one may be away", 4, deployment("web", { replicas: 4, ...cpu(2500) })],
    [
      "all are replaced at once",
      3,
      deployment("web", { replicas: 3, ...cpu(2500), spec: { strategy: { type: "Recreate" } } }),
    ],
    ["nothing runs", 1, deployment("web", { replicas: 0, ...cpu(9000) })],
  ])("no complaint when %s", (_why, nodes, object) => {
    expect(found("rollouts", nodes, object)).toEqual([]);
  });
});

describe("hpa", () => {
  const web = deployment("web", { replicas: 3, ...cpu(100) });

  test("never scales, two of one target, replicas in the manifest", () => {
    const second = { ...autoscaler("web", 50, 5, 5), metadata: { name: "other" } };
    expect(found("hpa", 1, web, autoscaler("web", 60, 2, 4), second).map((line) => line.slice(0, 50))).toEqual([
      "W0224 HorizontalPodAutoscaler default/other has mi",
      "W0225 HorizontalPodAutoscaler default/other and Ho",
      "W0226 HorizontalPodAutoscaler default/other allows",
    ]);
  });

  test("a sound one", () => {
    expect(found("hpa", 1, web, autoscaler("web", 60, 2, 4))).toEqual([]);
  });
});

describe("pdb", () => {
  const web = deployment("web", { replicas: 2, ...cpu(100) });

  test.each([
    ["lets nobody go", [budget("all", { minAvailable: 2 })], [/^W0228 .* lets no pod go: 2 of 2 have to be healthy/]],
    ["percent that rounds to all", [budget("all", { minAvailable: "51%" })], [/^W0228 /]],
    ["selects nothing", [budget("none", { maxUnavailable: 1 }, "wbe")], [/^W0227 /]],
    [
      "two for one pod",
      [budget("a", { maxUnavailable: 1 }), budget("b", { maxUnavailable: 1 })],
      [/^W0229 .* select the pods of web/],
    ],
    ["sound", [budget("a", { maxUnavailable: 1 })], []],
  ])("%s", (_what, budgets, expected) => {
    expect(found("pdb", 2, web, ...budgets)).toEqual(expected.map((pattern) => expect.stringMatching(pattern)));
  });

  test("of a bare pod", () => {
    expect(found("pdb", 1, pod("web", cpu(100)), budget("a", { minAvailable: 1 }))).toEqual([
      expect.stringMatching(/^W0228 /),
    ]);
  });
});
