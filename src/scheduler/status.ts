/**
 * The answer of one plugin about a pod or about a pod on a node.
 *
 * A status is immutable and usually made once, when its plugin is made: the search hands out references to it and
 * counts by them. Success is `null` everywhere, so that the common case allocates nothing.
 * @source kubernetes 1.37 scheduler framework, status codes
 */

export const CODE = {
  success: 0,
  error: 1,
  unschedulable: 2,
  unschedulableAndUnresolvable: 3,
  wait: 4,
  skip: 5,
  pending: 6,
} as const;
export type Code = (typeof CODE)[keyof typeof CODE];

export const CODE_NAMES = [
  "Success",
  "Error",
  "Unschedulable",
  "UnschedulableAndUnresolvable",
  "Wait",
  "Skip",
  "Pending",
] as const;

export interface Status {
  readonly code: Code;
  /** The plugin that says so; empty when no single plugin does. */
  readonly plugin: string;
  readonly reasons: readonly string[];
  /** Of a "wait": how long at most, microseconds. */
  readonly waitMicros?: number;
}

/** The pod does not fit now, but would if pods of lower priority went away. */
export function unschedulable(plugin: string, ...reasons: string[]): Status {
  return Object.freeze({ code: CODE.unschedulable, plugin, reasons: Object.freeze(reasons) });
}

/** The pod does not fit, and taking pods away would not help. */
export function unresolvable(plugin: string, ...reasons: string[]): Status {
  return Object.freeze({ code: CODE.unschedulableAndUnresolvable, plugin, reasons: Object.freeze(reasons) });
}

/** The plugin has nothing to say about this pod: it is left out of the rest of the phase. */
export const SKIP: Status = Object.freeze({ code: CODE.skip, plugin: "", reasons: Object.freeze([]) });

/** Whether the status keeps the pod off the node (and not merely fails). */
export function isRejection(status: Status): boolean {
  return (
    status.code === CODE.unschedulable ||
    status.code === CODE.unschedulableAndUnresolvable ||
    status.code === CODE.pending
  );
}

/** The reasons in one line, as the scheduler prints them. */
export function messageOf(status: Status): string {
  return status.reasons.join(", ");
}
