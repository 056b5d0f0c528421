import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fewestNodes, fitPods, isBetter, podTemplates, settle, shrink } from "../../src/answers/index.ts";
import { deployment, type NodeParts, planned, planOf, pod } from "../../src/testing/index.ts";
import { nodeOfPool, World } from "../../src/world/index.ts";
import type { Plan, PlannedObject, PlannedPool } from "../../src/world/plan.ts";

const requests = (cpuMilli: number, memory = "64Mi") => ({ resources: { requests: { cpu: `${cpuMilli}m`, memory } } });
const ANTI_AFFINITY = (app: string) => ({
  affinity: {
    podAntiAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [
        { labelSelector: { matchLabels: { app } }, topologyKey: "kubernetes.io/hostname" },
      ],
    },
  },
});
const DAEMON = {
  apiVersion: "apps/v1",
  kind: "DaemonSet",
  metadata: { name: "agent" },
  spec: {
    selector: { matchLabels: { app: "agent" } },
    template: {
      metadata: { labels: { app: "agent" } },
      spec: { containers: [{ name: "agent", image: "agent:1", ...requests(300) }] },
    },
  },
};

function typeOf(name: string, cpu: string, price: number, pods = "110"): PlannedPool {
  const [node] = planOf({ nodes: [{ name: "x", cpu, pods, pricePerHour: price }] }).nodes;
  if (node === undefined) throw new Error("a plan of one node has a node");
  const { name: _name, pool: _pool, zone: _zone, labels: _labels, ...template } = node;
  return { name, count: 0, zones: ["a", "b"], boot: { constant: 0 }, template: { ...template, labels: {} } };
}

const templateOf = (manifest: object) => podTemplates([planned(manifest)])[0] as ReturnType<typeof podTemplates>[0];

describe("how many fit", () => {
  const count = (plan: Plan, manifest: object) =>
    fitPods(settle(plan), { templates: [templateOf(manifest)], ratio: [1], limit: 1000 });

  test("equal pods: as many as the rooms hold, less daemons and what is there", () => {
    const node = fc.record({ cpu: fc.integer({ min: 1, max: 8 }), pods: fc.integer({ min: 2, max: 20 }) });
    fc.assert(
      fc.property(fc.array(node, { minLength: 1, maxLength: 4 }), fc.integer({ min: 50, max: 900 }), (nodes, milli) => {
        const parts = nodes.map(
          ({ cpu, pods }, index): NodeParts => ({ name: `n${index}`, cpu: String(cpu), pods: String(pods) }),
        );
        const answer = count(planOf({ nodes: parts, objects: [DAEMON] }), pod("web", requests(milli)));
        const expected = nodes.map(({ cpu, pods }) => Math.min(Math.floor((cpu * 1000 - 300) / milli), pods - 1));
        expect(answer.templates[0]?.count).toBe(expected.reduce((sum, one) => sum + one, 0));
      }),
      { numRuns: 25 },
    );
  });

  test("the message is the scheduler's, and several templates take turns", () => {
    const templates = [templateOf(pod("web", requests(500))), templateOf(deployment("worker", requests(1000)))];
    const answer = fitPods(settle(planOf({ nodes: 2 })), { templates, ratio: [4, 1], limit: 1000 });
    // Rounds of 3 CPU on two nodes of 4: two whole rounds, then four more of web, and no room for a worker.
    expect(answer.templates.map((one) => one.count)).toEqual([12, 2]);
    expect(answer.stoppedBy).toBe("worker");
    expect(answer.reason).toMatch(/^0\/2 nodes are available: 2 Insufficient cpu\./);
  });

  test("anti-affinity and the limit", () => {
    expect(count(planOf({ nodes: 3 }), pod("db", { ...requests(10), pod: ANTI_AFFINITY("db") })).templates).toEqual([
      {
        name: "db",
        ratio: 1,
        count: 3,
        nodes: [1, 2, 3].map((number) => ({ name: `n${number}`, count: 1 })),
      },
    ]);
    const limited = fitPods(settle(planOf()), { templates: [templateOf(pod("web"))], ratio: [1], limit: 7 });
    expect(limited).toMatchObject({ reason: "", stoppedBy: null, templates: [{ count: 7 }] });
  });
});

