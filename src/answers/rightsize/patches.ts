import { stringify } from "yaml";
import { type KubeObject, strategicMerge } from "../../kube/index.ts";
import type { Plan } from "../../world/plan.ts";
import { changesSomething, type Proposal, workloadName } from "./proposal.ts";

/** Where a workload keeps the spec of its pods. */
const POD_SPEC: Readonly<Record<string, readonly string[]>> = {
  Pod: ["spec"],
  CronJob: ["spec", "jobTemplate", "spec", "template", "spec"],
};
const TEMPLATE_SPEC = ["spec", "template", "spec"];

/** A strategic merge patch for each workload that something changes of, in the order of the plan. */
export function patchesOf(plan: Plan, proposals: readonly Proposal[]): KubeObject[] {
  const changed = proposals.filter(changesSomething);
  return plan.objects.flatMap(({ object }) => {
    const name = workloadName(object);
    const own = changed.filter(({ workload }) => workload === name);
    return own.length === 0 ? [] : [patchOf(object, own)];
  });
}

function patchOf({ apiVersion, kind, metadata }: KubeObject, proposals: readonly Proposal[]): KubeObject {
  const containers = proposals.map(({ container, requests, limits }) => ({
    name: container,
    resources: {
      ...(Object.keys(requests).length > 0 && { requests }),
      ...(Object.keys(limits).length > 0 && { limits }),
    },
  }));
  const path = POD_SPEC[kind] ?? TEMPLATE_SPEC;
  const body = path.reduceRight<object>((inner, step) => ({ [step]: inner }), { containers });
  const { namespace, name } = metadata;
  return { apiVersion, kind, metadata: { name, ...(namespace !== undefined && { namespace }) }, ...body } as KubeObject;
}

/** The plan with the patches laid over its objects, as `--overlay` lays them. */
export function patchedPlan(plan: Plan, patches: readonly KubeObject[]): Plan {
  const byName = new Map(patches.map((patch) => [workloadName(patch), patch]));
  const objects = plan.objects.map((planned) => {
    const patch = byName.get(workloadName(planned.object));
    return patch === undefined ? planned : { ...planned, object: strategicMerge(planned.object, patch) as KubeObject };
  });
  return { ...plan, objects };
}

/** The patches as a file for `--overlay`, or for `kubectl patch --patch-file` one by one. */
export function patchText(patches: readonly KubeObject[], heading: string): string {
  if (patches.length === 0) return `# ${heading}: nothing changes\n`;
  return `# ${heading}\n${patches.map((patch) => stringify(patch, { lineWidth: 120 })).join("---\n")}`;
}
