import type { Micros } from "../../engine/index.ts";
import {
  type CronJob,
  type CronJobStatus,
  isConditionTrue,
  type Job,
  type JobReference,
  type KubeEvent,
  parseSchedule,
  type Schedule,
  withDefaults,
} from "../../kube/index.ts";
import { CHANGE, type Cursor, controllerReference, type DocumentTable, type Store } from "../../store/index.ts";
import { sameData } from "../../tables/index.ts";
import { parseRfc3339, rfc1123z, rfc3339, seconds } from "../../units/index.ts";
import { deleteObject } from "../delete-object.ts";
import { isFinished } from "../job/index.ts";
import { controllerOf, OwnedDocuments } from "../owned-documents.ts";
import { decisionName, isBeingDeleted } from "../pods/index.ts";
import { WorkQueue } from "../work-queue.ts";
import { latestDueRun, untilNextRun } from "./missed-runs.ts";

const EVENT_SOURCE = "cronjob-controller";
const SCHEDULED_AT = "batch.kubernetes.io/cronjob-scheduled-timestamp";
const MINUTE = seconds(60);

/** The status as one sync leaves it, and what to do next. */
interface Working {
  active: readonly JobReference[];
  lastScheduleTime: string | undefined;
  lastSuccessfulTime: string | undefined;
  failure: string | undefined;
}

/**
 * Makes a Job each time the schedule says so, and removes old ones.
 *
 * DEVIATION(cron-time-zone): schedules are read in UTC; `timeZone` is not looked at.
 * @source kubernetes 1.37 pkg/controller/cronjob/cronjob_controllerv2.go
 */
export class CronJobController {
  readonly #store: Store;
  readonly #table: DocumentTable<CronJob>;
  readonly #jobs: DocumentTable<Job>;
  readonly #owned: OwnedDocuments<Job>;
  readonly #queue: WorkQueue;
  readonly #cursor: Cursor;

  constructor(store: Store, watchDelayMicros: Micros = 0) {
    this.#store = store;
    this.#table = store.documents<CronJob>("CronJob");
    this.#jobs = store.documents<Job>("Job");
    this.#owned = new OwnedDocuments(store.engine.cells, "cronjob.jobs", this.#jobs);
    this.#queue = new WorkQueue(store, "cronjob", this.#table.rows, (row) => this.#sync(row));
    this.#cursor = store.watch("cronjob", ["CronJob", "Job"], () => this.#readChanges(), watchDelayMicros);
  }

  #readChanges(): void {
    const cursor = this.#cursor;
    while (cursor.next()) {
      const { kindId, row, flags } = cursor;
      if (kindId === this.#jobs.kindId) this.#noteJob(row, flags);
      else this.#noteCronJob(row, flags, cursor.old as CronJob | undefined);
    }
  }

  #noteJob(row: number, flags: number): void {
    this.#owned.noteChange(row, flags);
    const job = this.#jobs.get(row);
    const owner = controllerOf(job);
    if (owner?.kind !== "CronJob") return;
    const cronJob = this.#table.rowOf(job.metadata.namespace ?? "", owner.name);
    if (cronJob !== -1 && this.#table.get(cronJob).metadata.uid === owner.uid) this.#queue.add(cronJob);
  }

  /** Another schedule only sets the timer anew; a next run that is further off than before finds nothing to do then. */
  #noteCronJob(row: number, flags: number, old: CronJob | undefined): void {
    if ((flags & CHANGE.deleted) !== 0 || !this.#table.isPresent(row)) return;
    const cronJob = this.#table.get(row);
    if (old === undefined || old.spec.schedule === cronJob.spec.schedule) {
      this.#queue.add(row);
      return;
    }
    const schedule = parseSchedule(cronJob.spec.schedule);
    if ("error" in schedule) {
      const text = `unparseable schedule for cronjob: ${cronJob.spec.schedule}`;
      this.#event(cronJob, "Warning", "UnParseableCronJobSchedule", text);
    } else this.#wait(row, schedule, cronJob.status?.lastScheduleTime);
  }

