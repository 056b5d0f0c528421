import type { KubeNode } from "../kube/index.ts";
import { sample } from "../random/index.ts";
import { BUSY, type KubeletContext, NODE, STAGE } from "./context.ts";
import { podEvent } from "./events.ts";
import { resumeHeartbeats, stopHeartbeats } from "./heartbeats.ts";
import { dropPulls } from "./images.ts";
import { postNodeStatus, reportStart, scheduleNodeStatus } from "./node-status.ts";
import { publish } from "./pod-status.ts";
import { considerPod } from "./pod-sync.ts";
import { hangUnit } from "./probes.ts";
import { registerAgain } from "./registration.ts";
import { restoreMirrors } from "./static-pods.ts";
import { exited, onFinish, onStopped, scheduleStopped, terminatePod } from "./termination.ts";
import { isPlainInit, isRestartable, isSidecar, NEW_UNIT, type PodShape, UNIT, type Unit } from "./unit.ts";
import { prepareSandbox } from "./worker.ts";

const LOST = "The container could not be located when the pod was deleted.  The container used to be Running";

function podsOf(context: KubeletContext, nodeId: number): number[] {
  return context.store.pods.byNode.rows(nodeId);
}

/** The machine stops: heartbeats end, its containers die, nothing of it acts any more. */
export function crashNode(context: KubeletContext, nodeId: number): void {
  if (!context.hasBit(nodeId, NODE.power)) return;
  if (context.listens(nodeId)) stopHeartbeats(context, nodeId);
  context.setBit(nodeId, NODE.power, false);
  dropPulls(context, nodeId);
  for (const row of podsOf(context, nodeId)) {
    haltWorker(context, row);
    context.sandboxIp.set(row, 0);
    for (const [index, unit] of context.unitsOf(row).entries()) {
      if (unit.state !== UNIT.running) continue;
      const { startedAt } = unit;
      const lost = { exitCode: 137, reason: "ContainerStatusUnknown", message: LOST, startedAt };
      context.setUnit(row, index, exited({ ...lost, finishedAt: context.engine.now }));
    }
  }
}

/** Whatever the pod's worker was waiting for does not come. */
function haltWorker(context: KubeletContext, row: number): void {
  context.epoch.set(row, context.epoch.get(row) + 1);
  context.busy.set(row, BUSY.idle);
  context.dirty.set(row, 0);
  context.engine.cancel(context.resyncRef.get(row));
  context.engine.cancel(context.stopRef.get(row));
  if (context.stage.get(row) === STAGE.noticed) context.stage.set(row, STAGE.unknown);
}

/** The machine is taken away for good: it stops, and no power brings it back. */
export function retireNode(context: KubeletContext, nodeId: number): void {
  crashNode(context, nodeId);
  context.setBit(nodeId, NODE.retired, true);
}

/** Power is back; the kubelet follows when the machine has booted. */
export function bootNode(context: KubeletContext, nodeId: number): void {
  if (context.hasBit(nodeId, NODE.power) || context.hasBit(nodeId, NODE.retired)) return;
  const { engine, kinds, options, streams } = context;
  engine.after(sample(options.nodeBoot, streams.start), kinds.boot, nodeId);
}

/** The machine has booted: the kubelet starts and finds its pods without containers. */
export function onBoot(context: KubeletContext, nodeId: number): void {
  if (context.hasBit(nodeId, NODE.power) || context.hasBit(nodeId, NODE.retired)) return;
  context.setBit(nodeId, NODE.power, true);
  context.setBit(nodeId, NODE.kubelet, true);
  if (context.listens(nodeId)) comeBack(context, nodeId, true);
  for (const row of podsOf(context, nodeId)) revive(context, row);
}

function comeBack(context: KubeletContext, nodeId: number, isRebooted: boolean): void {
  const { store } = context;
  const node = store.documents<KubeNode>("Node").find("", store.pods.nodeNames.textOf(nodeId));
  if (node === undefined) {
    registerAgain(context, nodeId);
    restoreMirrors(context, nodeId);
    return;
  }
  resumeHeartbeats(context, nodeId, { isRestart: true });
  reportStart(context, node, isRebooted);
  context.setBit(nodeId, NODE.ready, true);
  postNodeStatus(context, nodeId);
  restoreMirrors(context, nodeId);
}

/** A pod whose containers are gone with its sandbox: it gets new ones, or its end. */
function revive(context: KubeletContext, row: number): void {
  const { store } = context;
  const stage = context.stage.get(row);
  const listens = context.listens(store.pods.nodeId.get(row));
  if (stage === STAGE.terminating) onStopped(context, row);
  else if (stage === STAGE.stopped) onFinish(context, row, context.epoch.get(row));
  else if (stage !== STAGE.live || (listens && store.pods.isDeleting(row))) considerPod(context, row);
  else restartAll(context, row);
}

