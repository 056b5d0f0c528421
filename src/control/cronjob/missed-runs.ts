import type { Micros } from "../../engine/index.ts";
import type { Schedule } from "../../kube/index.ts";

/** Waiting after a scheduled instant, against clocks that differ. @source kubernetes 1.37 pkg/controller/cronjob nextScheduleDelta */
const SCHEDULE_DELTA = 100_000;
const SECOND = 1_000_000;
/** @source kubernetes 1.37 pkg/controller/cronjob/utils.go: more than these are too many */
const MISSED_MAX = 100;

/** The latest instant at which a run was due, since `earliest`. Instants are microseconds since 1970. */
export interface DueRun {
  readonly earliest: Micros;
  readonly at: Micros | undefined;
  readonly missed: "none" | "few" | "many";
}

/** @source kubernetes 1.37 pkg/controller/cronjob/utils.go mostRecentScheduleTime */
export function latestDueRun(schedule: Schedule, earliest: Micros, now: Micros): DueRun | "never" {
  const first = schedule.next(earliest);
  if (first === undefined) return "never";
  if (now < first) return { earliest, at: undefined, missed: "none" };
  const second = schedule.next(first);
  if (second === undefined) return "never";
  if (now < second) return { earliest, at: first, missed: "none" };
  const step = Math.round((second - first) / SECOND);
  if (step < 1) return "never";
  const missed = Math.floor(Math.floor((now - first) / SECOND) / step) + 1;
  let at: Micros | undefined;
  let next = schedule.next(first + (missed - 2) * step * SECOND);
  for (; next !== undefined && next <= now; next = schedule.next(next)) at = next;
  return { earliest, at, missed: missed > MISSED_MAX ? "many" : "few" };
}

/** How long to wait for the next run. @source kubernetes 1.37 pkg/controller/cronjob/utils.go nextScheduleTimeDuration */
export function untilNextRun(schedule: Schedule, earliest: Micros, now: Micros): Micros | undefined {
  const due = latestDueRun(schedule, earliest, now);
  const from = due === "never" ? now : (due.at ?? (due.missed === "none" ? due.earliest : now));
  const next = schedule.next(from);
  return next === undefined ? undefined : next + SCHEDULE_DELTA - now;
}
