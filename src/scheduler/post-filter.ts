import type { Framework } from "./framework.ts";
import type { Placement } from "./schedule-one.ts";
import { CODE, messageOf } from "./status.ts";

/**
 * Asks the postFilter plugins about a pod that found no node, and puts what they say into the diagnosis. Gives the
 * node to nominate the pod to, "" to clear its nomination, `undefined` to leave it.
 * @source kubernetes 1.37 framework runtime RunPostFilterPlugins
 */
export function runPostFilters(framework: Framework, { state, pod, diagnosis }: Placement): string | undefined {
  const reasons: string[] = [];
  let nominate: string | undefined;
  for (const plugin of framework.postFilter) {
    const answer = plugin.postFilter?.(state, pod, diagnosis);
    if (answer === undefined) continue;
    const isFinal = answer.status.code === CODE.success || answer.status.code === CODE.error;
    if (isFinal) reasons.length = 0;
    if (answer.status.reasons.length > 0) reasons.push(messageOf(answer.status));
    if (answer.nominate !== undefined) nominate = answer.nominate;
    if (isFinal) break;
  }
  diagnosis.postFilterMessage = reasons.join(", ");
  return nominate;
}
