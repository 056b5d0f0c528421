import { expect, test } from "vitest";
import type { LabelSelector, PodDisruptionBudget } from "../../kube/index.ts";
import { PodCompiler, type PodInfo } from "../pod-info.ts";
import { BudgetCheck } from "./budgets.ts";

const compiler = new PodCompiler();

function pod(name: string, labels: Record<string, string> = { app: "x" }, namespace = "default"): PodInfo {
  const place = { nodeName: "n", nominatedNodeName: "", isTerminating: false, startAt: -1 };
  return compiler.compile({ namespace, name, uid: name, labels, spec: { containers: [{ name: "c" }] }, ...place });
}

function budget(selector: LabelSelector | undefined, allowed: number, disrupted: string[] = []): PodDisruptionBudget {
  const disruptedPods = Object.fromEntries(disrupted.map((name) => [name, "2026-01-01T00:00:00Z"]));
  return {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: { name: "pdb", namespace: "default" },
    spec: selector === undefined ? {} : { selector },
    status: { disruptionsAllowed: allowed, disruptedPods },
  };
}

const X: LabelSelector = { matchLabels: { app: "x" } };
const ALL = [pod("a"), pod("b"), pod("other", { app: "y" }), pod("bare", {}), pod("far", { app: "x" }, "elsewhere")];

test("a budget protects as many pods as it cannot spare, in the order of their importance", () => {
  const check = (budgets: readonly PodDisruptionBudget[], violating: readonly string[]) => {
    const split = new BudgetCheck().split(ALL, (namespace) => (namespace === "default" ? budgets : []));
    expect(split.violating.map(({ name }) => name)).toEqual(violating);
    expect(split.others).toHaveLength(ALL.length - violating.length);
  };
  check([], []);
  check([budget(X, 2)], []);
  check([budget(X, 1)], ["b"]);
  check([budget(X, 0)], ["a", "b"]);
  check([budget(X, 0, ["a"])], ["b"]);
  check([budget({}, 0), budget(undefined, 0)], []);
  check([budget({ matchExpressions: [{ key: "app", operator: "DoesNotExist" }] }, 0)], []);
  check([budget(X, 1), budget(X, 0)], ["a", "b"]);
});
