import { formatClock } from "../units/index.ts";
import type { DecisionRecord, Micros } from "../world/plan.ts";

/** Something on the timeline of a run. */
export interface Happening {
  readonly t: Micros;
  readonly text: string;
  readonly isWarning: boolean;
  /** The object of the first decision of the group, as `orrery explain` takes it. */
  readonly object: string;
  /** How many more of the same kind happened at the same instant. */
  readonly more: number;
}

interface Rule {
  readonly isWarning: boolean;
  readonly text: (decision: DecisionRecord) => string;
}

/** What of the decisions belongs on a timeline, by `by/what`. */
const RULES: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ["node-lifecycle/not-ready", { isWarning: true, text: (d) => `${d.object} NotReady` }],
  ["node-lifecycle/recovered", { isWarning: false, text: (d) => `${d.object} Ready` }],
  ["taint-eviction/evict", { isWarning: true, text: (d) => `${d.object} evicted` }],
  ["hpa/scale", { isWarning: false, text: scaleText }],
  ["hpa/fail", { isWarning: true, text: (d) => `${d.object} ${field(d, "error")}` }],
  ["scheduler/unschedulable", { isWarning: true, text: (d) => `${d.object} pending: ${field(d, "message")}` }],
  ["kubelet/oom", { isWarning: true, text: (d) => `${d.object} OOMKilled` }],
  ["deployment/rollback", { isWarning: false, text: (d) => `${d.object} rolled back` }],
]);

function field(decision: DecisionRecord, key: string): string {
  const value = decision[key];
  return value === undefined || value === null ? "" : String(value);
}

function ofFailure(decision: DecisionRecord): string {
  const failure = field(decision, "failure");
  return failure === "" ? "" : ` (${failure})`;
}

function scaleText(decision: DecisionRecord): string {
  const reason = field(decision, "reason");
  return `${decision.object} ${field(decision, "from")} → ${field(decision, "to")}${reason === "" ? "" : `: ${reason}`}`;
}

/** So many warnings, and so many others, are kept at most: the first. What comes after them is counted. */
const KEPT = 10_000;
const TOLD_LIMIT = 100_000;

/** Gathers a timeline from decisions as they are taken, in bounded room however long the run. */
export class Timeline {
  private readonly happenings: {
    t: Micros;
    text: string;
    isWarning: boolean;
    object: string;
    more: number;
    group: string;
  }[] = [];
  private readonly told = new Set<string>();
  /** Failed syncs in a row, by HPA. */
  private readonly fails = new Map<string, number>();
  private readonly kept = { warnings: 0, others: 0 };
  private left = 0;

  /** How much that belongs on the timeline is not on it, for want of room. */
  get leftOut(): number {
    return this.left;
  }

  add(decision: DecisionRecord): void {
    const group = `${decision.by}/${decision.what}`;
    if (decision.by === "hpa" && decision.what !== "fail") this.fails.delete(decision.object);
    const rule = typeof decision.notable === "string" ? notableRule(decision) : RULES.get(group);
    if (rule === undefined) return;
    const kind = rule.isWarning ? "warnings" : "others";
    const isFull = this.kept[kind] >= KEPT;
    if (isFull ? this.isFailing(group, decision) : this.isOld(group, decision)) return;
    const last = this.happenings.at(-1);
    const t = Math.floor(decision.t / 1_000_000) * 1_000_000;
    if (last !== undefined && last.t === t && last.group === group && decision.by !== "action") {
      last.more++;
      return;
    }
    if (isFull) {
      this.left++;
      return;
    }
    this.kept[kind]++;
    this.happenings.push({
      t,
      text: rule.text(decision),
      isWarning: rule.isWarning,
      object: decision.object,
      more: 0,
      group,
    });
  }

  /** Pending pods are told once; failing autoscalers once they fail for good, since each has no metrics at first. */
  private isOld(group: string, decision: DecisionRecord): boolean {
    if (this.isFailing(group, decision)) return true;
    if (group !== "scheduler/unschedulable") return false;
    const isOld = this.told.has(decision.object);
    // Some pods may then be told a second time.
    if (this.told.size >= TOLD_LIMIT) this.told.clear();
    this.told.add(decision.object);
    return isOld;
  }

  private isFailing(group: string, { object }: DecisionRecord): boolean {
    if (group !== "hpa/fail") return false;
    const count = (this.fails.get(object) ?? 0) + 1;
    this.fails.set(object, count);
    return count !== TOLD_AFTER_FAILS;
  }

  all(): readonly Happening[] {
    return this.happenings.map(({ t, text, isWarning, object, more }) => ({ t, text, isWarning, object, more }));
  }
}

/** At the sync period of 15 s, more than a minute. */
const TOLD_AFTER_FAILS = 5;

/** A decision that brings its own sentence. Faults are warnings, the ends of faults and what operators do are not. */
function notableRule({ by, what }: DecisionRecord): Rule {
  const isWarning = by === "fault" && what !== "ends" && what !== "recover";
  return { isWarning, text: (d) => `${field(d, "notable")}${ofFailure(d)}` };
}

const SHOWN = 16;
const TEXT_WIDTH = 110;

/** The timeline as lines; when it is long, warnings go before the rest and what is left out is counted. */
export function timelineLines(happenings: readonly Happening[], leftOut = 0): string[] {
  let shown = [...happenings];
  if (shown.length > SHOWN) {
    const warnings = happenings.filter((happening) => happening.isWarning).slice(0, SHOWN);
    const others = happenings
      .filter((happening) => !happening.isWarning)
      .slice(0, Math.max(0, SHOWN - warnings.length));
    const kept = new Set([...warnings, ...others]);
    shown = happenings.filter((happening) => kept.has(happening));
  }
  const lines = shown.map(({ t, text, isWarning, more }) => {
    const cut = text.length > TEXT_WIDTH ? `${text.slice(0, TEXT_WIDTH - 1)}…` : text;
    return `  ${formatClock(t)}  ${isWarning ? "!" : " "} ${cut}${more === 0 ? "" : `   +${more} more`}`;
  });
  const more = happenings.length - shown.length + leftOut;
  if (more > 0) lines.push(`  … ${more} more in decisions.jsonl`);
  return lines;
}
