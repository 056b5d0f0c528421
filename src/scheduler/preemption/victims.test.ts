import fc from "fast-check";
import { expect, test } from "vitest";
import type { KubeNode, PodDisruptionBudget, PodSpec, StringMap } from "../../kube/index.ts";
import { seconds } from "../../units/index.ts";
import { SchedulerCache } from "../cache.ts";
import { CycleState } from "../cycle-state.ts";
import { runFilters } from "../find-nodes.ts";
import type { FilterPlugin } from "../framework.ts";
import type { NodeInfo } from "../node-info.ts";
import { NominatedPods } from "../nominator.ts";
import { nodePorts } from "../plugins/node-ports.ts";
import { nodeResourcesFit } from "../plugins/node-resources-fit.ts";
import { PodCompiler, type PodInfo } from "../pod-info.ts";
import { BudgetCheck } from "./budgets.ts";
import { selectVictims, type Trial, type Victims } from "./victims.ts";

const compiler = new PodCompiler();
const FILTERS = [nodePorts(), nodeResourcesFit()] as FilterPlugin[];

interface Wish {
  readonly priority?: number;
  readonly startAt?: number;
  readonly labels?: StringMap;
  readonly hostPort?: number;
}

function pod(name: string, cpu: string, { priority = 0, startAt = 0, labels = {}, hostPort }: Wish = {}): PodInfo {
  const ports = hostPort === undefined ? [] : [{ containerPort: 80, hostPort }];
  const spec: PodSpec = { priority, containers: [{ name: "c", ports, resources: { requests: { cpu } } }] };
  const place = { nodeName: "n", nominatedNodeName: "", isTerminating: false };
  return compiler.compile({ namespace: "default", name, uid: name, labels, spec, ...place, startAt });
}

function nodeWith(pods: readonly PodInfo[], cpu = "4"): NodeInfo {
  const cache = new SchedulerCache();
  const status = { allocatable: { cpu, memory: "8Gi", pods: "10" } };
  const node: KubeNode = { apiVersion: "v1", kind: "Node", metadata: { name: "n" }, spec: {}, status };
  cache.addNode(node);
  for (const one of pods) cache.addPod(one);
  return cache.node("n") as NodeInfo;
}

function budget(name: string, app: string, disruptionsAllowed: number): PodDisruptionBudget {
  const spec = { selector: { matchLabels: { app } } };
  const status = { disruptionsAllowed };
  return { apiVersion: "policy/v1", kind: "PodDisruptionBudget", metadata: { name }, spec, status };
}

function trialOf(incoming: PodInfo, budgets: readonly PodDisruptionBudget[] = [], filters = FILTERS): Trial {
  return {
    pod: incoming,
    state: new CycleState(),
    filters,
    nominated: new NominatedPods(),
    budgets: new BudgetCheck(),
    budgetsIn: () => budgets,
    startOf: ({ startAt }) => startAt,
  };
}

function victimsOf(trial: Trial, node: NodeInfo): readonly [names: string[], violations: number] | string {
  const found = selectVictims(trial, node);
  return "code" in found ? found.reasons.join() : [found.pods.map(({ name }) => name), found.pdbViolations];
}

test("the most important pods are given back first", () => {
  const high = pod("high", "1500m", { priority: 9 });
  const check = (pods: readonly PodInfo[], expected: ReturnType<typeof victimsOf>) =>
    expect(victimsOf(trialOf(high), nodeWith(pods))).toEqual(expected);
  check([pod("equal", "4", { priority: 9 })], "No preemption victims found for incoming pod");
  check([pod("big", "3", { priority: 9 }), pod("low", "1")], "Insufficient cpu");
  check([pod("a", "2", { priority: 1 }), pod("b", "2", { priority: 2 })], [["a"], 0]);
  check([pod("young", "2", { startAt: seconds(9) }), pod("old", "2", { startAt: seconds(3) })], [["young"], 0]);
  check([pod("old", "2", { startAt: seconds(3) }), pod("new", "2", { startAt: -1 })], [["new"], 0]);
  check(
    [pod("c", "2", { priority: 3 }), pod("a", "1", { priority: 1 }), pod("b", "1", { priority: 2 })],
    [["b", "a"], 0],
  );
  check([pod("a", "1", { priority: 1 }), pod("b", "1", { priority: 2 }), pod("c", "2", { priority: 0 })], [["c"], 0]);
});

