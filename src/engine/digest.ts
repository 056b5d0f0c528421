/** 32-bit hash of a text: equal texts, equal numbers, on every platform. */
export function hashText(text: string, seed = 0): number {
  let hash = seed ^ 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return mix(hash);
}

/** Scrambles all bits of a word (a bijection). */
export function mix(word: number): number {
  let x = word;
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
  return x ^ (x >>> 15);
}

/** Four bytes as a little-endian word; bytes beyond the end are 0. */
function wordAt(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}

/** Eight hexadecimal digits of a word. */
export function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, "0");
}

/** A rolling hash of two 32-bit lanes. */
export class Digest {
  first = 0x3c6ef372 | 0;
  second = 0xa54ff53a | 0;

  /**
   * Takes one event in: the words of its time and argument, its kind's hash and its subject. The words of an event are folded by
   * independent products, so that only one multiplication a lane waits for the event before.
   * hot: bench/micro/hold.ts
   */
  event(timeLow: number, timeHigh: number, kindHash: number, subject: number, argLow: number, argHigh: number): void {
    const a =
      Math.imul(timeLow, 0x9e3779b1) +
      Math.imul(timeHigh ^ 0x2545f491, 0x85ebca6b) +
      Math.imul(kindHash, 0xc2b2ae35) +
      Math.imul(subject, 0x27d4eb2f) +
      Math.imul(argLow, 0x165667b1) +
      Math.imul(argHigh ^ 0x1b873593, 0xd3a2646d);
    const b =
      Math.imul(timeLow, 0xcc9e2d51) +
      Math.imul(timeHigh, 0x1b873593) +
      Math.imul(kindHash ^ 0x5bd1e995, 0xe6546b65) +
      Math.imul(subject ^ 0x52dce729, 0x38495ab5) +
      Math.imul(argLow, 0xfd7046c5) +
      Math.imul(argHigh, 0xb55a4f09);
    const x = a | 0;
    const y = b | 0;
    const p = Math.imul(this.first ^ x ^ (x >>> 15), 0x2c1b3c6d);
    const q = Math.imul(this.second ^ y ^ (y >>> 13), 0x297a2d39);
    this.first = ((p << 13) | (p >>> 19)) + 0x52dce729;
    this.second = ((q << 17) | (q >>> 15)) + 0x38495ab5;
    this.first |= 0;
    this.second |= 0;
  }

  /** Takes one word in. */
  word(word: number): void {
    this.event(word, 0, 0, 0, 0, 0);
  }

  /** Takes bytes in, as words with the last one filled up by zeros, and their number. */
  bytes(bytes: Uint8Array): void {
    for (let i = 0; i + 24 <= bytes.length; i += 24) {
      this.event(
        wordAt(bytes, i),
        wordAt(bytes, i + 4),
        wordAt(bytes, i + 8),
        wordAt(bytes, i + 12),
        wordAt(bytes, i + 16),
        wordAt(bytes, i + 20),
      );
    }
    for (let i = bytes.length - (bytes.length % 24); i < bytes.length; i += 4) this.word(wordAt(bytes, i));
    this.word(bytes.length);
  }

  text(text: string): void {
    this.event(hashText(text), hashText(text, 0x5bd1e995), text.length, 0, 0, 0);
  }

  toString(): string {
    return hex(mix(this.first)) + hex(mix(this.second));
  }
}
