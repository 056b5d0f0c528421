/** The face of the room `metrics`: what pods use, as the cluster sees it, and what a run measures of itself. */
export { type CollectedMetric, CollectedMetrics, type CollectionOptions } from "./collected-metrics.ts";
export { Housekeeping, type HousekeepingOptions, NO_HOUSEKEEPING } from "./housekeeping.ts";
export { MetricsServer, type MetricsServerOptions } from "./metrics-server.ts";
export { SampleSet, type SavedSamples, type Statistics } from "./sample-set.ts";
export { type ShownUsage, UsageMeter, type UsageMeterOptions } from "./usage-meter.ts";
export { STILL, type UsageSource } from "./usage-source.ts";
