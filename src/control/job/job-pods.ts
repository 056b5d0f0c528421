import type { Micros } from "../../engine/index.ts";
import type { Store } from "../../store/index.ts";
import {
  type BatchOrder,
  decisionName,
  type Expectations,
  inOrderOfRemoval,
  PodControl,
  referenceTo,
  slowStart,
} from "../pods/index.ts";
import { type BackoffRecord, finishedAt, remainingBackoff } from "./backoff.ts";
import { lowestFree, mergeIntervals, NO_INDEXES, withIndexes } from "./indexes.ts";
import { FAILURES_KEY, IGNORED_FAILURES_KEY, JobTemplates, TRACKING_FINALIZER } from "./job-template.ts";
import type { JobView } from "./job-view.ts";
import { judgeFailure } from "./policies.ts";

export const EVENT_SOURCE = "job-controller";

/** Creations or deletions of one sync. @source kubernetes 1.37 pkg/controller/job MaxPodCreateDeletePerSync */
const BURST = 500;
/** Longest base of a generated name. */
const BASE_LENGTH_MAX = 58;

export interface JobPodsOptions {
  /** Order of creation within a batch. Default: in order. */
  readonly batchOrder?: BatchOrder;
}

/** What a sync did to the pods of a Job. */
export interface Managed {
  /** Active pods afterwards. */
  readonly active: number;
  readonly deleted: number;
  readonly deletedReady: number;
  readonly failure?: string;
  /** No pod may be created before so long has passed. */
  readonly againMicros?: Micros;
}

/** Creates and deletes the pods of Jobs. @source kubernetes 1.37 pkg/controller/job manageJob */
export class JobPods {
  readonly #store: Store;
  readonly #expectations: Expectations;
  readonly #templates: JobTemplates;
  readonly #control: PodControl;
  readonly #batchOrder: BatchOrder;

  constructor(store: Store, expectations: Expectations, options: JobPodsOptions) {
    this.#store = store;
    this.#expectations = expectations;
    this.#templates = new JobTemplates(store);
    this.#control = new PodControl(store, EVENT_SOURCE);
    this.#batchOrder = options.batchOrder ?? "in-order";
  }

  /** The Job ends: all active pods go. They keep their finalizers until they are counted. */
  deleteActive(view: JobView, why: string): Managed {
    return this.#delete(view, view.active, why);
  }

  manage(row: number, view: JobView, backoff: BackoffRecord): Managed {
    const { job, active } = view;
    if (view.isSuspended) return this.#remove(row, view, this.#surplus(view, active.length), "suspended");
    const { completions, parallelism = 1 } = job.spec;
    const working = view.succeeded > 0 ? active.length : parallelism;
    const wanted =
      completions === undefined ? working : Math.max(0, Math.min(completions - view.succeeded, parallelism));
    const surplus = this.#surplus(view, Math.max(0, active.length - wanted)).slice(0, BURST);
    if (surplus.length > 0) return this.#remove(row, view, surplus, "surplus");
    const missing = wanted - active.length - (view.replacesFailedOnly ? view.terminating : 0);
    const unchanged: Managed = { active: active.length, deleted: 0, deletedReady: 0 };
    if (missing <= 0) return unchanged;
    const againMicros = view.hasLimitPerIndex ? 0 : remainingBackoff(backoff, view.now);
    if (againMicros > 0) return { ...unchanged, againMicros };
    if (!view.isIndexed) return this.#create(row, view, Math.min(missing, BURST), undefined);
    const pending = this.#pendingIndexes(view, Math.min(missing, BURST));
    if (!view.hasLimitPerIndex) return this.#create(row, view, pending.length, pending);
    const waits = pending.map((index) => this.#waitOf(view, index));
    const due = pending.filter((_, i) => waits[i] === 0);
    if (due.length === 0 && pending.length > 0) return { ...unchanged, againMicros: Math.min(...waits) };
    return this.#create(row, view, due.length, due);
  }

  /** Pods without a valid index and doubles of one, then others up to `count`, the least advanced first. */
  #surplus(view: JobView, count: number): number[] {
    const { pods } = this.#store;
    const { active } = view;
    if (!view.isIndexed) return inOrderOfRemoval(pods, active).slice(0, count);
    const going: number[] = [];
    const staying: number[] = [];
    const byIndex = new Map<number, number[]>();
    for (const pod of [...active].sort((a, b) => view.indexOf(a) - view.indexOf(b))) {
      if (!view.hasValidIndex(pod)) going.push(pod);
      else byIndex.set(view.indexOf(pod), [...(byIndex.get(view.indexOf(pod)) ?? []), pod]);
    }
    for (const same of byIndex.values()) {
      const ranked = inOrderOfRemoval(pods, same);
      going.push(...ranked.slice(0, -1));
      staying.push(...ranked.slice(-1));
    }
    if (going.length >= count) return going;
    return [...going, ...inOrderOfRemoval(pods, staying).slice(0, count - going.length)];
  }

