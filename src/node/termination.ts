import { MIN_KILL_GRACE } from "../kube/index.ts";
import { sample } from "../random/index.ts";
import { POD_PHASE_NAMES } from "../store/index.ts";
import { type Micros, seconds } from "../units/index.ts";
import { BUSY, type KubeletContext, type PodEnd, STAGE } from "./context.ts";
import { podEvent } from "./events.ts";
import { publish } from "./pod-status.ts";
import { type Ending, isSidecar, UNIT, type Unit } from "./unit.ts";

const SIGKILLED = 137;

/**
 * Tells all containers of a pod to stop; whatever was being started is not. Regular containers stop together, then
 * sidecars in reverse order with what is left of the grace.
 * @source kubernetes 1.37 pkg/kubelet/kuberuntime killContainersWithSyncResult
 */
export function terminatePod(
  context: KubeletContext,
  row: number,
  graceSeconds: number,
  end: PodEnd | null = null,
): void {
  const { engine, store } = context;
  context.stage.set(row, STAGE.terminating);
  context.epoch.set(row, context.epoch.get(row) + 1);
  context.busy.set(row, BUSY.idle);
  context.end.set(row, end);
  engine.cancel(context.resyncRef.get(row));
  const shape = context.shapeOf(row);
  const grace = seconds(Math.max(graceSeconds, 1));
  context.stopGrace.set(row, grace);
  planStops(context, row, grace);
  for (const [index, unit] of context.unitsOf(row).entries()) {
    if (unit.state !== UNIT.running) continue;
    const message = `Stopping container ${shape.containers[index]?.name ?? ""}`;
    podEvent(context, row, { reason: "Killing", message, unit: index });
  }
  const isKill = store.pods.isDeleting(row) || context.unitsOf(row).some((unit) => unit.state === UNIT.running);
  if (isKill && store.decisions.isEnabled) {
    const why = end?.reason ?? (store.pods.isDeleting(row) ? "deleted" : "completed");
    store.decisions.write({ by: "kubelet", what: "kill", object: context.podKey(row), why, graceSeconds });
  }
  scheduleStopped(context, row);
}

/** A second, shorter grace: what has not stopped by its end is killed then. A longer one changes nothing. */
export function shortenGrace(context: KubeletContext, row: number, graceSeconds: number): void {
  const grace = seconds(Math.max(graceSeconds, 1));
  if (grace >= context.stopGrace.get(row)) return;
  context.stopGrace.set(row, grace);
  const killAt = context.engine.now + Math.max(grace, MIN_KILL_GRACE);
  for (const [index, unit] of context.unitsOf(row).entries()) {
    if (unit.state !== UNIT.running || unit.stopAt <= killAt) continue;
    context.setUnit(row, index, { stopAt: killAt, stopCode: SIGKILLED });
  }
  scheduleStopped(context, row);
}

function planStops(context: KubeletContext, row: number, grace: Micros): void {
  const { now } = context.engine;
  const shape = context.shapeOf(row);
  const units = context.unitsOf(row);
  let last = now;
  for (let index = shape.initCount; index < units.length; index++) {
    if (units[index]?.state === UNIT.running) last = Math.max(last, planStop(context, row, index, now, grace));
  }
  for (let index = shape.initCount - 1; index >= 0; index--) {
    if (units[index]?.state !== UNIT.running) continue;
    const isLate = isSidecar(shape, index);
    const left = isLate ? Math.max(now + grace - last, MIN_KILL_GRACE) : grace;
    last = planStop(context, row, index, isLate ? last : now, left);
  }
}

/** Sets when a container told to stop at `from` will have, and returns it. A preStop hook counts inside the grace. */
export function planStop(context: KubeletContext, row: number, index: number, from: Micros, grace: Micros): Micros {
  const { options, streams } = context;
  const shape = context.shapeOf(row);
  const container = shape.containers[index];
  const model = options.app(row, index < shape.initCount ? -1 - index : index - shape.initCount);
  // DEVIATION(pre-stop-hooks): only sleep hooks take time; exec and HTTP hooks end at once.
  const hook = Math.min(seconds(container?.lifecycle?.preStop?.sleep?.seconds ?? 0), grace);
  const drain = sample(model.stop ?? options.containerStop, streams.stop);
  const left = Math.max(grace - Math.floor(hook / 1e6) * 1e6, MIN_KILL_GRACE);
  const isKilled = context.unitsOf(row)[index]?.isHung === true || drain > left;
  const stopAt = from + hook + (isKilled ? left : drain);
  context.setUnit(row, index, { stopAt, stopCode: isKilled ? SIGKILLED : 0 });
  return stopAt;
}

