import type { Engine, Micros } from "../engine/index.ts";
import { PHASE } from "../kube/index.ts";
import { StateMap, StateValue } from "../tables/index.ts";
import { seconds } from "../units/index.ts";

/** How often the client looks for series that are over, and how long nothing must have been added to one.
 *  @source kubernetes 1.37 client-go tools/events event_broadcaster.go finishTime */
const FINISH = seconds(360);

/** An event that may become a series. `id` is that of its object. */
interface Series {
  readonly id: number;
  readonly count: number;
  readonly lastAt: Micros;
  /** Whether the object shows the count. */
  readonly isShown: boolean;
}

/** What a report comes to: the object it belongs to (a new one for -1), its count, and whether it is written now. */
export interface SeriesStep {
  readonly id: number;
  readonly count: number;
  readonly isWritten: boolean;
}

/**
 * Counting as the client of events.k8s.io does it (the scheduler's): the note is not compared, but the version of the object is. A second report
 * makes a series of two; further ones are counted in memory and written when nothing has been added for 6 minutes, after which
 * the next one makes a new object. No aggregation of messages, no limit.
 * @source kubernetes 1.37 client-go tools/events event_broadcaster.go recordToSink, finishSeries
 */
// DEVIATION(series-refresh): the write of every running series each half an hour is left out; its count shows at its end.
export class EventSeries {
  readonly #engine: Engine;
  readonly #series: StateMap<string, Series>;
  readonly #finishAt: StateValue<Micros>;
  readonly #finishKind: number;

  /** Declares a silent event kind. `onFinish` is told of the end of a series whose object does not show its count. */
  constructor(engine: Engine, onFinish: (id: number) => void) {
    this.#engine = engine;
    this.#series = new StateMap(engine.cells, "kubeEvents.series");
    this.#finishAt = new StateValue(engine.cells, "kubeEvents.finishAt", -1);
    const finish = (): void => this.#finish(onFinish);
    this.#finishKind = engine.define("kubeEvents.finish", PHASE.observe, finish, { silent: true });
  }

  /** Adds a report. `nextId` is the object's number if it has to be made. */
  add(key: string, nextId: number): SeriesStep {
    const { now } = this.#engine;
    this.#forget(now);
    const known = this.#series.get(key);
    if (known === undefined || finishOf(known.lastAt) <= now) {
      this.#series.delete(key);
      this.#series.set(key, Object.freeze({ id: nextId, count: 1, lastAt: now, isShown: true }));
      return { id: -1, count: 1, isWritten: true };
    }
    const count = known.count + 1;
    const isShown = count === 2;
    this.#series.delete(key);
    this.#series.set(key, Object.freeze({ id: known.id, count, lastAt: now, isShown }));
    if (!isShown && this.#finishAt.value < now) this.#arm(now);
    return { id: known.id, count, isWritten: isShown };
  }

  clear(): void {
    this.#series.clear();
  }

  /** Takes away what is over and has nothing more to show; the least recent is in front. A look a report, on average. */
  #forget(now: Micros): void {
    for (const [key, { lastAt, isShown }] of this.#series) {
      if (!isShown || finishOf(lastAt) > now) return;
      this.#series.delete(key);
    }
  }

  #arm(now: Micros): void {
    this.#finishAt.value = (Math.floor(now / FINISH) + 1) * FINISH;
    this.#engine.at(this.#finishAt.value, this.#finishKind);
  }

  #finish(onFinish: (id: number) => void): void {
    const { now } = this.#engine;
    let isWaiting = false;
    for (const [key, { id, lastAt, isShown }] of this.#series) {
      if (finishOf(lastAt) > now) {
        isWaiting ||= !isShown;
        continue;
      }
      this.#series.delete(key);
      if (!isShown) onFinish(id);
    }
    if (isWaiting) this.#arm(now);
  }
}

/** The first look at which a series is over: strictly more than the span after its last report. */
function finishOf(lastAt: Micros): Micros {
  return (Math.floor((lastAt + FINISH) / FINISH) + 1) * FINISH;
}
