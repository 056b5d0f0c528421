/** The face of the room `experiment`: many runs at a time, and what follows from them. */
export { inlineRunner, play } from "./play.ts";
export {
  type PluginFile,
  type ResultTarget,
  type Runner,
  type RunOutcome,
  type RunRequest,
  withSeed,
} from "./request.ts";
export { outcomesOf, runAll } from "./run-all.ts";
export { threadRunner } from "./thread-runner.ts";
