import type { Checkpoint, JournalEntry, Micros } from "../engine/index.ts";
import { loadPlugins } from "../scenario/index.ts";
import { type PluginModules, World } from "../world/index.ts";
import type { Plan } from "../world/plan.ts";
import type { PluginFile } from "./request.ts";

/** Where two runs part. */
export interface Divergence {
  /** Number of the first event that differs. */
  readonly number: number;
  /** The last event that both have. */
  readonly last: JournalEntry | null;
  readonly left: DivergingEvent;
  readonly right: DivergingEvent;
}

export interface DivergingEvent {
  /** null: this run has ended before. */
  readonly event: JournalEntry | null;
  /** The events that led to it, latest first. */
  readonly causes: readonly JournalEntry[];
  /** What the run decided at that instant, as decisions.jsonl has it. */
  readonly decisions: readonly string[];
}

export interface Side {
  readonly plan: Plan;
  readonly plugins: readonly PluginFile[];
}

/** Events between two comparisons. */
const STRIDE = 20_000;
const CAUSES = 8;
const DECISIONS = 5;

/**
 * Plays two runs side by side and finds the first event that differs, in time, kind, subject or argument: digests are compared
 * every 20,000 events, then the stretch between the last equal ones and the first different ones is halved again and again.
 * @returns null when all events are the same
 */
export async function firstDivergence(left: Side, right: Side): Promise<Divergence | null> {
  const sides = [
    new Player(left, await loadPlugins(left.plugins)),
    new Player(right, await loadPlugins(right.plugins)),
  ] as const;
  const [a, b] = sides;
  let equal = { number: 0, at: sides.map((side) => side.save()) as [Checkpoint, Checkpoint] };
  for (;;) {
    const target = equal.number + STRIDE;
    for (const side of sides) side.play(target);
    if (a.eventCount !== b.eventCount || a.digest !== b.digest) break;
    if (a.eventCount < target) return null;
    equal = { number: target, at: [a.save(), b.save()] };
  }
  let different = Math.min(equal.number + STRIDE, Math.max(a.eventCount, b.eventCount));
  let same = equal.number;
  while (different - same > 1) {
    const middle = Math.floor((same + different) / 2);
    for (const [index, side] of sides.entries()) side.restore(equal.at[index] as Checkpoint).play(middle);
    if (a.eventCount === b.eventCount && a.digest === b.digest) {
      same = middle;
      equal = { number: middle, at: [a.save(), b.save()] };
    } else different = middle;
  }
  return at(different, sides, equal.at);
}

function at(number: number, [a, b]: readonly [Player, Player], from: readonly [Checkpoint, Checkpoint]): Divergence {
  const told = (side: Player, checkpoint: Checkpoint): DivergingEvent => side.restore(checkpoint).tell(number);
  const left = told(a, from[0]);
  const right = told(b, from[1]);
  return { number, last: a.entry(number - 1) ?? null, left, right };
}

/** One of the two worlds; it can be put back. */
class Player {
  readonly #side: Side;
  readonly #modules: PluginModules;
  readonly #decisions: { readonly t: Micros; readonly text: string }[] = [];
  #world: World;

  constructor(side: Side, modules: PluginModules) {
    this.#side = side;
    this.#modules = modules;
    this.#world = World.from(this.#plan, this.#sink, modules);
  }

  /** Decisions are kept for the telling; nothing else is asked for. */
  get #plan(): Plan {
    const { plan } = this.#side;
    return { ...plan, record: { ...plan.record, events: false, decisions: true } };
  }

  get #sink(): Parameters<typeof World.from>[1] {
    return {
      event: () => undefined,
      sample: () => undefined,
      decision: ({ t, by, what, object, notable }) => {
        if (this.#decisions.length > 0 && this.#decisions[0]?.t !== t) this.#decisions.length = 0;
        this.#decisions.push({
          t,
          text: `${by} ${what} ${object}${typeof notable === "string" ? `: ${notable}` : ""}`,
        });
      },
    };
  }

  get eventCount(): number {
    return this.#world.eventCount;
  }

  get digest(): string {
    return this.#world.engine.digest();
  }

  /** Until so many numbered events have happened, or the run has ended. */
  play(target: number): void {
    // Silent events count for a slice too, so it never goes too far.
    while (this.eventCount < target) {
      if (this.#world.runSlice(this.#side.plan.durationMicros, target - this.eventCount)) return;
    }
  }

  save(): Checkpoint {
    return this.#world.checkpoint();
  }

  restore(checkpoint: Checkpoint): this {
    this.#decisions.length = 0;
    this.#world = World.fork(this.#plan, checkpoint, this.#sink, this.#modules);
    return this;
  }

  entry(number: number): JournalEntry | undefined {
    return this.#world.engine.journal.entry(number);
  }

  tell(number: number): DivergingEvent {
    this.play(number);
    const event = this.entry(number) ?? null;
    const causes = event === null ? [] : this.#world.engine.journal.causes(event.cause, CAUSES);
    const decisions = this.#decisions.filter(({ t }) => t === event?.time).map(({ text }) => text);
    return { event, causes, decisions: decisions.slice(0, DECISIONS) };
  }
}
