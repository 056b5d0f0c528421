/** The face of the room `engine`: clock, events, periodic chains, journal, digest, checkpoints. */
export { assert, InvariantError, type RunPosition } from "./assert.ts";
export { type ChainOptions, type ChainShape, Chains } from "./chains.ts";
export { type Checkpoint, decodeCheckpoint, encodeCheckpoint, fingerprint } from "./checkpoint.ts";
export { Engine, type EngineOptions, type Handler, type KindOptions, type Micros } from "./engine.ts";
export type { EventRef } from "./future-event-list.ts";
export { Journal, type JournalEntry, type JournalSink } from "./journal.ts";
