import { safeEncode } from "./names.ts";
import type { PodTemplateSpec } from "./types.ts";

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

export const POD_TEMPLATE_HASH_LABEL = "pod-template-hash";

/**
 * The value of the label `pod-template-hash`: up to 10 characters of the safe alphabet, the same for templates that
 * differ only in the order of keys.
 *
 * DEVIATION(template-hash): FNV-1a over key-sorted JSON instead of over Go's dump of the struct, which has no meaning
 * outside Go; hashes are as stable but not the same characters.
 * @source kubernetes 1.37 pkg/controller ComputeHash
 */
export function templateHash(template: PodTemplateSpec, collisionCount?: number): string {
  let hash = fnv1a(FNV_OFFSET, canonicalText(template));
  if (collisionCount !== undefined) hash = fnv1a(hash, `#${collisionCount}`);
  return safeEncode(String(hash));
}

/** Texts of frozen templates without their hash label: they are compared at every sync of a Deployment. */
const textsWithoutHash = new WeakMap<PodTemplateSpec, string>();

/** Whether two templates are the same but for the label `pod-template-hash` and the order of keys. */
export function isSameTemplate(a: PodTemplateSpec, b: PodTemplateSpec): boolean {
  return a === b || textWithoutHash(a) === textWithoutHash(b);
}

function textWithoutHash(template: PodTemplateSpec): string {
  const known = textsWithoutHash.get(template);
  if (known !== undefined) return known;
  const text = canonicalText(withoutHash(template));
  if (Object.isFrozen(template)) textsWithoutHash.set(template, text);
  return text;
}

/** JSON with sorted keys and without undefined fields: equal texts mean equal values. */
export function canonicalText(value: unknown): string {
  return (
    JSON.stringify(value, (_key, part: unknown) => {
      if (typeof part !== "object" || part === null || Array.isArray(part)) return part;
      return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
    }) ?? "undefined"
  );
}

function withoutHash(template: PodTemplateSpec): PodTemplateSpec {
  const { [POD_TEMPLATE_HASH_LABEL]: _dropped, ...labels } = template.metadata?.labels ?? {};
  return { ...template, metadata: { ...template.metadata, labels } };
}

function fnv1a(start: number, text: string): number {
  let hash = start;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    hash = Math.imul(hash ^ (code & 0xff), FNV_PRIME);
    if (code > 0xff) hash = Math.imul(hash ^ (code >>> 8), FNV_PRIME);
  }
  return hash >>> 0;
}
