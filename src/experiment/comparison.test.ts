import { describe, expect, test } from "vitest";
import type { SummaryDocument } from "../report/index.ts";
import type { LoadedScenario } from "../scenario/index.ts";
import type { MetricSummary, Plan } from "../world/plan.ts";
import { type Comparison, compareMeasures, differs, isTelling } from "./comparison.ts";
import { changeLines, comparisonLines, comparisonMarkdown } from "./comparison-text.ts";
import { type Measured, measuresOf } from "./measures.ts";
import { changesBetween } from "./plan-changes.ts";
import { parseSeeds, seedsText } from "./seeds.ts";

const ZERO = { count: 1, sum: 0, mean: 0, min: 0, max: 0, last: 0, p50: 0, p90: 0, p95: 0, p99: 0 };

function summaryOf(metrics: readonly MetricSummary[], assertions: readonly object[] = []): SummaryDocument {
  return { metrics, assertions } as unknown as SummaryDocument;
}

describe("measuresOf", () => {
  test("adds nodes up, keeps other objects apart, and takes assertions first", () => {
    const row = (metric: string, labels: Record<string, string>, sum: number, count = 1): MetricSummary => ({
      ...ZERO,
      metric,
      labels,
      sum,
      count,
      mean: sum / count,
    });
    const measures = measuresOf(
      summaryOf(
        [
          row("cost", { node: "n1", zone: "a", pool: "x" }, 2),
          row("cost", { node: "n2", zone: "b", pool: "x" }, 3),
          row("node_cpu_requested", { node: "n1", zone: "a", pool: "x" }, 3, 4),
          row("node_cpu_requested", { node: "n2", zone: "b", pool: "x" }, 1, 4),
          row("hpa_rescales", { namespace: "default", hpa: "web" }, 4),
          row("hpa_rescales", { namespace: "shop", hpa: "web" }, 5),
          row("pod_pending_seconds", {}, 9, 3),
          row("pods_pending", {}, 0, 0),
        ],
        [
          { text: "cost  sum < 40 USD", unit: "currency", value: 5 },
          { text: 'nodes_ready{pool="a<b"} min >= 2', unit: "count", value: null },
        ],
      ),
    );
    expect(measures.map(({ measure, direction, value }) => [measure, direction, value])).toEqual([
      ["cost sum", "lower", 5],
      ['nodes_ready{pool="a<b"} min', "higher", null],
      ["pod_pending_seconds mean", "lower", 3],
      ["pod_pending_seconds p99", "lower", 0],
      ["pods_pending mean", "lower", null],
      ['hpa_rescales{hpa="web"} sum', "lower", 4],
      ['hpa_rescales{namespace="shop",hpa="web"} sum', "lower", 5],
      ["node_cpu_requested mean", null, 0.5],
    ]);
  });
});

const measured = (measure: string, value: number | null, rest: Partial<Measured> = {}): Measured => ({
  measure,
  unit: "count",
  direction: "lower",
  isAsserted: false,
  value,
  ...rest,
});

