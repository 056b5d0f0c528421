import type { DecisionRecord } from "../../world/plan.ts";
import type { FinishedRun } from "../finished-run.ts";
import { type Happening, Timeline } from "../timeline.ts";
import { type FailoverBudget, Failovers } from "./failover.ts";
import { HpaStories, type HpaStory } from "./hpa-story.ts";
import { type PendingReason, PendingReasons } from "./pending-reasons.ts";

/** A mark on every chart of time: a failure, its end, what an operator did, a rollout, a node that was lost or came back. */
export interface Mark {
  /** Seconds. */
  readonly at: number;
  readonly kind: "failure" | "recovery" | "action" | "rollout";
  readonly text: string;
}

/** What the decisions of a run tell, gathered in one pass. */
export interface Story {
  readonly marks: readonly Mark[];
  readonly happenings: readonly Happening[];
  /** Happenings beyond those. */
  readonly leftOut: number;
  readonly hpas: readonly HpaStory[];
  readonly pending: readonly PendingReason[];
  readonly failovers: readonly FailoverBudget[];
}

const MARKS_LIMIT = 60;

export async function storyOf(run: FinishedRun): Promise<Story> {
  const timeline = new Timeline();
  const hpas = new HpaStories();
  const pending = new PendingReasons();
  const failovers = new Failovers();
  const marks: Mark[] = [];
  for await (const decision of run.decisions()) {
    timeline.add(decision);
    hpas.add(decision);
    pending.add(decision);
    failovers.add(decision);
    mark(marks, decision);
  }
  return {
    marks: marks.slice(0, MARKS_LIMIT),
    happenings: timeline.all(),
    leftOut: timeline.leftOut,
    hpas: hpas.all(),
    pending: pending.all(run.summary.endSeconds * 1_000_000),
    failovers: failovers.budgets(),
  };
}

/** Adds the mark of a decision, if it has one. What many objects did in one second is one mark. */
function mark(marks: Mark[], decision: DecisionRecord): void {
  const kind = kindOf(decision);
  if (kind === null) return;
  const at = Math.floor(decision.t / 1_000_000);
  const last = marks.at(-1);
  if (last !== undefined && last.at === at && last.kind === kind) {
    const more = / \(\+(\d+) more\)$/.exec(last.text);
    const text = more === null ? last.text : last.text.slice(0, more.index);
    marks[marks.length - 1] = { ...last, text: `${text} (+${Number(more?.[1] ?? 0) + 1} more)` };
    return;
  }
  marks.push({ at, kind, text: textOf(decision, kind) });
}

function kindOf({ by, what, revision }: DecisionRecord): Mark["kind"] | null {
  if (by === "fault") return what === "ends" || what === "recover" ? "recovery" : "failure";
  if (by === "action") return "action";
  if (by === "node-lifecycle" && what === "not-ready") return "failure";
  if (by === "node-lifecycle" && what === "recovered") return "recovery";
  if (by === "deployment" && what === "create" && typeof revision === "number" && revision > 1) return "rollout";
  return by === "deployment" && what === "rollback" ? "rollout" : null;
}

function textOf({ notable, object, what, revision }: DecisionRecord, kind: Mark["kind"]): string {
  if (typeof notable === "string") return notable;
  if (kind === "rollout")
    return what === "rollback" ? `${object} rolled back` : `${object} rollout, revision ${String(revision)}`;
  return `${object} ${kind === "failure" ? "NotReady" : "Ready"}`;
}
