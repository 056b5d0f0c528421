import { firstUntolerated, isTolerated, type KubeNode, REPELLING_EFFECTS, type Toleration } from "../../kube/index.ts";
import type { ClusterView } from "../cluster-view.ts";
import { StateKey } from "../cycle-state.ts";
import type { Plugin } from "../framework.ts";
import type { PodInfo } from "../pod-info.ts";
import { normalizeByMax } from "../score-nodes.ts";
import { unresolvable } from "../status.ts";

/** Tolerations that can cover a PreferNoSchedule taint. */
const SOFT = new StateKey<readonly Toleration[]>("TaintToleration");

/** Taints keep pods off that do not tolerate them; soft ones only lower the score.
 *  @source kubernetes 1.37 tainttoleration plugin */
export function taintToleration(view: ClusterView): Plugin {
  const name = "TaintToleration";
  const untolerated = unresolvable(name, "node(s) had untolerated taint(s)");
  const tolerates = (pod: PodInfo, node: KubeNode | undefined) =>
    firstUntolerated(node?.spec?.taints, pod.template.tolerations, REPELLING_EFFECTS) === undefined;
  return {
    name,
    preFilter: () => null,
    passesAll: () => view.cache.hardTaintedCount === 0,
    filter: (_state, pod, node) => {
      const taints = node.hardTaints;
      for (let i = 0; i < taints.length; i++) {
        if (!isTolerated(taints[i]!, pod.template.tolerations)) return untolerated;
      }
      return null;
    },
    preScore: (state, pod) => {
      state.write(
        SOFT,
        pod.template.tolerations.filter(({ effect }) => !effect || effect === "PreferNoSchedule"),
      );
      return null;
    },
    evenScore: () => (view.cache.softTaintedCount === 0 ? 0 : undefined),
    score: (state, _pod, node) => {
      if (node.softTaints.length === 0) return 0;
      const tolerations = state.read(SOFT);
      return node.softTaints.filter((taint) => !isTolerated(taint, tolerations)).length;
    },
    normalize: (_state, _pod, _nodes, scores) => normalizeByMax(scores, true),
    memoKey: ({ tolerations }) => (tolerations.length === 0 ? "" : JSON.stringify(tolerations)),
    hints: [
      {
        events: ["Node/Add", "Node/UpdateTaint"],
        hint: (pod, { oldNode, newNode }) =>
          tolerates(pod, newNode) && (oldNode === undefined || !tolerates(pod, oldNode)),
      },
      { events: ["TargetPod/UpdateToleration"], hint: () => true },
    ],
  };
}
