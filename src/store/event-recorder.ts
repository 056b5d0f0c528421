import type { Engine } from "../engine/index.ts";
import type { KubeEvent } from "../kube/index.ts";
import { deepFreeze, StateMap, StateValue } from "../tables/index.ts";
import { seconds } from "../units/index.ts";
import { EventSeries } from "./event-series.ts";

/** One Kubernetes Event object as it stands after its newest write. Instants are microseconds since the start. */
export interface RecordedEvent extends KubeEvent {
  /** Numbers the objects in order of creation. */
  readonly id: number;
  readonly firstAt: number;
  readonly lastAt: number;
  readonly count: number;
  /** Number of the simulation event that wrote it first. */
  readonly cause: number;
  /** False while the spam filter has let none of its writes through: counted, but no object exists. */
  readonly isSent: boolean;
}

export interface EventSink {
  /** An event object was written: made (count 1) or counted up. */
  written?(event: RecordedEvent): void;
  /** An event object has expired or the run is over: its last state. */
  final?(event: RecordedEvent): void;
}

/** Aggregation: further different messages of one group within the window become one event.
 *  @source kubernetes 1.37 client-go tools/record events_cache defaults */
const AGGREGATE_AFTER_MESSAGES = 10;
const AGGREGATE_WINDOW = seconds(600);
const SPAM_BURST = 25;
const SPAM_REFILL_MICROS = seconds(300);
/** @source kubernetes 1.37 kube-apiserver --event-ttl */
const EVENT_TTL = seconds(3600);
const SWEEP_EVERY_WRITES = 1024;

interface AggregateState {
  readonly messages: readonly string[];
  readonly lastAt: number;
}
interface Bucket {
  readonly tokens: number;
  readonly at: number;
}

/**
 * Turns what components report into Kubernetes Event objects as the client's correlator does: aggregation, counting of
 * repeats, spam filter. An observer: nothing in the simulation reads it, and it may be switched off.
 * @source kubernetes 1.37 client-go tools/record (EventCorrelator)
 */
