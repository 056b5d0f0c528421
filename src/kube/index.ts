export * from "./admission.ts";
export * from "./conditions.ts";
export * from "./defaults.ts";
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
export * from "./labels.ts";
export * from "./names.ts";
export * from "./node-affinity.ts";
export * from "./phases.ts";
export * from "./pod-requests.ts";
export * from "./pod-status.ts";
export * from "./qos.ts";
export * from "./release-1-37.ts";
export * from "./selector-parser.ts";
export * from "./selectors.ts";
export * from "./taints.ts";
export * from "./template-hash.ts";
export type * from "./types.ts";
export * from "./validation.ts";
export { validatePodSpec, validatePodTemplate } from "./validation-pod.ts";
