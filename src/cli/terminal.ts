import { styleText } from "node:util";

/** Where a command writes: data to `out`, progress and notes to `err`. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  readonly outHasColour: boolean;
  readonly errHasColour: boolean;
  /** Whether stderr is a screen on which a progress bar can move. */
  readonly hasProgress: boolean;
}

export const EXIT = { done: 0, failed: 1, usage: 2, assertion: 3, differs: 4, interrupted: 130 } as const;

/** Wrong usage or input: the message is printed and nothing was run. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** The terminal of this process. Colour and progress only on a screen; NO_COLOR and FORCE_COLOR are honoured. */
export function processTerminal(): Terminal {
  const { env, stdout, stderr } = process;
  const isForced = env.FORCE_COLOR !== undefined && env.FORCE_COLOR !== "0";
  const isForbidden = (env.NO_COLOR ?? "") !== "" || env.TERM === "dumb";
  const hasColour = (isScreen: boolean): boolean => !isForbidden && (isScreen || isForced);
  return {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    outHasColour: hasColour(stdout.isTTY === true),
    errHasColour: hasColour(stderr.isTTY === true),
    hasProgress: stderr.isTTY === true && env.CI === undefined,
  };
}

type Style = "good" | "bad" | "dim" | "error" | "warning" | "note";

const COLOURS = { good: "green", bad: "red", dim: "gray", error: "red", warning: "yellow", note: "cyan" } as const;

/** Wraps texts in colours, or leaves them as they are. */
export function painter(hasColour: boolean): (style: Style, text: string) => string {
  if (!hasColour) return (_style, text) => text;
  return (style, text) => styleText(COLOURS[style], text, { validateStream: false });
}
