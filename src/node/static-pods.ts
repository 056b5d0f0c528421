import type { KubeNode, PodTemplateSpec } from "../kube/index.ts";
import { controllerReference } from "../store/index.ts";
import { deepFreeze } from "../tables/index.ts";
import type { KubeletContext } from "./context.ts";

/**
 * Pods that a kubelet runs from manifests of its own: bound from the start, not scheduled, shown in the API as mirror pods that come
 * back when they are deleted.
 * @source kubernetes 1.37 pkg/kubelet/config, pkg/kubelet/pod/mirror_client.go
 */
// DEVIATION(mirror-pod-deletion): deleting a mirror pod stops and restarts its containers; the original leaves them alone.
// DEVIATION(static-pods-need-the-api): static pods start only when the kubelet reaches the API server.
export function addStaticPods(context: KubeletContext, nodeId: number, templates: readonly PodTemplateSpec[]): void {
  context.staticPods.set(nodeId, deepFreeze(templates.map(withToleration)));
  for (let number = 1; number <= templates.length; number++) createMirror(context, nodeId, number);
}

/** Static pods stay whatever happens to their node. */
function withToleration(template: PodTemplateSpec): PodTemplateSpec {
  const { spec } = template;
  const tolerations = [...(spec.tolerations ?? []), { operator: "Exists" as const, effect: "NoExecute" as const }];
  return { ...template, spec: { ...spec, tolerations } };
}

/** Creates the mirror of the node's static pod of that number, from 1, unless it is there. */
export function createMirror(context: KubeletContext, nodeId: number, number: number): void {
  const { store } = context;
  const template = context.staticPods.get(nodeId)[number - 1];
  const nodeName = store.pods.nodeNames.textOf(nodeId);
  const node = store.documents<KubeNode>("Node").find("", nodeName);
  if (template === undefined || node === undefined || !context.listens(nodeId)) return;
  const { namespace = "default", name = "static", annotations } = template.metadata ?? {};
  const hash = String(context.engine.streams.seedOf(`static/${nodeName}/${namespace}/${name}`) >>> 0);
  const config = { "kubernetes.io/config.hash": hash, "kubernetes.io/config.mirror": hash };
  const made = store.podWriter.create({
    namespace,
    name: `${name}-${nodeName}`,
    template: store.templateOf(template),
    owner: controllerReference(node),
    nodeName,
    extra: { annotations: { ...annotations, ...config, "kubernetes.io/config.source": "file" } },
  });
  if (made.ok) context.staticNumber.set(made.row, number);
}

/** A mirror pod was deleted: its kubelet makes it again. */
export function recreateMirror(context: KubeletContext, row: number): void {
  const number = context.staticNumber.get(row);
  const nodeId = context.store.pods.nodeId.get(row);
  if (number > 0 && context.listens(nodeId)) context.engine.after(0, context.kinds.staticPod, nodeId, number);
}

/** After an outage: mirrors deleted meanwhile. */
export function restoreMirrors(context: KubeletContext, nodeId: number): void {
  const { length } = context.staticPods.get(nodeId);
  for (let number = 1; number <= length; number++) createMirror(context, nodeId, number);
}
