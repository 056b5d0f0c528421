import fc from "fast-check";
import { expect, test } from "vitest";
import type { KubeNode, PodDisruptionBudget, PodSpec } from "../../kube/index.ts";
import { SchedulerCache } from "../cache.ts";
import type { ClusterView } from "../cluster-view.ts";
import { CycleState } from "../cycle-state.ts";
import { Diagnosis } from "../diagnosis.ts";
import type { FilterPlugin, PostFilterAnswer } from "../framework.ts";
import type { NodeInfo } from "../node-info.ts";
import { NominatedPods } from "../nominator.ts";
import { nodeResourcesFit } from "../plugins/node-resources-fit.ts";
import { PodCompiler, type PodInfo } from "../pod-info.ts";
import { defaultFramework } from "../profile.ts";
import { unschedulable } from "../status.ts";
import { BudgetCheck } from "./budgets.ts";
import { KnownTrials } from "./known-trials.ts";
import { selectVictims, type Trial } from "./victims.ts";

const compiler = new PodCompiler();
const SPECS = [0, 1, 2, 3].map(
  (priority): PodSpec => ({ priority, containers: [{ name: "c", resources: { requests: { cpu: "1" } } }] }),
);

function pod(name: string, priority: number, nodeName = "n", startAt = 0): PodInfo {
  const place = { nodeName, nominatedNodeName: "", isTerminating: false, startAt };
  const spec = SPECS[priority] as PodSpec;
  return compiler.compile({ namespace: "default", name, uid: name, labels: { app: "a" }, spec, ...place });
}

function clusterOf(count: number): SchedulerCache {
  const cache = new SchedulerCache();
  for (let i = 0; i < count; i++) {
    const status = { allocatable: { cpu: "3", memory: "8Gi", pods: "10" } };
    cache.addNode({ apiVersion: "v1", kind: "Node", metadata: { name: i === 0 ? "n" : `n${i}` }, status } as KubeNode);
  }
  return cache;
}

const BUDGET: PodDisruptionBudget = {
  apiVersion: "policy/v1",
  kind: "PodDisruptionBudget",
  metadata: { name: "b" },
  spec: { selector: { matchLabels: { app: "a" } } },
  status: { disruptionsAllowed: 0 },
};

const step = fc.oneof(
  fc.record({
    op: fc.constant("add" as const),
    index: fc.nat(5),
    priority: fc.nat(3),
    startAt: fc.constantFrom(-1, 1, 2),
  }),
  fc.record({ op: fc.constant("remove" as const), index: fc.nat(5) }),
  fc.record({ op: fc.constant("start" as const), index: fc.nat(5), at: fc.constantFrom(1, 2, 3) }),
  fc.record({ op: fc.constant("budget" as const), isThere: fc.boolean() }),
  fc.record({ op: fc.constant("nominate" as const), isThere: fc.boolean() }),
);

test("what is known of a trial is what the trial comes to", () => {
  const law = (plan: readonly (typeof step extends fc.Arbitrary<infer S> ? S : never)[]) => {
    const cache = clusterOf(1);
    const node = cache.node("n") as NodeInfo;
    const known = new KnownTrials();
    const nominated = new NominatedPods();
    const starts = new Map<string, number>();
    let budgets: readonly PodDisruptionBudget[] = [];
    const trialOf = (): Trial => ({
      pod: pod("incoming", 2, ""),
      state: new CycleState(),
      filters: [nodeResourcesFit()] as FilterPlugin[],
      nominated,
      budgets: new BudgetCheck(),
      budgetsIn: () => budgets,
      startOf: ({ uid }) => starts.get(uid) ?? -1,
    });
    for (const one of plan) {
      if (one.op === "add") {
        cache.addPod(pod(`p${one.index}`, one.priority));
        starts.set(`p${one.index}`, one.startAt);
      } else if (one.op === "remove") cache.removePod(`p${one.index}`);
      else if (one.op === "start" && starts.get(`p${one.index}`) === -1) starts.set(`p${one.index}`, one.at);
      else if (one.op === "budget") budgets = one.isThere ? [BUDGET] : [];
      else if (one.op === "nominate") nominated.set(pod("promised", 3, ""), one.isThere ? "n" : "");
      const expected = selectVictims(trialOf(), node);
      expect(known.selectorFor(trialOf())(node)).toEqual(expected);
      expect(known.selectorFor(trialOf())(node)).toEqual(expected);
    }
  };
  fc.assert(fc.property(fc.array(step, { maxLength: 30 }), law), { numRuns: 200 });
});

test("a trial is not made twice while its node stays as it is", () => {
  const cache = clusterOf(1);
  const node = cache.node("n") as NodeInfo;
  for (const name of ["a", "b", "c"]) cache.addPod(pod(name, 0));
  let asked = 0;
  const fit = nodeResourcesFit() as FilterPlugin;
  const counting: FilterPlugin = {
    ...fit,
    filter: (...question) => {
      asked++;
      return fit.filter(...question);
    },
  };
  const trial: Trial = {
    pod: pod("incoming", 2, ""),
    state: new CycleState(),
    filters: [counting],
    nominated: new NominatedPods(),
    budgets: new BudgetCheck(),
    budgetsIn: () => [],
    startOf: ({ startAt }) => startAt,
  };
  const known = new KnownTrials();
  const ask = () => known.selectorFor(trial)(node);
  const first = ask();
  const once = asked;
  expect(ask()).toBe(first);
  expect(asked).toBe(once);
  cache.removePod("a");
  cache.addPod(pod("a", 0));
  ask();
  expect(asked).toBe(2 * once);
});

test("with nobody to preempt, the refusal reads as if every node had been tried", () => {
  const cache = clusterOf(4);
  for (const name of ["n", "n1", "n2", "n3"]) cache.addPod(pod(`on ${name}`, 2, name));
  const view: ClusterView = {
    cache,
    revision: 0,
    labelsOfNamespace: () => ({}),
    servicesIn: () => [],
    selectorOfOwner: () => undefined,
    budgetsIn: () => [],
    startOf: () => 0,
  };
  const preempt = (priority: number): PostFilterAnswer | undefined => {
    const framework = defaultFramework(view, { offsetOf: () => 2 });
    const plugin = framework.postFilter.find(({ name }) => name === "DefaultPreemption");
    const diagnosis = new Diagnosis(4);
    for (const position of [0, 1, 3]) diagnosis.reject(position, unschedulable("NodeResourcesFit", "full"));
    const context = { framework, nominated: new NominatedPods() };
    return plugin?.postFilter?.(new CycleState(), pod("incoming", priority, ""), diagnosis, context);
  };
  const tell = (answer: PostFilterAnswer | undefined) => ({
    ...answer,
    preemption: { ...answer?.preemption, rejected: answer?.preemption?.rejected },
  });
  const hopeless = tell(preempt(1));
  expect(hopeless.status?.reasons).toEqual([
    "preemption: 0/4 nodes are available: 1 Preemption is not helpful for scheduling, 3 No preemption victims found for incoming pod.",
  ]);
  expect(hopeless.preemption.rejected?.map(({ position }) => position)).toEqual([3, 0, 1]);
  // A pod of lower priority on a node that is not tried: nothing is hopeless, and all trials are made.
  cache.addPod(pod("low", 0, "n2"));
  expect(tell(preempt(1))).toEqual(hopeless);
});
