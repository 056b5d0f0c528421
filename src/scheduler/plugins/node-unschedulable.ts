import { isTolerated, type KubeNode, TAINT_UNSCHEDULABLE, type Taint } from "../../kube/index.ts";
import type { ClusterView } from "../cluster-view.ts";
import type { Plugin } from "../framework.ts";
import { unresolvable } from "../status.ts";

const CORDONED: Taint = { key: TAINT_UNSCHEDULABLE, effect: "NoSchedule" };

/** Cordoned nodes take only pods that tolerate the unschedulable taint.
 *  @source kubernetes 1.37 nodeunschedulable plugin */
export function nodeUnschedulable(view: ClusterView): Plugin {
  const name = "NodeUnschedulable";
  const cordoned = unresolvable(name, "node(s) were unschedulable");
  const isCordoned = (node: KubeNode | undefined) => node?.spec?.unschedulable === true;
  return {
    name,
    preFilter: () => null,
    passesAll: () => view.cache.cordonedCount === 0,
    filter: (_state, pod, node) =>
      node.isUnschedulable && !isTolerated(CORDONED, pod.template.tolerations) ? cordoned : null,
    memoKey: ({ tolerations }) => (tolerations.length === 0 ? "" : JSON.stringify(tolerations)),
    hints: [
      {
        events: ["Node/Add", "Node/UpdateTaint"],
        hint: (_pod, event) => !isCordoned(event.newNode) && (event.oldNode === undefined || isCordoned(event.oldNode)),
      },
      {
        events: ["TargetPod/UpdateToleration"],
        hint: (_pod, event) => isTolerated(CORDONED, event.newPod?.template.tolerations),
      },
    ],
  };
}
