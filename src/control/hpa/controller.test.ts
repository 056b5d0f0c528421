import { describe, expect, it } from "vitest";
import { Engine } from "../../engine/index.ts";
import { type Condition, type HorizontalPodAutoscaler, type KubeObject, withDefaults } from "../../kube/index.ts";
import {
  CONDITION,
  controllerReference,
  type Decision,
  type DocumentKind,
  POD_PHASE,
  type RecordedEvent,
  Store,
} from "../../store/index.ts";
import { seconds } from "../../units/index.ts";
import { HpaController } from "./controller.ts";
import type { MetricsSource } from "./metrics-source.ts";

type Workload = KubeObject & { spec: { replicas?: number } };

/** A cluster with the HPA controller alone; `cpuMilli` is what every running pod uses, `queue` an external metric. */
function cluster(load: { cpuMilli: number; queue: number }) {
  const engine = new Engine({ seed: 1 });
  const store = new Store(engine, { epochMicros: 946_684_800_000_000 });
  const source: MetricsSource = {
    resource: ({ rows, count }, into) => {
      for (let i = 0; i < count; i++) {
        const isRunning = store.pods.phase.get(rows[i] ?? -1) === POD_PHASE.running;
        into.valueMilli[i] = isRunning ? load.cpuMilli : Number.NaN;
        into.timestampMicros[i] = store.nowSecond;
        into.windowMicros[i] = seconds(15);
      }
      return count;
    },
    pods: () => ({ error: "not served" }),
    object: () => ({ error: "not served" }),
    external: () => ({ valuesMilli: [load.queue] }),
  };
  const events: RecordedEvent[] = [];
  const decisions: Decision[] = [];
  store.events.sink = { written: (event) => events.push(event) };
  store.decisions.sink = (decision) => decisions.push(decision);
  new HpaController(store, source);
  return { engine, store, events, decisions };
}
type Cluster = ReturnType<typeof cluster>;

function create({ store }: Cluster, object: KubeObject): number {
  const result = store.writer.create(withDefaults(object));
  if (!result.ok) throw new Error(result.status.message);
  return result.row;
}

const template = {
  metadata: { labels: { app: "web" } },
  spec: { containers: [{ name: "app", image: "web:1", resources: { requests: { cpu: "500m" } } }] },
};

function workload(kind: string, replicas: number): Workload {
  const isController = kind === "ReplicationController";
  const selector = isController ? { app: "web" } : { matchLabels: { app: "web" } };
  const spec = { replicas, selector, template };
  return { apiVersion: isController ? "v1" : "apps/v1", kind, metadata: { name: "web", namespace: "default" }, spec };
}

function addPods({ store }: Cluster, kind: DocumentKind, count: number): void {
  const owner = store.documents<Workload>(kind).get(0);
  for (let i = 0; i < count; i++) {
    const made = store.podWriter.create({
      namespace: "default",
      name: `web-${i}`,
      template: store.templateOf(template),
      owner: controllerReference(owner),
    });
    if (!made.ok) throw new Error(made.status.message);
    store.podWriter.bind(made.row, "n1");
    const conditions = { Ready: CONDITION.true };
    store.podWriter.updateStatus(made.row, { phase: POD_PHASE.running, startTime: 0, conditions });
  }
}

function hpa(spec: Record<string, unknown> = {}, name = "web"): KubeObject {
  const scaleTargetRef = { apiVersion: "apps/v1", kind: "Deployment", name: "web" };
  const whole = { scaleTargetRef, maxReplicas: 10, ...spec };
  return {
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata: { name, namespace: "default" },
    spec: whole,
  } as KubeObject;
}

function statusOf({ store }: Cluster, name = "web") {
  return store.documents<HorizontalPodAutoscaler>("HorizontalPodAutoscaler").find("default", name)?.status;
}

function conditionOf(world: Cluster, type: string): Condition | undefined {
  return statusOf(world)?.conditions?.find((condition) => condition.type === type);
}

const externalSpec = {
  minReplicas: 0,
  metrics: [{ type: "External", external: { metric: { name: "queue" }, target: { type: "Value", value: "100" } } }],
  behavior: { scaleDown: { stabilizationWindowSeconds: 0 } },
};

