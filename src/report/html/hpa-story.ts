import { formatClock } from "../../units/index.ts";
import type { DecisionRecord } from "../../world/plan.ts";
import { hpaLines } from "../explain-lines.ts";

/** One sync of an autoscaler, as numbers; NaN for what it did not know. */
export interface HpaSync {
  readonly atSeconds: number;
  /** Percent of the request, or NaN for other metrics. */
  readonly utilization: number;
  readonly raw: number;
  readonly stabilised: number;
  readonly final: number;
  readonly isFailed: boolean;
}

export interface HpaExplanation {
  readonly at: number;
  readonly text: string;
}

export interface HpaStory {
  readonly key: string;
  readonly syncs: readonly HpaSync[];
  /** Decisions from which syncs are explained: changes first of all, in order of time. */
  readonly telling: readonly DecisionRecord[];
  /** Changes of replicas, and those against the direction of the change before. */
  readonly changes: number;
  readonly flaps: readonly number[];
  readonly target: string;
}

/** Decisions kept of one autoscaler: half of them syncs that differ from the one before. */
const TEXTS_LIMIT = 400;

/** Gathers the syncs of autoscalers from decisions. Of each, a few hundred are kept whole, for their explanations. */
export class HpaStories {
  readonly #gathered = new Map<string, Gathered>();

  add(decision: DecisionRecord): void {
    if (decision.by !== "hpa" || !SYNCS.includes(decision.what)) return;
    const key = decision.object.slice("hpa/".length);
    let gathered = this.#gathered.get(key);
    if (gathered === undefined) {
      gathered = { syncs: [], news: new Sparse(TEXTS_LIMIT / 2), others: new Sparse(TEXTS_LIMIT / 2), target: "" };
      this.#gathered.set(key, gathered);
    }
    const sync = syncOf(decision);
    const isNews = decision.what === "scale" || differs(sync, gathered.syncs.at(-1));
    (isNews ? gathered.news : gathered.others).add(decision);
    gathered.syncs.push(sync);
    gathered.target = String(decision.target ?? "");
  }

  all(): HpaStory[] {
    return [...this.#gathered].map(([key, { syncs, news, others, target }]) => ({
      key,
      syncs,
      telling: [...news.kept, ...others.kept].sort((a, b) => a.t - b.t || a.n - b.n),
      ...turnsOf(syncs),
      target,
    }));
  }
}

interface Gathered {
  readonly syncs: HpaSync[];
  /** Syncs that differ from the one before, and those that do not. */
  readonly news: Sparse;
  readonly others: Sparse;
  target: string;
}

/** Keeps at most so many of a stream, evenly: when it is full, every second one goes, and every second one is taken. */
class Sparse {
  kept: DecisionRecord[] = [];
  readonly #limit: number;
  #every = 1;
  #seen = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(decision: DecisionRecord): void {
    if (this.#seen++ % this.#every !== 0) return;
    this.kept.push(decision);
    if (this.kept.length <= this.#limit) return;
    this.kept = this.kept.filter((_, index) => index % 2 === 0);
    this.#every *= 2;
  }
}

/** The explanations of a story's syncs, evenly thinned to so many. */
export function explanationsOf({ telling }: HpaStory, limit: number): HpaExplanation[] {
  const step = Math.max(1, Math.ceil(telling.length / limit));
  return telling
    .filter((_, index) => index % step === 0)
    .map((decision) => ({ at: decision.t / 1_000_000, text: hpaLines(decision, formatClock(decision.t)).join("\n") }));
}

const SYNCS: readonly string[] = ["scale", "keep", "fail"];

function syncOf(decision: DecisionRecord): HpaSync {
  const metrics = Array.isArray(decision.metrics) ? (decision.metrics as { readonly utilization?: unknown }[]) : [];
  const final = number(decision.to);
  const raw = number(decision.proposed);
  const stabilised = number(decision.stabilised);
  return {
    atSeconds: decision.t / 1_000_000,
    utilization: number(metrics.map(({ utilization }) => utilization).find((value) => typeof value === "number")),
    raw: Number.isNaN(raw) ? final : raw,
    stabilised: Number.isNaN(stabilised) ? (Number.isNaN(raw) ? final : raw) : stabilised,
    final,
    isFailed: decision.what === "fail",
  };
}

function number(value: unknown): number {
  return typeof value === "number" ? value : Number.NaN;
}

function turnsOf(syncs: readonly HpaSync[]): { changes: number; flaps: number[] } {
  let [changes, direction, before] = [0, 0, Number.NaN];
  const flaps: number[] = [];
  for (const { final, atSeconds } of syncs) {
    if (Number.isNaN(final)) continue;
    if (!Number.isNaN(before) && final !== before) {
      const turned = final > before ? 1 : -1;
      if (direction !== 0 && turned !== direction) flaps.push(atSeconds);
      direction = turned;
      changes++;
    }
    before = final;
  }
  return { changes, flaps };
}

function differs(sync: HpaSync, before: HpaSync | undefined): boolean {
  if (before === undefined || sync.isFailed !== before.isFailed) return true;
  return (["raw", "stabilised", "final"] as const).some((key) => !Object.is(sync[key], before[key]));
}
