import type { ClusterView } from "../cluster-view.ts";
import type { Diagnosis } from "../diagnosis.ts";
import { histogramText } from "../diagnosis.ts";
import type { Plugin, PostFilterAnswer } from "../framework.ts";
import type { NodeInfo } from "../node-info.ts";
import type { PodInfo } from "../pod-info.ts";
import { CODE, unschedulable } from "../status.ts";

const NAME = "PreemptionVerdict";
const NOT_HELPFUL = "Preemption is not helpful for scheduling";
const NO_VICTIMS = "No preemption victims found for incoming pod";
const NOT_SIMULATED = "Preemption is not simulated";

/**
 * Says, in the words of DefaultPreemption, why no pod is preempted, wherever that needs no trial: the pod never
 * preempts, or no node holds pods of lower priority that could make way.
 * DEVIATION(no-preemption): no pod is ever preempted. Nodes that do hold pods of lower priority are counted under a
 * text of their own.
 * @source kubernetes 1.37 defaultpreemption plugin, messages only
 */
export function preemptionVerdict(view: ClusterView): Plugin {
  return {
    name: NAME,
    postFilter: (_state, pod, diagnosis) =>
      pod.template.spec.preemptionPolicy === "Never"
        ? { status: unschedulable(NAME, "preemption: not eligible due to preemptionPolicy=Never.") }
        : verdict(pod, view.cache.snapshot(), diagnosis),
  };
}

function verdict(pod: PodInfo, nodes: readonly NodeInfo[], diagnosis: Diagnosis): PostFilterAnswer {
  const counts = new Map<string, number>();
  for (const [position, node] of nodes.entries()) {
    const isPotential = diagnosis.statusAt(position).code === CODE.unschedulable;
    const reason = !isPotential ? NOT_HELPFUL : hasLowerPriority(node, pod) ? NOT_SIMULATED : NO_VICTIMS;
    counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  const text = `preemption: 0/${nodes.length} nodes are available:${histogramText(counts)}`;
  return { status: unschedulable(NAME, text), nominate: "" };
}

function hasLowerPriority(node: NodeInfo, pod: PodInfo): boolean {
  for (const other of node.pods.values()) if (other.template.priority < pod.template.priority) return true;
  return false;
}
