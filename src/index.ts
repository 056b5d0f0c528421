/** The package: scenarios in, worlds that play them. */
export { type LoadedScenario, type LoadOptions, loadScenario, type Problem, printProblems } from "./scenario/index.ts";
export {
  type DecisionRecord,
  type Plan,
  type PluginModules,
  type ResultSink,
  type RunnableWorld,
  type RunSummary,
  World,
} from "./world/index.ts";
