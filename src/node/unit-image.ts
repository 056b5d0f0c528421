import { sample } from "../random/index.ts";
import { BUSY, type KubeletContext } from "./context.ts";
import { podEvent } from "./events.ts";
import { hasImage, requestPull } from "./images.ts";
import type { Unit } from "./unit.ts";

/** The worker of a pod waits; its step follows. */
export function waitFor(context: KubeletContext, row: number, busy: number, delay: number): void {
  context.busy.set(row, busy);
  context.engine.after(delay, context.kinds.step, row, context.epoch.get(row));
}

/**
 * Has the image of a container be there, by its pull policy, and then the container be started. Returns false when it has to wait.
 * @source kubernetes 1.37 pkg/kubelet/images/image_manager.go EnsureImageExists
 */
export function beginImage(context: KubeletContext, row: number, index: number): boolean {
  const { engine, options, streams, store } = context;
  const unit = context.unitsOf(row)[index] as Unit;
  const { image = "", imagePullPolicy = "IfNotPresent" } = context.shapeOf(row).containers[index] ?? {};
  const isPresent = hasImage(context, store.pods.nodeId.get(row), image);
  const quoted = JSON.stringify(image);
  if (imagePullPolicy === "Never" && !isPresent) {
    const message = `Container image ${quoted} is not present with pull policy of Never`;
    imageFailed(context, row, index, {
      event: "ErrImageNeverPull",
      type: "Warning",
      reason: "ErrImageNeverPull",
      message,
    });
    return false;
  }
  if (isPresent && imagePullPolicy !== "Always") {
    const message = `Container image ${quoted} already present on machine and can be accessed by the pod`;
    podEvent(context, row, { reason: "Pulled", message, unit: index });
    const delay = sample(options.imageCheck, streams.start) + startDelay(context);
    waitFor(context, row, BUSY.start, delay);
    return true;
  }
  if (engine.now < unit.imageRetryAt) {
    const message = `Back-off pulling image ${quoted}`;
    imageFailed(context, row, index, { event: "BackOff", type: "Normal", reason: "ImagePullBackOff", message });
    return false;
  }
  podEvent(context, row, { reason: "Pulling", message: `Pulling image ${quoted}`, unit: index });
  context.busy.set(row, BUSY.image);
  requestPull(context, row, image);
  return true;
}

/** Creating and starting a container. */
export function startDelay(context: KubeletContext): number {
  const { options, streams } = context;
  return sample(options.containerCreate, streams.start) + sample(options.containerStart, streams.start);
}

/** The registry has refused: the next try is not before the back-off's end. */
export function pullFailed(context: KubeletContext, row: number, index: number, image: string): void {
  const { engine, options } = context;
  const unit = context.unitsOf(row)[index] as Unit;
  const { imageBackoffInitialMicros: initial, imageBackoffMaxMicros: max } = options;
  const backoff = unit.imageBackoffMicros === 0 ? initial : Math.min(2 * unit.imageBackoffMicros, max);
  const why = `failed to pull and unpack image ${JSON.stringify(image)}: failed to resolve reference ${JSON.stringify(image)}: ${image}: not found`;
  const message = `Failed to pull image ${JSON.stringify(image)}: ${why}`;
  imageFailed(context, row, index, { event: "Failed", type: "Warning", reason: "ErrImagePull", message }, why);
  context.setUnit(row, index, { imageBackoffMicros: backoff, imageRetryAt: engine.now + backoff });
}

function imageFailed(
  context: KubeletContext,
  row: number,
  index: number,
  failure: {
    readonly event: string;
    readonly type: "Normal" | "Warning";
    readonly reason: string;
    readonly message: string;
  },
  detail?: string,
): void {
  const { event, type, reason, message } = failure;
  podEvent(context, row, { type, reason: event, message, unit: index });
  podEvent(context, row, { type: "Warning", reason: "Failed", message: `Error: ${reason}`, unit: index });
  const unit = context.unitsOf(row)[index];
  if (unit?.waitingReason === reason) return;
  const known =
    reason === "ImagePullBackOff" ? `${message}: ErrImagePull: ${unit?.waitingMessage ?? ""}` : (detail ?? message);
  context.setUnit(row, index, { waitingReason: reason, waitingMessage: known });
}
