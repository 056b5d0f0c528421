import type { Framework } from "./framework.ts";
import type { NominatedPods } from "./nominator.ts";
import type { Preemption } from "./preemption/candidates.ts";
import type { Placement } from "./schedule-one.ts";
import { CODE, type Code, messageOf } from "./status.ts";

export interface PostFilterOutcome {
  readonly code: Code;
  /** The node to nominate the pod to, "" to clear its nomination, `undefined` to leave it. */
  readonly nominate: string | undefined;
  readonly preemption: Preemption | undefined;
}

/**
 * Asks the postFilter plugins about a pod that found no node, and puts what they say into the diagnosis.
 * @source kubernetes 1.37 framework runtime RunPostFilterPlugins
 */
export function runPostFilters(
  framework: Framework,
  nominated: NominatedPods,
  { state, pod, diagnosis }: Placement,
): PostFilterOutcome {
  const reasons: string[] = [];
  const context = { framework, nominated };
  let code: Code = CODE.unschedulable;
  let nominate: string | undefined;
  let preemption: Preemption | undefined;
  for (const plugin of framework.postFilter) {
    const answer = plugin.postFilter?.(state, pod, diagnosis, context);
    if (answer === undefined) continue;
    const isFinal = answer.status.code === CODE.success || answer.status.code === CODE.error;
    if (isFinal) reasons.length = 0;
    if (answer.status.reasons.length > 0) reasons.push(messageOf(answer.status));
    if (answer.nominate !== undefined) nominate = answer.nominate;
    if (answer.preemption !== undefined) preemption = answer.preemption;
    if (isFinal) {
      code = answer.status.code;
      break;
    }
  }
  diagnosis.postFilterMessage = reasons.join(", ");
  return { code, nominate, preemption };
}
