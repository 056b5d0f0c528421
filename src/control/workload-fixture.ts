/** For tests: a store with replica and Deployment controllers, and pods that start by themselves. */
import { Engine } from "../engine/index.ts";
import { type Deployment, type KubeObject, PHASE, type ReplicaSet, withDefaults } from "../kube/index.ts";
import { CHANGE, CONDITION, documentKind, type LoggedDecision, POD_PHASE, Store } from "../store/index.ts";
import { mergePatch } from "../tables/index.ts";
import { millis, seconds } from "../units/index.ts";
import { DeploymentController } from "./deployment/index.ts";
import { GarbageCollector } from "./garbage-collector.ts";
import {
  REPLICA_SET,
  REPLICATION_CONTROLLER,
  ReplicaController,
  type ReplicaControllerOptions,
} from "./replicas/index.ts";

export class WorkloadFixture {
  readonly engine = new Engine({ seed: 1 });
  readonly store = new Store(this.engine, { epochMicros: 0 });
  /** `second reason message`, in order. */
  readonly events: string[] = [];
  readonly decisions: LoggedDecision[] = [];
  /** Images whose pods never become ready. */
  readonly broken = new Set<string>();

  /** A pod is bound after 100 ms, ready 2 s later (a little later each, by row), and gone 1 s after its deletion. */
  constructor(options: ReplicaControllerOptions = {}) {
    const { store, engine } = this;
    const { pods, podWriter } = store;
    const { rows } = pods;
    const remove = engine.define("fixture.remove", PHASE.node, (row) => podWriter.requestDeletion(row, 0), { rows });
    const ready = engine.define(
      "fixture.ready",
      PHASE.node,
      (row) => {
        if (pods.isDeleting(row) || this.broken.has(pods.templateOf(row).spec.containers[0]?.image ?? "")) return;
        podWriter.updateStatus(row, { phase: POD_PHASE.running, conditions: { Ready: CONDITION.true } });
      },
      { rows },
    );
    const bind = engine.define(
      "fixture.bind",
      PHASE.node,
      (row) => {
        if (!pods.isPresent(row)) return;
        podWriter.bind(row, `n${row % 3}`);
        engine.after(seconds(2) + millis(row % 50), ready, row);
      },
      { rows },
    );
    const cursor = store.watch("fixture", ["Pod"], () => {
      while (cursor.next()) {
        if (!pods.isPresent(cursor.row)) continue;
        if ((cursor.flags & CHANGE.added) !== 0 && pods.nodeId.get(cursor.row) === -1) {
          engine.after(millis(100), bind, cursor.row);
        }
        if ((cursor.flags & CHANGE.deleting) !== 0) engine.after(seconds(1), remove, cursor.row);
      }
    });
    new ReplicaController(store, REPLICA_SET, options);
    new ReplicaController(store, REPLICATION_CONTROLLER, options);
    new DeploymentController(store);
    new GarbageCollector(store);
    store.events.sink = {
      written: ({ reason, message }) => this.events.push(`${engine.now / 1_000_000} ${reason} ${message}`),
    };
    store.decisions.sink = (decision) => this.decisions.push(decision);
  }

  create(object: KubeObject): number {
    const result = this.store.writer.create(withDefaults(object));
    if (!result.ok) throw new Error(result.status.message);
    return result.row;
  }

  /** Creates a bare pod, bound and ready. */
  createPod(name: string, labels: Record<string, string>): number {
    const template = this.store.templateOf({ metadata: { labels }, spec: { containers: [{ name: "app" }] } });
    const result = this.store.podWriter.create({ namespace: "default", name, template, nodeName: "n0" });
    if (!result.ok) throw new Error(result.status.message);
    this.store.podWriter.updateStatus(result.row, {
      phase: POD_PHASE.running,
      conditions: { Ready: CONDITION.true },
    });
    return result.row;
  }

  patch(kind: string, name: string, patch: unknown): void {
    const table = this.store.documents(documentKind(kind));
    const row = table.rowOf("default", name);
    this.store.writer.update(table, row, withDefaults(mergePatch(table.get(row), patch) as KubeObject));
  }

  run(untilSecond: number): void {
    this.engine.run(seconds(untilSecond));
  }

  replicaSets(): readonly ReplicaSet[] {
    return this.store.documents<ReplicaSet>("ReplicaSet").list();
  }

  deployment(name = "web"): Deployment {
    return this.store.documents<Deployment>("Deployment").find("default", name) as Deployment;
  }

  /** Names of the present pods by creation, those being deleted in brackets. */
  pods(): string[] {
    const { pods } = this.store;
    const names: string[] = [];
    for (let row = pods.first(); row !== -1; row = pods.after(row)) {
      names.push(pods.isDeleting(row) ? `[${pods.name.get(row)}]` : pods.name.get(row));
    }
    return names;
  }
}

const template = (image: string) => ({
  metadata: { labels: { app: "web" } },
  spec: { containers: [{ name: "app", image }] },
});

export function replicaSet(replicas: number, more: object = {}): ReplicaSet {
  const spec = { replicas, selector: { matchLabels: { app: "web" } }, template: template("web:1"), ...more };
  return { apiVersion: "apps/v1", kind: "ReplicaSet", metadata: { name: "web", namespace: "default" }, spec };
}

export function deploymentOf(replicas: number, more: object = {}): Deployment {
  return { ...replicaSet(replicas, more), kind: "Deployment" } as Deployment;
}

/** The patch that gives a Deployment's pods another image. */
export function image(name: string) {
  return { spec: { template: { spec: { containers: [{ name: "app", image: name }] } } } };
}
