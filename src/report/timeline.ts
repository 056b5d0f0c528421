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
  ["fault/crash", { isWarning: true, text: (d) => `${d.object} crashed${ofFailure(d)}` }],
  ["fault/partition", { isWarning: true, text: (d) => `${d.object} cut off${ofFailure(d)}` }],
  ["fault/recover", { isWarning: false, text: (d) => `${d.object} is back${ofFailure(d)}` }],
  ["fault/containerExit", { isWarning: true, text: (d) => `${d.object} container exited${ofFailure(d)}` }],
  ["node-lifecycle/not-ready", { isWarning: true, text: (d) => `${d.object} NotReady` }],
  ["node-lifecycle/unknown", { isWarning: true, text: (d) => `${d.object} NotReady (silent)` }],
  ["node-lifecycle/ready", { isWarning: false, text: (d) => `${d.object} Ready` }],
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

/** Gathers a timeline from decisions as they are taken. */
export class Timeline {
  private readonly happenings: {
    t: Micros;
    text: string;
    isWarning: boolean;
    object: string;
    more: number;
    group: string;
  }[] = [];
  /** Failures and pending pods are told once an object: `scheduler/unschedulable pod/shop/web-1`. */
  private readonly told = new Set<string>();

  add(decision: DecisionRecord): void {
    const group = `${decision.by}/${decision.what}`;
    const entry = decision.by === "action" ? ACTION : RULES.get(group);
    if (entry === undefined) return;
    if (group === "scheduler/unschedulable" || group === "hpa/fail") {
      const key = `${group} ${decision.object}`;
      if (this.told.has(key)) return;
      this.told.add(key);
    }
    const last = this.happenings.at(-1);
    const t = Math.floor(decision.t / 1_000_000) * 1_000_000;
    if (last !== undefined && last.t === t && last.group === group && decision.by !== "action") {
      last.more++;
      return;
    }
    this.happenings.push({
      t,
      text: entry.text(decision),
      isWarning: entry.isWarning,
      object: decision.object,
      more: 0,
      group,
    });
  }

  all(): readonly Happening[] {
    return this.happenings.map(({ t, text, isWarning, object, more }) => ({ t, text, isWarning, object, more }));
  }
}

const ACTION: Rule = { isWarning: false, text: (d) => field(d, "text") || `${d.what} ${d.object}` };

const SHOWN = 16;
const TEXT_WIDTH = 110;

/** The timeline as lines; when it is long, warnings go before the rest and what is left out is counted. */
export function timelineLines(happenings: readonly Happening[]): string[] {
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
  if (shown.length < happenings.length) lines.push(`  … ${happenings.length - shown.length} more in decisions.jsonl`);
  return lines;
}
