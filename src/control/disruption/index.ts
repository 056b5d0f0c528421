export { DisruptionController, type DisruptionSettings } from "./disruption-controller.ts";
export { type Eviction, type EvictionOptions, evict } from "./eviction.ts";
