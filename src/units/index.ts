export * from "./duration.ts";
export * from "./instant.ts";
export * from "./quantity.ts";
export { UnitError } from "./unit-error.ts";
