import { POD_RESYNC_AFTER_ERROR, POD_RESYNC_PERIOD } from "../kube/index.ts";
import { sample } from "../random/index.ts";
import { POD_PHASE } from "../store/index.ts";
import { backoffText, crashBackoff, resyncDelay } from "./backoff.ts";
import { BUSY, type KubeletContext, STAGE } from "./context.ts";
import { podEvent } from "./events.ts";
import { unitArg } from "./exits.ts";
import { endPull, pulledMessage } from "./images.ts";
import { scheduleNodeStatus } from "./node-status.ts";
import { allocatePodIp } from "./pod-ip.ts";
import { publish } from "./pod-status.ts";
import { armProbes } from "./probes.ts";
import { terminatePod } from "./termination.ts";
import { isPlainInit, isRestartable, isSidecar, type PodShape, UNIT, type Unit } from "./unit.ts";
import { beginImage, pullFailed, startDelay, waitFor } from "./unit-image.ts";

/** The pod's worker begins with cgroup, volumes and sandbox. */
export function prepareSandbox(context: KubeletContext, row: number): void {
  const { engine, options, streams } = context;
  const volumes = sample(options.volumeMount, streams.start);
  const sandbox = sample(options.sandboxStart, streams.start);
  context.probesAt.set(row, engine.now + volumes);
  waitFor(context, row, BUSY.sandbox, volumes + sandbox);
}

/** What the worker has waited for is done. */
export function onStep(context: KubeletContext, row: number, epoch: number): void {
  if (!context.isAt(row, STAGE.live) || context.epoch.get(row) !== epoch) return;
  const busy = context.busy.get(row);
  context.busy.set(row, BUSY.idle);
  if (busy === BUSY.sandbox) sandboxReady(context, row);
  else if (busy === BUSY.start) {
    unitStarted(context, row, context.unitAt.get(row));
    // An init container that runs now holds up the next one, hence it is looked at again.
    startUnits(context, row, context.unitAt.get(row), true);
  } else if (busy === BUSY.report) report(context, row);
}

function sandboxReady(context: KubeletContext, row: number): void {
  const ip = allocatePodIp(context, row);
  if (ip === 0) {
    const message = "Failed to create pod sandbox: no IP addresses available in range set";
    podEvent(context, row, { type: "Warning", reason: "FailedCreatePodSandBox", message });
    resyncIn(context, row, POD_RESYNC_AFTER_ERROR);
    return;
  }
  context.sandboxIp.set(row, ip);
  context.sandboxAt.set(row, context.engine.now);
  context.pullMicros.set(row, 0);
  startUnits(context, row, 0, false);
}

/** The kubelet has looked at the pod's containers, or its resync is due. */
export function onSync(context: KubeletContext, row: number): void {
  if (!context.isAt(row, STAGE.live)) return;
  if (context.busy.get(row) !== BUSY.idle) {
    context.dirty.set(row, 1);
    return;
  }
  if (context.sandboxIp.get(row) === 0) prepareSandbox(context, row);
  else startUnits(context, row, 0, false);
  // What has ended shows while it is being replaced.
  if (context.busy.get(row) !== BUSY.idle) publish(context, row);
}

/**
 * Starts what should run and does not, one container after the other, from unit `from` on; then reports. Init containers block
 * what comes after them until they have ended (sidecars: started).
 * @source kubernetes 1.37 pkg/kubelet/kuberuntime computePodActions, SyncPod
 */
function startUnits(context: KubeletContext, row: number, from: number, hasBegun: boolean): void {
  const shape = context.shapeOf(row);
  const hasRegularStarted = context.unitsOf(row).some((unit, i) => i >= shape.initCount && unit.instance > 0);
  for (let index = from; index < shape.containers.length; index++) {
    const unit = context.unitsOf(row)[index];
    if (unit === undefined) break;
    const isInit = index < shape.initCount && !hasRegularStarted;
    if (hasRegularStarted && isPlainInit(shape, index)) continue;
    if (unit.state === UNIT.running) {
      if (isInit && (isPlainInit(shape, index) || !unit.isStarted)) break;
      continue;
    }
    if (unit.ending !== null && !isRestartable(shape, index, unit.ending.exitCode)) {
      if (isInit && unit.ending.exitCode !== 0) break;
      continue;
    }
    if (beginUnit(context, row, index)) return;
    if (isInit) break;
  }
  if (!hasBegun) report(context, row);
  else waitFor(context, row, BUSY.report, sample(context.options.statusWrite, context.streams.start));
}