test("pods under a used-up budget are given back before more important ones", () => {
  const high = pod("high", "2", { priority: 9 });
  const guarded = pod("guarded", "2", { labels: { app: "x" } });
  const open = pod("open", "2", { priority: 5, labels: { app: "y" } });
  const check = (budgets: readonly PodDisruptionBudget[], expected: ReturnType<typeof victimsOf>) =>
    expect(victimsOf(trialOf(high, budgets), nodeWith([guarded, open]))).toEqual(expected);
  check([], [["guarded"], 0]);
  check([budget("p", "x", 1)], [["guarded"], 0]);
  check([budget("p", "x", 0)], [["open"], 0]);
  check([budget("p", "x", 0), budget("q", "y", 0)], [["guarded"], 1]);
  const all = trialOf(pod("huge", "4", { priority: 9 }), [budget("p", "x", 0), budget("q", "y", 0)]);
  expect(victimsOf(all, nodeWith([guarded, open]))).toEqual([["open", "guarded"], 2]);
});

test("plugins are told of every pod that goes and comes back", () => {
  const told: string[] = [];
  const spy: FilterPlugin = {
    name: "Spy",
    filter: () => null,
    addPod: (_state, _pod, added) => told.push(`+${added.name}`),
    removePod: (_state, _pod, removed) => told.push(`-${removed.name}`),
  };
  const trial = trialOf(pod("high", "2", { priority: 9 }), [], [spy, ...FILTERS]);
  victimsOf(trial, nodeWith([pod("a", "2", { priority: 1 }), pod("b", "2", { priority: 2 })]));
  expect(told).toEqual(["-a", "-b", "+b", "+a", "-a"]);
});

test("pods of the same or higher priority that were promised the node keep their room", () => {
  const node = nodeWith([pod("low", "3")]);
  const check = (priority: number, expected: ReturnType<typeof victimsOf>) => {
    const trial = trialOf(pod("high", "2", { priority: 9 }));
    trial.nominated.set(pod("promised", "3", { priority }), "n");
    expect(victimsOf(trial, node)).toEqual(expected);
  };
  check(9, "Insufficient cpu");
  check(8, [["low"], 0]);
});

test("a port that two pods hold is free when one of them goes, and the trial forgets that", () => {
  const node = nodeWith([pod("a", "1", { hostPort: 80 }), pod("b", "1", { hostPort: 80, priority: 9 })]);
  expect(victimsOf(trialOf(pod("high", "1", { priority: 5, hostPort: 80 })), node)).toEqual([["a"], 0]);
  expect(node.usedPorts.size).toBe(1);
});

const wish = fc.record({
  milli: fc.integer({ min: 100, max: 1500 }),
  priority: fc.integer({ min: -1, max: 4 }),
  startAt: fc.constantFrom(-1, seconds(1), seconds(2), seconds(3)),
  app: fc.constantFrom("x", "y"),
});

test("victims are enough, none can be spared, and the trial leaves no trace", () => {
  const law = (
    running: readonly (typeof wish extends fc.Arbitrary<infer W> ? W : never)[],
    milli: number,
    left: number,
  ) => {
    const pods = running.map(({ milli: m, priority, startAt, app }, index) =>
      pod(`p${index}`, `${m}m`, { priority, startAt, labels: { app } }),
    );
    const node = nodeWith(pods);
    const before = JSON.stringify([node.capture().numbers, [...node.pods.keys()]]);
    const incoming = pod("incoming", `${milli}m`, { priority: 3 });
    const trial = trialOf(incoming, [budget("p", "x", left)]);
    const found = selectVictims(trial, node);
    expect(JSON.stringify([node.capture().numbers, [...node.pods.keys()]])).toBe(before);
    if ("code" in found) return;
    const { pods: victims } = found as Victims;
    const fits = () => runFilters(FILTERS, trial.state, incoming, node) === null;
    expect(victims.every(({ template }) => template.priority < 3)).toBe(true);
    for (const victim of victims) node.removePod(victim);
    expect(fits()).toBe(true);
    for (const victim of victims) {
      node.addPod(victim);
      expect(fits()).toBe(false);
      node.removePod(victim);
    }
  };
  fc.assert(
    fc.property(
      fc.array(wish, { maxLength: 9 }),
      fc.integer({ min: 500, max: 4000 }),
      fc.integer({ min: 0, max: 2 }),
      law,
    ),
    { seed: 4, numRuns: 300 },
  );
});
