/** The face of the room `scenario`: files in, a plan or located problems out. */
export { type Catalogue, type ReadCatalogue, readCatalogue } from "./catalogue.ts";
export { CODES, explainCode } from "./codes.ts";
export { readDocuments } from "./documents.ts";
export { type InputFile, type LoadedScenario, type LoadOptions, loadScenario, scenarioSchema } from "./load.ts";
export { bundleModules, type ModuleBundle } from "./plugin-imports.ts";
export {
  countProblems,
  hasErrors,
  type PrintOptions,
  type Problem,
  printProblems,
  type Severity,
  severityOf,
} from "./problem.ts";
export { experimentReference, scenarioReference } from "./reference.ts";
export { loadPlugins } from "./scheduler.ts";
export type { JsonSchema } from "./schema.ts";
export { didYouMean } from "./spelling.ts";
export { readTypedFile, type TypedFile } from "./typed-file.ts";
