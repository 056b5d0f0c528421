/** The face of the room `tables`: cells, the only places where components keep state. */
export { Column, RefColumn } from "./columns.ts";
export { deepFreeze, frozenCopy, mergePatch, sameData } from "./data.ts";
export { Interner } from "./interner.ts";
export { type JsonPatchOperation, jsonPatch } from "./json-patch.ts";
export { Links } from "./links.ts";
export { Fifo, StateMap, StateValue } from "./maps.ts";
export {
  type Cell,
  CellRegistry,
  type CellState,
  type NumberArray,
  type NumberArrayConstructor,
  type Snapshot,
} from "./registry.ts";
export { Rows } from "./rows.ts";
