import type { Plugin } from "../framework.ts";

/** Queue order: higher priority first, then whoever has waited longer since its last attempt. */
export function prioritySort(): Plugin {
  return {
    name: "PrioritySort",
    compare: (a, b) => b.pod.template.priority - a.pod.template.priority || a.timestamp - b.timestamp,
  };
}
