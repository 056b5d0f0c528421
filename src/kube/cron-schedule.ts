import { civilTime, daysFromCivil, type Micros } from "../units/index.ts";

const MINUTE = 60_000_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** A schedule without an instant within so many years never has one. @source robfig/cron v3 SpecSchedule.Next */
const YEARS_MAX = 5;

/** When something is to happen, again and again. Instants are microseconds since 1970-01-01T00:00:00Z, in UTC. */
export interface Schedule {
  /** The first instant after this one; undefined when there is none. */
  next(after: Micros): Micros | undefined;
}
/** What was wrong with a schedule's text. */
export interface ScheduleError {
  readonly error: string;
}

interface FieldRange {
  readonly min: number;
  readonly max: number;
  readonly names?: readonly string[];
}
const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const RANGES: readonly FieldRange[] = [
  { min: 0, max: 59 },
  { min: 0, max: 23 },
  { min: 1, max: 31 },
  { min: 1, max: 12, names: MONTHS },
  { min: 0, max: 6, names: WEEKDAYS },
];
const MACROS: ReadonlyMap<string, string> = new Map([
  ["@yearly", "0 0 1 1 *"],
  ["@annually", "0 0 1 1 *"],
  ["@monthly", "0 0 1 * *"],
  ["@weekly", "0 0 * * 0"],
  ["@daily", "0 0 * * *"],
  ["@midnight", "0 0 * * *"],
  ["@hourly", "0 * * * *"],
]);
const SPAN_UNITS: Readonly<Record<string, number>> = { h: HOUR, m: MINUTE, s: 1_000_000, ms: 1000 };

/** The values of a field, and whether it was written as a star. */
interface FieldValues {
  readonly values: ReadonlySet<number>;
  readonly isStar: boolean;
}

/**
 * Reads five fields of cron (minute, hour, day of the month, month, day of the week), a macro such as `@hourly`, or
 * `@every 1h30m`. Days are those of both fields where one is a star, else of either.
 *
 * @source kubernetes 1.37, which uses robfig/cron v3 ParseStandard
 */
export function parseSchedule(text: string): Schedule | ScheduleError {
  if (text === "") return { error: "empty spec string" };
  if (text.startsWith("@")) return parseMacro(text);
  const fields = text.trim().split(/\s+/);
  if (fields.length !== RANGES.length) {
    return { error: `expected exactly 5 fields, found ${fields.length}: [${fields.join(" ")}]` };
  }
  const parsed: FieldValues[] = [];
  for (const [i, field] of fields.entries()) {
    const values = parseField(field, RANGES[i] as FieldRange);
    if ("error" in values) return values;
    parsed.push(values);
  }
  return new FieldSchedule(parsed);
}

function parseMacro(text: string): Schedule | ScheduleError {
  const fields = MACROS.get(text);
  if (fields !== undefined) return parseSchedule(fields);
  if (!text.startsWith("@every ")) return { error: `unrecognized descriptor: ${text}` };
  const span = text.slice("@every ".length);
  if (!/^([0-9]+(h|ms|m|s))+$/.test(span)) return { error: `failed to parse duration ${text}: invalid duration` };
  let micros = 0;
  for (const [, count = "0", unit = "s"] of span.matchAll(/([0-9]+)(h|ms|m|s)/g)) {
    micros += Number(count) * (SPAN_UNITS[unit] ?? 0);
  }
  const period = Math.max(1_000_000, Math.floor(micros / 1_000_000) * 1_000_000);
  return { next: (after) => Math.floor(after / 1_000_000) * 1_000_000 + period };
}