describe("targets", () => {
  it.each(["ReplicationController", "ReplicaSet", "Deployment", "StatefulSet"] as const)("scales a %s", (kind) => {
    const world = cluster({ cpuMilli: 600, queue: 0 });
    create(world, workload(kind, 2));
    addPods(world, kind, 2);
    const apiVersion = kind === "ReplicationController" ? "v1" : "apps/v1";
    // By now a whole window of samples has been taken since the pods became ready.
    world.engine.run(seconds(16));
    create(world, hpa({ scaleTargetRef: { apiVersion, kind, name: "web" } }));
    world.engine.run(seconds(20));
    expect(world.store.documents<Workload>(kind).get(0).spec.replicas).toBe(3);
    expect(world.events.map(({ reason, message }) => `${reason}: ${message}`)).toEqual([
      "SuccessfulRescale: New size: 3; reason: cpu resource utilization (percentage of request) above target",
    ]);
  });

  const check = (apiVersion: string, kind: string, message: string) =>
    it(`reports ${apiVersion} ${kind}`, () => {
      const world = cluster({ cpuMilli: 600, queue: 0 });
      create(world, hpa({ scaleTargetRef: { apiVersion, kind, name: "web" } }));
      world.engine.run(0);
      expect(world.events.map((event) => [event.reason, event.message])).toEqual([["FailedGetScale", message]]);
      expect(conditionOf(world, "AbleToScale")?.status).toBe("False");
      expect(statusOf(world)?.observedGeneration).toBeUndefined();
    });
  check("apps/v1", "Deployment", 'deployments.apps "web" not found');
  check("v1", "Deployment", 'no matches for kind "Deployment" in group ""');
  check("a/b/c", "Deployment", "unexpected GroupVersion string: a/b/c");
  check("apps/v1", "DaemonSet", "the server could not find the requested resource");
});

describe("rhythm", () => {
  const instants = (world: Cluster) =>
    world.decisions.map((decision) => (decision as Decision & { t: number }).t / 1e6);

  it("syncs at creation, every 15 s, and at once when the spec changes", () => {
    const world = cluster({ cpuMilli: 400, queue: 0 });
    create(world, workload("Deployment", 2));
    addPods(world, "Deployment", 2);
    world.engine.run(seconds(2));
    const row = create(world, hpa());
    world.engine.run(seconds(20));
    const table = world.store.documents<HorizontalPodAutoscaler>("HorizontalPodAutoscaler");
    const old = table.get(row);
    world.store.writer.update(table, row, { ...old, spec: { ...old.spec, maxReplicas: 12 } });
    world.engine.run(seconds(50));
    expect(instants(world)).toEqual([2, 17, 20, 32, 47]);
  });

  it("forgets a deleted HPA's recommendations", () => {
    const load = { cpuMilli: 400, queue: 0 };
    const world = cluster(load);
    create(world, workload("Deployment", 4));
    addPods(world, "Deployment", 4);
    const row = create(world, hpa());
    world.engine.run(seconds(20));
    world.store.writer.remove(world.store.documents("HorizontalPodAutoscaler"), row);
    load.cpuMilli = 100;
    world.engine.run(seconds(40));
    expect(world.decisions.length).toBe(2);
    create(world, hpa({ behavior: { scaleDown: { stabilizationWindowSeconds: 1 } } }));
    world.engine.run(seconds(41));
    expect(statusOf(world)?.desiredReplicas).toBe(4);
    world.engine.run(seconds(56));
    expect(statusOf(world)?.desiredReplicas).toBe(1);
  });
});

