import type { Micros } from "./duration.ts";
import { UnitError } from "./unit-error.ts";

const MICROS_PER_SECOND = 1_000_000;
const SECONDS_PER_DAY = 86_400;
/** Days from 0000-03-01 to 1970-01-01 in the proleptic Gregorian calendar. */
const EPOCH_DAYS = 719_468;
const DAYS_PER_ERA = 146_097;
const WEEKDAYS = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"] as const;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"] as const;

/** A civil date and time of day in UTC. Month 1..12, day 1..31. */
export interface CivilTime {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  /** 0 is Sunday. */
  readonly weekday: number;
}

/** The civil time in UTC of `epochMicros` microseconds since 1970-01-01T00:00:00Z, truncated to whole seconds. */
export function civilTime(epochMicros: Micros): CivilTime {
  const totalSeconds = Math.floor(epochMicros / MICROS_PER_SECOND);
  const days = Math.floor(totalSeconds / SECONDS_PER_DAY);
  const ofDay = totalSeconds - days * SECONDS_PER_DAY;
  const shifted = days + EPOCH_DAYS;
  const era = Math.floor(shifted / DAYS_PER_ERA);
  const dayOfEra = shifted - era * DAYS_PER_ERA;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  // Years are counted from March, so that the leap day is the last day of the year.
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1,
    hour: Math.floor(ofDay / 3600),
    minute: Math.floor(ofDay / 60) % 60,
    second: ofDay % 60,
    weekday: (((days + 4) % 7) + 7) % 7,
  };
}

/** Days since 1970-01-01 of a civil date. */
export function daysFromCivil(year: number, month: number, day: number): number {
  const marchYear = month <= 2 ? year - 1 : year;
  const era = Math.floor(marchYear / 400);
  const yearOfEra = marchYear - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * DAYS_PER_ERA + dayOfEra - EPOCH_DAYS;
}

/** `2024-01-01T00:00:10Z`: whole seconds, UTC, as the API prints instants. */
export function rfc3339(epochMicros: Micros): string {
  const t = civilTime(epochMicros);
  return `${pad(t.year, 4)}-${pad(t.month)}-${pad(t.day)}T${pad(t.hour)}:${pad(t.minute)}:${pad(t.second)}Z`;
}

/** `2024-01-01T00:00:10.000250Z`: the API's MicroTime, as leases carry it. */
export function rfc3339Micro(epochMicros: Micros): string {
  const fraction = epochMicros - Math.floor(epochMicros / MICROS_PER_SECOND) * MICROS_PER_SECOND;
  return `${rfc3339(epochMicros).slice(0, -1)}.${pad(fraction, 6)}Z`;
}

/** `Mon, 01 Jan 2024 00:00:10 +0000`: as kubectl describe prints instants. */
export function rfc1123z(epochMicros: Micros): string {
  const t = civilTime(epochMicros);
  const weekday = WEEKDAYS[(t.weekday + 3) % 7] ?? "";
  const month = MONTHS[t.month - 1] ?? "";
  return `${weekday}, ${pad(t.day)} ${month} ${pad(t.year, 4)} ${pad(t.hour)}:${pad(t.minute)}:${pad(t.second)} +0000`;
}

/**
 * Microseconds since 1970-01-01T00:00:00Z of an RFC 3339 text, with `Z` or an offset; digits below a microsecond
 * are cut.
 *
 * @throws UnitError when the text is no instant.
 */
export function parseRfc3339(text: string): Micros {
  // Of the same instant the text is mostly asked for many times in a row.
  if (text === lastText) return lastMicros;
  const micros = parsed(text);
  lastText = text;
  lastMicros = micros;
  return micros;
}

let lastText = "1970-01-01T00:00:00Z";
let lastMicros: Micros = 0;

function parsed(text: string): Micros {
  const parts = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))$/.exec(text);
  if (parts === null) throw notAnInstant(text);
  const field = (index: number): number => Number(parts[index] ?? "0");
  const [year, month, day, hour, minute, second] = [field(1), field(2), field(3), field(4), field(5), field(6)];
  const days = daysFromCivil(year, month, day);
  const isReal = month >= 1 && month <= 12 && day >= 1 && hour < 24 && minute < 60 && second < 60;
  const midnight = civilTime(days * SECONDS_PER_DAY * MICROS_PER_SECOND);
  if (!isReal || midnight.month !== month || midnight.day !== day) throw notAnInstant(text);
  const offset = (parts[8] === "-" ? -1 : 1) * (field(9) * 3600 + field(10) * 60);
  const whole = days * SECONDS_PER_DAY + hour * 3600 + minute * 60 + second - offset;
  return whole * MICROS_PER_SECOND + Number((parts[7] ?? "").slice(0, 6).padEnd(6, "0"));
}

function notAnInstant(text: string): UnitError {
  return new UnitError(`"${text}" is not an instant: write 2024-01-31T08:00:00Z`);
}

/** Time since the start of a run as `02:05:49`, from the second day on `1d02:05:49`; cut to whole seconds. */
export function formatClock(micros: Micros): string {
  const sign = micros < 0 ? "-" : "";
  const total = Math.floor(Math.abs(micros) / MICROS_PER_SECOND);
  const days = Math.floor(total / SECONDS_PER_DAY);
  const rest = total - days * SECONDS_PER_DAY;
  const clock = `${pad(Math.floor(rest / 3600))}:${pad(Math.floor(rest / 60) % 60)}:${pad(rest % 60)}`;
  return days > 0 ? `${sign}${days}d${clock}` : sign + clock;
}

function pad(value: number, width = 2): string {
  return String(value).padStart(width, "0");
}
