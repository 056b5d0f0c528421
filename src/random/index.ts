/** The face of the room `random`: named streams, counter-based draws and distributions. */
export { type Distribution, isZero, sample } from "./distribution.ts";
export { drawAt, drawKeyed, drawWord, keyOf, normalAt, seedWord } from "./draw-at.ts";
export { exp, ln, pow } from "./ln-exp.ts";
export { standardNormal } from "./normal.ts";
export { noiseFactor, roughNormal } from "./rough-normal.ts";
export { Stream, type StreamState } from "./stream.ts";
export { type StreamStates, Streams } from "./streams.ts";
