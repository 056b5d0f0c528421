/** Letters and digits of generated names: no vowels, nothing that looks like another. */
export const SAFE_ALPHABET = "bcdfghjklmnpqrstvwxz2456789";

const SUFFIX_LENGTH = 5;
const BASE_LENGTH_MAX = 63 - SUFFIX_LENGTH;

/**
 * A generated name: the base cut to 58 characters and 5 random ones. `nextIndex(bound)` draws an integer in [0, bound).
 *
 * @source kubernetes 1.37 apiserver storage/names SimpleNameGenerator
 */
export function generatedName(base: string, nextIndex: (bound: number) => number): string {
  // Joined at once: a name grown by characters would be kept as a chain of its pieces.
  const parts = [base.slice(0, BASE_LENGTH_MAX)];
  for (let i = 0; i < SUFFIX_LENGTH; i += 1) parts.push(SAFE_ALPHABET.charAt(nextIndex(SAFE_ALPHABET.length)));
  return parts.join("");
}

/** Maps each character of a text into the safe alphabet. @source kubernetes 1.37 apimachinery rand.SafeEncodeString */
export function safeEncode(text: string): string {
  let encoded = "";
  for (let i = 0; i < text.length; i += 1) encoded += SAFE_ALPHABET.charAt(text.charCodeAt(i) % SAFE_ALPHABET.length);
  return encoded;
}
