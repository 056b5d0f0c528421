import type { Plugin } from "../framework.ts";
import { unresolvable } from "../status.ts";

/** Keeps a pod out of the queue while it has scheduling gates.
 *  @source kubernetes 1.37 schedulinggates plugin */
export function schedulingGates(): Plugin {
  const name = "SchedulingGates";
  return {
    name,
    preEnqueue: ({ template }) =>
      template.gates.length === 0
        ? null
        : unresolvable(name, `waiting for scheduling gates: [${template.gates.join(" ")}]`),
    hints: [{ events: ["TargetPod/UpdateGatesEliminated"], hint: () => true }],
  };
}
