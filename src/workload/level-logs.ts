import type { Micros } from "../engine/index.ts";
import type { CellRegistry } from "../tables/index.ts";

interface LevelLog {
  /** Index of the first change kept. */
  base: number;
  times: number[];
  levels: number[];
}

/** Changes of levels that came about in the run, one list a row: what followers have not all seen yet is kept. */
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

  push(row: number, at: Micros, level: number): void {
    const log = this.#of(row);
    log.times.push(at);
    log.levels.push(level);
  }

  changeAt(row: number, index: number): Micros {
    const log = this.#of(row);
    return log.times[index - log.base] ?? Number.POSITIVE_INFINITY;
  }

  levelAt(row: number, index: number): number {
    const log = this.#of(row);
    return log.levels[index - log.base] ?? 0;
  }

  /** Index of the first change later than `time`, which is not before the last one. */
  firstAfter(row: number, time: Micros): number {
    const { base, times } = this.#of(row);
    let index = times.length;
    while (index > 0 && (times[index - 1] as number) > time) index--;
    return base + index;
  }

  forgetBefore(row: number, index: number): void {
    const log = this.#of(row);
    const count = Math.min(index - log.base, log.times.length);
    if (count <= 0) return;
    log.times = log.times.slice(count);
    log.levels = log.levels.slice(count);
    log.base += count;
  }

  #of(row: number): LevelLog {
    while (this.#logs.length <= row) this.#logs.push({ base: 0, times: [], levels: [] });
    return this.#logs[row] as LevelLog;
  }
}

function copyOf({ base, times, levels }: LevelLog): LevelLog {
  return { base, times: [...times], levels: [...levels] };
}
