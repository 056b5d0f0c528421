import { formatDuration } from "../units/index.ts";
import type { Terminal } from "./terminal.ts";

/** Tells on stderr how many runs are done, and how long the rest may take. */
export interface RunProgress {
  /** One more run is done. */
  add(): void;
  stop(): void;
}

/** Where no bar can move, a line is printed so often. */
const LINE_EVERY_MILLIS = 15_000;

/** @param doneBefore runs that an earlier start has made; they do not count for the time left */
export async function startRunProgress(
  terminal: Terminal,
  total: number,
  options: { readonly doneBefore?: number; readonly isQuiet?: boolean } = {},
): Promise<RunProgress> {
  const { doneBefore = 0, isQuiet = false } = options;
  if (isQuiet) return { add: () => {}, stop: () => {} };
  const startedAt = Date.now();
  let done = doneBefore;
  const left = (): string => timeLeft(Date.now() - startedAt, done - doneBefore, total - done);
  if (!terminal.hasProgress) {
    let saidAt = startedAt;
    const add = (): void => {
      done++;
      if (Date.now() - saidAt < LINE_EVERY_MILLIS) return;
      saidAt = Date.now();
      terminal.err(`${done} of ${total} runs${left()}\n`);
    };
    return { add, stop: () => {} };
  }
  const { SingleBar } = await import("cli-progress");
  const bar = new SingleBar({
    format: "  ▕{bar}▏ {value} of {total} runs{left}",
    barCompleteChar: "█",
    barIncompleteChar: " ",
    barsize: 30,
    hideCursor: true,
    clearOnComplete: true,
    stream: process.stderr,
  });
  bar.start(total, done, { left: "" });
  return {
    add: () => {
      done++;
      bar.update(done, { left: left() });
    },
    stop: () => bar.stop(),
  };
}

/** `, about 2m10s left`; nothing before the first run is done and after the last. */
export function timeLeft(wallMillis: number, done: number, toDo: number): string {
  if (done === 0 || toDo === 0) return "";
  const seconds = Math.max(1, Math.round((wallMillis / 1000 / done) * toDo));
  return `, about ${formatDuration(seconds * 1_000_000)} left`;
}
