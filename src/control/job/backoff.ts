import type { Micros } from "../../engine/index.ts";
import type { ContainerStatus } from "../../kube/index.ts";
import { CONDITION, type PodTable, type Store } from "../../store/index.ts";
import { Column } from "../../tables/index.ts";
import { minutes, parseRfc3339, seconds } from "../../units/index.ts";

/** @source kubernetes 1.37 pkg/controller/job DefaultJobPodFailureBackOff, MaxJobPodFailureBackOff */
const BACKOFF_INITIAL = seconds(10);
const BACKOFF_MAX = minutes(10);

/** Failures since the last success, and when the latest was. */
export interface BackoffRecord {
  readonly failures: number;
  readonly lastFailureAt: Micros;
}

/** What each Job remembers of its failures, by row. @source kubernetes 1.37 pkg/controller/job/backoff_utils.go */
export class BackoffStore {
  readonly #failures: Column<Int32Array>;
  readonly #lastFailureAt: Column<Float64Array>;

  constructor(store: Store) {
    const { cells } = store.engine;
    this.#failures = new Column<Int32Array>(cells, "job.podFailures", Int32Array);
    this.#lastFailureAt = new Column<Float64Array>(cells, "job.lastFailureAt", Float64Array);
  }

  /** The record with the pods that have just succeeded and failed, given by the instants of their ends. */
  next(row: number, succeededAt: readonly Micros[], failedAt: readonly Micros[]): BackoffRecord {
    const known = { failures: this.#failures.get(row), lastFailureAt: this.#lastFailureAt.get(row) };
    if (failedAt.length === 0) return succeededAt.length === 0 ? known : { failures: 0, lastFailureAt: 0 };
    const lastFailureAt = Math.max(...failedAt);
    if (succeededAt.length === 0) return { failures: known.failures + failedAt.length, lastFailureAt };
    const lastSuccessAt = Math.max(...succeededAt);
    const failures = failedAt.filter((at) => at > lastSuccessAt).length;
    return { failures, lastFailureAt: failures === 0 ? 0 : lastFailureAt };
  }

  set(row: number, { failures, lastFailureAt }: BackoffRecord): void {
    this.#failures.set(row, failures);
    this.#lastFailureAt.set(row, lastFailureAt);
  }

  forget(row: number): void {
    this.set(row, { failures: 0, lastFailureAt: 0 });
  }
}

/** How long no pod may be created after so many failures. */
export function remainingBackoff({ failures, lastFailureAt }: BackoffRecord, now: Micros): Micros {
  if (failures === 0) return 0;
  let delay = BACKOFF_INITIAL;
  for (let i = 1; i < failures && delay < BACKOFF_MAX; i++) delay *= 2;
  return Math.max(0, Math.min(delay, BACKOFF_MAX) - (now - lastFailureAt));
}

/** When a pod ended, as far as its status tells: whole seconds. @source kubernetes 1.37 getFinishedTime */
export function finishedAt(store: Store, pod: number): Micros {
  const { pods } = store;
  const at = lastContainerEnd(store, pod);
  if (at !== undefined) return at;
  if (pods.ready.get(pod) === CONDITION.false && pods.readyAt.get(pod) !== -1) return pods.readyAt.get(pod);
  if (pods.isDeleting(pod)) return pods.deletionAt.get(pod) - seconds(pods.graceSeconds.get(pod));
  return pods.createdAt.get(pod);
}

/** The latest end of the sidecars; where they do not tell, that of the regular containers. */
function lastContainerEnd(store: Store, pod: number): Micros | undefined {
  const { pods } = store;
  const regular = latestEnd(store, pods.containers.get(pod) ?? [], undefined);
  const names = sidecarNames(pods, pod);
  const sidecars = (pods.initContainers.get(pod) ?? []).filter(({ name }) => names.includes(name));
  return latestEnd(store, sidecars, regular);
}

/** The later of `before` and the ends of all these containers; undefined when one of them has not ended. */
function latestEnd(store: Store, statuses: readonly ContainerStatus[], before: Micros | undefined): Micros | undefined {
  let latest = before;
  for (const { state } of statuses) {
    const text = state?.terminated?.finishedAt;
    if (text === undefined) return undefined;
    const at = parseRfc3339(text) - store.epochMicros;
    if (latest === undefined || at > latest) latest = at;
  }
  return latest;
}

function sidecarNames(pods: PodTable, pod: number): string[] {
  const init = pods.templateOf(pod).spec.initContainers ?? [];
  return init.filter(({ restartPolicy }) => restartPolicy === "Always").map(({ name }) => name);
}
