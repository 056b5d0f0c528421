import type { Micros } from "../engine/index.ts";
import type { CellRegistry } from "../tables/index.ts";

interface LevelLog {
  /** Index of the first change kept. */
  base: number;
  times: number[];
  levels: number[];
  /** The newest change, whether it is kept or not; instant -1: there was none. */
  lastAt: number;
  lastLevel: number;
}

/**
 * Changes of levels that came about in the run, one list a row: what followers have not all seen yet is kept. Where noise is drawn
 * anew every `everyMicros` (0: never), each such instant is a change to the same level, entered when somebody asks.
 */
export class LevelLogs {
  #logs: LevelLog[] = [];

  constructor(registry: CellRegistry, name: string) {
    registry.add({
      name,
      save: () => ({ form: "data", data: Object.freeze(this.#logs.map((log) => Object.freeze(copyOf(log)))) }),
      load: (state) => {
        this.#logs = (state.data as readonly LevelLog[]).map(copyOf);
      },
    });
  }

  push(row: number, at: Micros, level: number, everyMicros: Micros): void {
    this.#enter(row, at, everyMicros);
    this.#append(this.#of(row), at, level);
  }

  changeAt(row: number, index: number, now: Micros, everyMicros: Micros): Micros {
    this.#enter(row, now, everyMicros);
    const log = this.#of(row);
    return log.times[index - log.base] ?? nextDraw(log, everyMicros);
  }

  levelAt(row: number, index: number, now: Micros, everyMicros: Micros): number {
    this.#enter(row, now, everyMicros);
    const log = this.#of(row);
    return log.levels[index - log.base] ?? log.lastLevel;
  }

  /** Index of the first change later than `now`. */
  firstAfter(row: number, now: Micros, everyMicros: Micros): number {
    this.#enter(row, now, everyMicros);
    const { base, times } = this.#of(row);
    return base + times.length;
  }

  forgetBefore(row: number, index: number): void {
    const log = this.#of(row);
    const count = Math.min(index - log.base, log.times.length);
    if (count <= 0) return;
    log.times = log.times.slice(count);
    log.levels = log.levels.slice(count);
    log.base += count;
  }

  /** Enters the draws of noise up to an instant. */
  #enter(row: number, until: Micros, everyMicros: Micros): void {
    const log = this.#of(row);
    for (let at = nextDraw(log, everyMicros); at <= until; at += everyMicros) this.#append(log, at, log.lastLevel);
  }

  #append(log: LevelLog, at: Micros, level: number): void {
    log.times.push(at);
    log.levels.push(level);
    log.lastAt = at;
    log.lastLevel = level;
  }

  #of(row: number): LevelLog {
    while (this.#logs.length <= row) this.#logs.push({ base: 0, times: [], levels: [], lastAt: -1, lastLevel: 0 });
    return this.#logs[row] as LevelLog;
  }
}

function nextDraw({ lastAt }: LevelLog, everyMicros: Micros): Micros {
  if (lastAt === -1 || everyMicros === 0) return Number.POSITIVE_INFINITY;
  return (Math.floor(lastAt / everyMicros) + 1) * everyMicros;
}

function copyOf({ times, levels, ...rest }: LevelLog): LevelLog {
  return { ...rest, times: [...times], levels: [...levels] };
}
