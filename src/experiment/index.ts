/** The face of the room `experiment`: many runs at a time, and what follows from them. */
export { type CompareOptions, compareVariants, PluginFault, type Variant } from "./compare.ts";
export { type Comparison, compareMeasures, differs, type MeasureComparison, type Seed } from "./comparison.ts";
export { changeLines, comparisonLines, comparisonMarkdown } from "./comparison-text.ts";
export { type Conclusion, overviewRows } from "./conclusion.ts";
export { type Experiment, experimentSchema, type ReadExperiment, readExperiment } from "./definition.ts";
export { type Divergence, type DivergingEvent, firstDivergence } from "./divergence.ts";
export { ExperimentRefusal, type ExperimentResult, runExperiment, type Shard, VariantError } from "./experiment.ts";
export { type Fork, fork } from "./fork.ts";
export { type Measured, measuresOf } from "./measures.ts";
export { type MergeResult, mergeExperiments } from "./merge.ts";
export { networkLines, networkView } from "./network-view.ts";
export { type Change, type ChangedValue, changesBetween } from "./plan-changes.ts";
export { inlineRunner, play } from "./play.ts";
export { RedisRefusal } from "./redis.ts";
export { redisRunner } from "./redis-runner.ts";
export { startWorker, type WorkerOptions } from "./redis-worker.ts";
export { type Replay, replay } from "./replay.ts";
export {
  type PluginFile,
  pluginFilesOf,
  type ResultTarget,
  type Runner,
  type RunOutcome,
  type RunRequest,
  withSeed,
} from "./request.ts";
export { type RecordedRun, RerunRefusal, readRun, ViewRefusal } from "./rerun.ts";
export { outcomesOf, runAll } from "./run-all.ts";
export { runSeeds, type SeedMeasure, type SeedRuns } from "./seed-runs.ts";
export { parseSeeds, seedsText } from "./seeds.ts";
export { statusLines, statusView } from "./status-view.ts";
export { type ThreadPool, threadPool, threadRunner } from "./thread-runner.ts";
