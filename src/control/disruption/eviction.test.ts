import { describe, expect, test } from "vitest";
import type { PodDisruptionBudget } from "../../kube/index.ts";
import { CONDITION } from "../../store/index.ts";
import { deploymentOf, WorkloadFixture } from "../workload-fixture.ts";
import { DisruptionController } from "./disruption-controller.ts";
import { evict } from "./eviction.ts";

const VIOLATES = "Cannot evict pod as it would violate the pod's disruption budget.";

function budgetOf(spec: Partial<PodDisruptionBudget["spec"]>, name = "budget"): PodDisruptionBudget {
  const selector = { matchLabels: { app: "web" } };
  return {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: { name, namespace: "default" },
    spec: { selector, ...spec },
  };
}

/** Three ready pods of a Deployment, and budgets for them, at 10 s. */
class Guarded {
  readonly fixture = new WorkloadFixture();
  readonly store = this.fixture.store;

  constructor(...budgets: readonly PodDisruptionBudget[]) {
    new DisruptionController(this.store);
    this.fixture.create(deploymentOf(3));
    for (const budget of budgets) this.fixture.create(budget);
    this.fixture.run(10);
  }

  get rows(): number[] {
    return this.store.pods.matching("default", () => true);
  }

  budget(name = "budget") {
    return this.store.documents<PodDisruptionBudget>("PodDisruptionBudget").find("default", name);
  }

  /** Evicts the n-th pod and lets the controllers react. */
  evict(index: number) {
    const outcome = evict(this.store, this.rows[index] ?? -1);
    this.fixture.engine.run(this.fixture.engine.now);
    return outcome;
  }

  setReady(index: number, isReady: boolean): void {
    const status = isReady ? CONDITION.true : CONDITION.false;
    this.store.podWriter.updateStatus(this.rows[index] ?? -1, { conditions: { Ready: status } });
    this.fixture.engine.run(this.fixture.engine.now);
  }
}

describe("an eviction", () => {
  test("is paid for by the budget, until it allows no more", () => {
    const guarded = new Guarded(budgetOf({ minAvailable: 2 }));
    expect(guarded.budget()?.status).toMatchObject({ disruptionsAllowed: 1, currentHealthy: 3, desiredHealthy: 2 });
    expect(guarded.evict(0)).toEqual({ ok: true, because: "budget" });
    expect(guarded.store.pod(guarded.rows[0] ?? -1).status?.conditions).toContainEqual(
      expect.objectContaining({ type: "DisruptionTarget", status: "True", reason: "EvictionByEvictionAPI" }),
    );
    expect(guarded.evict(1)).toEqual({
      ok: false,
      code: 429,
      message: VIOLATES,
      cause: "The disruption budget budget needs 2 healthy pods and has 2 currently",
    });
    guarded.fixture.run(20);
    expect(guarded.budget()?.status).toMatchObject({ disruptionsAllowed: 1, currentHealthy: 3 });
    expect(guarded.budget()?.status?.disruptedPods).toBeUndefined();
  });

  test("needs no budget where none selects the pod, or the pod does not run", () => {
    expect(new Guarded(budgetOf({ minAvailable: 3, selector: { matchLabels: { app: "db" } } })).evict(0)).toEqual({
      ok: true,
      because: "no budget",
    });
    const guarded = new Guarded(budgetOf({ minAvailable: 3 }));
    guarded.store.podWriter.requestDeletion(guarded.rows[0] ?? -1);
    expect(guarded.evict(0)).toEqual({ ok: true, because: "not running" });
  });

  test("fails where two budgets select the pod", () => {
    const guarded = new Guarded(budgetOf({ minAvailable: 1 }), budgetOf({ maxUnavailable: 1 }, "other"));
    expect(guarded.evict(0)).toMatchObject({ ok: false, code: 500, message: /more than one PodDisruptionBudget/ });
  });

  test("waits for the controller to have seen the budget as it is", () => {
    const guarded = new Guarded(budgetOf({ minAvailable: 2 }));
    guarded.fixture.patch("PodDisruptionBudget", "budget", { spec: { minAvailable: 1 } });
    expect(evict(guarded.store, guarded.rows[0] ?? -1)).toEqual({
      ok: false,
      code: 429,
      message: VIOLATES,
      cause: "The disruption budget budget is still being processed by the server.",
      retryAfterSeconds: 10,
    });
  });

  describe("of a pod that is not ready", () => {
    const check = (title: string, spec: Partial<PodDisruptionBudget["spec"]>, unready: number, code: number | "ok") =>
      test(title, () => {
        const guarded = new Guarded(budgetOf(spec));
        for (let index = 0; index < unready; index++) guarded.setReady(index, false);
        const outcome = guarded.evict(0);
        expect(outcome).toMatchObject(code === "ok" ? { ok: true, because: "not ready" } : { ok: false, code });
      });
    check("is granted while enough others are healthy", { minAvailable: 2 }, 1, "ok");
    check("is refused when too few are", { minAvailable: 2 }, 2, 429);
    check("is always granted if the budget says so", alwaysAllow(3), 2, "ok");
  });
});