/** Begins the start of a container. Returns false when it has to wait. */
function beginUnit(context: KubeletContext, row: number, index: number): boolean {
  const { now } = context.engine;
  const unit = context.unitsOf(row)[index];
  const container = context.shapeOf(row).containers[index];
  if (unit === undefined || container === undefined) return false;
  const ending = unit.ending ?? unit.lastEnding;
  if (ending !== null) {
    const decision = crashBackoff(unit, ending.finishedAt, now, context.options);
    if (!decision.isDue) {
      backOff(context, row, index, decision.backoffMicros);
      return false;
    }
    context.setUnit(row, index, { backoffMicros: decision.backoffMicros, backoffAt: decision.backoffAt });
    decideRestart(context, row, container.name, unit, decision.backoffMicros);
  }
  context.unitAt.set(row, index);
  return beginImage(context, row, index);
}

/** A pull has ended: the node's next one begins, and the pod that waited for this one goes on. */
export function onPulled(context: KubeletContext, nodeId: number, id: number): void {
  const ended = endPull(context, id);
  if (ended === undefined) return;
  const { pull, isNew } = ended;
  const { row } = pull;
  const { pods } = context.store;
  if (isNew) scheduleNodeStatus(context, nodeId);
  const isSame = pods.rows.generationOf(row) === pull.generation && context.epoch.get(row) === pull.epoch;
  if (!isSame || !context.isAt(row, STAGE.live) || context.busy.get(row) !== BUSY.image) return;
  const index = context.unitAt.get(row);
  context.pullMicros.set(row, context.pullMicros.get(row) + context.engine.now - pull.requestedAt);
  if (!pull.isMissing) {
    podEvent(context, row, { reason: "Pulled", message: pulledMessage(context, pull), unit: index });
    waitFor(context, row, BUSY.start, startDelay(context));
    return;
  }
  context.busy.set(row, BUSY.idle);
  pullFailed(context, row, index, pull.image);
  const isBlocked = index < context.shapeOf(row).initCount;
  startUnits(context, row, isBlocked ? context.shapeOf(row).containers.length : index + 1, true);
}

function backOff(context: KubeletContext, row: number, index: number, backoffMicros: number): void {
  const name = context.shapeOf(row).containers[index]?.name ?? "";
  const pod = context.podText(row);
  const message = `Back-off restarting failed container ${name} in pod ${pod}`;
  podEvent(context, row, { type: "Warning", reason: "BackOff", message, unit: index });
  const waitingMessage = `back-off ${backoffText(backoffMicros)} restarting failed container=${name} pod=${pod}`;
  const unit = context.unitsOf(row)[index];
  if (unit?.waitingReason === "CrashLoopBackOff" && unit.waitingMessage === waitingMessage) return;
  context.setUnit(row, index, { waitingReason: "CrashLoopBackOff", waitingMessage });
  const { decisions } = context.store;
  if (!decisions.isEnabled) return;
  decisions.write({ by: "kubelet", what: "back-off", object: context.podKey(row), container: name, backoffMicros });
}

function decideRestart(context: KubeletContext, row: number, container: string, unit: Unit, nextMicros: number): void {
  const { decisions } = context.store;
  const ending = unit.ending ?? unit.lastEnding;
  if (!decisions.isEnabled || ending === null) return;
  const { exitCode, reason, finishedAt } = ending;
  const restartCount = unit.ending === null ? unit.restartCount : unit.restartCount + 1;
  const ended = { exitCode, reason, finishedAt, restartCount, nextBackoffMicros: nextMicros };
  decisions.write({ by: "kubelet", what: "restart", object: context.podKey(row), container, ...ended });
}

