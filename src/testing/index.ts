/** The face of the room `testing`: builders for the tests of whole worlds. */
export * from "./manifests.ts";
export * from "./plan.ts";
export { DEFAULT_TIMING } from "./timing.ts";
