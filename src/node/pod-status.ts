import type { ContainerState, ContainerStateTerminated, ContainerStatus } from "../kube/index.ts";
import { POD_PHASE, type PodStatusChange } from "../store/index.ts";
import type { KubeletContext } from "./context.ts";
import { STAGE } from "./context.ts";
import { podPhase, sharedConditions } from "./pod-phase.ts";
import { type Ending, type PodShape, UNIT, type Unit } from "./unit.ts";

/**
 * Writes what the kubelet knows of a pod into its status, if the kubelet reaches the API server; what it could not
 * write is written when it does. One write, and none when nothing differs. A phase that has ended stays.
 */
// hot: several times a pod's life (bench/world).
export function publish(context: KubeletContext, row: number): void {
  const { store, published, told } = context;
  const { pods } = store;
  if (context.units.get(row) === null || !pods.isPresent(row) || !context.listens(pods.nodeId.get(row))) return;
  const shape = context.shapeOf(row);
  const units = context.unitsOf(row);
  const stage = context.stage.get(row);
  const isStopped = stage === STAGE.finished || stage === STAGE.stopped;
  const end = isStopped ? context.end.get(row) : null;
  const ip = context.sandboxIp.get(row);
  const admittedAt = context.admittedAt.get(row);
  let phase = pods.phase.get(row);
  if (!pods.isTerminal(row)) phase = end === null ? podPhase(shape, units, isStopped) : POD_PHASE.failed;
  const shared = sharedConditions(shape, units, phase, ip !== 0);
  const change: Writable<PodStatusChange> = { phase, conditions: shared.conditions };
  if (told.get(row) !== shared) change.texts = shared.texts;
  if (admittedAt !== -1) change.startTime = admittedAt;
  // The address stays in the status when the sandbox has gone.
  if (ip !== 0) change.ip = ip;
  if (end !== null) {
    change.reason = end.reason;
    change.message = end.message;
  }
  if (published.get(row) !== units) {
    const { containers, initContainers, restarts } = containerStatuses(context, shape, units);
    change.containers = containers;
    change.restarts = restarts;
    if (shape.initCount > 0) change.initContainers = initContainers;
  }
  published.set(row, units);
  told.set(row, shared);
  store.podWriter.updateStatus(row, change);
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

type Statuses = Required<Pick<PodStatusChange, "containers" | "initContainers" | "restarts">>;

/** The statuses of pods whose containers are all new, shared by the pods of a spec. */
const newStatuses = new WeakMap<PodShape, Statuses>();

function containerStatuses(context: KubeletContext, shape: PodShape, units: readonly Unit[]): Statuses {
  if (units !== shape.newUnits) return buildStatuses(context, shape, units);
  let statuses = newStatuses.get(shape);
  if (statuses === undefined) {
    statuses = buildStatuses(context, shape, units);
    newStatuses.set(shape, statuses);
  }
  return statuses;
}

function buildStatuses(context: KubeletContext, shape: PodShape, units: readonly Unit[]): Statuses {
  const statuses = units.map((unit, index) => statusOf(context, shape, unit, index));
  const regular = statuses.slice(shape.initCount);
  let restarts = 0;
  for (const { restartCount } of regular) restarts += restartCount;
  if (regular.length > 1) regular.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  const initContainers = statuses.slice(0, shape.initCount);
  return { containers: regular, restarts, initContainers };
}

function statusOf(context: KubeletContext, shape: PodShape, unit: Unit, index: number): ContainerStatus {
  const container = shape.containers[index];
  const last = lastStateOf(context, unit);
  return {
    name: container?.name ?? "",
    state: stateOf(context, shape, unit),
    ...(last === null ? {} : { lastState: { terminated: last } }),
    ready: unit.isReady,
    started: unit.isStarted,
    restartCount: unit.restartCount,
    image: container?.image ?? "",
  };
}

/** The last state given out: pods that start in one second share it. */
let runningSince: ContainerState = Object.freeze({ running: Object.freeze({ startedAt: "" }) });

function runningState(startedAt: string): ContainerState {
  if (runningSince.running?.startedAt !== startedAt) {
    runningSince = Object.freeze({ running: Object.freeze({ startedAt }) });
  }
  return runningSince;
}

function stateOf(context: KubeletContext, shape: PodShape, unit: Unit): ContainerState {
  if (unit.state === UNIT.running) return runningState(context.store.timestamp(unit.startedAt));
  if (unit.state === UNIT.exited && unit.waitingReason === "" && unit.ending !== null) {
    return { terminated: terminatedOf(context, unit.ending) };
  }
  if (unit.waitingReason === "") {
    return { waiting: { reason: shape.initCount > 0 ? "PodInitializing" : "ContainerCreating" } };
  }
  const message = unit.waitingMessage;
  return { waiting: { reason: unit.waitingReason, ...(message === "" ? {} : { message }) } };
}

/** A container that waits for its restart shows how it ended as its last state. */
function lastStateOf(context: KubeletContext, unit: Unit): ContainerStateTerminated | null {
  const isWaiting = unit.state === UNIT.exited && unit.waitingReason !== "";
  const ending = isWaiting ? unit.ending : unit.lastEnding;
  return ending === null ? null : terminatedOf(context, ending);
}

function terminatedOf(context: KubeletContext, ending: Ending): ContainerStateTerminated {
  const { exitCode, reason, message } = ending;
  const { store } = context;
  return {
    exitCode,
    reason,
    ...(message === undefined ? {} : { message }),
    ...(ending.startedAt < 0 ? {} : { startedAt: store.timestamp(ending.startedAt) }),
    ...(ending.startedAt < 0 ? {} : { finishedAt: store.timestamp(ending.finishedAt) }),
  };
}
