import { describe, expect, test } from "vitest";
import { nonZeroRequests, podLimits, podRequests } from "./pod-requests.ts";
import { qosClass } from "./qos.ts";
import type { Container, PodSpec, Quantities } from "./types.ts";

const container = (requests?: Quantities, limits?: Quantities, more: Partial<Container> = {}): Container => ({
  name: "c",
  resources: { ...(requests && { requests }), ...(limits && { limits }) },
  ...more,
});
const MiB = 1024 * 1024;

describe("podRequests", () => {
  const check = (
    name: string,
    spec: PodSpec,
    cpuMilli: number,
    memoryBytes: number,
    scalars: [string, number][] = [],
  ) =>
    test(name, () => {
      const found = podRequests(spec);
      expect([found.cpuMilli, found.memoryBytes, [...found.scalars]]).toEqual([cpuMilli, memoryBytes, scalars]);
    });
  const app = container({ cpu: "100m", memory: "64Mi" });
  check("none", { containers: [{ name: "c" }] }, 0, 0);
  check("sum of containers", { containers: [app, app] }, 200, 128 * MiB);
  check("rounded once", { containers: [container({ cpu: "100u" }), container({ cpu: "100u" })] }, 1, 0);
  check("init container above", { containers: [app], initContainers: [container({ cpu: "1" })] }, 1000, 64 * MiB);
  check(
    "sidecar counts beside containers and later init containers",
    {
      containers: [app],
      initContainers: [
        container({ cpu: "200m" }, undefined, { restartPolicy: "Always" }),
        container({ cpu: "500m", memory: "1Mi" }),
      ],
    },
    700,
    64 * MiB,
  );
  check(
    "init container before the sidecar stands alone",
    {
      containers: [app],
      initContainers: [container({ cpu: "250m" }), container({ cpu: "200m" }, undefined, { restartPolicy: "Always" })],
    },
    300,
    64 * MiB,
  );
  check(
    "pod level replaces, overhead adds",
    { containers: [app], resources: { requests: { cpu: "1" } }, overhead: { cpu: "50m", memory: "6Mi" } },
    1050,
    70 * MiB,
  );
  check(
    "scalars",
    { containers: [container({ "nvidia.com/gpu": "2", "hugepages-2Mi": "4Mi", storage: "1Gi" })] },
    0,
    0,
    [
      ["hugepages-2Mi", 4 * MiB],
      ["nvidia.com/gpu", 2],
    ],
  );
});

test("limits: overhead only where there is a limit", () => {
  const found = podLimits({ containers: [container({}, { cpu: "1" })], overhead: { cpu: "50m", memory: "6Mi" } });
  expect([found.cpuMilli, found.memoryBytes]).toEqual([1050, 0]);
});

describe("nonZeroRequests", () => {
  const check = (name: string, spec: PodSpec, isBound: boolean, expected: [number, number]) =>
    test(name, () => {
      const found = nonZeroRequests(spec, { isBound });
      expect([found.cpuMilli, found.memoryBytes]).toEqual(expected);
    });
  check("missing", { containers: [{ name: "a" }, { name: "b" }] }, false, [200, 400 * MiB]);
  check("explicit zero", { containers: [container({ cpu: "0", memory: "0" })] }, false, [0, 0]);
  const podLevel: PodSpec = { containers: [{ name: "a" }], resources: { requests: { cpu: "1" } } };
  check("incoming pod level is ignored", podLevel, false, [100, 200 * MiB]);
  check("bound pod level counts", podLevel, true, [1000, 200 * MiB]);
});

describe("qosClass", () => {
  const check = (expected: string, spec: PodSpec) => test(expected, () => expect(qosClass(spec)).toBe(expected));
  const full = { cpu: "1", memory: "1Gi" };
  check("BestEffort", { containers: [{ name: "a" }] });
  check("BestEffort", { containers: [container({ cpu: "0" }, { "nvidia.com/gpu": "1" })] });
  check("Guaranteed", { containers: [container(full, { cpu: "1000m", memory: "1024Mi" })] });
  check("Burstable", { containers: [container(full, { cpu: "2", memory: "1Gi" })] });
  check("Burstable", { containers: [container(full, full), { name: "b" }] });
  check("Burstable", { containers: [container(full, full)], initContainers: [container({ cpu: "1" })] });
  check("Guaranteed", { containers: [{ name: "a" }], resources: { requests: full, limits: full } });
});