describe("scale to zero", () => {
  it("goes to zero and comes back by itself", () => {
    const load = { cpuMilli: 0, queue: 100_000 };
    const world = cluster(load);
    create(world, workload("Deployment", 1));
    addPods(world, "Deployment", 1);
    create(world, hpa(externalSpec));
    world.engine.run(seconds(1));
    load.queue = 0;
    world.engine.run(seconds(31));
    expect(statusOf(world)?.desiredReplicas).toBe(0);
    expect(conditionOf(world, "ScaledToZero")?.status).toBe("True");
    load.queue = 250_000;
    world.engine.run(seconds(46));
    expect(statusOf(world)?.desiredReplicas).toBe(3);
    expect(conditionOf(world, "ScaledToZero")?.reason).toBe("NotScaledToZero");
  });

  it("leaves a workload alone that somebody else set to zero", () => {
    const world = cluster({ cpuMilli: 0, queue: 250_000 });
    create(world, workload("Deployment", 0));
    create(world, hpa(externalSpec));
    world.engine.run(seconds(31));
    expect(conditionOf(world, "ScalingActive")?.reason).toBe("ScalingDisabled");
    expect(world.store.documents<Workload>("Deployment").get(0).spec.replicas).toBe(0);
  });
});

describe("selectors", () => {
  it("refuses pods that two HPAs select", () => {
    const world = cluster({ cpuMilli: 600, queue: 0 });
    create(world, workload("Deployment", 2));
    addPods(world, "Deployment", 2);
    create(world, hpa({ minReplicas: 2, maxReplicas: 2 }));
    create(world, hpa({}, "other"));
    world.engine.run(seconds(15));
    const message = "pods by selector app=web are controlled by more than one HPA (e.g. [default/web default/other])";
    expect(conditionOf(world, "ScalingActive")).toMatchObject({ reason: "AmbiguousSelector", message });
  });

  it("needs one", () => {
    const world = cluster({ cpuMilli: 600, queue: 0 });
    const bare = workload("Deployment", 2);
    create(world, { ...bare, spec: { ...bare.spec, selector: {} } } as KubeObject);
    create(world, hpa());
    world.engine.run(0);
    expect(world.events.map(({ reason }) => reason)).toEqual(["SelectorRequired", "FailedComputeMetricsReplicas"]);
    expect(conditionOf(world, "ScalingActive")?.reason).toBe("InvalidSelector");
  });
});

describe("decisions", () => {
  it("tells how a sync came to its result", () => {
    const world = cluster({ cpuMilli: 900, queue: 0 });
    create(world, workload("Deployment", 2));
    addPods(world, "Deployment", 2);
    create(world, hpa({ behavior: { scaleUp: { policies: [{ type: "Pods", value: 1, periodSeconds: 60 }] } } }));
    world.engine.run(seconds(15));
    expect(world.decisions[1]).toMatchObject({
      by: "hpa",
      what: "scale",
      object: "hpa/default/web",
      target: "deployment/default/web",
      sync: 2,
      from: 2,
      to: 3,
      metrics: [
        {
          type: "Resource",
          name: "cpu",
          target: "80%",
          ready: 2,
          oldestSampleAge: 0,
          utilization: 180,
          value: "900m",
          ratio: 2.25,
          countedPods: 2,
          rawReplicas: 5,
          step: "scaled",
          replicas: 5,
        },
      ],
      proposed: 5,
      stabilised: 5,
      policyLimit: 3,
      policies: { direction: "scaleUp", select: "Max", allow: [{ policy: "Pods 1/60s", replicas: 3 }] },
      limited: "ScaleUpLimit",
    });
  });
});

describe("state", () => {
  it("goes on after a restore as if nothing had happened", () => {
    const build = () => {
      const load = { cpuMilli: 300, queue: 0 };
      const world = cluster(load);
      return { load, world };
    };
    const first = build();
    create(first.world, workload("Deployment", 4));
    addPods(first.world, "Deployment", 4);
    create(
      first.world,
      hpa({ behavior: { scaleDown: { policies: [{ type: "Pods", value: 1, periodSeconds: 40 }] } } }),
    );
    first.world.engine.run(seconds(32));
    const checkpoint = first.world.engine.checkpoint();
    const second = build();
    second.world.engine.restore(checkpoint);
    for (const { load, world } of [first, second]) {
      load.cpuMilli = 100;
      world.engine.run(seconds(400));
      load.cpuMilli = 500;
      world.engine.run(seconds(500));
    }
    expect(statusOf(second.world)).toEqual(statusOf(first.world));
    expect(second.world.engine.digest()).toBe(first.world.engine.digest());
    const records = (world: Cluster) => world.decisions.map((decision) => ({ ...decision, cause: 0 }));
    expect(records(second.world)).toEqual(records(first.world).slice(3));
  });
});
