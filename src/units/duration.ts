import { UnitError } from "./unit-error.ts";

/** Integer microseconds. */
export type Micros = number;

const MICROS_PER_MILLI = 1000;
const MICROS_PER_SECOND = 1_000_000;
const UNIT_MICROS: ReadonlyMap<string, Micros> = new Map([
  ["us", 1],
  ["µs", 1],
  ["μs", 1],
  ["ms", MICROS_PER_MILLI],
  ["s", MICROS_PER_SECOND],
  ["m", 60 * MICROS_PER_SECOND],
  ["h", 3600 * MICROS_PER_SECOND],
  ["d", 86_400 * MICROS_PER_SECOND],
]);

export function millis(count: number): Micros {
  return Math.round(count * MICROS_PER_MILLI);
}
export function seconds(count: number): Micros {
  return Math.round(count * MICROS_PER_SECOND);
}
export function minutes(count: number): Micros {
  return Math.round(count * 60 * MICROS_PER_SECOND);
}
export function hours(count: number): Micros {
  return Math.round(count * 3600 * MICROS_PER_SECOND);
}

/**
 * Reads `90s`, `2h30m`, `1.5s`, `250ms`, `1d`, or a number of seconds; a leading minus negates the whole.
 *
 * @throws UnitError when the text is no duration or is finer than a microsecond.
 */
export function parseDuration(input: string | number): Micros {
  if (typeof input === "number") return micros(input * MICROS_PER_SECOND, String(input));
  const text = input.trim();
  if (text === "0") return 0;
  const body = text.startsWith("-") || text.startsWith("+") ? text.slice(1) : text;
  if (!/^(?:[0-9]+(?:\.[0-9]+)?(?:us|µs|μs|ms|s|m|h|d))+$/.test(body)) throw notADuration(input);
  let total = 0;
  for (const part of body.matchAll(/([0-9]+)(?:\.([0-9]+))?(us|µs|μs|ms|s|m|h|d)/g)) {
    total += partMicros(part[1] ?? "0", part[2] ?? "", part[3] ?? "s", input);
  }
  const whole = micros(total, input);
  return text.startsWith("-") && whole !== 0 ? -whole : whole;
}

/** Digits are scaled as integers, so that `0.1s` is exactly 100000. */
function partMicros(whole: string, fraction: string, unit: string, input: string): Micros {
  const size = UNIT_MICROS.get(unit) ?? 0;
  const scale = BigInt(`1${"0".repeat(fraction.length)}`);
  const scaled = BigInt(whole + fraction) * BigInt(size);
  if (scaled % scale !== 0n) throw new UnitError(`duration "${input}" is finer than a microsecond`);
  return Number(scaled / scale);
}

function micros(value: number, input: string): Micros {
  if (!Number.isFinite(value)) throw notADuration(input);
  const whole = Math.round(value);
  if (!Number.isSafeInteger(whole)) throw new UnitError(`duration "${input}" is too long`);
  return whole;
}

function notADuration(input: string): UnitError {
  return new UnitError(`"${input}" is not a duration: write 90s, 5m, 2h30m, 250ms or 1d`);
}

/** Shortest text that `parseDuration` reads back exactly: `2h30m`, `1m30s`, `250ms`, `1.5s`, `0s`. */
export function formatDuration(duration: Micros): string {
  if (duration === 0) return "0s";
  const sign = duration < 0 ? "-" : "";
  let rest = Math.abs(duration);
  if (rest < MICROS_PER_SECOND) {
    return rest % MICROS_PER_MILLI === 0 ? `${sign}${rest / MICROS_PER_MILLI}ms` : `${sign}${rest}us`;
  }
  let text = sign;
  for (const unit of ["d", "h", "m"]) {
    const size = UNIT_MICROS.get(unit) ?? 1;
    const count = Math.floor(rest / size);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * size;
  }
  return rest > 0 ? `${text}${decimal(rest, MICROS_PER_SECOND)}s` : text;
}

/**
 * Prints as Go's time.Duration does: `1.204s`, `1m30s`, `1h0m0s`, `5ms`, `12µs`, `0s`.
 *
 * @source go time.Duration.String
 */
export function goDuration(duration: Micros): string {
  if (duration === 0) return "0s";
  const sign = duration < 0 ? "-" : "";
  const size = Math.abs(duration);
  if (size < MICROS_PER_MILLI) return `${sign}${size}µs`;
  if (size < MICROS_PER_SECOND) return `${sign}${decimal(size, MICROS_PER_MILLI)}ms`;
  const minuteCount = Math.floor(size / (60 * MICROS_PER_SECOND));
  const rest = `${decimal(size - minuteCount * 60 * MICROS_PER_SECOND, MICROS_PER_SECOND)}s`;
  if (minuteCount === 0) return sign + rest;
  const hourCount = Math.floor(minuteCount / 60);
  return hourCount === 0 ? `${sign}${minuteCount}m${rest}` : `${sign}${hourCount}h${minuteCount % 60}m${rest}`;
}

/** `value / unit` in decimal digits without trailing zeros; `unit` is a power of ten. */
function decimal(value: number, unit: number): string {
  const whole = Math.floor(value / unit);
  const fraction = value - whole * unit;
  if (fraction === 0) return String(whole);
  const digits = String(unit + fraction).slice(1);
  return `${whole}.${digits.replace(/0+$/, "")}`;
}

/**
 * An age as kubectl prints it: `119s`, `2m5s`, `10m`, `3h2m`, `2d3h`; negative below a second is `<invalid>`.
 *
 * @source kubernetes 1.37 apimachinery util/duration HumanDuration
 */
export function humanDuration(age: Micros): string {
  const total = Math.trunc(age / MICROS_PER_SECOND);
  if (total < -1) return "<invalid>";
  if (total < 0) return "0s";
  if (total < 120) return `${total}s`;
  const minuteCount = Math.floor(total / 60);
  if (minuteCount < 10) return twoParts(minuteCount, "m", total % 60, "s");
  if (minuteCount < 180) return `${minuteCount}m`;
  const hourCount = Math.floor(minuteCount / 60);
  if (hourCount < 8) return twoParts(hourCount, "h", minuteCount % 60, "m");
  if (hourCount < 48) return `${hourCount}h`;
  const dayCount = Math.floor(hourCount / 24);
  if (hourCount < 192) return twoParts(dayCount, "d", hourCount % 24, "h");
  if (dayCount < 365 * 2) return `${dayCount}d`;
  const yearCount = Math.floor(dayCount / 365);
  if (dayCount < 365 * 8) return twoParts(yearCount, "y", dayCount % 365, "d");
  return `${yearCount}y`;
}

function twoParts(first: number, firstUnit: string, second: number, secondUnit: string): string {
  return second === 0 ? `${first}${firstUnit}` : `${first}${firstUnit}${second}${secondUnit}`;
}
