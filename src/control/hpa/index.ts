export { selectorText } from "../selector-text.ts";
export { HPA_DEFAULTS, HpaController, type HpaOptions } from "./controller.ts";
export type { Milli } from "./int64.ts";
export type { MetricsSource, PodRowsQuery, ResourceQuery, SampleColumns, SampleCount } from "./metrics-source.ts";
export {
  type ReadyPods,
  replicasForExternalAverage,
  replicasForExternalValue,
  replicasForObjectAverage,
  replicasForObjectValue,
} from "./object-metrics.ts";
export { podRequestsOf } from "./pod-requests.ts";
export { formatMilliQuantity, milliOfQuantity } from "./quantities.ts";
export {
  type PodCalculationInput,
  type ResourceCalculationInput,
  replicasForPodsMetric,
  replicasForResourceValue,
  replicasForUtilization,
} from "./replica-calculator.ts";
export type * from "./types.ts";
