import type { KubeletContext } from "./context.ts";

/** Starts a node's lease renewals and status evaluations at instants of its own within their periods. */
export function startHeartbeats(context: KubeletContext, nodeId: number, options: { readonly isNew: boolean }): void {
  const { engine, store } = context;
  const { leaseRenewMicros, nodeStatusUpdateMicros, nodeStatusReportMicros, heartbeatJitter } = context.options;
  const phase = (period: number): number => engine.now + Math.floor(context.drawOfNode(nodeId) * period);
  const firstLease = options.isNew ? engine.now : phase(leaseRenewMicros);
  const jitter = heartbeatJitter;
  store.leases.start(nodeId, firstLease, { periodMicros: leaseRenewMicros, jitter, key: nodeId });
  const firstTick = options.isNew ? engine.now : phase(nodeStatusUpdateMicros);
  context.statusTicks.start(nodeId, firstTick, { periodMicros: nodeStatusUpdateMicros, jitter, key: nodeId });
  const firstPost = phase(nodeStatusReportMicros);
  store.nodeStatusPosts.start(nodeId, firstPost, { periodMicros: nodeStatusReportMicros, jitter, key: nodeId });
}

/** Nothing of the node reaches the API server any more. */
export function stopHeartbeats(context: KubeletContext, nodeId: number): void {
  const { engine, store } = context;
  for (const chains of [store.leases, store.nodeStatusPosts, context.statusTicks]) chains.stop(nodeId, engine.now);
}

/** Renewals go on: at once for a kubelet that starts, within a period for one that finds the API server again. */
export function resumeHeartbeats(
  context: KubeletContext,
  nodeId: number,
  options: { readonly isRestart: boolean },
): void {
  const { engine, store } = context;
  const { leaseRenewMicros, nodeStatusUpdateMicros } = context.options;
  const wait = (period: number): number => (options.isRestart ? 0 : Math.floor(context.drawOfNode(nodeId) * period));
  store.leases.resume(nodeId, engine.now + wait(leaseRenewMicros));
  context.statusTicks.resume(nodeId, engine.now + wait(nodeStatusUpdateMicros));
}
