import type { Plugin } from "../framework.ts";

/** Writes the binding. The write itself is the caller's: `bind` says whether the API server took it. */
export function defaultBinder(): Plugin {
  return { name: "DefaultBinder", bind: () => null };
}