function alwaysAllow(minAvailable: number): Partial<PodDisruptionBudget["spec"]> {
  return { minAvailable, unhealthyPodEvictionPolicy: "AlwaysAllow" };
}

describe("the status of a budget", () => {
  const check = (title: string, spec: Partial<PodDisruptionBudget["spec"]>, status: object) =>
    test(title, () => expect(new Guarded(budgetOf(spec)).budget()?.status).toMatchObject(status));
  check("rounds a share of the replicas up", { minAvailable: "34%" }, { desiredHealthy: 2, disruptionsAllowed: 1 });
  check("takes maxUnavailable off", { maxUnavailable: "50%" }, { desiredHealthy: 1, disruptionsAllowed: 2 });
  check(
    "allows nothing when nothing matches",
    { minAvailable: 0, selector: { matchLabels: { app: "x" } } },
    {
      expectedPods: 0,
      disruptionsAllowed: 0,
    },
  );

  test("says why it cannot be calculated", () => {
    const guarded = new Guarded(budgetOf({ maxUnavailable: 1 }));
    const { store } = guarded;
    const owner = { apiVersion: "apps/v1", kind: "DaemonSet", name: "agent", uid: "u", controller: true };
    store.podWriter.setOwner(guarded.fixture.createPod("stray", { app: "web" }), owner);
    guarded.fixture.run(11);
    const message = "daemonsets.apps does not implement the scale subresource";
    expect(guarded.budget()?.status).toMatchObject({
      disruptionsAllowed: 0,
      conditions: [{ type: "DisruptionAllowed", status: "False", reason: "SyncFailed", message }],
    });
    expect(guarded.evict(0)).toMatchObject({ code: 429, cause: expect.stringContaining(message) });
  });

  test("forgets a granted eviction that did not happen after two minutes, and its mark on the pod", () => {
    const guarded = new Guarded(budgetOf({ maxUnavailable: 1 }));
    const { store, fixture } = guarded;
    const pod = guarded.rows[0] ?? -1;
    const table = store.documents<PodDisruptionBudget>("PodDisruptionBudget");
    const row = table.rowOf("default", "budget");
    store.podWriter.setExtraCondition(pod, "DisruptionTarget", "True", "EvictionByEvictionAPI", "");
    const disruptedPods = { [store.pods.name.get(pod)]: store.timestamp(store.nowSecond) };
    store.writer.updateStatus(table, row, { ...table.get(row).status, disruptedPods });
    fixture.run(129);
    expect(guarded.budget()?.status).toMatchObject({ disruptionsAllowed: 0, currentHealthy: 2, disruptedPods });
    fixture.run(131);
    expect(guarded.budget()?.status).toMatchObject({ disruptionsAllowed: 1, currentHealthy: 3 });
    expect(guarded.budget()?.status?.disruptedPods).toBeUndefined();
    const said = "Pod was expected by PDB default/default to be deleted but it wasn't";
    expect(fixture.events).toContainEqual(expect.stringContaining(`NotDeleted ${said}`));
    const target = store.pod(pod).status?.conditions?.find(({ type }) => type === "DisruptionTarget");
    expect(target).toMatchObject({ status: "False" });
  });
});
