import type { ContainerStatus, JobSpec, PodFailurePolicyRule } from "../../kube/index.ts";
import type { Store } from "../../store/index.ts";
import { type Intervals, overlapOf, parseIntervals, totalOf } from "./indexes.ts";

/** What a failure policy says about a failed pod. */
export interface FailureVerdict {
  readonly action: PodFailurePolicyRule["action"] | undefined;
  /** Whether the failure counts towards the limits. */
  readonly isCounted: boolean;
  /** Why the whole Job fails. */
  readonly message: string | undefined;
}
const COUNTED: FailureVerdict = Object.freeze({ action: undefined, isCounted: true, message: undefined });

/** The first rule that matches decides. @source kubernetes 1.37 pkg/controller/job/pod_failure_policy.go */
export function judgeFailure(store: Store, { podFailurePolicy }: JobSpec, pod: number): FailureVerdict {
  for (const [index, rule] of (podFailurePolicy?.rules ?? []).entries()) {
    const matched = matchOf(store, rule, pod);
    if (matched === undefined) continue;
    const message = `${matched} matching FailJob rule at index ${index}`;
    return {
      action: rule.action,
      isCounted: rule.action !== "Ignore",
      message: rule.action === "FailJob" ? message : undefined,
    };
  }
  return COUNTED;
}

/** How a rule describes what it found at the pod. */
function matchOf(store: Store, { onExitCodes, onPodConditions }: PodFailurePolicyRule, pod: number) {
  const { pods } = store;
  const name = `${pods.namespaceOf(pod)}/${pods.name.get(pod)}`;
  if (onExitCodes !== undefined) {
    const isMatching = (status: ContainerStatus): boolean => {
      const code = status.state?.terminated?.exitCode ?? 0;
      if (code === 0 || (onExitCodes.containerName ?? status.name) !== status.name) return false;
      return onExitCodes.values.includes(code) === (onExitCodes.operator === "In");
    };
    const found = pods.containers.get(pod)?.find(isMatching) ?? pods.initContainers.get(pod)?.find(isMatching);
    if (found === undefined) return undefined;
    return `Container ${found.name} for pod ${name} failed with exit code ${found.state?.terminated?.exitCode}`;
  }
  if (onPodConditions === undefined) return undefined;
  const conditions = store.pod(pod).status?.conditions ?? [];
  const found = conditions.find(({ type, status }) =>
    onPodConditions.some((pattern) => pattern.type === type && (pattern.status ?? "True") === status),
  );
  return found === undefined ? undefined : `Pod ${name} has condition ${found.type}`;
}

/** Which rule of a success policy is met; undefined for none. @source kubernetes 1.37 pkg/controller/job/success_policy.go */
export function metSuccessRule(spec: JobSpec, completions: number, succeeded: Intervals): string | undefined {
  if (succeeded.length === 0) return undefined;
  for (const [index, { succeededIndexes, succeededCount }] of (spec.successPolicy?.rules ?? []).entries()) {
    const text = `Matched rules at index ${index}`;
    if (succeededIndexes === undefined) {
      if (succeededCount !== undefined && totalOf(succeeded) >= succeededCount) return text;
      continue;
    }
    const wanted = parseIntervals(succeededIndexes, completions);
    if (wanted.length === 0) continue;
    const met = overlapOf(wanted, succeeded);
    if (met === totalOf(wanted) || (succeededCount !== undefined && met >= succeededCount)) return text;
  }
  return undefined;
}
