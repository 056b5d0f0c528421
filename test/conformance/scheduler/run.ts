import { runDecide } from "./decide.ts";
import type {
  DecideCase,
  FamilyResult,
  NodeOrderCases,
  PreemptCase,
  QueueCases,
  SchedulerDocument,
} from "./document.ts";
import { runNodeOrder } from "./node-order.ts";
import { runPreempt } from "./preempt.ts";
import { runQueue } from "./queue.ts";

/** Plays one recording file against kube-orrery's scheduler and compares every decision in it. */
export function runSchedulerFile(document: SchedulerDocument): FamilyResult {
  const { kind, family } = document;
  switch (kind) {
    case "decide":
      return runDecide(`decide-${family}`, document.cases as readonly DecideCase[]);
    case "nodeorder":
      return runNodeOrder("nodeorder", document.cases as NodeOrderCases);
    case "queue":
      return runQueue(`queue-${family}`, document.cases as QueueCases);
    case "preempt":
      return runPreempt(`preempt-${family}`, document.cases as readonly PreemptCase[]);
  }
}