function restartAll(context: KubeletContext, row: number): void {
  const shape = context.shapeOf(row);
  const units = context.unitsOf(row);
  const hasStarted = units.some((unit) => unit.instance > 0);
  if (!hasStarted) {
    prepareSandbox(context, row);
    return;
  }
  const renewed = units.map((unit, index) => renewedUnit(shape, unit, index));
  const canRun = renewed.some((unit, index) => index >= shape.initCount && unit.state === UNIT.waiting);
  if (shape.restartPolicy === "Never" || !canRun) {
    terminatePod(context, row, 1);
    return;
  }
  const message = "Pod sandbox changed, it will be killed and re-created.";
  podEvent(context, row, { reason: "SandboxChanged", message });
  context.units.set(row, Object.freeze(renewed));
  publish(context, row);
  prepareSandbox(context, row);
}

/** The unit as it waits for its start in a new sandbox. Init containers run again; what need not run stays as it ended. */
function renewedUnit(shape: PodShape, unit: Unit, index: number): Unit {
  const { ending, restartCount } = unit;
  const isAgain = isPlainInit(shape, index) || isSidecar(shape, index);
  if (ending === null) return unit;
  if (!isAgain && !isRestartable(shape, index, ending.exitCode)) return unit;
  return Object.freeze({ ...NEW_UNIT, lastEnding: ending, restartCount: restartCount + 1 });
}

/** What stands between a kubelet and the API server: the node's link, and whether the server answers. */
export type Way = typeof NODE.link | typeof NODE.served;

/** The node cannot reach the API server: no heartbeats, no writes, nothing new is heard; containers run on. */
export function partitionNode(context: KubeletContext, nodeId: number, way: Way): void {
  if (!context.hasBit(nodeId, way)) return;
  if (context.listens(nodeId)) stopHeartbeats(context, nodeId);
  context.setBit(nodeId, way, false);
}

/** The API server is reached again: heartbeats go on, and all pods are looked at and told about. */
export function healNode(context: KubeletContext, nodeId: number, way: Way): void {
  if (context.hasBit(nodeId, way)) return;
  context.setBit(nodeId, way, true);
  if (!context.listens(nodeId)) return;
  resumeHeartbeats(context, nodeId, { isRestart: false });
  scheduleNodeStatus(context, nodeId);
  restoreMirrors(context, nodeId);
  for (const row of podsOf(context, nodeId)) considerPod(context, row);
}

/** The kubelet process ends; containers run on, but nobody starts, restarts or probes them. */
export function stopKubelet(context: KubeletContext, nodeId: number): void {
  if (!context.hasBit(nodeId, NODE.kubelet)) return;
  if (context.listens(nodeId)) stopHeartbeats(context, nodeId);
  context.setBit(nodeId, NODE.kubelet, false);
  dropPulls(context, nodeId);
  for (const row of podsOf(context, nodeId)) haltWorker(context, row);
}

/** The kubelet process starts again and looks at what is there. */
export function startKubelet(context: KubeletContext, nodeId: number): void {
  if (context.hasBit(nodeId, NODE.kubelet)) return;
  context.setBit(nodeId, NODE.kubelet, true);
  if (!context.acts(nodeId)) return;
  if (context.listens(nodeId)) comeBack(context, nodeId, false);
  for (const row of podsOf(context, nodeId)) takeUp(context, row);
}

function takeUp(context: KubeletContext, row: number): void {
  const { engine, kinds, store } = context;
  const stage = context.stage.get(row);
  if (stage === STAGE.live) {
    // Probes and the memory of back-offs begin anew with the process.
    for (const [index, unit] of context.unitsOf(row).entries()) {
      const backoff = unit.backoffMicros === 0 ? {} : { backoffMicros: 0, backoffAt: 0 };
      if (unit.isHung) {
        context.setUnit(row, index, { isHung: false });
        hangUnit(context, row, index);
      }
      if (unit.probedAt >= 0 || unit.backoffMicros > 0) context.setUnit(row, index, { probedAt: -1, ...backoff });
    }
    context.probesAt.set(row, engine.now);
    engine.after(0, kinds.relist, row);
  } else if (stage === STAGE.terminating) scheduleStopped(context, row);
  else if (stage === STAGE.stopped) onFinish(context, row, context.epoch.get(row));
  if (store.pods.isPresent(row)) considerPod(context, row);
}
