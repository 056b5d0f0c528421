import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Engine } from "../../engine/index.ts";
import { type HorizontalPodAutoscaler, type KubeObject, withDefaults } from "../../kube/index.ts";
import { CONDITION, POD_PHASE, type RecordedEvent, Store } from "../../store/index.ts";
import { seconds } from "../../units/index.ts";
import { HPA_DEFAULTS, HpaController } from "./controller.ts";
import type { MetricsSource } from "./metrics-source.ts";
import { prolonged } from "./steady.ts";

type Scaled = KubeObject & { spec: { replicas?: number } };

const template = {
  metadata: { labels: { app: "web" } },
  spec: { containers: [{ name: "app", image: "web:1", resources: { requests: { cpu: "500m" } } }] },
};

/** One HPA of one Deployment, whose pods follow its size at once; steps change the load, the pods and the objects. */
class Cluster {
  readonly engine = new Engine({ seed: 1 });
  readonly store = new Store(this.engine, { epochMicros: 946_684_800_000_000 });
  readonly events: RecordedEvent[] = [];
  cpuMilli = 300;
  /** Pods answered for by metrics-server. */
  calls = 0;
  pods = 0;

  constructor(remembersSteadyStates: boolean, spec: object) {
    const { store } = this;
    const source: MetricsSource = {
      resource: ({ rows, count }, into) => {
        this.calls++;
        for (let i = 0; i < count; i++) {
          const isRunning = store.pods.phase.get(rows[i] ?? -1) === POD_PHASE.running;
          into.valueMilli[i] = isRunning ? this.cpuMilli + (i % 2) : Number.NaN;
          into.timestampMicros[i] = store.nowSecond;
          into.windowMicros[i] = seconds(15);
        }
        return count;
      },
      pods: () => ({ error: "not served" }),
      object: () => ({ error: "not served" }),
      external: () => ({ valuesMilli: [] }),
    };
    store.events.sink = { written: (event) => this.events.push(event) };
    new HpaController(store, source, { ...HPA_DEFAULTS, remembersSteadyStates });
    const scaleTargetRef = { apiVersion: "apps/v1", kind: "Deployment", name: "web" };
    const metadata = { name: "web", namespace: "default" };
    const workload = { replicas: 2, selector: { matchLabels: { app: "web" } }, template };
    this.create({ apiVersion: "apps/v1", kind: "Deployment", metadata, spec: workload } as KubeObject);
    this.follow();
    const hpaSpec = { scaleTargetRef, minReplicas: 1, maxReplicas: 10, ...spec };
    this.create({
      apiVersion: "autoscaling/v2",
      kind: "HorizontalPodAutoscaler",
      metadata,
      spec: hpaSpec,
    } as KubeObject);
  }

  create(object: KubeObject): void {
    const result = this.store.writer.create(withDefaults(object));
    if (!result.ok) throw new Error(result.status.message);
  }

  get deployment(): Scaled {
    return this.store.documents<Scaled>("Deployment").get(0);
  }

  setReplicas(replicas: number): void {
    const { deployment } = this;
    this.store.writer.update(this.store.documents<Scaled>("Deployment"), 0, {
      ...deployment,
      spec: { ...deployment.spec, replicas },
    });
  }

  /** As many running pods as the Deployment wants. */
  follow(): void {
    const wanted = this.deployment.spec.replicas ?? 0;
    for (; this.pods < wanted; this.pods++) {
      const made = this.store.podWriter.create({
        namespace: "default",
        name: `web-${this.pods}-${this.engine.now}`,
        template: this.store.templateOf(template),
      });
      if (!made.ok) throw new Error(made.status.message);
      this.store.podWriter.bind(made.row, "n1");
      const conditions = { Ready: CONDITION.true };
      this.store.podWriter.updateStatus(made.row, { phase: POD_PHASE.running, startTime: this.engine.now, conditions });
    }
    for (; this.pods > wanted; this.pods--) this.store.podWriter.remove(this.store.pods.first());
  }

