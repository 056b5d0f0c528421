import type { Plugin } from "../framework.ts";
import { CODE, SKIP, type Status } from "../status.ts";

const NAME = "DynamicResources";
/** Without its preFilter state the original fails in postFilter, and the text reaches the user. */
const NOT_FOUND: Status = Object.freeze({ code: CODE.error, plugin: NAME, reasons: ["not found"] });
const NOTHING_TO_FREE: Status = Object.freeze({ code: CODE.unschedulable, plugin: NAME, reasons: [] });

/**
 * Resource claims, for pods that have none.
 * DEVIATION(claims-ignored): claims are not modelled, so pods that use them get the same answer.
 * @source kubernetes 1.37 dynamicresources plugin
 */
export function dynamicResources(): Plugin {
  return {
    name: NAME,
    preFilter: () => ({ status: SKIP }),
    filter: () => null,
    postFilter: (_state, _pod, diagnosis) => ({
      status: diagnosis.preFilterStatus?.code === CODE.unschedulableAndUnresolvable ? NOT_FOUND : NOTHING_TO_FREE,
    }),
    memoKey: () => "",
    score: () => 0,
    evenScore: () => 0,
  };
}
