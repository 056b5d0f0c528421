/** For tests: a store with the Job, CronJob and TTL controllers, and pods that run to an end by themselves. */
import { Engine } from "../engine/index.ts";
import { type CronJob, type Job, type KubeObject, PHASE, withDefaults } from "../kube/index.ts";
import { CHANGE, CONDITION, documentKind, type LoggedDecision, POD_PHASE, Store } from "../store/index.ts";
import { mergePatch } from "../tables/index.ts";
import { seconds } from "../units/index.ts";
import { CronJobController } from "./cronjob/index.ts";
import { GarbageCollector } from "./garbage-collector.ts";
import { JobController, TtlAfterFinished } from "./job/index.ts";

/** The exit code of a pod, by its completion index ("" for none). */
export type ExitCodeOf = (index: string, serial: number) => number;

export class JobFixture {
  readonly engine = new Engine({ seed: 1 });
  readonly store: Store;
  /** `second reason message`, in order. */
  readonly events: string[] = [];
  readonly decisions: LoggedDecision[] = [];

  /** A pod runs at once and ends after `runFor` seconds; a deleted one is gone after 1 s. */
  constructor(runFor = 5, exitCodeOf: ExitCodeOf = () => 0, epochMicros = 0) {
    const { engine } = this;
    this.store = new Store(engine, { epochMicros });
    const { store } = this;
    const { pods, podWriter } = store;
    const { rows } = pods;
    const define = (name: string, handler: (row: number) => void): number =>
      engine.define(`fixture.${name}`, PHASE.node, handler, { rows });
    const remove = define("remove", (row) => podWriter.requestDeletion(row, 0));
    const end = define("end", (row) => {
      if (!pods.isPresent(row) || pods.isDeleting(row)) return;
      const index = pods.annotationsOf(row)["batch.kubernetes.io/job-completion-index"] ?? "";
      const exitCode = exitCodeOf(index, pods.serial.get(row));
      const terminated = { exitCode, finishedAt: store.timestamp(store.nowSecond) };
      podWriter.updateStatus(row, {
        phase: exitCode === 0 ? POD_PHASE.succeeded : POD_PHASE.failed,
        conditions: { Ready: CONDITION.false },
        containers: [{ name: "app", image: "", imageID: "", ready: false, restartCount: 0, state: { terminated } }],
      });
    });
    const cursor = store.watch("fixture", ["Pod"], () => {
      while (cursor.next()) {
        const { row, flags } = cursor;
        if (!pods.isPresent(row)) continue;
        if ((flags & CHANGE.added) !== 0) {
          podWriter.bind(row, "n1");
          podWriter.updateStatus(row, { phase: POD_PHASE.running, conditions: { Ready: CONDITION.true } });
          engine.after(seconds(runFor), end, row);
        }
        if ((flags & CHANGE.deleting) !== 0) engine.after(seconds(1), remove, row);
      }
    });
    new JobController(store);
    new CronJobController(store);
    new TtlAfterFinished(store);
    new GarbageCollector(store);
    store.events.sink = {
      written: ({ reason, message }) => this.events.push(`${engine.now / 1_000_000} ${reason} ${message}`),
    };
    store.decisions.sink = (decision) => this.decisions.push(decision);
  }

  create(object: KubeObject): void {
    const result = this.store.writer.create(withDefaults(object));
    if (!result.ok) throw new Error(result.status.message);
  }

  patch(kind: string, name: string, patch: unknown): void {
    const table = this.store.documents(documentKind(kind));
    const row = table.rowOf("default", name);
    this.store.writer.update(table, row, mergePatch(table.get(row), patch) as KubeObject);
  }

  run(untilSecond: number): void {
    this.engine.run(seconds(untilSecond));
  }

  job(name = "work"): Job | undefined {
    return this.store.documents<Job>("Job").find("default", name);
  }

  /** Types of the conditions that hold, with their reasons. */
  conditions(name = "work"): string[] {
    const held = (this.job(name)?.status?.conditions ?? []).filter(({ status }) => status === "True");
    return held.map(({ type, reason }) => `${type} ${reason}`);
  }

  jobs(): string[] {
    return this.store
      .documents("Job")
      .list()
      .map(({ metadata }) => metadata.name ?? "");
  }

  cronJob(): CronJob | undefined {
    return this.store.documents<CronJob>("CronJob").find("default", "tick");
  }
}

const pod = { restartPolicy: "Never", containers: [{ name: "app", image: "work:1" }] };

export function jobOf(spec: object = {}, podSpec: object = {}): KubeObject {
  const template = { spec: { ...pod, ...podSpec } };
  const metadata = { name: "work", namespace: "default" };
  return { apiVersion: "batch/v1", kind: "Job", metadata, spec: { template, ...spec } } as KubeObject;
}

export function cronJobOf(schedule: string, spec: object = {}): KubeObject {
  const metadata = { name: "tick", namespace: "default" };
  const jobTemplate = { spec: { template: { spec: pod } } };
  return { apiVersion: "batch/v1", kind: "CronJob", metadata, spec: { schedule, jobTemplate, ...spec } } as KubeObject;
}