  setReady(isReady: boolean): void {
    const row = this.store.pods.first();
    if (row === -1) return;
    this.store.podWriter.updateStatus(row, { conditions: { Ready: isReady ? CONDITION.true : CONDITION.false } });
  }

  setMax(maxReplicas: number): void {
    const table = this.store.documents<HorizontalPodAutoscaler>("HorizontalPodAutoscaler");
    const hpa = table.get(0);
    this.store.writer.update(table, 0, { ...hpa, spec: { ...hpa.spec, maxReplicas } });
  }

  seen(): unknown {
    const status = this.store.documents<HorizontalPodAutoscaler>("HorizontalPodAutoscaler").get(0).status;
    const events = this.events.map(({ reason, message, count }) => `${reason} ${message} ${count}`);
    return { now: this.engine.now, replicas: this.deployment.spec.replicas, status, events };
  }
}

type Step = (cluster: Cluster) => void;
const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.constantFrom(100, 250, 300, 399, 400, 401, 500, 900).map((milli) => (cluster: Cluster) => {
    cluster.cpuMilli = milli;
  }),
  fc.constant((cluster: Cluster) => cluster.follow()),
  fc.nat(12).map((replicas) => (cluster: Cluster) => cluster.setReplicas(replicas)),
  fc.boolean().map((isReady) => (cluster: Cluster) => cluster.setReady(isReady)),
  fc.integer({ min: 1, max: 12 }).map((max) => (cluster: Cluster) => cluster.setMax(max)),
);
const behaviors = fc.constantFrom(
  {},
  { behavior: {} },
  {
    behavior: {
      scaleDown: { stabilizationWindowSeconds: 60, policies: [{ type: "Pods", value: 1, periodSeconds: 90 }] },
    },
  },
  { behavior: { scaleUp: { stabilizationWindowSeconds: 120 }, scaleDown: { selectPolicy: "Disabled" } } },
  { minReplicas: 3 },
);

describe("steady states", () => {
  it("change nothing but the work", () => {
    const timeline = fc.array(fc.tuple(fc.integer({ min: 1, max: 400 }), steps), { maxLength: 25 });
    fc.assert(
      fc.property(behaviors, timeline, (spec, moves) => {
        const [remembering, plain] = [new Cluster(true, spec), new Cluster(false, spec)];
        for (const [after, step] of moves) {
          for (const cluster of [remembering, plain]) {
            cluster.engine.run(cluster.engine.now + seconds(after));
            step(cluster);
          }
          expect(remembering.seen()).toEqual(plain.seen());
        }
        for (const cluster of [remembering, plain]) cluster.engine.run(cluster.engine.now + seconds(700));
        expect(remembering.seen()).toEqual(plain.seen());
        expect(remembering.engine.unseed()).toBe(plain.engine.unseed());
      }),
      { numRuns: 300 },
    );
  });

  it("write nothing while nothing changes, however long", () => {
    const cluster = new Cluster(true, {});
    cluster.cpuMilli = 400;
    cluster.engine.run(seconds(1200));
    const { events, store } = cluster;
    const [count, revision] = [events.length, store.documents("HorizontalPodAutoscaler").get(0)];
    cluster.engine.run(seconds(4800));
    expect(events.length).toBe(count);
    expect(store.documents("HorizontalPodAutoscaler").get(0)).toBe(revision);
    expect(cluster.calls).toBeGreaterThan(300);
  });
});

describe("prolonged", () => {
  it("moves the last recommendation of that number", () => {
    const at = (replicas: number, atMicros: number) => ({ replicas, atMicros });
    const history = { recommendations: [at(3, 40), at(2, 20), at(3, 30)], upEvents: [], downEvents: [] };
    expect(prolonged(history, 3, 90).recommendations).toEqual([at(3, 90), at(2, 20), at(3, 30)]);
    expect(prolonged(history, 5, 90)).toBe(history);
  });
});