describe("fewest nodes", () => {
  const MOST = 5;

  /** Every fleet up to so many nodes of each type, simulated. */
  function bruteForce(objects: readonly PlannedObject[], types: readonly PlannedPool[], objective: "cost" | "nodes") {
    let best: { nodes: number; costPerHour: number } | null = null;
    for (let first = 0; first <= MOST; first++) {
      for (let second = 0; second <= MOST - first; second++) {
        const counts = [first, second];
        const nodes = counts.flatMap((count, index) =>
          Array.from({ length: count }, (_, number) => nodeOfPool({ ...(types[index] as PlannedPool), count }, number)),
        );
        if (nodes.length === 0) continue;
        const price = nodes.reduce((sum, node) => sum + node.pricePerHour, 0);
        const fleet = { nodes: nodes.length, costPerHour: price };
        if (settle({ ...planOf({ nodes: 1 }), nodes, objects }).pendingRows.length > 0) continue;
        if (best === null || isBetter(fleet, best, objective)) best = fleet;
      }
    }
    return best;
  }

  test("is what trying everything finds", () => {
    const app = fc.record({
      cpu: fc.integer({ min: 2, max: 25 }),
      replicas: fc.integer({ min: 1, max: 4 }),
      isApart: fc.boolean(),
    });
    const prices = fc.tuple(fc.integer({ min: 5, max: 30 }), fc.integer({ min: 5, max: 60 }));
    fc.assert(
      fc.property(
        fc.array(app, { minLength: 1, maxLength: 2 }),
        prices,
        fc.constantFrom("cost" as const, "nodes" as const),
        (apps, [small, large], objective) => {
          const manifests = apps.map(({ cpu, replicas, isApart }, index) =>
            deployment(`a${index}`, {
              replicas,
              ...requests(cpu * 100),
              ...(isApart ? { pod: ANTI_AFFINITY(`a${index}`) } : {}),
            }),
          );
          const plan = planOf({ nodes: 1, objects: [DAEMON, ...manifests] });
          const types = [typeOf("small", "2", small / 100), typeOf("large", "4", large / 100, "4")];
          const question = { plan, types, extra: [], objective, keepsNodes: false, mostNodes: MOST };
          const { alone, mixed } = fewestNodes(question);
          const found = [...alone, mixed].reduce(
            (best, fleet) => (fleet !== null && (best === null || isBetter(fleet, best, objective)) ? fleet : best),
            null,
          );
          const expected = bruteForce(plan.objects, types, objective);
          expect(found?.nodes ?? null).toBe(expected?.nodes ?? null);
          expect(found?.costPerHour ?? 0).toBeCloseTo(expected?.costPerHour ?? 0, 9);
        },
      ),
      { numRuns: 8 },
    );
  }, 120_000);

  test("pods asked for come beside the workloads, and nodes may stay", () => {
    const plan = planOf({ nodes: 2, objects: [deployment("web", { replicas: 4, ...requests(1500) })] });
    const extra = [{ template: templateOf(pod("job", requests(3000))), count: 3 }];
    const ask = (keepsNodes: boolean) =>
      fewestNodes({ plan, types: [typeOf("t", "4", 0.1)], extra, objective: "nodes", keepsNodes, mostNodes: 9 });
    expect(ask(false).alone[0]?.nodes).toBe(5);
    expect(ask(true).alone[0]?.nodes).toBe(3);
  });

  test("no number will do for a pod that is larger than a node", () => {
    const plan = planOf({ objects: [deployment("web", requests(5000))] });
    const question = { plan, types: [typeOf("t", "4", 1)], extra: [], objective: "cost" as const, keepsNodes: false };
    expect(fewestNodes({ ...question, mostNodes: 50 })).toMatchObject({ alone: [null], mixed: null, isComplete: true });
  });
});

describe("which nodes can go", () => {
  const BUDGET = {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: { name: "db" },
    spec: { selector: { matchLabels: { app: "db" } }, minAvailable: 2 },
  };

  test("saves as much as trying every set in a whole run finds", () => {
    const node = fc.record({ price: fc.integer({ min: 1, max: 9 }), cpu: fc.integer({ min: 1, max: 4 }) });
    fc.assert(
      fc.property(
        fc.array(node, { minLength: 2, maxLength: 4 }),
        fc.array(fc.integer({ min: 2, max: 15 }), { minLength: 1, maxLength: 3 }),
        (nodes, cpus) => {
          const parts = nodes.map(
            ({ price, cpu }, index): NodeParts => ({ name: `n${index}`, cpu: String(cpu), pricePerHour: price / 100 }),
          );
          const objects = cpus.map((cpu, index) => deployment(`a${index}`, { replicas: 2, ...requests(cpu * 100) }));
          const plan = planOf({ nodes: parts, objects, duration: "45m" });
          const answer = shrink({ plan });
          expect(answer.isExact).toBe(true);
          expect(answer.savedPerHour).toBeCloseTo(mostSaved(plan), 9);
        },
      ),
      { numRuns: 5 },
    );
  }, 120_000);

  function mostSaved(plan: Plan): number {
    let most = 0;
    for (let bits = 1; bits < 2 ** plan.nodes.length - 1; bits++) {
      const nodes = plan.nodes.filter((_, index) => (bits & (1 << index)) !== 0).map(({ name }) => name);
      const source = { file: "", line: 0, column: 0 };
      const drain = {
        index: 0,
        atMicros: 600_000_000,
        text: "",
        source,
        kind: "drain",
        nodes,
        gracePeriodSeconds: null,
      };
      const world = World.from({ ...plan, actions: [drain as Plan["actions"][number]] });
      world.run(599_000_000);
      const before = readyOf(world, []);
      world.run(2_400_000_000);
      const saved = plan.nodes.reduce(
        (sum, { name, pricePerHour }) => sum + (nodes.includes(name) ? pricePerHour : 0),
        0,
      );
      if (readyOf(world, nodes) >= before) most = Math.max(most, saved);
    }
    return most;
  }

  function readyOf({ store: { pods } }: World, without: readonly string[]): number {
    let count = 0;
    for (let row = pods.first(); row !== -1; row = pods.after(row)) {
      if (pods.isReady(row) && !without.includes(pods.nodeNameOf(row))) count++;
    }
    return count;
  }

  test("a budget that lets nobody go, and a pod of nobody's, keep their nodes", () => {
    const db = deployment("db", { replicas: 2, ...requests(100), pod: ANTI_AFFINITY("db") });
    const plan = planOf({ nodes: 3, objects: [BUDGET, db, pod("alone", requests(100))] });
    const answer = shrink({ plan });
    expect(answer.nodes).toEqual([]);
    expect(answer.staying.map(({ why }) => why).sort()).toEqual([
      expect.stringMatching(/^a PodDisruptionBudget does not let pod default\/db-\S+ go within 30m$/),
      expect.stringMatching(/^a PodDisruptionBudget does not let pod default\/db-\S+ go within 30m$/),
      "pod default/alone has no controller that would replace it",
    ]);
  });
});
