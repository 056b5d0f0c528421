import type { CellState, NumberArray, NumberArrayConstructor, Snapshot } from "../tables/index.ts";
import { InvariantError } from "./assert.ts";
import { decodeData, encodeData, hashData } from "./data-graph.ts";
import { Digest } from "./digest.ts";

/** Everything a run is at one instant, taken between two events. Immutable; may be restored any number of times. */
export interface Checkpoint {
  readonly seed: string;
  readonly run: number;
  readonly explicitPeriodic: boolean;
  readonly kinds: readonly string[];
  readonly cells: Snapshot;
}

const MAGIC = 0x4b43524f; // "ORCK"
const VERSION = 1;
const ARRAYS: readonly NumberArrayConstructor[] = [Uint8Array, Uint16Array, Int32Array, Uint32Array, Float64Array];

/**
 * One buffer that holds a checkpoint: magic, version, then sections of (form, name length, byte length, name, content), each padded
 * to eight bytes; little endian. Arrays of numbers are stored as they are; all other data as one JSON text that keeps shared
 * references shared. Cost: the bytes of the columns plus the JSON of the cold cells.
 */
export function encodeCheckpoint(checkpoint: Checkpoint): Uint8Array {
  const { seed, run, explicitPeriodic, kinds, cells } = checkpoint;
  const cold: [string, unknown][] = [];
  const order: string[] = [];
  const sections: Section[] = [];
  for (const [name, state] of cells) {
    order.push(name);
    if (state.form === "numbers")
      sections.push({ form: formOf(state.data), name: utf8(name), content: bytesOf(state.data) });
    else cold.push([name, state.data]);
  }
  const head = { seed, run, explicitPeriodic, kinds, order, cold };
  sections.unshift({ form: ARRAYS.length, name: utf8("data"), content: utf8(encodeData(head)) });
  return pack(sections);
}

/** The checkpoint in a buffer written by `encodeCheckpoint`. Throws when it is not one or of another version. */
export function decodeCheckpoint(buffer: Uint8Array): Checkpoint {
  let head: (Omit<Checkpoint, "cells"> & { order: string[]; cold: [string, unknown][] }) | undefined;
  const states = new Map<string, CellState>();
  for (const { form, name, content } of unpack(buffer)) {
    const make = ARRAYS[form];
    if (make === undefined) head = decodeData(text(content)) as typeof head;
    else states.set(text(name), { form: "numbers", data: numbersOf(make, content) });
  }
  if (head === undefined) throw new InvariantError("the checkpoint has no data section");
  for (const [name, data] of head.cold) states.set(name, { form: "data", data });
  const cells = new Map<string, CellState>();
  for (const name of head.order) {
    const state = states.get(name);
    if (state === undefined) throw new InvariantError(`the checkpoint has lost the cell "${name}"`);
    cells.set(name, state);
  }
  const { seed, run, explicitPeriodic, kinds } = head;
  return { seed, run, explicitPeriodic, kinds, cells };
}

/**
 * Hash of the content of the cells that `accept` names (default: all): equal contents, equal hashes. References to events count as
 * content, and they differ when other events (observers, explicit ticks) have been pending. Cost: as encoding.
 */
export function fingerprint(cells: Snapshot, accept: (name: string) => boolean = () => true): string {
  const digest = new Digest();
  for (const [name, state] of cells) {
    if (!accept(name)) continue;
    digest.text(name);
    if (state.form === "numbers") digest.bytes(bytesOf(state.data));
    else digest.text(hashData(state.data));
  }
  return digest.toString();
}

interface Section {
  readonly form: number;
  readonly name: Uint8Array;
  readonly content: Uint8Array;
}

function pack(sections: readonly Section[]): Uint8Array {
  let length = 8;
  for (const { name, content } of sections) length += 16 + padded(name.length) + padded(content.length);
  const buffer = new Uint8Array(length);
  const view = new DataView(buffer.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, VERSION, true);
  let at = 8;
  for (const { form, name, content } of sections) {
    view.setUint32(at, form, true);
    view.setUint32(at + 4, name.length, true);
    view.setFloat64(at + 8, content.length, true);
    buffer.set(name, at + 16);
    buffer.set(content, at + 16 + padded(name.length));
    at += 16 + padded(name.length) + padded(content.length);
  }
  return buffer;
}

function unpack(buffer: Uint8Array): Section[] {
  const view = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  if (buffer.length < 8 || view.getUint32(0, true) !== MAGIC) throw new InvariantError("this is not a checkpoint");
  const version = view.getUint32(4, true);
  if (version !== VERSION) throw new InvariantError(`checkpoint of version ${version}; this program reads ${VERSION}`);
  const sections: Section[] = [];
  for (let at = 8; at < buffer.length; ) {
    if (at + 16 > buffer.length) throw new InvariantError("the checkpoint is cut off");
    const form = view.getUint32(at, true);
    const nameLength = view.getUint32(at + 4, true);
    const length = view.getFloat64(at + 8, true);
    const start = at + 16 + padded(nameLength);
    if (start + padded(length) > buffer.length) throw new InvariantError("the checkpoint is cut off");
    sections.push({
      form,
      name: buffer.subarray(at + 16, at + 16 + nameLength),
      content: buffer.subarray(start, start + length),
    });
    at = start + padded(length);
  }
  return sections;
}

function padded(length: number): number {
  return Math.ceil(length / 8) * 8;
}

function formOf(data: NumberArray): number {
  return ARRAYS.findIndex((make) => data instanceof make);
}

function bytesOf(data: NumberArray): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function numbersOf(make: NumberArrayConstructor, content: Uint8Array): NumberArray {
  // Copied: the section may lie at an address that the wider arrays cannot start at. (A Node buffer's own slice does not copy.)
  return new make(new Uint8Array(content).buffer);
}

function utf8(given: string): Uint8Array {
  return new TextEncoder().encode(given);
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
