import { describe, expect, test } from "vitest";
import { matchesNodeSelectorTerm, matchesRequiredNodeAffinity } from "./node-affinity.ts";
import { firstUntolerated, REPELLING_EFFECTS, tolerates } from "./taints.ts";
import type { NodeSelectorTerm, PodSpec, Taint, Toleration } from "./types.ts";

describe("tolerates", () => {
  const taint: Taint = { key: "dedicated", value: "gpu", effect: "NoSchedule" };
  const check = (toleration: Toleration, expected: boolean) =>
    test(JSON.stringify(toleration), () => expect(tolerates(toleration, taint)).toBe(expected));
  check({ operator: "Exists" }, true);
  check({ key: "dedicated", operator: "Exists" }, true);
  check({ key: "dedicated", operator: "Exists", effect: "NoExecute" }, false);
  check({ key: "dedicated", value: "gpu" }, true);
  check({ key: "dedicated", operator: "Equal", value: "gpu", effect: "NoSchedule" }, true);
  check({ key: "dedicated", operator: "Equal", value: "cpu" }, false);
  check({ key: "other", operator: "Exists" }, false);
  check({ key: "dedicated", operator: "Gt", value: "1" }, false);
});

test("the first untolerated taint that repels", () => {
  const soft: Taint = { key: "soft", effect: "PreferNoSchedule" };
  const hard: Taint = { key: "hard", effect: "NoExecute" };
  expect(firstUntolerated([soft, hard], [], REPELLING_EFFECTS)).toBe(hard);
  expect(firstUntolerated([soft, hard], [{ operator: "Exists" }], REPELLING_EFFECTS)).toBeUndefined();
});

const labels = { zone: "a", cores: "8" };

describe("node selector terms", () => {
  const check = (term: NodeSelectorTerm, expected: boolean) =>
    test(JSON.stringify(term), () => expect(matchesNodeSelectorTerm(term, labels, "n1")).toBe(expected));
  check({}, false);
  check({ matchExpressions: [{ key: "zone", operator: "In", values: ["a", "b"] }] }, true);
  check({ matchExpressions: [{ key: "rack", operator: "NotIn", values: ["1"] }] }, true);
  check({ matchExpressions: [{ key: "rack", operator: "DoesNotExist" }] }, true);
  check({ matchExpressions: [{ key: "cores", operator: "Gt", values: ["7"] }] }, true);
  check({ matchExpressions: [{ key: "cores", operator: "Lt", values: ["8"] }] }, false);
  check({ matchExpressions: [{ key: "zone", operator: "Gt", values: ["1"] }] }, false);
  check({ matchFields: [{ key: "metadata.name", operator: "In", values: ["n1"] }] }, true);
  check({ matchFields: [{ key: "metadata.name", operator: "NotIn", values: ["n1"] }] }, false);
  check({ matchFields: [{ key: "metadata.uid", operator: "In", values: ["n1"] }] }, false);
});

describe("required node affinity", () => {
  const check = (name: string, spec: Partial<PodSpec>, expected: boolean) =>
    test(name, () => expect(matchesRequiredNodeAffinity({ containers: [], ...spec }, labels, "n1")).toBe(expected));
  const required = (nodeSelectorTerms: NodeSelectorTerm[]): Partial<PodSpec> => ({
    affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } },
  });
  const inZone = (zone: string): NodeSelectorTerm => ({
    matchExpressions: [{ key: "zone", operator: "In", values: [zone] }],
  });
  check("nothing asked", {}, true);
  check("node selector", { nodeSelector: { zone: "b" } }, false);
  check("any term", required([inZone("b"), inZone("a")]), true);
  check("no terms", required([]), false);
  check("both", { nodeSelector: { zone: "a" }, ...required([inZone("b")]) }, false);
});
