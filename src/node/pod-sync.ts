import type { KubeNode } from "../kube/index.ts";
import { sample } from "../random/index.ts";
import { CHANGE, type Cursor, POD_PHASE } from "../store/index.ts";
import { seconds } from "../units/index.ts";
import { admissionRefusal, holdResources } from "./admission.ts";
import { type KubeletContext, STAGE } from "./context.ts";
import { podEvent } from "./events.ts";
import { publish } from "./pod-status.ts";
import { recreateMirror } from "./static-pods.ts";
import { onRemove, shortenGrace, terminatePod } from "./termination.ts";
import { prepareSandbox } from "./worker.ts";

/** The changes of pods that a kubelet acts on. */
export const OF_INTEREST =
  CHANGE.added | CHANGE.bound | CHANGE.deleted | CHANGE.deleting | CHANGE.metadata | CHANGE.ready;

/** Reads what has changed about pods. A kubelet learns of it a little later; one that hears nothing learns of it when it is back. */
export function onDeliver(context: KubeletContext, cursor: Cursor): void {
  const { engine, kinds, options, store, streams } = context;
  const { pods } = store;
  while (cursor.next()) {
    const { row, flags } = cursor;
    if ((flags & CHANGE.deleted) !== 0) {
      recreateMirror(context, row);
      context.forget(row);
      continue;
    }
    if (!pods.isPresent(row)) continue;
    const nodeId = pods.nodeId.get(row);
    if (!context.listens(nodeId)) continue;
    const stage = context.stage.get(row);
    if ((flags & CHANGE.ready) !== 0 && stage === STAGE.live && isOverwritten(context, row)) {
      engine.after(options.nodeStatusUpdateMicros, kinds.reconcile, row);
    }
    const isNew = stage === STAGE.unknown;
    if (!isNew && (flags & (CHANGE.deleting | CHANGE.metadata)) === 0) continue;
    if (isNew) {
      context.stage.set(row, STAGE.noticed);
      context.noticedAt.set(row, engine.now);
    } else if (!pods.isDeleting(row)) continue;
    engine.after(sample(options.kubeletDelivery, streams.start), kinds.notice, row);
  }
}

/** Whether somebody else has written the pod's readiness. */
function isOverwritten(context: KubeletContext, row: number): boolean {
  const told = context.told.get(row);
  return told !== null && told.conditions.Ready !== context.store.pods.ready.get(row);
}

/** The kubelet has heard of the pod or of its deletion, or looks at all its pods again. */
export function considerPod(context: KubeletContext, row: number): void {
  const { pods } = context.store;
  if (!pods.isPresent(row)) return;
  const stage = context.stage.get(row);
  if (!context.listens(pods.nodeId.get(row))) {
    if (stage === STAGE.noticed) context.stage.set(row, STAGE.unknown);
    return;
  }
  const isDeleting = pods.isDeleting(row);
  const grace = pods.graceSeconds.get(row);
  if (stage === STAGE.unknown || stage === STAGE.noticed) {
    holdResources(context, row);
    if (pods.isTerminal(row)) context.stage.set(row, STAGE.finished);
    else if (isDeleting) terminatePod(context, row, grace);
    else admitPod(context, row);
  } else if (stage === STAGE.live) {
    if (isDeleting) terminatePod(context, row, grace);
    else publish(context, row);
  } else if (stage === STAGE.terminating) {
    if (isDeleting) shortenGrace(context, row, grace);
  } else if (stage === STAGE.finished) {
    publish(context, row);
    onRemove(context, row);
  }
}

function admitPod(context: KubeletContext, row: number): void {
  const { engine, kinds, store } = context;
  const { pods } = store;
  const node = store.documents<KubeNode>("Node").find("", pods.nodeNameOf(row));
  if (node === undefined) {
    context.stage.set(row, STAGE.unknown);
    return;
  }
  const refusal = admissionRefusal(context, row, node);
  context.admittedAt.set(row, engine.now);
  if (refusal !== undefined) {
    const { reason, message } = refusal;
    context.stage.set(row, STAGE.finished);
    podEvent(context, row, { type: "Warning", reason, message });
    context.end.set(row, { reason, message: `Pod was rejected: ${message}` });
    store.podWriter.updateStatus(row, { phase: POD_PHASE.failed, reason, message: `Pod was rejected: ${message}` });
    if (store.decisions.isEnabled) {
      const object = context.podKey(row);
      store.decisions.write({ by: "kubelet", what: "reject", object, node: pods.nodeNameOf(row), reason, message });
    }
    return;
  }
  // DEVIATION(network-not-ready): pods are started on a node that has not reported Ready yet, as pods of the host's network are.
  context.stage.set(row, STAGE.live);
  context.units.set(row, context.shapeOf(row).newUnits);
  publish(context, row);
  const deadline = pods.templateOf(row).spec.activeDeadlineSeconds;
  if (deadline !== undefined) engine.at(Math.max(engine.now, deadlineOf(context, row, deadline)), kinds.deadline, row);
  prepareSandbox(context, row);
}

/** The deadline counts from the start time as the API has it. */
function deadlineOf(context: KubeletContext, row: number, deadlineSeconds: number): number {
  return context.store.pods.startTime.get(row) + seconds(deadlineSeconds);
}

/** A pod may not be active on its node for longer. */
export function onDeadline(context: KubeletContext, row: number): void {
  if (!context.isAt(row, STAGE.live)) return;
  const reason = "DeadlineExceeded";
  const message = "Pod was active on the node longer than the specified deadline";
  podEvent(context, row, { reason, message });
  const grace = context.store.pods.templateOf(row).spec.terminationGracePeriodSeconds ?? 30;
  terminatePod(context, row, grace, { reason, message });
}

/** Somebody else has written the pod's status: the kubelet's own view is written again. */
export function onReconcile(context: KubeletContext, row: number): void {
  if (context.isAt(row, STAGE.live)) publish(context, row);
}
