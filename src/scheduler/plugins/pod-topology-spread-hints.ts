import type { KubeNode } from "../../kube/index.ts";
import { sameData } from "../../tables/index.ts";
import type { HintRegistration } from "../framework.ts";
import type { PodInfo } from "../pod-info.ts";
import type { SpreadConstraint } from "../pod-terms.ts";

/** Which events may make a pod schedulable that spreading rejected.
 *  @source kubernetes 1.37 podtopologyspread plugin EventsToRegister */
export function podTopologySpreadHints(
  hardOf: (pod: PodInfo) => readonly SpreadConstraint[],
): readonly HintRegistration[] {
  return [
    {
      events: ["AssignedPod/Add", "AssignedPod/UpdateLabel", "AssignedPod/Delete"],
      hint: (pod, { oldPod, newPod }) => {
        const other = newPod ?? oldPod;
        if (other === undefined || !isPlaced(other) || other.namespace !== pod.namespace) return false;
        const constraints = hardOf(pod);
        if (oldPod !== undefined && newPod !== undefined) return constraints.some((c) => toggles(c, oldPod, newPod));
        return constraints.some((constraint) => constraint.selector(other.template.labels));
      },
    },
    {
      events: ["TargetPod/UpdateLabel", "TargetPod/UpdateToleration"],
      hint: (pod, { oldPod, newPod }) => {
        if (oldPod === undefined || newPod === undefined) return true;
        const constraints = hardOf(pod);
        const tolerates = oldPod.template.tolerations.length !== newPod.template.tolerations.length;
        if (tolerates && constraints.some((constraint) => constraint.honorsNodeTaints)) return true;
        return constraints.some((constraint) => toggles(constraint, oldPod, newPod));
      },
    },
    {
      events: ["Node/Add", "Node/Delete", "Node/UpdateLabel", "Node/UpdateTaint"],
      hint: (pod, { oldNode, newNode }) => {
        const constraints = hardOf(pod);
        const hadAll = oldNode !== undefined && hasAllKeys(oldNode, constraints);
        const hasAll = newNode !== undefined && hasAllKeys(newNode, constraints);
        if (oldNode === undefined || newNode === undefined) return hadAll || hasAll;
        if (hadAll !== hasAll) return true;
        return hasAll && (hasOtherDomain(oldNode, newNode, constraints) || hasOtherTaints(oldNode, newNode));
      },
    },
  ];
}

function isPlaced(pod: PodInfo): boolean {
  return pod.nodeName !== "" || pod.nominatedNodeName !== "";
}

function toggles({ selector }: SpreadConstraint, oldPod: PodInfo, newPod: PodInfo): boolean {
  return selector(oldPod.template.labels) !== selector(newPod.template.labels);
}

function hasAllKeys(node: KubeNode, constraints: readonly SpreadConstraint[]): boolean {
  return constraints.every(({ topologyKey }) => node.metadata.labels?.[topologyKey] !== undefined);
}

function hasOtherDomain(oldNode: KubeNode, newNode: KubeNode, constraints: readonly SpreadConstraint[]): boolean {
  const differs = (key: string) => oldNode.metadata.labels?.[key] !== newNode.metadata.labels?.[key];
  return constraints.some(({ topologyKey }) => differs(topologyKey));
}

function hasOtherTaints(oldNode: KubeNode, newNode: KubeNode): boolean {
  return !sameData(oldNode.spec?.taints ?? [], newNode.spec?.taints ?? []);
}
