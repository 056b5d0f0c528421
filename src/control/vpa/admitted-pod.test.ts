import { describe, expect, test } from "vitest";
import { applicable, withRecommendations } from "./admitted-pod.ts";
import type { ContainerPolicy, ContainerRecommendation } from "./recommendation.ts";
import { compareUpdatePriority, meetsRequirements, updatePriority } from "./update-priority.ts";

const app = (resources: object) => ({ containers: [{ name: "app", image: "app", resources }] });
const to = (cpu: string, memory: string, bounds: Partial<ContainerRecommendation> = {}): ContainerRecommendation => ({
  containerName: "app",
  target: { cpu, memory },
  lowerBound: { cpu, memory },
  upperBound: { cpu, memory },
  uncappedTarget: { cpu, memory },
  ...bounds,
});

describe("admission", () => {
  const check = (resources: object, expected: object, policies: ContainerPolicy[] = []) => {
    const pod = { spec: app(resources), annotations: {} };
    const made = withRecommendations(pod, "web", [to("300m", "200")], policies);
    expect(made.spec.containers[0]?.resources).toEqual(expected);
  };

  test.each([
    ["no limits stay none", {}, { requests: { cpu: "300m", memory: "200" } }],
    [
      "limits keep their proportion",
      { requests: { cpu: "100m", memory: "100" }, limits: { cpu: "250m", memory: "1k" } },
      { requests: { cpu: "300m", memory: "200" }, limits: { cpu: "750m", memory: "2k" } },
    ],
    [
      "what was equal stays equal",
      { requests: { cpu: "1" }, limits: { cpu: "1" } },
      { requests: { cpu: "300m", memory: "200" }, limits: { cpu: "300m" } },
    ],
    [
      "a limit without a request is one of the same size",
      { limits: { cpu: "2" } },
      { requests: { cpu: "300m", memory: "200" }, limits: { cpu: "300m" } },
    ],
    [
      "thousandths of a CPU are cut off",
      { requests: { cpu: "700m" }, limits: { cpu: "1" } },
      { requests: { cpu: "300m", memory: "200" }, limits: { cpu: "428m" } },
    ],
  ])("%s", (_, resources, expected) => check(resources, expected));

  test("RequestsOnly: limits stay, and requests stay within them", () => {
    check(
      { requests: { cpu: "100m" }, limits: { cpu: "200m", memory: "1k" } },
      { requests: { cpu: "200m", memory: "200" }, limits: { cpu: "200m", memory: "1k" } },
      [{ containerName: "*", controlledValues: "RequestsOnly" }],
    );
  });

  test("containers that are switched off or unknown stay as they are", () => {
    check({ requests: { cpu: "1" } }, { requests: { cpu: "1" } }, [{ containerName: "app", mode: "Off" }]);
    expect(applicable(app({}), [{ ...to("1", "1"), containerName: "other" }], [])).toEqual([]);
  });
});

describe("priority of updates", () => {
  const priority = (requests: object, recommendation: ContainerRecommendation) =>
    updatePriority(app({ requests }), [recommendation]);
  const wide = { lowerBound: { cpu: "50m", memory: "50" }, upperBound: { cpu: "1", memory: "1k" } };

  test.each([
    ["as recommended", { cpu: "100m", memory: "100" }, { isOutside: false, scalesUp: false, difference: 0 }],
    ["within the bounds", { cpu: "200m", memory: "100" }, { isOutside: false, scalesUp: false, difference: 0.5 }],
    ["wants more", { cpu: "80m", memory: "100" }, { isOutside: false, scalesUp: true, difference: 0.25 }],
    ["below the lower bound", { cpu: "40m", memory: "100" }, { isOutside: true, scalesUp: true, difference: 1.5 }],
    ["above the upper bound", { cpu: "2", memory: "100" }, { isOutside: true, scalesUp: false, difference: 0.95 }],
    ["asks for nothing", { memory: "100" }, { isOutside: true, scalesUp: true, difference: 99 }],
  ])("%s", (_, requests, expected) => expect(priority(requests, to("100m", "100", wide))).toEqual(expected));

  test("pods that want more go first, then the larger difference", () => {
    const of = (scalesUp: boolean, difference: number) => ({ isOutside: true, scalesUp, difference });
    const sorted = [of(false, 5), of(true, 1), of(true, 2), of(false, 1)].sort(compareUpdatePriority);
    expect(sorted.map(({ scalesUp, difference }) => [scalesUp, difference])).toEqual([
      [true, 2],
      [true, 1],
      [false, 5],
      [false, 1],
    ]);
  });

  test.each([
    [[], true],
    [[["cpu", "TargetHigherThanRequests"]], false],
    [[["cpu", "TargetLowerThanRequests"]], true],
    [[["memory", "TargetHigherThanRequests"]], true],
    [
      [
        ["memory", "TargetHigherThanRequests"],
        ["cpu", "TargetHigherThanRequests"],
      ],
      false,
    ],
  ] as const)("requirements %j", (pairs, expected) => {
    const requirements = pairs.map(([resource, changeRequirement]) => ({ resources: [resource], changeRequirement }));
    const spec = app({ requests: { cpu: "1", memory: "100" } });
    expect(meetsRequirements(spec, [to("300m", "200")], requirements)).toBe(expected);
  });
});
