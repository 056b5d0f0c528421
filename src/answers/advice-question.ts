import type { KubeObject } from "../kube/index.ts";
import type { PluginModules } from "../world/index.ts";
import type { Plan, PlannedObject, SourceLocation } from "../world/plan.ts";

/** Something that will not work as it is meant, where it is written, and what to do about it. */
export interface Advice {
  readonly code: string;
  readonly source: SourceLocation;
  readonly message: string;
}

export interface AdviceQuestion {
  readonly plan: Plan;
  readonly plugins?: PluginModules;
}

/** The objects of a kind, with where they are written. */
export function objectsOf<T extends KubeObject>(
  plan: Plan,
  kind: string,
): { readonly object: T; readonly planned: PlannedObject }[] {
  return plan.objects
    .filter(({ object }) => object.kind === kind)
    .map((planned) => ({ object: planned.object as T, planned }));
}

/** `Deployment shop/web`. */
export const label = ({ kind, metadata }: KubeObject): string =>
  `${kind} ${metadata.namespace ?? "default"}/${metadata.name ?? ""}`;
