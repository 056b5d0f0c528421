import { describe, expect, it } from "vitest";
import type { HorizontalPodAutoscaler, HpaScalingPolicy } from "../../kube/index.ts";
import { normalise } from "./behavior.ts";
import { type ScaleHistory, withScaleEvent } from "./history.ts";

const SECOND = 1_000_000;
const NOW = 1000 * SECOND;
type Behavior = HorizontalPodAutoscaler["spec"]["behavior"];

function history(parts: {
  seen?: [number, number][];
  up?: [number, number][];
  down?: [number, number][];
}): ScaleHistory {
  const events = (list: [number, number][] = []) =>
    list.map(([age, change]) => ({ change, atMicros: NOW - age * SECOND, isOutdated: false }));
  const recommendations = (parts.seen ?? []).map(([age, replicas]) => ({ replicas, atMicros: NOW - age * SECOND }));
  return { recommendations, upEvents: events(parts.up), downEvents: events(parts.down) };
}

/** `change` is [current, desired, min, max]; `expected` is [replicas, reason of AbleToScale, reason of ScalingLimited]. */
function check(
  title: string,
  change: [number, number, number, number],
  past: Parameters<typeof history>[0],
  behavior: Behavior,
  expected: [number, string, string],
): void {
  it(title, () => {
    const [currentReplicas, desiredReplicas, minReplicas, maxReplicas] = change;
    const bounds = { currentReplicas, desiredReplicas, minReplicas, maxReplicas };
    const rest = { history: history(past), now: NOW, downscaleWindowMicros: 300 * SECOND };
    const result = normalise({ ...bounds, ...rest }, behavior);
    expect([result.replicas, result.ableToScale.reason, result.scalingLimited.reason]).toEqual(expected);
    expect(result.scalingLimited.isLimited).toBe(expected[2] !== "DesiredWithinRange");
  });
}

const READY = "ReadyForNewScale";
const WITHIN = "DesiredWithinRange";
const pods = (value: number, periodSeconds: number): HpaScalingPolicy => ({ type: "Pods", value, periodSeconds });
const percent = (value: number, periodSeconds: number): HpaScalingPolicy => ({ type: "Percent", value, periodSeconds });

describe("without spec.behavior", () => {
  check("follows the metrics", [3, 5, 1, 10], {}, undefined, [5, READY, WITHIN]);
  check("at most doubles", [3, 9, 1, 10], {}, undefined, [6, READY, "ScaleUpLimit"]);
  check("may always reach four", [1, 9, 1, 10], {}, undefined, [4, READY, "ScaleUpLimit"]);
  check("stops at the maximum", [8, 12, 1, 10], {}, undefined, [10, READY, "TooManyReplicas"]);
  check("stops at the minimum", [8, 1, 2, 10], {}, undefined, [2, READY, "TooFewReplicas"]);
  check("counts a recommendation as old as the window", [8, 2, 1, 10], { seen: [[300, 7]] }, undefined, [
    7,
    "ScaleDownStabilized",
    WITHIN,
  ]);
  check("forgets an older one", [8, 2, 1, 10], { seen: [[300.000001, 7]] }, undefined, [2, READY, WITHIN]);
});

describe("with spec.behavior", () => {
  const up = (rules: NonNullable<Behavior>["scaleUp"]): Behavior => ({ scaleUp: rules ?? {} });
  const down = (rules: NonNullable<Behavior>["scaleDown"]): Behavior => ({ scaleDown: rules ?? {} });
  check("adds four pods or doubles by default", [3, 20, 1, 30], {}, {}, [7, READY, "ScaleUpLimit"]);
  check("takes the smaller change with Min", [10, 30, 1, 40], {}, up({ selectPolicy: "Min" }), [
    14,
    READY,
    "ScaleUpLimit",
  ]);
  check("holds with Disabled", [10, 30, 1, 40], {}, up({ selectPolicy: "Disabled" }), [10, READY, "ScaleUpLimit"]);
  check("counts its changes within the period", [10, 30, 1, 40], { up: [[14, 3]] }, up({ policies: [pods(4, 15)] }), [
    11,
    READY,
    "ScaleUpLimit",
  ]);
  check("not one as old as the period", [10, 30, 1, 40], { up: [[15, 3]] }, up({ policies: [pods(4, 15)] }), [
    14,
    READY,
    "ScaleUpLimit",
  ]);
  check("gives back what was removed", [10, 30, 1, 40], { down: [[5, 6]] }, up({ policies: [pods(4, 15)] }), [
    20,
    READY,
    "ScaleUpLimit",
  ]);
  check("rounds a percentage up", [7, 30, 1, 40], {}, up({ policies: [percent(10, 60)] }), [8, READY, "ScaleUpLimit"]);
  check(
    "waits for the lowest in the up window",
    [4, 9, 1, 40],
    { seen: [[59, 6]] },
    up({ stabilizationWindowSeconds: 60 }),
    [6, "ScaleUpStabilized", WITHIN],
  );
  check("not for one as old as it", [4, 8, 1, 40], { seen: [[60, 6]] }, up({ stabilizationWindowSeconds: 60 }), [
    8,
    READY,
    WITHIN,
  ]);
  check("takes 300 s downwards when nothing is said", [8, 2, 1, 10], { seen: [[299, 7]] }, {}, [
    7,
    "ScaleDownStabilized",
    WITHIN,
  ]);
  const now = { stabilizationWindowSeconds: 0 };
  check("rounds a percentage down", [7, 1, 1, 40], {}, down({ ...now, policies: [percent(10, 60)] }), [
    6,
    READY,
    "ScaleDownLimit",
  ]);
  check("removes the most with Max", [20, 1, 1, 40], {}, down({ ...now, policies: [percent(10, 60), pods(5, 60)] }), [
    15,
    READY,
    "ScaleDownLimit",
  ]);
  check("stops at the minimum", [6, 1, 3, 40], {}, down(now), [3, READY, "TooFewReplicas"]);
  check("does not lift what stays", [2, 2, 3, 40], {}, down(now), [2, READY, WITHIN]);
});

describe("scale events", () => {
  const policies = [pods(4, 15), percent(50, 60)];
  it("keeps the directions apart and uses outdated slots again", () => {
    const start = history({
      up: [
        [61, 1],
        [30, 2],
        [60.5, 3],
      ],
    });
    const next = withScaleEvent(start, policies, { before: 4, after: 9, now: NOW });
    expect(next.upEvents.map(({ change, isOutdated }) => [change, isOutdated])).toEqual([
      [1, true],
      [2, false],
      [5, false],
    ]);
    expect(withScaleEvent(next, policies, { before: 9, after: 7, now: NOW }).downEvents).toEqual([
      { change: 2, atMicros: NOW, isOutdated: false },
    ]);
  });
});
