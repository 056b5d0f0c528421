import {
  type Condition,
  type ConditionStatus,
  getCondition,
  type KubeNode,
  NODE_IMAGES_REPORTED_MAX,
} from "../kube/index.ts";
import { type KubeletContext, NODE } from "./context.ts";
import { nodeEvent, nodeStatusEvent } from "./events.ts";
import type { CachedImage } from "./options.ts";

interface Report {
  readonly type: string;
  readonly status: ConditionStatus;
  readonly reason: string;
  readonly message: string;
  /** Reason of the event that tells a change to this status. */
  readonly event: string;
}

/** What a kubelet reports when nothing presses, in the order of the conditions.
 *  @source kubernetes 1.37 pkg/kubelet/nodestatus/setters.go */
// DEVIATION(node-pressure): memory, disk and PID pressure are never found.
const UNPRESSED: readonly Report[] = [
  {
    type: "MemoryPressure",
    status: "False",
    reason: "KubeletHasSufficientMemory",
    message: "kubelet has sufficient memory available",
    event: "NodeHasSufficientMemory",
  },
  {
    type: "DiskPressure",
    status: "False",
    reason: "KubeletHasNoDiskPressure",
    message: "kubelet has no disk pressure",
    event: "NodeHasNoDiskPressure",
  },
  {
    type: "PIDPressure",
    status: "False",
    reason: "KubeletHasSufficientPID",
    message: "kubelet has sufficient PID available",
    event: "NodeHasSufficientPID",
  },
];
const READY: Report = {
  type: "Ready",
  status: "True",
  reason: "KubeletReady",
  message: "kubelet is posting ready status",
  event: "NodeReady",
};
const NOT_READY: Report = {
  type: "Ready",
  status: "False",
  reason: "KubeletNotReady",
  message:
    "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized",
  event: "NodeNotReady",
};

/** The conditions of a node as its kubelet posts them now; heartbeats are now, transitions only where the status flips. */
export function nodeConditions(
  context: KubeletContext,
  isReady: boolean,
  known: readonly Condition[] = [],
): { readonly conditions: readonly Condition[]; readonly changed: readonly string[] } {
  const { store } = context;
  const now = store.timestamp(store.nowSecond);
  const changed: string[] = [];
  const reports = [...UNPRESSED, isReady ? READY : NOT_READY];
  const conditions = reports.map(({ event, type, status, reason, message }): Condition => {
    const old = getCondition(known, type);
    if (old?.status !== status) changed.push(event);
    const lastTransitionTime = old?.status === status ? (old.lastTransitionTime ?? now) : now;
    return { type, status, reason, message, lastHeartbeatTime: now, lastTransitionTime };
  });
  const others = known.filter(({ type }) => !reports.some((report) => report.type === type));
  return { conditions: [...conditions, ...others], changed };
}

/** The images as a node's status lists them: the 50 largest. */
export function reportedImages(images: readonly CachedImage[]): NonNullable<NonNullable<KubeNode["status"]>["images"]> {
  return images.slice(0, NODE_IMAGES_REPORTED_MAX).map(({ name, sizeBytes }) => ({ names: [name], sizeBytes }));
}

/** Writes the node's status, as a kubelet does when something but heartbeats has changed; the next unchanged one follows. */
export function postNodeStatus(context: KubeletContext, nodeId: number): void {
  const { store } = context;
  if (!context.listens(nodeId)) return;
  const nodes = store.documents<KubeNode>("Node");
  const row = nodes.rowOf("", store.pods.nodeNames.textOf(nodeId));
  if (row === -1) return;
  const node = nodes.get(row);
  const { conditions, changed } = nodeConditions(context, context.hasBit(nodeId, NODE.ready), node.status?.conditions);
  const images = reportedImages(context.images.get(nodeId));
  store.writer.update(nodes, row, { ...node, status: { ...node.status, conditions, images } });
  for (const reason of changed) nodeStatusEvent(context, nodes.get(row), reason);
  scheduleReport(context, nodeId);
}

/** An unchanged status is posted 5 minutes after the last post, give or take half of that after a change. */
function scheduleReport(context: KubeletContext, nodeId: number): void {
  const { engine, options, store } = context;
  const period = options.nodeStatusReportMicros;
  const first = engine.now + Math.floor(period * (0.5 + context.drawOfNode(nodeId)));
  store.nodeStatusPosts.start(nodeId, first, { periodMicros: period, jitter: options.heartbeatJitter, key: nodeId });
}

/** Something of the node's status has changed: it is posted at the next evaluation. */
export function scheduleNodeStatus(context: KubeletContext, nodeId: number): void {
  if (context.postPending.get(nodeId) === 1 || !context.listens(nodeId)) return;
  const at = context.statusTicks.nextTickAt(nodeId);
  if (at === Infinity) return;
  context.postPending.set(nodeId, 1);
  context.engine.at(at, context.kinds.postStatus, nodeId);
}

/** The status evaluation that was waited for. */
export function onPostStatus(context: KubeletContext, nodeId: number): void {
  context.postPending.set(nodeId, 0);
  postNodeStatus(context, nodeId);
}

/** The node has become ready to run pods. */
export function onNodeReady(context: KubeletContext, nodeId: number): void {
  if (!context.acts(nodeId)) return;
  context.setBit(nodeId, NODE.ready, true);
  postNodeStatus(context, nodeId);
}

/** What a starting kubelet tells about itself. */
export function reportStart(context: KubeletContext, node: KubeNode, isRebooted: boolean): void {
  nodeEvent(context, node, { reason: "Starting", message: "Starting kubelet." });
  if (isRebooted) {
    const name = node.metadata.name ?? "";
    const bootId = context.store.rendering.uid(context.store.engine.now);
    const message = `Node ${name} has been rebooted, boot id: ${bootId}`;
    nodeEvent(context, node, { type: "Warning", reason: "Rebooted", message });
  }
  const message = "Updated Node Allocatable limit across pods";
  nodeEvent(context, node, { reason: "NodeAllocatableEnforced", message });
}