  /** Microseconds since 1970. */
  get #now(): Micros {
    return this.#store.epochMicros + this.#store.engine.now;
  }

  #wait(row: number, schedule: Schedule, lastScheduleTime: string | undefined): void {
    const delay = untilNextRun(schedule, this.#lastRun(row, lastScheduleTime), this.#now);
    if (delay !== undefined) this.#queue.addAfter(row, delay);
  }

  /** When the last run was scheduled; before the first, when the CronJob was made. */
  #lastRun(row: number, lastScheduleTime: string | undefined): Micros {
    if (lastScheduleTime !== undefined) return parseRfc3339(lastScheduleTime);
    return this.#store.epochMicros + this.#table.createdAt.get(row);
  }

  #sync(row: number): void {
    if (!this.#table.isPresent(row)) return;
    const cronJob = this.#table.get(row);
    const { active = [], lastScheduleTime, lastSuccessfulTime } = cronJob.status ?? {};
    const working: Working = { active, lastScheduleTime, lastSuccessfulTime, failure: undefined };
    const own = this.#owned.rowsOf(cronJob.metadata.uid ?? "");
    const jobs = own.map((job) => this.#jobs.get(job));
    this.#removeOld(cronJob, own, working);
    this.#noteEnds(cronJob, jobs, working);
    if (!isBeingDeleted(cronJob) && cronJob.spec.suspend !== true) this.#runWhenDue(row, cronJob, working);
    const status: CronJobStatus = {
      ...(working.active.length === 0 ? {} : { active: working.active }),
      ...(working.lastScheduleTime === undefined ? {} : { lastScheduleTime: working.lastScheduleTime }),
      ...(working.lastSuccessfulTime === undefined ? {} : { lastSuccessfulTime: working.lastSuccessfulTime }),
    };
    if (!sameData(cronJob.status ?? {}, status)) this.#store.writer.updateStatus(this.#table, row, status);
    if (working.failure === undefined) this.#queue.forget(row);
    else this.#queue.retry(row);
  }

  /** Finished Jobs leave the list of active ones; those that are gone do so too. */
  #noteEnds(cronJob: CronJob, jobs: readonly Job[], working: Working): void {
    for (const job of jobs) {
      const { name = "", uid = "" } = job.metadata;
      const isListed = working.active.some((reference) => reference.uid === uid);
      if (!isFinished(job)) {
        const text = `Saw a job that the controller did not create or forgot: ${name}`;
        if (!isListed) this.#event(cronJob, "Warning", "UnexpectedJob", text);
        continue;
      }
      const isComplete = isConditionTrue(job.status?.conditions, "Complete");
      if (isListed) {
        working.active = working.active.filter((reference) => reference.uid !== uid);
        const text = `Saw completed job: ${name}, condition: ${isComplete ? "Complete" : "Failed"}`;
        this.#event(cronJob, "Normal", "SawCompletedJob", text);
      }
      const { completionTime } = job.status ?? {};
      if (!isComplete || completionTime === undefined) continue;
      const isLatest =
        working.lastSuccessfulTime === undefined ||
        parseRfc3339(completionTime) > parseRfc3339(working.lastSuccessfulTime);
      if (isLatest) working.lastSuccessfulTime = completionTime;
    }
    for (const { uid, name } of working.active) {
      if (jobs.some((job) => job.metadata.uid === uid)) continue;
      this.#event(cronJob, "Normal", "MissingJob", `Active job went missing: ${name}`);
      working.active = working.active.filter((reference) => reference.uid !== uid);
    }
  }

  #runWhenDue(row: number, cronJob: CronJob, working: Working): void {
    const { spec } = cronJob;
    const schedule = parseSchedule(spec.schedule);
    if ("error" in schedule) {
      const text = `unparseable schedule: ${JSON.stringify(spec.schedule)} : ${schedule.error}`;
      this.#event(cronJob, "Warning", "UnparseableSchedule", text);
      return;
    }
    const now = this.#now;
    const { startingDeadlineSeconds } = spec;
    const deadline = startingDeadlineSeconds === undefined ? undefined : seconds(startingDeadlineSeconds);
    const lastRun = this.#lastRun(row, working.lastScheduleTime);
    const due = latestDueRun(schedule, deadline === undefined ? lastRun : Math.max(lastRun, now - deadline), now);
    if (due === "never") {
      const text = `invalid schedule: ${spec.schedule} : time difference between two schedules is less than 1 second`;
      this.#event(cronJob, "Warning", "InvalidSchedule", text);
      return;
    }
    if (due.at !== undefined) this.#runAt(cronJob, due.at, due.missed === "many", working);
    if (working.failure === undefined) this.#wait(row, schedule, working.lastScheduleTime);
  }

  /** Starts the run that was due, unless it has been started, is too late, or must not run beside another. */
  #runAt(cronJob: CronJob, at: Micros, missedMany: boolean, working: Working): void {
    const { spec, metadata } = cronJob;
    if (missedMany) {
      const text = "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew";
      this.#event(cronJob, "Warning", "TooManyMissedTimes", text);
    }
    const { startingDeadlineSeconds } = spec;
    if (startingDeadlineSeconds !== undefined && at + seconds(startingDeadlineSeconds) < this.#now) {
      this.#event(cronJob, "Warning", "MissSchedule", `Missed scheduled time to start a job: ${rfc1123z(at)}`);
      return;
    }
    const name = `${metadata.name}-${Math.floor(at / MINUTE)}`;
    const scheduledTime = rfc3339(at);
    if (working.lastScheduleTime === scheduledTime || working.active.some((active) => active.name === name)) return;
    if (spec.concurrencyPolicy === "Forbid" && working.active.length > 0) {
      const text = "Not starting job because prior execution is running and concurrency policy is Forbid";
      this.#event(cronJob, "Normal", "JobAlreadyActive", text);
      this.#tell(cronJob, "skip", { scheduled: scheduledTime, why: "a run is active" });
      return;
    }
    if (spec.concurrencyPolicy === "Replace") {
      for (const active of working.active) {
        const job = this.#jobs.rowOf(active.namespace, active.name);
        if (job !== -1) this.#deleteJob(cronJob, job, working, "replaced");
      }
    }
    this.#start(cronJob, name, scheduledTime, working);
  }

  #start(cronJob: CronJob, name: string, scheduledTime: string, working: Working): void {
    const { jobTemplate } = cronJob.spec;
    const { namespace = "", uid = "" } = cronJob.metadata;
    const metadata = {
      name,
      namespace,
      ...(jobTemplate.metadata?.labels === undefined ? {} : { labels: jobTemplate.metadata.labels }),
      annotations: { ...jobTemplate.metadata?.annotations, [SCHEDULED_AT]: scheduledTime },
      ownerReferences: [controllerReference(cronJob)],
    };
    const wanted: Job = { apiVersion: "batch/v1", kind: "Job", metadata, spec: jobTemplate.spec };
    const made = this.#store.writer.create(withDefaults(wanted));
    if (made.ok) {
      this.#event(cronJob, "Normal", "SuccessfulCreate", `Created job ${name}`);
      this.#tell(cronJob, "create", { job: name, scheduled: scheduledTime });
    } else if (made.status.reason !== "AlreadyExists") {
      this.#event(cronJob, "Warning", "FailedCreate", `Error creating job: ${made.status.message}`);
      working.failure = made.status.message;
      return;
    }
    const job = this.#jobs.find(namespace, name);
    if (job === undefined || controllerOf(job)?.uid !== uid) return;
    const reference = { apiVersion: "batch/v1", kind: "Job", namespace, name, uid: job.metadata.uid ?? "" };
    working.active = [...working.active, reference];
    working.lastScheduleTime = scheduledTime;
  }

  /** Finished Jobs beyond the limits go, those that started first before the others. */
  #removeOld(cronJob: CronJob, own: readonly number[], working: Working): void {
    const { successfulJobsHistoryLimit, failedJobsHistoryLimit } = cronJob.spec;
    const limits = [
      ["Complete", successfulJobsHistoryLimit],
      ["Failed", failedJobsHistoryLimit],
    ] as const;
    for (const [type, limit] of limits) {
      if (limit === undefined) continue;
      const ended = own.filter((job) => isConditionTrue(this.#jobs.get(job).status?.conditions, type));
      ended.sort((a, b) => this.#compareStarts(this.#jobs.get(a), this.#jobs.get(b)));
      for (const job of ended.slice(0, Math.max(0, ended.length - limit))) {
        this.#deleteJob(cronJob, job, working, "beyond the history limit");
      }
    }
  }

  #compareStarts(a: Job, b: Job): number {
    const [startA, startB] = [a.status?.startTime, b.status?.startTime];
    if (startA === startB) return (a.metadata.name ?? "") < (b.metadata.name ?? "") ? -1 : 1;
    if (startA === undefined || startB === undefined) return startA === undefined ? 1 : -1;
    return parseRfc3339(startA) - parseRfc3339(startB);
  }

  #deleteJob(cronJob: CronJob, row: number, working: Working, why: string): void {
    const { name = "", uid } = this.#jobs.get(row).metadata;
    deleteObject(this.#store, "Job", row, "Background");
    working.active = working.active.filter((reference) => reference.uid !== uid);
    this.#event(cronJob, "Normal", "SuccessfulDelete", `Deleted job ${name}`);
    this.#tell(cronJob, "delete", { job: name, why });
  }

  #event(cronJob: CronJob, type: KubeEvent["type"], reason: string, message: string): void {
    this.#store.event(cronJob, EVENT_SOURCE, type, reason, message);
  }

  #tell(cronJob: CronJob, what: string, more: object): void {
    if (!this.#store.decisions.isEnabled) return;
    this.#store.decisions.write({ by: "cronjob", what, object: decisionName(cronJob), ...more });
  }
}