function unitStarted(context: KubeletContext, row: number, index: number): void {
  const { engine, kinds, options, streams } = context;
  const shape = context.shapeOf(row);
  const unit = context.unitsOf(row)[index] as Unit;
  const container = shape.containers[index];
  const instance = context.instances.get(row) + 1;
  context.instances.set(row, instance);
  const isStarted = container?.startupProbe === undefined;
  context.putUnit(row, index, {
    state: UNIT.running,
    instance,
    startedAt: engine.now,
    waitingReason: "",
    waitingMessage: "",
    ending: null,
    lastEnding: unit.ending ?? unit.lastEnding,
    restartCount: unit.restartCount + (unit.ending === null ? 0 : 1),
    isStarted,
    isReady: isStarted && container?.readinessProbe === undefined && !isPlainInit(shape, index),
    isHung: false,
    probedAt: -1,
    backoffMicros: unit.backoffMicros,
    backoffAt: unit.backoffAt,
    imageBackoffMicros: 0,
    imageRetryAt: 0,
    stopAt: -1,
    stopCode: 0,
  });
  podEvent(context, row, { reason: "Created", message: "Container created", unit: index });
  podEvent(context, row, { reason: "Started", message: "Container started", unit: index });
  const isInit = isPlainInit(shape, index);
  const model = options.app(row, index < shape.initCount ? -1 - index : index - shape.initCount);
  const runFor = model.runFor ?? (isInit ? options.initRun : null);
  if (runFor !== null) engine.after(sample(runFor, streams.start), kinds.exit, row, unitArg(instance, index));
}

/** A pass over the containers is complete: probes, status, the next look, or the end of the pod. */
function report(context: KubeletContext, row: number): void {
  const shape = context.shapeOf(row);
  const units = context.unitsOf(row);
  if (hasEnded(shape, units)) {
    terminatePod(context, row, context.store.pods.templateOf(row).spec.terminationGracePeriodSeconds ?? 30);
    return;
  }
  armProbes(context, row);
  const wasRunning = context.store.pods.phase.get(row) !== POD_PHASE.pending;
  publish(context, row);
  if (!wasRunning) decideStart(context, row);
  scheduleResync(context, row);
  if (context.dirty.get(row) === 0) return;
  context.dirty.set(row, 0);
  context.engine.after(0, context.kinds.relist, row);
}

/** Whether no container of the pod runs or will run again, sidecars aside. */
function hasEnded(shape: PodShape, units: readonly Unit[]): boolean {
  for (const [index, unit] of units.entries()) {
    if (isSidecar(shape, index)) continue;
    const code = unit.state === UNIT.exited ? unit.ending?.exitCode : undefined;
    const isOver = code !== undefined && !isRestartable(shape, index, code);
    if (index < shape.initCount) {
      if (isOver && code !== 0) return true;
    } else if (!isOver) return false;
  }
  return true;
}

function scheduleResync(context: KubeletContext, row: number): void {
  const { engine } = context;
  let retryAt = Infinity;
  let hasError = false;
  for (const unit of context.unitsOf(row)) {
    if (unit.waitingReason === "") continue;
    hasError = true;
    if (unit.waitingReason === "CrashLoopBackOff" && unit.ending !== null) {
      retryAt = Math.min(retryAt, unit.ending.finishedAt + unit.backoffMicros);
    }
  }
  if (hasError) resyncIn(context, row, retryAt === Infinity ? POD_RESYNC_AFTER_ERROR : retryAt - engine.now);
}

function resyncIn(context: KubeletContext, row: number, remaining: number): void {
  const { engine, kinds, options, streams } = context;
  const delay = resyncDelay(remaining, POD_RESYNC_PERIOD, options.resyncJitter, streams.resync.uniform());
  engine.cancel(context.resyncRef.get(row));
  context.resyncRef.set(row, engine.after(delay, kinds.resync, row));
}

function decideStart(context: KubeletContext, row: number): void {
  const { decisions, pods } = context.store;
  if (!decisions.isEnabled || pods.phase.get(row) === POD_PHASE.pending) return;
  const { now } = context.engine;
  const sandboxAt = context.sandboxAt.get(row);
  const pullMicros = context.pullMicros.get(row);
  decisions.write({
    by: "kubelet",
    what: "start",
    object: context.podKey(row),
    node: pods.nodeNameOf(row),
    deliveryMicros: context.admittedAt.get(row) - context.noticedAt.get(row),
    sandboxMicros: sandboxAt - context.admittedAt.get(row),
    pullMicros,
    containersMicros: now - sandboxAt - pullMicros,
  });
}