  /** Deletes pods that are not to be counted: they lose their finalizers first. */
  #remove(row: number, view: JobView, doomed: readonly number[], why: string): Managed {
    this.#expectations.expect(row, 0, doomed);
    for (const pod of doomed) this.#store.podWriter.removeFinalizer(pod, TRACKING_FINALIZER);
    return this.#delete(view, doomed, why);
  }

  #delete({ job, active }: JobView, doomed: readonly number[], why: string): Managed {
    const { pods } = this.#store;
    const deletedReady = doomed.filter((pod) => pods.isReady(pod)).length;
    const names = doomed.filter((pod) => pods.isPresent(pod)).map((pod) => this.#control.delete(job, pod));
    this.#tell(job, "delete", names, { why });
    return { active: active.length - doomed.length, deleted: doomed.length, deletedReady };
  }

  #pendingIndexes(view: JobView, count: number): number[] {
    const { pods, completed, active, failedIndexes } = view;
    const terminating = view.replacesFailedOnly ? pods.filter((pod) => view.isTerminating(pod)) : [];
    const taken = withIndexes(completed, view.indexesOf([...active, ...terminating]));
    return lowestFree(mergeIntervals(taken, failedIndexes ?? NO_INDEXES), count, view.completions);
  }

  /** How long an index has to wait after its last failure. */
  #waitOf(view: JobView, index: number): Micros {
    const last = view.delayed.get(index);
    if (last === undefined) return 0;
    const { counted, ignored } = view.failuresBefore(last);
    const record = { failures: counted + ignored + 1, lastFailureAt: finishedAt(this.#store, last) };
    return remainingBackoff(record, view.now);
  }

  #create(row: number, view: JobView, count: number, indexes: readonly number[] | undefined): Managed {
    const { job, active } = view;
    this.#expectations.expect(row, count, []);
    const { namespace = "" } = job.metadata;
    const owner = referenceTo(this.#store, job);
    const create = (item: number) => {
      const { generateName, template } = this.#podOf(view, indexes?.[item]);
      return this.#control.create(job, { namespace, generateName, template, owner, extra: { generateName } });
    };
    const { names, failure, skipped } = slowStart(count, create, this.#batchOrder);
    this.#expectations.lowerCreations(row, skipped);
    this.#tell(job, "create", names, failure === undefined ? {} : { error: failure });
    const managed: Managed = { active: active.length + names.length, deleted: 0, deletedReady: 0 };
    return failure === undefined ? managed : { ...managed, failure };
  }

  #podOf(view: JobView, index: number | undefined) {
    const { metadata, spec } = view.job;
    const { name = "" } = metadata;
    if (index === undefined) {
      return { generateName: `${name}-`, template: this.#templates.of(spec.template, view.isIndexed) };
    }
    const suffix = `-${index}-`;
    const base = name + suffix;
    const generateName = base.length > BASE_LENGTH_MAX ? base.slice(0, BASE_LENGTH_MAX - suffix.length) + suffix : base;
    const failures = view.hasLimitPerIndex ? this.#failuresOf(view, index) : {};
    const template = this.#templates.ofIndex(spec.template, { hostname: `${name}-${index}`, index, failures });
    return { generateName, template };
  }

  /** The annotations by which a pod hands the failures of its index on. */
  #failuresOf(view: JobView, index: number): Record<string, string> {
    const last = view.delayed.get(index);
    if (last === undefined) return { [FAILURES_KEY]: "0" };
    const before = view.failuresBefore(last);
    const { isCounted } = judgeFailure(this.#store, view.job.spec, last);
    const ignored = before.ignored + (isCounted ? 0 : 1);
    return {
      [FAILURES_KEY]: String(before.counted + (isCounted ? 1 : 0)),
      ...(ignored === 0 ? {} : { [IGNORED_FAILURES_KEY]: String(ignored) }),
    };
  }

  #tell(job: JobView["job"], what: string, pods: readonly string[], more: object): void {
    if (pods.length === 0 || !this.#store.decisions.isEnabled) return;
    this.#store.decisions.write({ by: "job", what, object: decisionName(job), pods, ...more });
  }
}
