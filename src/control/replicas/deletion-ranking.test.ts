import { describe, expect, test } from "vitest";
import { CONDITION, POD_PHASE, type PodStatusChange } from "../../store/index.ts";
import { WorkloadFixture } from "../workload-fixture.ts";
import { ageBucket, DeletionRanking, parseDeletionCost, RANKING_RULES } from "./deletion-ranking.ts";

describe("ages are compared by the whole binary logarithm of their nanoseconds", () => {
  const check = (ageMicros: number, bucket: number): void => expect(ageBucket(ageMicros)).toBe(bucket);
  test("none", () => check(0, -1));
  test("negative", () => check(-5, -1));
  test("1 µs is 1000 ns", () => check(1, 9));
  test("2^32 ns and beyond", () => {
    check(4_294_967, 31);
    check(4_294_968, 32);
    check(3600 * 1_000_000, 41);
  });
});

describe("deletion cost", () => {
  const check = (text: string | undefined, cost: number): void => expect(parseDeletionCost(text)).toBe(cost);
  test("is an int32", () => {
    check("0", 0);
    check("10", 10);
    check("-10", -10);
    check("2147483647", 2147483647);
    check("-2147483648", -2147483648);
  });
  test("counts 0 when absent or anything else", () => {
    for (const text of [undefined, "", "007", "+5", "2147483648", "1.5", "abc", "5 "]) check(text, 0);
  });
});

interface Given {
  readonly annotations?: Record<string, string>;
  readonly status?: PodStatusChange;
  readonly isUnbound?: boolean;
  readonly createdAt?: number;
  readonly readyAt?: number;
  readonly node?: string;
}

/** Two pods that differ as given: the first has to go, by the rule. */
function check(
  rule: (typeof RANKING_RULES)[number],
  first: Given,
  second: Given,
  countOnNode = (_: number) => 0,
): void {
  const { store, engine } = new WorkloadFixture();
  engine.run(100_000_000);
  const make = (name: string, given: Given): number => {
    const { annotations = {}, status, isUnbound = false, createdAt = 0, readyAt = 0, node = "n1" } = given;
    const template = store.templateOf({ metadata: { annotations }, spec: { containers: [{ name: "app" }] } });
    const bound = isUnbound ? {} : { nodeName: node };
    const result = store.podWriter.create({ namespace: "default", name, template, ...bound });
    if (!result.ok) throw new Error(result.status.message);
    store.podWriter.updateStatus(result.row, {
      phase: POD_PHASE.running,
      conditions: { Ready: CONDITION.true },
      ...status,
    });
    store.pods.createdAt.set(result.row, createdAt);
    store.pods.readyAt.set(result.row, readyAt);
    return result.row;
  };
  const b = make("b", second);
  const a = make("a", first);
  const ranking = new DeletionRanking(store, countOnNode);
  const verdict = ranking.compare(a, b);
  expect(RANKING_RULES[verdict.rule]).toBe(rule);
  expect(verdict.order).toBeLessThan(0);
  expect(ranking.compare(b, a).order).toBeGreaterThan(0);
  expect(ranking.sorted([b, a])).toEqual([a, b]);
}

describe("who is deleted first", () => {
  const notReady: PodStatusChange = { conditions: { Ready: CONDITION.false } };
  const restarted = (restartCount: number): PodStatusChange => ({
    containers: [{ name: "app", image: "", imageID: "", ready: true, restartCount }],
  });
  test("unassigned before assigned", () => check("unassigned", { isUnbound: true }, { status: notReady }));
  test("Pending before Unknown before Running", () => {
    check("phase", { status: { phase: POD_PHASE.pending } }, { status: { phase: POD_PHASE.unknown } });
    check("phase", { status: { phase: POD_PHASE.unknown } }, {});
  });
  test("not ready before ready", () => check("not ready", { status: notReady }, {}));
  test("the smaller deletion cost", () => {
    const cost = (text: string) => ({ annotations: { "controller.kubernetes.io/pod-deletion-cost": text } });
    check("deletion cost", cost("-1"), {});
    check("deletion cost", {}, cost("5"));
  });
  test("where more related pods are on the node", () => {
    check("doubled up on its node", { node: "full" }, { node: "free" }, (id) => (id === 1 ? 5 : 2));
  });
  test("ready for a shorter time, by magnitude", () => {
    check("ready for a shorter time", { readyAt: 90_000_000 }, { readyAt: 50_000_000 });
  });
  test("of one magnitude of time the smaller uid", () => {
    const fixture = new WorkloadFixture();
    const { store } = fixture;
    fixture.run(100);
    const rows = ["a", "b", "c", "d"].map((name) => fixture.createPod(name, {}));
    for (const [i, row] of rows.entries()) store.pods.readyAt.set(row, 50_000_000 + i * 1_000_000);
    const uidOf = (row: number): string => store.rendering.uid(store.pods.serial.get(row));
    const sorted = new DeletionRanking(store, () => 0).sorted(rows);
    expect(sorted.map(uidOf)).toEqual(rows.map(uidOf).sort());
  });
  test("more restarts", () => check("restarts", { status: restarted(3) }, { status: restarted(1) }));
  test("younger, by magnitude", () => check("younger", { createdAt: 90_000_000 }, { createdAt: 50_000_000 }));
});
