/** The face of the room `import`: files of other tools in, the folder of a scenario out. */
export { FORMATS, type Format, type Imported, type ImportOptions, importFiles } from "./import.ts";
export { OutputError } from "./output.ts";
