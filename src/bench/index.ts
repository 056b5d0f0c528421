/** The face of the room `bench`: how fast scenarios run, and what they decide, in this version and another. */
export { type BenchFile, BenchFileError, type Measured, readBenchFile, type Sample } from "./bench-file.ts";
export { type Circumstances, keepHistory } from "./history.ts";
export { findInstalled, type Installed } from "./installed.ts";
export { measurePair, type Pair, processSampler, SampleError, type Sampler } from "./measure.ts";
export { type Against, type Verdict, verdictOf } from "./verdict.ts";
