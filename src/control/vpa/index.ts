export { VpaAdmission } from "./admission.ts";
export {
  type BucketLayout,
  CPU_BUCKETS,
  EMPTY_HISTOGRAM,
  type Histogram,
  MEMORY_BUCKETS,
  merged,
  percentile,
  type Sample,
  withSamples,
} from "./decaying-histogram.ts";
export { bytesAfterOom } from "./estimate.ts";
export { vpaRows } from "./objects.ts";
export type { VerticalPodAutoscaler } from "./recommendation.ts";
export { VpaRecommender } from "./recommender.ts";
export { VpaUpdater } from "./updater.ts";
