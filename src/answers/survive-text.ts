import { formatDuration } from "../units/index.ts";
import type { Micros, Plan } from "../world/plan.ts";
import type { LossAnswer } from "./survive.ts";
import { columns } from "./text.ts";

/** Rows of the table; of more, the worst. */
const ROWS = 20;

/** Whether the answer is no: something never comes back, or not within the time that was given. */
export function isLost({ never, recoveredP95 }: LossAnswer, within: Micros | null): boolean {
  return never.length > 0 || (within !== null && recoveredP95 !== null && recoveredP95 > within);
}

/** The answers as a table, with the budget of the worst of them and why pods do not come back. */
export function surviveLines(answers: readonly LossAnswer[], plan: Plan, within: Micros | null): string[] {
  const order = answers.map((answer, index) => ({ answer, index }));
  order.sort((a, b) => compareBadness(b.answer, a.answer) || a.index - b.index);
  const shown = new Set(order.slice(0, ROWS).map(({ answer }) => answer));
  const rows = answers.filter((answer) => shown.has(answer)).map((answer) => rowOf(answer, isLost(answer, within)));
  const lost = answers.filter((answer) => isLost(answer, within));
  const worst = order[0]?.answer;
  const left = answers.length - shown.size;
  return [
    ...columns(
      [["  lost", "pods down", "ready again p50 / p95", "never", "service below demand", ""], ...rows],
      [false, true, false, false, false, false],
    ),
    ...(left > 0 ? [`  and ${left} more, none worse`] : []),
    ...(worst === undefined ? [] : budgetLines(worst, plan)),
    ...whyLines(lost),
    lost.length === 0
      ? `Survives every loss of ${answers.length}.`
      : `Does not survive ${lost.length} of ${answers.length} losses.`,
  ];
}

function compareBadness(left: LossAnswer, right: LossAnswer): number {
  return (
    neverCount(left) - neverCount(right) ||
    (left.recoveredP95 ?? 0) - (right.recoveredP95 ?? 0) ||
    belowOf(left) - belowOf(right) ||
    left.podsDown - right.podsDown
  );
}

const neverCount = ({ never }: LossAnswer): number => never.reduce((sum, { count }) => sum + count, 0);
const belowOf = ({ below }: LossAnswer): Micros => below.reduce((sum, { micros }) => sum + micros, 0);

function rowOf(answer: LossAnswer, isNo: boolean): string[] {
  const { loss, podsDown, recoveredP50, recoveredP95, never, below } = answer;
  const names = [...new Set(never.map(({ workload }) => shortName(workload)))].join(", ");
  const again = recoveredP50 === null || recoveredP95 === null ? "—" : `${span(recoveredP50)} / ${span(recoveredP95)}`;
  const services = below.map(({ service, micros }) => `${shortName(service)} ${span(micros)}`).join(", ");
  return [
    `  ${loss}`,
    String(Math.round(podsDown * 10) / 10),
    again,
    never.length === 0 ? "0" : `${neverCount(answer)} (${names})`,
    services === "" ? "—" : services,
    isNo ? "✗" : "",
  ];
}

/** Whole seconds: what is seen is looked at once a second. */
function span(micros: Micros): string {
  return formatDuration(Math.round(micros / 1_000_000) * 1_000_000);
}

function shortName(reference: string): string {
  return reference.split("/").at(-1) ?? reference;
}

function budgetLines({ loss, budget }: LossAnswer, { timing }: Plan): string[] {
  const { notReady, evicted, scheduled, started } = budget;
  if (notReady === null) return [];
  const check = `grace ${span(timing.nodeMonitorGraceMicros)}, check every ${span(timing.nodeMonitorPeriodMicros)}`;
  const parts = [
    `NotReady ${span(notReady.p50)} (${check})`,
    ...(evicted === null ? [] : [`toleration ${span(evicted.p50)}`]),
    ...(scheduled === null ? [] : [`schedule ${span(scheduled.p50)}`]),
    ...(started === null ? [] : [`start+ready ${span(started.p50)}`]),
  ];
  return [`  budget (${loss}, p50): ${parts.join(" · ")}`];
}

const REASONS = 5;

/** Why pods do not come back; losses with the same reason share a line. */
function whyLines(lost: readonly LossAnswer[]): string[] {
  const lossesOf = new Map<string, string[]>();
  for (const { loss, never } of lost) {
    for (const { workload, why } of never) {
      const reason = `${workload.replace("/", " ")}: ${why}`;
      lossesOf.set(reason, [...(lossesOf.get(reason) ?? []), loss]);
    }
  }
  const reasons = [...lossesOf].map(([reason, losses]) => `  ${losses.join(", ")}: ${reason}`);
  const more = reasons.length - REASONS;
  return [...reasons.slice(0, REASONS), ...(more > 0 ? [`  and ${more} more`] : [])];
}
