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
  readonly explanations: readonly HpaExplanation[];
  /** Changes of replicas, and those against the direction of the change before. */
  readonly changes: number;
  readonly flaps: readonly number[];
  readonly target: string;
}

const TEXTS_LIMIT = 400;

/** Gathers the syncs of autoscalers from decisions. */
export class HpaStories {
  readonly #syncs = new Map<string, { readonly sync: HpaSync; readonly decision: DecisionRecord }[]>();

  add(decision: DecisionRecord): void {
    if (decision.by !== "hpa" || !SYNCS.includes(decision.what)) return;
    const key = decision.object.slice("hpa/".length);
    const list = this.#syncs.get(key) ?? [];
    list.push({ sync: syncOf(decision), decision });
    this.#syncs.set(key, list);
  }

  all(): HpaStory[] {
    return [...this.#syncs].map(([key, list]) => {
      const { changes, flaps } = turnsOf(list.map(({ sync }) => sync));
      return {
        key,
        syncs: list.map(({ sync }) => sync),
        explanations: tellingSyncs(list).map(({ sync, decision }) => ({
          at: sync.atSeconds,
          text: hpaLines(decision, formatClock(decision.t)).join("\n"),
        })),
        changes,
        flaps,
        target: String(list.at(-1)?.decision.target ?? ""),
      };
    });
  }
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

type Told = { readonly sync: HpaSync; readonly decision: DecisionRecord };

/** The syncs whose explanation the page carries: changes, and the first of each stretch in which nothing differs. */
function tellingSyncs(list: readonly Told[]): Told[] {
  if (list.length <= TEXTS_LIMIT) return [...list];
  const isNews = list.map((one, index) => one.decision.what === "scale" || differs(one, list[index - 1]));
  const news = list.filter((_, index) => isNews[index]);
  if (news.length > TEXTS_LIMIT) return evenly(news, TEXTS_LIMIT);
  const others = list.filter((_, index) => !isNews[index]);
  const kept = new Set([...news, ...evenly(others, TEXTS_LIMIT - news.length)]);
  return list.filter((one) => kept.has(one));
}

function differs({ sync }: Told, before: Told | undefined): boolean {
  if (before === undefined) return true;
  const { raw, stabilised, final, isFailed } = before.sync;
  const isSame = (a: number, b: number): boolean => a === b || (Number.isNaN(a) && Number.isNaN(b));
  return !(
    isSame(sync.raw, raw) &&
    isSame(sync.stabilised, stabilised) &&
    isSame(sync.final, final) &&
    sync.isFailed === isFailed
  );
}

function evenly<T>(list: readonly T[], count: number): T[] {
  if (list.length <= count) return [...list];
  return Array.from({ length: count }, (_, index) => list[Math.floor((index * list.length) / count)] as T);
}
