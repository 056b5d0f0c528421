import type { ContainerState, ContainerStateTerminated, ContainerStatus } from "../kube/index.ts";
import { POD_PHASE, type PodStatusChange } from "../store/index.ts";
import type { KubeletContext } from "./context.ts";
import { STAGE } from "./context.ts";
import { podConditions, podPhase } from "./pod-phase.ts";
import { type Ending, type PodShape, UNIT, type Unit } from "./unit.ts";

/**
 * Writes what the kubelet knows of a pod into its status, if the kubelet reaches the API server; what it could not
 * write is written when it does. One write, and none when nothing differs. A phase that has ended stays.
 */
export function publish(context: KubeletContext, row: number): void {
  const { store, stage, units, published } = context;
  const { pods } = store;
  if (units.get(row) === null) return;
  if (!pods.isPresent(row) || !context.listens(pods.nodeId.get(row))) return;
  const shape = context.shapeOf(row);
  const known = context.unitsOf(row);
  const at = stage.get(row);
  const isStopped = at === STAGE.finished || at === STAGE.stopped;
  const end = context.end.get(row);
  const isLost = end !== null && isStopped;
  const phase = pods.isTerminal(row)
    ? pods.phase.get(row)
    : isLost
      ? POD_PHASE.failed
      : podPhase(shape, known, isStopped);
  const ip = context.sandboxIp.get(row);
  const admittedAt = context.admittedAt.get(row);
  const change: PodStatusChange = {
    ...podConditions(shape, known, phase, ip !== 0),
    phase,
    ...(admittedAt === -1 ? {} : { startTime: admittedAt }),
    // The address stays in the status when the sandbox has gone.
    ...(ip === 0 ? {} : { ip }),
    ...(isLost ? end : {}),
  };
  if (published.get(row) === known) {
    store.podWriter.updateStatus(row, change);
    return;
  }
  published.set(row, known);
  store.podWriter.updateStatus(row, { ...change, ...containerStatuses(context, shape, known) });
}

type Statuses = Pick<PodStatusChange, "containers" | "initContainers" | "restarts">;

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
  return { containers: regular, restarts, ...(shape.initCount === 0 ? {} : { initContainers }) };
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

function stateOf(context: KubeletContext, shape: PodShape, unit: Unit): ContainerState {
  if (unit.state === UNIT.running) return { running: { startedAt: context.store.timestamp(unit.startedAt) } };
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