export class EventRecorder {
  isEnabled = true;
  sink: EventSink = {};
  readonly #engine: Engine;
  readonly #events: StateMap<string, RecordedEvent>;
  readonly #aggregates: StateMap<string, AggregateState>;
  readonly #buckets: StateMap<string, Bucket>;
  readonly #nextId: StateValue<number>;
  readonly #writes: StateValue<number>;
  readonly #series: EventSeries;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#events = new StateMap(engine.cells, "kubeEvents.objects");
    this.#aggregates = new StateMap(engine.cells, "kubeEvents.aggregates");
    this.#buckets = new StateMap(engine.cells, "kubeEvents.buckets");
    this.#nextId = new StateValue(engine.cells, "kubeEvents.nextId", 1);
    this.#writes = new StateValue(engine.cells, "kubeEvents.writes", 0);
    this.#series = new EventSeries(engine, (id) => {
      const event = this.#events.get(seriesKey(id));
      if (event !== undefined) this.sink.written?.(event);
    });
  }

  /** Reports something about an object. The same report again only counts up. */
  record(event: KubeEvent): void {
    if (!this.isEnabled) return;
    const { involvedObject: on, source, type, reason } = event;
    const objectKey = `${source}|${on.kind}|${on.namespace ?? ""}|${on.name}|${on.uid ?? ""}|${type}`;
    const groupKey = `${objectKey}|${reason}`;
    const isCombined = this.#isCombined(groupKey, event.message);
    const message = isCombined ? `(combined from similar events): ${event.message}` : event.message;
    const key = isCombined ? groupKey : `${groupKey}|${on.fieldPath ?? ""}|${message}`;
    this.#keep(key, { ...event, message }, this.#takeToken(objectKey));
  }

  /**
   * Reports something about an object of that version, as the client of events.k8s.io does: see EventSeries. Of a series the note is
   * that of its first report.
   */
  recordSeries(event: KubeEvent, objectVersion: number): void {
    if (!this.isEnabled) return;
    const { involvedObject: on, source, type, reason } = event;
    const key = `${source}|${on.kind}|${on.namespace ?? ""}|${on.name}|${on.uid ?? ""}|${objectVersion}|${type}|${reason}`;
    const { id, isWritten } = this.#series.add(key, this.#nextId.value);
    const known = id === -1 ? undefined : this.#events.get(seriesKey(id));
    const shown = known === undefined ? event : { ...event, message: known.message };
    this.#keep(seriesKey(id === -1 ? this.#nextId.value : id), shown, isWritten);
  }

  /** Makes the object of this key or counts it up; `isWritten` is false where nothing reaches the API server. */
  #keep(key: string, event: KubeEvent, isWritten: boolean): void {
    const known = this.#events.get(key);
    const now = this.#engine.now;
    const written: RecordedEvent = deepFreeze({
      ...event,
      id: known?.id ?? this.#nextId.value,
      firstAt: known?.firstAt ?? now,
      lastAt: now,
      count: (known?.count ?? 0) + 1,
      cause: known?.cause ?? this.#engine.eventNumber,
      isSent: isWritten || known?.isSent === true,
    });
    if (known === undefined) this.#nextId.value++;
    // Re-inserting keeps the map ordered by last write, so that expiry looks at its front only.
    this.#events.delete(key);
    this.#events.set(key, written);
    if (isWritten) this.sink.written?.(written);
    this.#writes.value++;
    if (this.#writes.value % SWEEP_EVERY_WRITES === 0) this.#expire(now - EVENT_TTL);
  }

  /** The events still kept, in order of creation. */
  kept(): RecordedEvent[] {
    return [...this.#events.values()].filter((event) => event.isSent).sort((a, b) => a.id - b.id);
  }

  /** Hands the last state of all events still kept to the sink, in order of creation. */
  finish(): void {
    for (const event of this.kept()) this.sink.final?.(event);
    this.#events.clear();
    this.#series.clear();
  }

  #isCombined(groupKey: string, message: string): boolean {
    const now = this.#engine.now;
    const known = this.#aggregates.get(groupKey);
    const isFresh = known === undefined || now - known.lastAt > AGGREGATE_WINDOW;
    let messages = isFresh ? [] : known.messages;
    if (!messages.includes(message)) messages = [...messages, message];
    const isCombined = messages.length >= AGGREGATE_AFTER_MESSAGES;
    if (isCombined) messages = messages.slice(1);
    this.#aggregates.set(groupKey, Object.freeze({ messages: Object.freeze(messages), lastAt: now }));
    return isCombined;
  }

  #takeToken(objectKey: string): boolean {
    const now = this.#engine.now;
    const bucket = this.#buckets.get(objectKey) ?? { tokens: SPAM_BURST, at: now };
    const tokens = Math.min(SPAM_BURST, bucket.tokens + (now - bucket.at) / SPAM_REFILL_MICROS);
    const hasToken = tokens >= 1;
    this.#buckets.set(objectKey, Object.freeze({ tokens: hasToken ? tokens - 1 : tokens, at: now }));
    return hasToken;
  }

  // DEVIATION(event-memory): the client remembers its 4,096 latest keys for ever and makes an expired object again with
  // the running count; here a count starts anew when its object has expired.
  #expire(before: number): void {
    for (const [key, event] of this.#events) {
      if (event.lastAt >= before) break;
      if (event.isSent) this.sink.final?.(event);
      this.#events.delete(key);
    }
    for (const [key, state] of this.#aggregates) if (state.lastAt < before) this.#aggregates.delete(key);
    for (const [key, bucket] of this.#buckets) if (bucket.at < before) this.#buckets.delete(key);
  }
}

function seriesKey(id: number): string {
  return `series|${id}`;
}
