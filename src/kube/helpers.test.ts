import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { conditionStatus, removeCondition, setCondition } from "./conditions.ts";
import { resolveFenceposts, resolveIntOrPercent } from "./int-or-percent.ts";
import { generatedName, SAFE_ALPHABET, safeEncode } from "./names.ts";
import { isPodActive, isPodAvailable, isPodReady, isPodTerminating, objectKey, podRestartCount } from "./pod-status.ts";
import { canonicalText, isSameTemplate, templateHash } from "./template-hash.ts";
import type { Condition, IntOrString, Pod, PodStatus } from "./types.ts";

describe("conditions", () => {
  const old: Condition = { type: "Ready", status: "True", reason: "Up", lastTransitionTime: "T1" };
  const check = (name: string, next: Condition, expected: Condition) =>
    test(name, () => expect(setCondition([old], next, "T2").find(({ type }) => type === next.type)).toEqual(expected));
  check("same status keeps the time", { type: "Ready", status: "True", reason: "X" }, { ...old, reason: "X" });
  check(
    "flip moves the time",
    { type: "Ready", status: "False" },
    { type: "Ready", status: "False", lastTransitionTime: "T2" },
  );
  check("new one", { type: "New", status: "True" }, { type: "New", status: "True", lastTransitionTime: "T2" });

  test("nothing changed is the same array", () => {
    const conditions = [old];
    expect(setCondition(conditions, { type: "Ready", status: "True", reason: "Up" }, "T2")).toBe(conditions);
    expect(removeCondition(conditions, "Gone")).toBe(conditions);
    expect(conditionStatus(removeCondition(conditions, "Ready"), "Ready")).toBeUndefined();
  });
});

describe("resolveIntOrPercent", () => {
  const check = (value: IntOrString, total: number, up: number, down: number) =>
    test(`${value} of ${total}`, () => {
      expect([resolveIntOrPercent(value, total, "up"), resolveIntOrPercent(value, total, "down")]).toEqual([up, down]);
    });
  check("25%", 10, 3, 2);
  check("25%", 4, 1, 1);
  check("100%", 7, 7, 7);
  check("0%", 7, 0, 0);
  check(3, 7, 3, 3);
  test("not a percentage", () => expect(() => resolveIntOrPercent("3", 7, "up")).toThrow('"3" is neither'));
  test("fenceposts", () => {
    expect(resolveFenceposts("25%", "25%", 3)).toEqual({ maxSurge: 1, maxUnavailable: 0 });
    expect(resolveFenceposts("0%", "10%", 3)).toEqual({ maxSurge: 0, maxUnavailable: 1 });
  });
});

describe("names", () => {
  test("base is cut and five characters are drawn", () => {
    const drawn = [0, 26, 1, 2, 3];
    expect(generatedName("web-", () => drawn.shift() ?? 0)).toBe("web-b9cdf");
    expect(generatedName("x".repeat(70), () => 0)).toBe(`${"x".repeat(58)}bbbbb`);
  });
  test("safe alphabet", () => {
    expect(SAFE_ALPHABET).toHaveLength(27);
    expect(safeEncode("0")).toBe("4");
  });
});

describe("template hash", () => {
  const template = { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "c", image: "nginx" }] } };
  const turned = { spec: { containers: [{ image: "nginx", name: "c" }] }, metadata: { labels: { app: "web" } } };
  test("key order does not matter", () => expect(templateHash(turned)).toBe(templateHash(template)));
  test("collision count does", () => expect(templateHash(template, 1)).not.toBe(templateHash(template)));
  test("pinned", () => expect(templateHash(template)).toBe("5776f98846"));
  test("the hash label is left out of the comparison", () => {
    const labelled = { ...template, metadata: { labels: { app: "web", "pod-template-hash": "x" } } };
    expect(isSameTemplate(template, labelled)).toBe(true);
    expect(isSameTemplate(template, { ...template, metadata: { labels: { app: "db" } } })).toBe(false);
  });
  test("always short and safe", () => {
    fc.assert(
      fc.property(fc.string(), (image) => {
        const hash = templateHash({ spec: { containers: [{ name: "c", image }] } });
        expect(hash).toMatch(/^[bcdfghjklmnpqrstvwxz2456789]{1,10}$/);
      }),
    );
  });
  test("undefined fields do not count", () => expect(canonicalText({ b: 1, a: undefined })).toBe('{"b":1}'));
});

describe("pod status", () => {
  const pod = (status: PodStatus, deletionTimestamp?: string): Pod => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "web", namespace: "shop", ...(deletionTimestamp && { deletionTimestamp }) },
    spec: { containers: [] },
    status,
  });
  const ready = pod({
    phase: "Running",
    conditions: [{ type: "Ready", status: "True", lastTransitionTime: "1970-01-01T00:00:10Z" }],
  });
  test("active and terminating", () => {
    expect([isPodActive(ready), isPodTerminating(ready)]).toEqual([true, false]);
    expect([isPodActive(pod({ phase: "Failed" })), isPodActive(pod({ phase: "Running" }, "T"))]).toEqual([
      false,
      false,
    ]);
    expect([isPodTerminating(pod({ phase: "Failed" }, "T")), isPodTerminating(pod({}, "T"))]).toEqual([false, true]);
  });
  test("available after minReadySeconds", () => {
    expect([isPodReady(ready), isPodReady(pod({}))]).toEqual([true, false]);
    expect([
      isPodAvailable(ready, 0, 0),
      isPodAvailable(ready, 5, 14_999_999),
      isPodAvailable(ready, 5, 15_000_000),
    ]).toEqual([true, false, true]);
  });
  test("restarts and key", () => {
    const status = (restartCount: number) => ({ name: "c", ready: true, restartCount, image: "x" });
    expect(
      podRestartCount(pod({ initContainerStatuses: [status(1)], containerStatuses: [status(2), status(3)] })),
    ).toBe(6);
    expect([objectKey(ready), objectKey({ metadata: { name: "n1" } })]).toEqual(["shop/web", "n1"]);
  });
});
