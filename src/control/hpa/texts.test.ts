import { describe, expect, it } from "vitest";
import type { LabelSelector } from "../../kube/index.ts";
import { selectorText } from "../selector-text.ts";
import { type Milli, milliOfQuantity } from "./index.ts";
import { podRequestsOf } from "./pod-requests.ts";
import { formatMilliQuantity } from "./quantities.ts";
import { requestOf } from "./requests.ts";
import { tolerancesOf } from "./tolerances.ts";

describe("quantities", () => {
  const check = (value: Milli, format: "DecimalSI" | "BinarySI", text: string) =>
    it(`prints ${value} as ${text}`, () => expect(formatMilliQuantity(value, format)).toBe(text));

  check(0, "DecimalSI", "0");
  check(250, "DecimalSI", "250m");
  check(2000, "DecimalSI", "2");
  check(45_500, "DecimalSI", "45500m");
  check(3_000_000, "DecimalSI", "3k");
  check(104_857_600_000, "BinarySI", "100Mi");
  check(104_857_600_500, "BinarySI", "104857600500m");
  check(1_000_000, "BinarySI", "1k");
  check(9_223_372_036_854_775_807n, "DecimalSI", "9223372036854775807m");

  it("rounds up to milli-units, exactly", () => {
    expect(milliOfQuantity("104723u")).toBe(105);
    expect(milliOfQuantity("9223372036854775")).toBe(9223372036854775000n);
  });
});

describe("selectors in messages", () => {
  const check = (selector: LabelSelector | undefined, text: string) =>
    it(text, () => expect(selectorText(selector)).toBe(text));

  check(undefined, "nil");
  check(
    { matchLabels: { q: "orders", a: "b" } },
    "&LabelSelector{MatchLabels:map[string]string{a: b,q: orders,},MatchExpressions:[]LabelSelectorRequirement{},}",
  );
  check(
    { matchExpressions: [{ key: "k", operator: "In", values: ["x", "y"] }] },
    "&LabelSelector{MatchLabels:map[string]string{},MatchExpressions:[]LabelSelectorRequirement{LabelSelectorRequirement{Key:k,Operator:In,Values:[x y],},},}",
  );
});

describe("requests", () => {
  const container = (name: string, cpu?: string, restartPolicy?: string) => ({
    name,
    ...(cpu !== undefined && { resources: { requests: { cpu } } }),
    ...(restartPolicy !== undefined && { restartPolicy }),
  });
  const check = (
    title: string,
    spec: Parameters<typeof podRequestsOf>[0],
    [named, resource]: [string, string],
    expected: Milli | string,
  ) => it(title, () => expect(requestOf({ name: "p", requests: podRequestsOf(spec) }, named, resource)).toBe(expected));

  const plain = { containers: [container("a", "100m"), container("b", "1")], initContainers: [container("i", "5")] };
  const sidecar = { ...plain, initContainers: [container("s", "50m", "Always"), container("i", "5")] };
  const overall = { ...plain, resources: { requests: { memory: "1Gi" } }, overhead: { cpu: "10m" } };
  check("sums containers", plain, ["", "cpu"], 1100);
  check("counts sidecars", sidecar, ["", "cpu"], 1150);
  check("takes one container", sidecar, ["s", "cpu"], 50);
  check("misses a container", plain, ["nosuch", "cpu"], "container nosuch not found in Pod p");
  check("misses a request", plain, ["", "memory"], "missing request for memory in container a of Pod p");
  check("takes the pod's own request", overall, ["", "memory"], 1_073_741_824_000);
  check("reckons the rest as the scheduler does", overall, ["", "cpu"], 5010);
  check("misses a request at pod level", overall, ["", "gpu"], "missing pod-level request for gpu in Pod p");
});

describe("tolerances", () => {
  it("takes the HPA's own where it has one", () => {
    expect(tolerancesOf({ scaleUp: { tolerance: "0.3" }, scaleDown: {} }, 0.1)).toEqual({ up: 300 * 0.001, down: 0.1 });
    expect(tolerancesOf({ scaleDown: { tolerance: "0" } }, 0.1)).toEqual({ up: 0.1, down: 0 });
    expect(tolerancesOf(undefined, 0.2)).toEqual({ up: 0.2, down: 0.2 });
  });
});
