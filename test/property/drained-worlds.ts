import fc from "fast-check";
import { type ActionParts, deployment, type FailureParts, type PlanParts } from "../../src/testing/index.ts";
import { minutes, seconds } from "../../src/units/index.ts";

/** Worlds in which pods are evicted: Deployments with room elsewhere, budgets over them, and nodes that are drained one after the other. */

const NODES = ["n1", "n2", "n3", "n4", "n5"];
const APPS = ["api", "web"] as const;
/** When everything runs, and the first drain may come. */
const SETTLED = minutes(1);
const DURATION = minutes(6);

export function drainedWorld(): fc.Arbitrary<PlanParts> {
  return fc
    .record({
      seed: fc.nat(1_000_000),
      nodeCount: fc.integer({ min: 3, max: NODES.length }),
      replicas: fc.tuple(fc.integer({ min: 2, max: 8 }), fc.integer({ min: 1, max: 6 })),
      budgets: fc.uniqueArray(budget, { minLength: 1, maxLength: 2, selector: (one) => one.metadata.name }),
      drains: fc.array(drain, { minLength: 2, maxLength: 4 }),
      crash: fc.option(crash, { freq: 2 }),
    })
    .map(({ seed, nodeCount, replicas, budgets, drains, crash: failure }) => ({
      seed,
      duration: DURATION,
      nodes: NODES.slice(0, nodeCount).map((name) => ({ name, cpu: "4", memory: "8Gi" })),
      objects: [
        ...APPS.map((name, i) => deployment(name, { replicas: replicas[i] ?? 1, probed: i === 1 })),
        ...budgets,
      ],
      actions: drains.flat().filter((one) => "nodes" in one && NODES.indexOf(one.nodes[0] ?? "") < nodeCount),
      failures: failure === null ? [] : [failure],
      record: { events: false },
    }));
}

const budget = fc
  .record({
    over: fc.constantFrom({ app: "api" }, { app: "web" }),
    rule: fc.constantFrom<object>(
      { minAvailable: 1 },
      { minAvailable: 3 },
      { minAvailable: "50%" },
      { maxUnavailable: 1 },
      { maxUnavailable: "30%" },
    ),
    unhealthyPodEvictionPolicy: fc.constantFrom("IfHealthyBudget", "AlwaysAllow"),
  })
  .map(({ over, rule, unhealthyPodEvictionPolicy }) => ({
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: { name: `budget-${over.app}` },
    spec: { selector: { matchLabels: over }, unhealthyPodEvictionPolicy, ...rule },
  }));

/** A drain, and the end of its cordon; several may go on at a time. */
const drain: fc.Arbitrary<ActionParts[]> = fc
  .record({
    at: fc.integer({ min: SETTLED, max: minutes(4) }),
    nodes: fc.constantFrom(...NODES).map((name) => [name]),
    lasts: fc.constantFrom(seconds(30), minutes(3)),
    gracePeriodSeconds: fc.constantFrom(null, 1, 20),
  })
  .map(({ at, nodes, lasts, gracePeriodSeconds }): ActionParts[] => [
    { kind: "drain", atMicros: at, nodes, gracePeriodSeconds },
    { kind: "uncordon", atMicros: at + lasts, nodes },
  ]);

const crash: fc.Arbitrary<FailureParts> = fc.record({
  kind: fc.constant("crash" as const),
  nodes: fc.constant(["n1"]),
  schedule: fc.record({ at: fc.integer({ min: SETTLED, max: minutes(4) }) }),
  lasts: fc.constant({ constant: seconds(70) }),
});
