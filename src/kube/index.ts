export * from "./admission.ts";
export * from "./check-manifest.ts";
export { type CodeInfo, MANIFEST_CODES } from "./codes.ts";
export * from "./conditions.ts";
export { type Converted, convertToServed, findOldVersion, type OldVersion } from "./convert.ts";
export { autoscalerAsV1 } from "./convert-autoscaler.ts";
export * from "./cron-schedule.ts";
export * from "./defaults.ts";
export { defaultNamespace } from "./defaults-others.ts";
export {
  canonicalQuantities,
  defaultPodSpec,
  defaultPodTemplate,
  defaultPullPolicy,
  defaultTemplatePodSpec,
} from "./defaults-pod.ts";
export * from "./field-errors.ts";
export * from "./field-selectors.ts";
export * from "./int-or-percent.ts";
export * from "./job-selector.ts";
export * from "./kinds.ts";
export * from "./labels.ts";
export * from "./limit-range.ts";
export * from "./names.ts";
export * from "./node-affinity.ts";
export * from "./phases.ts";
export * from "./pod-requests.ts";
export type * from "./pod-snapshot.ts";
export * from "./pod-status.ts";
export { isObject, type JsonObject, type Problem, problem } from "./problems.ts";
export * from "./qos.ts";
export * from "./quota.ts";
export * from "./release-1-37.ts";
export * from "./selector-parser.ts";
export * from "./selectors.ts";
export { withoutFieldsOfOldType } from "./service-update.ts";
export { checkShape, fieldName } from "./shape-check.ts";
export * from "./spelling.ts";
export { inOrder, mergeKeyOf, patchProblem, strategicMerge } from "./strategic-merge.ts";
export * from "./taints.ts";
export * from "./template-hash.ts";
export type * from "./types.ts";
export * from "./validation.ts";
export { validateAffinity } from "./validation-affinity.ts";
export { validatePodSpec, validatePodTemplate } from "./validation-pod.ts";
export * from "./validation-update.ts";
export * from "./volume-binding.ts";
export { VOLUME_SOURCES } from "./volume-sources.ts";
