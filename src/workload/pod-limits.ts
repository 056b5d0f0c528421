import { podLimits } from "../kube/index.ts";
import type { PodTemplate } from "../store/index.ts";

export interface PodLimits {
  /** Infinity when some container has no limit: that one may use what it likes. */
  readonly cpuMilli: number;
  readonly memoryBytes: number;
}

const cache = new WeakMap<PodTemplate, PodLimits>();

/** What a pod may use at most: the sum of its containers' limits where every container has one. Derived from the template. */
export function limitsOf(template: PodTemplate): PodLimits {
  let limits = cache.get(template);
  if (limits === undefined) {
    const { containers, resources } = template.spec;
    const sums = podLimits(template.spec);
    const allHave = (name: string): boolean =>
      resources?.limits?.[name] !== undefined || containers.every((c) => c.resources?.limits?.[name] !== undefined);
    limits = {
      cpuMilli: allHave("cpu") ? sums.cpuMilli : Number.POSITIVE_INFINITY,
      memoryBytes: allHave("memory") ? sums.memoryBytes : Number.POSITIVE_INFINITY,
    };
    cache.set(template, limits);
  }
  return limits;
}
