import { describe, expect, test } from "vitest";
import { claimRangeRefusal, defaultLimitRange, limitRangeRefusal, withLimitRange } from "./limit-range.ts";
import type { LimitRangeItem, PodSpec, ResourceRequirements } from "./types.ts";

const range = (item: LimitRangeItem) =>
  defaultLimitRange({ apiVersion: "v1", kind: "LimitRange", metadata: { name: "l" }, spec: { limits: [item] } });
const podOf = (...resources: ResourceRequirements[]): PodSpec => ({
  containers: resources.map((own, index) => ({ name: `c${index}`, resources: own })),
});

describe("defaults", () => {
  test("limits come from max, requests from limits, then from min", () => {
    const [item] = range({ type: "Container", max: { cpu: "1" }, min: { cpu: "100m", memory: "1Mi" } }).spec.limits;
    expect(item).toMatchObject({ default: { cpu: "1" }, defaultRequest: { cpu: "1", memory: "1Mi" } });
  });

  test("fill in what a container leaves out, and say so", () => {
    const limits = range({ type: "Container", default: { cpu: "1", memory: "1Gi" }, defaultRequest: { cpu: "100m" } });
    const spec = { ...podOf({}, { limits: { cpu: "2", memory: "2Gi" }, requests: { cpu: "2", memory: "1Gi" } }) };
    const made = withLimitRange({ spec, annotations: {} }, limits);
    expect(made.spec.containers[0]?.resources).toEqual({
      requests: { cpu: "100m", memory: "1Gi" },
      limits: { cpu: "1", memory: "1Gi" },
    });
    expect(made.spec.containers[1]).toBe(spec.containers[1]);
    expect(made.annotations).toEqual({
      "kubernetes.io/limit-ranger":
        "LimitRanger plugin set: cpu, memory request for container c0; cpu, memory limit for container c0",
    });
  });
});

describe("refusals", () => {
  test.each<[string, LimitRangeItem, ResourceRequirements[], string | undefined]>([
    ["within", { type: "Container", max: { cpu: "1" } }, [{ limits: { cpu: "1" }, requests: { cpu: "1" } }], undefined],
    [
      "limit above max",
      { type: "Container", max: { memory: "1Gi" } },
      [{ limits: { memory: "2Gi" } }],
      "maximum memory usage per Container is 1Gi, but limit is 2Gi",
    ],
    [
      "no limit",
      { type: "Container", max: { cpu: "1" } },
      [{}],
      "maximum cpu usage per Container is 1.  No limit is specified",
    ],
    [
      "request above max",
      { type: "Container", max: { cpu: "1" } },
      [{ limits: { cpu: "1" }, requests: { cpu: "1500m" } }],
      "maximum cpu usage per Container is 1, but request is 1500m",
    ],
    [
      "request below min",
      { type: "Container", min: { cpu: "100m" } },
      [{ requests: { cpu: "50m" } }],
      "minimum cpu usage per Container is 100m, but request is 50m",
    ],
    [
      "no request",
      { type: "Container", min: { cpu: "100m" } },
      [{}],
      "minimum cpu usage per Container is 100m.  No request is specified",
    ],
    [
      "ratio",
      { type: "Container", maxLimitRequestRatio: { cpu: "2" } },
      [{ requests: { cpu: "250m" }, limits: { cpu: "1" } }],
      "cpu max limit to request ratio per Container is 2, but provided ratio is 4.000000",
    ],
    [
      "ratio without request",
      { type: "Container", maxLimitRequestRatio: { cpu: "2" } },
      [{ limits: { cpu: "1" } }],
      "cpu max limit to request ratio per Container is 2, but no request is specified or request is 0",
    ],
    [
      "several of a pod",
      { type: "Pod", max: { cpu: "1", memory: "1Gi" } },
      [
        { limits: { cpu: "1", memory: "1Gi" }, requests: { cpu: "1", memory: "1Gi" } },
        { limits: { cpu: "1", memory: "1Gi" }, requests: { cpu: "1", memory: "1Gi" } },
      ],
      "[maximum cpu usage per Pod is 1, but limit is 2, maximum memory usage per Pod is 1Gi, but limit is 2Gi]",
    ],
  ])("%s", (_name, item, resources, expected) => {
    expect(limitRangeRefusal(podOf(...resources), range(item))).toBe(expected);
  });

  test("of a claim", () => {
    const limits = range({ type: "PersistentVolumeClaim", min: { storage: "1Gi" }, max: { storage: "5Gi" } });
    const text = (storage: string): string | undefined => claimRangeRefusal({ storage }, limits);
    expect(text("2Gi")).toBeUndefined();
    expect(text("500Mi")).toBe("minimum storage usage per PersistentVolumeClaim is 1Gi, but request is 500Mi");
    expect(text("6Gi")).toBe("maximum storage usage per PersistentVolumeClaim is 5Gi, but request is 6Gi");
  });
});
