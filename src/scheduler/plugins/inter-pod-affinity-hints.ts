import type { HintRegistration } from "../framework.ts";
import type { PodInfo } from "../pod-info.ts";
import { type AffinityTerm, termMatches } from "../pod-terms.ts";

type NamespaceLabels = Parameters<typeof termMatches>[2];

/** Which events may make a pod schedulable that (anti-)affinity rejected.
 *  @source kubernetes 1.37 interpodaffinity plugin EventsToRegister */
export function interPodAffinityHints(labelsOf: NamespaceLabels): readonly HintRegistration[] {
  const matchesAll = (terms: readonly AffinityTerm[], pod: PodInfo) =>
    terms.length > 0 && terms.every((term) => termMatches(term, pod.template, labelsOf));
  const matchesAny = (terms: readonly AffinityTerm[], pod: PodInfo) =>
    terms.some((term) => termMatches(term, pod.template, labelsOf));
  return [
    {
      events: ["AssignedPod/Add"],
      hint: ({ template }, { newPod }) => newPod !== undefined && matchesAll(template.requiredAffinity, newPod),
    },
    {
      events: ["AssignedPod/UpdateLabel"],
      hint: ({ template }, { oldPod, newPod }) => {
        if (oldPod === undefined || newPod === undefined) return true;
        const { requiredAffinity: affinity, requiredAntiAffinity: anti } = template;
        if (!matchesAll(affinity, oldPod) && matchesAll(affinity, newPod)) return true;
        return matchesAny(anti, oldPod) && !matchesAny(anti, newPod);
      },
    },
    {
      events: ["AssignedPod/Delete"],
      hint: (pod, { oldPod }) =>
        oldPod !== undefined &&
        (matchesAny(pod.template.requiredAntiAffinity, oldPod) ||
          matchesAny(oldPod.template.requiredAntiAffinity, pod)),
    },
    { events: ["TargetPod/UpdateLabel"], hint: () => true },
    {
      events: ["Node/Add", "Node/UpdateLabel"],
      hint: ({ template }, { oldNode, newNode }) => {
        const after = newNode?.metadata.labels ?? {};
        const before = oldNode?.metadata.labels ?? {};
        const hasChanged = (term: AffinityTerm) => before[term.topologyKey] !== after[term.topologyKey];
        const isGain = (term: AffinityTerm) => after[term.topologyKey] !== undefined && hasChanged(term);
        if (template.requiredAffinity.some(isGain)) return true;
        if (oldNode === undefined) return template.requiredAntiAffinity.length > 0;
        const isRelief = (term: AffinityTerm) => before[term.topologyKey] !== undefined && hasChanged(term);
        return template.requiredAntiAffinity.some(isRelief);
      },
    },
  ];
}
