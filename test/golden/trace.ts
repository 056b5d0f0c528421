import type { LoggedDecision, RecordedEvent } from "../../src/store/index.ts";
import { formatClock } from "../../src/units/index.ts";
import { type Plan, World } from "../../src/world/index.ts";

/** One thing that happened: decided by a component, or reported as a Kubernetes event. */
export interface Happening {
  readonly t: number;
  /** Number of the simulation event in which it happened. */
  readonly n: number;
  readonly who: string;
  readonly what: string;
  readonly object: string;
  readonly detail: string;
  /** Number of the event in which that was decided from which this follows; 0 when nothing is known. */
  readonly cause: number;
}

export interface Story {
  readonly world: World;
  readonly decisions: readonly LoggedDecision[];
  readonly happenings: readonly Happening[];
}

/** Plays a plan and keeps all that its components decide and report. */
export function storyOf(plan: Plan): Story {
  const decisions: LoggedDecision[] = [];
  const happenings: Happening[] = [];
  const world = World.from(plan, {
    event: () => undefined,
    decision: (decision) => {
      decisions.push(decision);
      happenings.push(decided(decision));
    },
    sample: () => undefined,
  });
  const known = (n: number): boolean => happenings.some((happening) => happening.n === n);
  world.store.events.sink = {
    written: (event) => {
      const n = world.engine.eventNumber;
      happenings.push({ ...reported(event), n, cause: causeOf(world, n, known) });
    },
  };
  world.run();
  return { world, decisions, happenings };
}

/** The text of a trace: line number, instant, who, what, object, details, and the line of the cause. */
export function traceText(happenings: readonly Happening[]): string {
  const lineOf = new Map<number, number>();
  const rows = happenings.map((happening, index) => {
    const because = lineOf.get(happening.cause);
    if (!lineOf.has(happening.n)) lineOf.set(happening.n, index + 1);
    return { ...happening, line: index + 1, because };
  });
  const width = (key: "who" | "what" | "object"): number => Math.max(...rows.map((row) => row[key].length));
  const widths = { who: width("who"), what: width("what"), object: width("object") };
  return rows
    .map(({ line, t, who, what, object, detail, because }) => {
      const columns = [
        String(line).padStart(3),
        clock(t),
        who.padEnd(widths.who),
        what.padEnd(widths.what),
        object.padEnd(widths.object),
        detail,
        because === undefined ? "" : `← ${because}`,
      ];
      return columns.join("  ").trimEnd();
    })
    .map((line) => `${line}\n`)
    .join("");
}

const COMMON = new Set(["t", "n", "cause", "by", "what", "object", "from", "to", "notable", "failure", "top"]);

function decided(decision: LoggedDecision): Happening {
  const { t, n, cause, by: who, what, object, from, to } = decision;
  const parts = from === undefined && to === undefined ? [] : [`${String(from)} → ${String(to)}`];
  for (const [key, value] of Object.entries(decision)) {
    if (!COMMON.has(key)) parts.push(`${key.replace(/Micros$/, "")}=${shown(key, value)}`);
  }
  return { t, n, who, what, object, detail: parts.join(" "), cause };
}

/** The nearest event up the chain of causes in which something happened. */
function causeOf({ engine }: World, n: number, known: (n: number) => boolean): number {
  let number = n;
  while (number !== 0 && !known(number)) number = engine.journal.entry(number)?.cause ?? 0;
  return number;
}

function reported(event: RecordedEvent): Omit<Happening, "n" | "cause"> {
  const { involvedObject, lastAt, source, reason, message, count } = event;
  const { kind, namespace, name } = involvedObject;
  const object = [kind.toLowerCase(), namespace, name].filter((part) => part !== undefined).join("/");
  const times = count > 1 ? ` (${count} times)` : "";
  return { t: lastAt, who: source, what: reason, object, detail: `"${message}"${times}` };
}

function shown(key: string, value: unknown): string {
  if (typeof value === "number" && /(Micros|At|lastSignOfLife)$/.test(key)) return `${value / 1_000_000}s`;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** `00:02:45.033000` */
function clock(t: number): string {
  return `${formatClock(Math.floor(t / 1_000_000) * 1_000_000)}.${String(t % 1_000_000).padStart(6, "0")}`;
}