/** A list of ranges: star, question mark, value, `a-b`, each with an optional `/step`. */
function parseField(text: string, range: FieldRange): FieldValues | ScheduleError {
  const values = new Set<number>();
  let isStar = false;
  for (const part of text.split(",").filter((piece) => piece !== "")) {
    const [span = "", step, ...more] = part.split("/");
    if (more.length > 0) return { error: `too many slashes: ${part}` };
    const bounds = parseSpan(span, part, range);
    if ("error" in bounds) return bounds;
    const [low, given] = bounds.span;
    const every = step === undefined ? 1 : Number(step);
    if (step !== undefined && !/^[0-9]+$/.test(step)) return { error: `failed to parse int from ${step}` };
    if (every === 0) return { error: `step of range should be a positive number: ${part}` };
    const isWhole = span === "*" || span === "?";
    if (isWhole && every === 1) isStar = true;
    // A single value with a step goes on to the end.
    const high = step !== undefined && !isWhole && !span.includes("-") ? range.max : given;
    if (low < range.min) return { error: `beginning of range (${low}) below minimum (${range.min}): ${part}` };
    if (high > range.max) return { error: `end of range (${high}) above maximum (${range.max}): ${part}` };
    if (low > high) return { error: `beginning of range (${low}) beyond end of range (${high}): ${part}` };
    for (let value = low; value <= high; value += every) values.add(value);
  }
  return { values, isStar };
}

function parseSpan(
  span: string,
  part: string,
  { min, max, names = [] }: FieldRange,
): { readonly span: readonly [low: number, high: number] } | ScheduleError {
  if (span === "*" || span === "?") return { span: [min, max] };
  const ends = span.split("-");
  if (ends.length > 2) return { error: `too many hyphens: ${part}` };
  const numbers: number[] = [];
  for (const end of ends) {
    const named = names.indexOf(end.toLowerCase());
    if (named === -1 && !/^[0-9]+$/.test(end)) return { error: `failed to parse int from ${end}` };
    numbers.push(named === -1 ? Number(end) : named + (names === MONTHS ? 1 : 0));
  }
  const [low = 0, high = low] = numbers;
  return { span: [low, high] };
}

class FieldSchedule implements Schedule {
  readonly #minutes: ReadonlySet<number>;
  readonly #hours: ReadonlySet<number>;
  readonly #days: FieldValues;
  readonly #months: ReadonlySet<number>;
  readonly #weekdays: FieldValues;

  constructor(fields: readonly FieldValues[]) {
    const [minutes, hours, days, months, weekdays] = fields as [
      FieldValues,
      FieldValues,
      FieldValues,
      FieldValues,
      FieldValues,
    ];
    this.#minutes = minutes.values;
    this.#hours = hours.values;
    this.#days = days;
    this.#months = months.values;
    this.#weekdays = weekdays;
  }

  next(after: Micros): Micros | undefined {
    let at = (Math.floor(after / MINUTE) + 1) * MINUTE;
    const yearMax = civilTime(at).year + YEARS_MAX;
    for (;;) {
      const { year, month, day, weekday } = civilTime(at);
      if (year > yearMax) return undefined;
      const startOfDay = Math.floor(at / DAY) * DAY;
      if (!this.#months.has(month))
        at = (month === 12 ? daysFromCivil(year + 1, 1, 1) : daysFromCivil(year, month + 1, 1)) * DAY;
      else if (!this.#isDay(day, weekday)) at = startOfDay + DAY;
      else {
        const found = this.#within(at, startOfDay);
        if (found !== undefined) return found;
        at = startOfDay + DAY;
      }
    }
  }

  #isDay(day: number, weekday: number): boolean {
    const [isDay, isWeekday] = [this.#days.values.has(day), this.#weekdays.values.has(weekday)];
    return this.#days.isStar || this.#weekdays.isStar ? isDay && isWeekday : isDay || isWeekday;
  }

  /** The first matching minute of the day at or after `at`. */
  #within(at: number, startOfDay: number): number | undefined {
    const first = Math.floor((at - startOfDay) / HOUR);
    for (let hour = first; hour < 24; hour++) {
      if (!this.#hours.has(hour)) continue;
      const from = hour === first ? Math.floor((at - startOfDay - hour * HOUR) / MINUTE) : 0;
      for (let minute = from; minute < 60; minute++) {
        if (this.#minutes.has(minute)) return startOfDay + hour * HOUR + minute * MINUTE;
      }
    }
    return undefined;
  }
}
