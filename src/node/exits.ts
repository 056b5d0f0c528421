import { type KubeletContext, NODE, STAGE } from "./context.ts";
import { podEvent } from "./events.ts";
import { exited, planStop, scheduleStopped } from "./termination.ts";
import { isPlainInit, UNIT } from "./unit.ts";

const ARG_UNITS = 1024;

/** Names one instance of one container of a pod in the argument of an event. */
export function unitArg(instance: number, index: number): number {
  return instance * ARG_UNITS + index;
}

/** The index of the unit that an event was for, or -1 when that instance does not run any more. */
export function runningUnit(context: KubeletContext, row: number, arg: number): number {
  const index = arg % ARG_UNITS;
  const unit = context.store.pods.isPresent(row) ? context.unitsOf(row)[index] : undefined;
  const isSame = unit?.state === UNIT.running && unit.instance === Math.floor(arg / ARG_UNITS);
  return isSame ? index : -1;
}

/**
 * Ends a running container now. Its kubelet notices when it looks at its containers next; until then the API shows it
 * running. Returns false when the container does not run.
 */
export function exitUnit(
  context: KubeletContext,
  row: number,
  index: number,
  exitCode: number,
  reason?: string,
): boolean {
  const { engine, store } = context;
  const unit = context.unitsOf(row)[index];
  if (!store.pods.isPresent(row) || unit?.state !== UNIT.running) return false;
  const ending = {
    exitCode,
    reason: reason ?? (exitCode === 0 ? "Completed" : "Error"),
    startedAt: unit.startedAt,
    finishedAt: engine.now,
  };
  const isDone = isPlainInit(context.shapeOf(row), index) && exitCode === 0;
  context.setUnit(row, index, { ...exited(ending), isReady: isDone });
  const stage = context.stage.get(row);
  const nodeId = store.pods.nodeId.get(row);
  if (stage === STAGE.live) engine.at(context.relistAt(nodeId, engine.now), context.kinds.relist, row);
  else if (stage === STAGE.terminating) scheduleStopped(context, row);
  if (reason === "OOMKilled" && store.decisions.isEnabled) {
    const container = context.shapeOf(row).containers[index]?.name ?? "";
    store.decisions.write({ by: "kubelet", what: "oom", object: context.podKey(row), container, exitCode });
  }
  return true;
}

/** The application ends by itself, or as it was told to. */
export function onExit(context: KubeletContext, row: number, arg: number): void {
  const index = runningUnit(context, row, arg);
  if (index === -1 || context.stage.get(row) !== STAGE.live) return;
  if (!context.hasBit(context.store.pods.nodeId.get(row), NODE.power)) return;
  const shape = context.shapeOf(row);
  const unit = context.unitsOf(row)[index];
  const model = context.options.app(row, index < shape.initCount ? -1 - index : index - shape.initCount);
  exitUnit(context, row, index, unit !== undefined && unit.stopAt >= 0 ? unit.stopCode : (model.exitCode ?? 0));
}

/** Kills one container, which is then restarted as its policy says. */
export function killUnit(
  context: KubeletContext,
  row: number,
  index: number,
  kill: { readonly message: string; readonly graceMicros: number },
): void {
  const { engine, kinds, store } = context;
  const unit = context.unitsOf(row)[index];
  if (unit?.state !== UNIT.running || unit.stopAt >= 0) return;
  podEvent(context, row, { reason: "Killing", message: kill.message, unit: index });
  const stopAt = planStop(context, row, index, engine.now, kill.graceMicros);
  engine.at(stopAt, kinds.exit, row, unitArg(unit.instance, index));
  if (store.decisions.isEnabled) {
    const container = context.shapeOf(row).containers[index]?.name ?? "";
    store.decisions.write({ by: "kubelet", what: "kill", object: context.podKey(row), container, why: kill.message });
  }
}
