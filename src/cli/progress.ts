import { formatClock } from "../units/index.ts";
import type { Terminal } from "./terminal.ts";

export interface Progress {
  update(nowMicros: number, events: number): void;
  stop(): void;
}

const NONE: Progress = { update: () => {}, stop: () => {} };

/** A bar of simulated time on stderr, on a screen only. */
export async function startProgress(terminal: Terminal, durationMicros: number, isQuiet: boolean): Promise<Progress> {
  if (!terminal.hasProgress || isQuiet) return NONE;
  const { SingleBar } = await import("cli-progress");
  const bar = new SingleBar({
    format: `  {at} ▕{bar}▏ ${formatClock(durationMicros)}   {events} events`,
    barCompleteChar: "█",
    barIncompleteChar: " ",
    barsize: 30,
    hideCursor: true,
    clearOnComplete: true,
    stream: process.stderr,
  });
  bar.start(durationMicros, 0, { at: formatClock(0), events: 0 });
  return {
    update: (nowMicros, events) => bar.update(nowMicros, { at: formatClock(nowMicros), events }),
    stop: () => bar.stop(),
  };
}