/** Schedules the end of the last container; also when one has ended before it was due. */
export function scheduleStopped(context: KubeletContext, row: number): void {
  const { engine } = context;
  let last = engine.now;
  for (const unit of context.unitsOf(row)) if (unit.state === UNIT.running) last = Math.max(last, unit.stopAt);
  engine.cancel(context.stopRef.get(row));
  context.stopRef.set(row, engine.at(last, context.kinds.stopped, row));
}

/** The ending of a container that stopped as planned. */
export function plannedEnding(unit: Unit): Ending {
  const { stopAt, stopCode, startedAt } = unit;
  return { exitCode: stopCode, reason: stopCode === 0 ? "Completed" : "Error", startedAt, finishedAt: stopAt };
}

/** All containers have stopped: the sandbox follows. */
export function onStopped(context: KubeletContext, row: number): void {
  if (!context.isAt(row, STAGE.terminating)) return;
  const { engine, options, streams } = context;
  for (const [index, unit] of context.unitsOf(row).entries()) {
    if (unit.state === UNIT.running) context.setUnit(row, index, exited(plannedEnding(unit)));
  }
  context.stage.set(row, STAGE.stopped);
  context.stoppedAt.set(row, engine.now);
  engine.after(sample(options.sandboxStop, streams.stop), context.kinds.finish, row, context.epoch.get(row));
}

/** The fields of a unit that has just ended. */
export function exited(ending: Ending): Partial<Unit> {
  return { state: UNIT.exited, ending: Object.freeze(ending), isReady: false, isStarted: false, stopAt: -1 };
}

/** The sandbox is gone: the last status, and the deletion of the object when it was asked for. */
export function onFinish(context: KubeletContext, row: number, epoch: number): void {
  if (!context.isAt(row, STAGE.stopped) || context.epoch.get(row) !== epoch) return;
  const { engine, options, streams, store } = context;
  context.stage.set(row, STAGE.finished);
  context.sandboxIp.set(row, 0);
  const message = "The container could not be located when the pod was terminated";
  const lost = { exitCode: SIGKILLED, reason: "ContainerStatusUnknown", message, startedAt: -1, finishedAt: -1 };
  for (const [index, unit] of context.unitsOf(row).entries()) {
    if (unit.state === UNIT.waiting) context.setUnit(row, index, { ...exited(lost), waitingReason: "" });
    else if (unit.waitingReason !== "") context.setUnit(row, index, { waitingReason: "", waitingMessage: "" });
  }
  const cleanup = sample(options.podDeletion, streams.stop);
  const unmount = sample(options.volumeUnmount, streams.stop);
  publish(context, row);
  decideStop(context, row);
  if (!store.pods.isDeleting(row)) return;
  const removeAt = Math.max(context.stoppedAt.get(row) + cleanup, engine.now + unmount);
  engine.at(removeAt, context.kinds.remove, row);
}

function decideStop(context: KubeletContext, row: number): void {
  const { decisions, pods } = context.store;
  if (!decisions.isEnabled) return;
  const forMicros = context.engine.now - context.stoppedAt.get(row);
  const phase = POD_PHASE_NAMES[pods.phase.get(row)] ?? "Unknown";
  const isDeleted = pods.isDeleting(row);
  const object = context.podKey(row);
  decisions.write({ by: "kubelet", what: "stop", object, node: pods.nodeNameOf(row), phase, isDeleted, forMicros });
}

/** Confirms the deletion: the object goes. Without the API server it is done when that is back. */
export function onRemove(context: KubeletContext, row: number): void {
  const { pods, podWriter } = context.store;
  if (!context.isAt(row, STAGE.finished) || !pods.isDeleting(row) || !context.listens(pods.nodeId.get(row))) return;
  podWriter.requestDeletion(row, 0);
}