describe("compareMeasures", () => {
  const base = new Map(
    [1, 2, 3].map((seed) => [seed, [measured("pod_starts sum", 10 * seed), measured("x mean", null)]]),
  );

  test("pairs by seed, whatever the order of arrival; nothing observed is nothing added up", () => {
    const other = new Map([
      [3, [measured("pod_starts sum", 28)]],
      [1, [measured("pod_starts sum", 8)]],
      [2, [measured("pod_starts sum", 18), measured("pod_evictions sum", 6), measured("x mean", 4)]],
    ]);
    const rows = compareMeasures([1, 2, 3], base, other);
    expect(rows.map(({ measure, difference, verdict }) => [measure, difference.mean, verdict])).toEqual([
      ["pod_starts sum", -2, "better"],
      ["pod_evictions sum", 2, "unclear"],
    ]);
  });

  test("what an assertion asks for comes first and always shows", () => {
    const own = new Map([[1, [measured("pod_starts sum", 0), measured("cost sum", 0, { isAsserted: true })]]]);
    const rows = compareMeasures([1], own, own);
    expect(rows.map(({ measure }) => measure)).toEqual(["cost sum", "pod_starts sum"]);
    expect(rows.map(isTelling)).toEqual([true, false]);
    expect(differs({ measures: rows } as unknown as Comparison)).toBe(false);
  });

  test("the screen and the pull request", () => {
    const other = new Map([1, 2, 3].map((seed) => [seed, [measured("pod_starts sum", 10 * seed + 5)]]));
    const measures = compareMeasures([1, 2, 3], base, other);
    const changes = [
      { sign: "~", what: "HorizontalPodAutoscaler/shop/web", values: [{ path: "spec.maxReplicas", from: 10, to: 20 }] },
      { sign: "-", what: "Deployment/shop/old", values: [] },
    ] as const;
    const comparison: Comparison = { base: "base", other: "hpa|20", seeds: [1, 2, 3], changes, measures };
    expect(comparisonLines(comparison, "USD", (_, text) => text)).toEqual([
      "~ HorizontalPodAutoscaler/shop/web",
      "    spec.maxReplicas: 10 → 20",
      "- Deployment/shop/old",
      "",
      "                   base   hpa|20   difference   95 % interval   relative",
      "  pod_starts sum     20       25           +5        [+5, +5]       +25%   worse",
      "",
      "3 paired seeds (1..3). 1 worse.",
    ]);
    expect(comparisonMarkdown(comparison, "USD").slice(8)).toEqual([
      "|  | base | hpa\\|20 | difference | 95 % interval | relative |  |",
      "| --- | --: | --: | --: | --: | --: | --- |",
      "| `pod_starts sum` | 20 | 25 | +5 | [+5, +5] | +25% | **worse** |",
      "",
      "3 paired seeds (1..3). 1 worse.",
    ]);
  });
});

describe("changesBetween", () => {
  const loaded = (objects: readonly object[], spec: object, inputs: LoadedScenario["inputs"] = []): LoadedScenario =>
    ({
      plan: { objects: objects.map((object) => ({ object })), nodes: [] } as unknown as Plan,
      resolved: JSON.stringify({ spec }),
      inputs,
    }) as unknown as LoadedScenario;
  const deployment = (name: string, containers: readonly object[]): object => ({
    kind: "Deployment",
    metadata: { namespace: "shop", name },
    spec: { containers },
  });

  test("objects, fields and files; containers are matched by name", () => {
    const base = loaded(
      [deployment("web", [{ name: "a", image: "1" }, { name: "b" }]), deployment("old", [])],
      { seed: 1, duration: "1h", assertions: ["x"], cluster: { nodePools: [{ name: "g", count: 3 }] } },
      [{ copy: "inputs/load.csv", text: "1" }],
    );
    const other = loaded(
      [deployment("new", []), deployment("web", [{ name: "b" }, { name: "c" }, { name: "a", image: "2" }])],
      { seed: 2, duration: "2h", assertions: ["x", "y"], cluster: { nodePools: [{ name: "g", count: 4 }] } },
      [{ copy: "inputs/load.csv", text: "2" }],
    );
    expect(changeLines(changesBetween(base, other))).toEqual([
      "+ Deployment/shop/new",
      "- Deployment/shop/old",
      "~ Deployment/shop/web",
      '    spec.containers[a].image: "1" → "2"',
      '    spec.containers[c]: (none) → {"name":"c"}',
      "~ scenario",
      '    spec.duration: "1h" → "2h"',
      '    spec.assertions[1]: (none) → "y"',
      "    spec.cluster.nodePools[g].count: 3 → 4",
      "~ inputs/load.csv",
    ]);
    expect(changesBetween(base, base)).toEqual([]);
  });
});

describe("seeds", () => {
  test.each([
    ["7", [7]],
    ["1..4", [1, 2, 3, 4]],
    ["1, 4,10..12,4", [1, 4, 10, 11, 12]],
  ])("%s", (text, seeds) => {
    expect(parseSeeds(text)).toEqual(seeds);
  });

  test.each(["", "a", "3..1", "1..", "1-3", "1..9999999999"])("refuses %j", (text) => {
    expect(() => parseSeeds(text)).toThrow(RangeError);
  });

  test("are told shortly", () => {
    expect(seedsText([1, 2, 3, 7, 9, 10, "x"])).toBe("1..3, 7, 9, 10, x");
  });
});
