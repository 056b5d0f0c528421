import type { KubeEvent, KubeNode } from "../kube/index.ts";
import type { KubeletContext } from "./context.ts";
import { fieldPath } from "./unit.ts";

/** Reports something about a pod as the kubelet of its node; with `unit`, about that container. */
export function podEvent(
  context: KubeletContext,
  row: number,
  event: {
    readonly type?: KubeEvent["type"];
    readonly reason: string;
    readonly message: string;
    readonly unit?: number;
  },
): void {
  const { type = "Normal", reason, message, unit } = event;
  const path = unit === undefined ? undefined : fieldPath(context.shapeOf(row), unit);
  context.store.podEvent(row, "kubelet", type, reason, message, path);
}

/** Reports something about a node as its kubelet. */
export function nodeEvent(
  context: KubeletContext,
  node: KubeNode,
  event: { readonly type?: KubeEvent["type"]; readonly reason: string; readonly message: string },
): void {
  context.store.event(node, "kubelet", event.type ?? "Normal", event.reason, event.message);
}

/** `Node N status is now: REASON`. */
export function nodeStatusEvent(context: KubeletContext, node: KubeNode, reason: string): void {
  nodeEvent(context, node, { reason, message: `Node ${node.metadata.name ?? ""} status is now: ${reason}` });
}
