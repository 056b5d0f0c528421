import { expect, test } from "vitest";
import type { KubeNode } from "../../kube/index.ts";
import { seconds } from "../../units/index.ts";
import { SchedulerCache } from "../cache.ts";
import { CycleState } from "../cycle-state.ts";
import type { FilterPlugin } from "../framework.ts";
import type { NodeInfo } from "../node-info.ts";
import { NominatedPods } from "../nominator.ts";
import { nodeResourcesFit } from "../plugins/node-resources-fit.ts";
import { PodCompiler, type PodInfo } from "../pod-info.ts";
import { BudgetCheck } from "./budgets.ts";
import { bestCandidates, type Candidate, dryRun } from "./candidates.ts";
import { selectVictims, type Trial } from "./victims.ts";

const compiler = new PodCompiler();

function pod(name: string, priority: number, startAt = 0, nodeName = "", labels = {}): PodInfo {
  const spec = { priority, containers: [{ name: "c", resources: { requests: { cpu: "1" } } }] };
  const place = { nodeName, nominatedNodeName: "", isTerminating: false, startAt };
  return compiler.compile({ namespace: "default", name, uid: name, labels, spec, ...place });
}

function clusterOf(count: number): { cache: SchedulerCache; nodes: readonly NodeInfo[] } {
  const cache = new SchedulerCache();
  for (let i = 0; i < count; i++) {
    const status = { allocatable: { cpu: "1", memory: "8Gi", pods: "10" } };
    cache.addNode({ apiVersion: "v1", kind: "Node", metadata: { name: `n${i}` }, spec: {}, status } as KubeNode);
  }
  return { cache, nodes: cache.snapshot() };
}

const startOf = ({ startAt }: PodInfo) => startAt;

test("candidates are compared by one cost after another", () => {
  const { nodes } = clusterOf(3);
  type Row = readonly [pdbViolations: number, victims: readonly (readonly [priority: number, startSeconds: number])[]];
  const check = (rows: readonly Row[], best: readonly string[]) => {
    const candidates = rows.map(([pdbViolations, victims], index): Candidate => {
      const pods = victims.map(([priority, start], i) => pod(`v${i}`, priority, start < 0 ? -1 : seconds(start)));
      return { node: nodes[index] as NodeInfo, pdbViolations, victims: pods };
    });
    expect(bestCandidates(candidates, startOf).map(({ node }) => node.name)).toEqual(best);
  };
  check([], []);
  check(
    [
      [1, [[0, 1]]],
      [
        0,
        [
          [9, 1],
          [9, 1],
        ],
      ],
    ],
    ["n1"],
  );
  check(
    [
      [0, [[5, 1]]],
      [
        0,
        [
          [4, 1],
          [4, 1],
        ],
      ],
    ],
    ["n1"],
  );
  check(
    [
      [
        0,
        [
          [5, 1],
          [5, 1],
        ],
      ],
      [
        0,
        [
          [5, 1],
          [-9, 1],
        ],
      ],
    ],
    ["n1"],
  );
  check(
    [
      [
        0,
        [
          [5, 1],
          [-9, 1],
        ],
      ],
      [0, [[5, 1]]],
    ],
    ["n1"],
  );
  check(
    [
      [
        0,
        [
          [5, 2],
          [1, 9],
        ],
      ],
      [
        0,
        [
          [5, 3],
          [1, 1],
        ],
      ],
    ],
    ["n1"],
  );
  check(
    [
      [
        0,
        [
          [5, 7],
          [5, 2],
        ],
      ],
      [
        0,
        [
          [5, 6],
          [5, 3],
        ],
      ],
    ],
    ["n1"],
  );
  check(
    [
      [0, [[5, 7]]],
      [0, [[5, -1]]],
    ],
    ["n1"],
  );
  check(
    [
      [0, [[5, 1]]],
      [0, [[5, 1]]],
      [0, [[5, 0]]],
    ],
    ["n0", "n1"],
  );
});

const selecting = (trial: Trial) => (node: NodeInfo) => selectVictims(trial, node);

test("the trials start at the offset and end with enough candidates, one of which breaks no budget", () => {
  const { cache, nodes } = clusterOf(6);
  for (const [index, app] of ["x", "y", "x", "x", "y", "z"].entries()) {
    cache.addPod(pod(`p${index}`, app === "z" ? 9 : 0, 0, `n${index}`, { app }));
  }
  const spec = { selector: { matchLabels: { app: "x" } } };
  const status = { disruptionsAllowed: 0 };
  const trial = {
    pod: pod("incoming", 5),
    state: new CycleState(),
    filters: [nodeResourcesFit()] as FilterPlugin[],
    nominated: new NominatedPods(),
    budgets: new BudgetCheck(),
    budgetsIn: () => [{ apiVersion: "policy/v1", kind: "PodDisruptionBudget", metadata: { name: "b" }, spec, status }],
    startOf,
  };
  const check = (offset: number, wanted: number, expected: readonly string[], rejected: readonly number[] = []) => {
    const run = dryRun(nodes, { potential: [0, 1, 2, 3, 4, 5], offset, wanted, select: selecting(trial) });
    expect(run.candidates.map(({ node, pdbViolations }) => `${node.name}/${pdbViolations}`)).toEqual(expected);
    expect(run.rejected.map(({ position }) => position)).toEqual(rejected);
  };
  check(0, 1, ["n1/0", "n0/1"]);
  check(1, 1, ["n1/0"]);
  check(2, 2, ["n4/0", "n2/1", "n3/1"]);
  check(5, 1, ["n1/0", "n0/1"], [5]);
  check(0, 6, ["n1/0", "n4/0", "n0/1", "n2/1", "n3/1"], [5]);
});

test("filters that contradict themselves are told as an error", () => {
  const { cache, nodes } = clusterOf(1);
  cache.addPod(pod("p", 0, 0, "n0"));
  const trial = {
    pod: pod("incoming", 5),
    state: new CycleState(),
    filters: [{ name: "Fickle", filter: () => null }],
    nominated: new NominatedPods(),
    budgets: new BudgetCheck(),
    budgetsIn: () => [],
    startOf,
  };
  const run = dryRun(nodes, { potential: [0], offset: 0, wanted: 1, select: selecting(trial) });
  expect(run.candidates).toEqual([]);
  expect(run.rejected[0]?.status.reasons).toEqual(['expected at least one victim pod on node "n0"']);
});
