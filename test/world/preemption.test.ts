import { expect, test } from "vitest";
import { type KubeObject, withDefaults } from "../../src/kube/index.ts";
import type { LoggedDecision } from "../../src/store/index.ts";
import { planOf, pod } from "../../src/testing/index.ts";
import { seconds } from "../../src/units/index.ts";
import { World } from "../../src/world/index.ts";

test("victims are told to go after the preemption latency", () => {
  const decisions: LoggedDecision[] = [];
  const high = { apiVersion: "scheduling.k8s.io/v1", kind: "PriorityClass", metadata: { name: "high" }, value: 1000 };
  const resources = { requests: { cpu: "3" } };
  const urgent = pod("urgent", { resources, pod: { priorityClassName: "high" } });
  const object = withDefaults(urgent as KubeObject);
  const source = { file: "urgent.yaml", line: 1, column: 1 };
  const actions = [{ kind: "apply", atMicros: seconds(10), objects: [{ object, source, simulated: true }] }] as const;
  const plan = planOf({ nodes: 1, objects: [high, pod("low", { resources })], actions, duration: "1m" });
  const timing = { ...plan.timing, preemptionLatency: { constant: seconds(5) } };
  const world = World.from(
    { ...plan, timing },
    { event: () => {}, decision: (one) => decisions.push(one), sample: () => {} },
  );
  world.run();
  const at = (what: string) => decisions.find((one) => one.what === what)?.t ?? Number.NaN;
  expect(at("evict") - at("preempt")).toBe(seconds(5));
});
