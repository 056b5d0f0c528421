import type { Micros } from "../engine/index.ts";
import { type CellRegistry, Column, StateValue } from "../tables/index.ts";
import { Followers, type LevelChange, type Reach } from "./followers.ts";
import { Housekeeping, NO_HOUSEKEEPING } from "./housekeeping.ts";
import {
  BYTES,
  LAST_AT,
  LIMIT,
  NOISE_KEY,
  PREVIOUS_AT,
  RATE,
  SHOWN_BYTES,
  STARTED,
  UsageRecords,
} from "./usage-records.ts";
import { STILL, type UsageSource } from "./usage-source.ts";

/** So many scrapes may wait for somebody who asks before they are played all the same. */
const MOST_WAITING = 32;

export interface UsageMeterOptions {
  readonly housekeeping?: Housekeeping;
  /** Milli-CPU of a running process that nobody asks anything of. Default 0. */
  readonly idleMilli?: number;
  /** Whether everything is played when it happens and not when somebody asks; the outcome is the same. Default false. */
  readonly isPrompt?: boolean;
}

/** Usage shown of the pods of a group that follow a source. */
export interface ShownUsage {
  podCount: number;
  /** Sum of milli-CPU; NaN while some pod is not shown. */
  cpuMilli: number;
}

interface SavedFollowers {
  readonly id: number;
  readonly sourceId: number;
  readonly group: number;
  readonly change: number;
  /** -1 for Infinity. */
  readonly changeAt: number;
  readonly scrapes: number;
  readonly rows: readonly number[];
  readonly first: number;
  readonly order: number;
}

const EVERYWHERE: Reach = { areAll: true, isReachable: () => true };

/**
 * What running pods use, and what metrics-server has seen of it. CPU is a rate that holds until it is changed, and its integral;
 * memory is a level. Rows are pod rows.
 *
 * A pod is metered in one of two ways. Whoever models the load sets its usage each time (`set`); or the pod follows a source
 * (`follow`), whose changes come at known instants. Of followers neither changes nor scrapes are played when they happen but
 * together, for all followers of a group in one pass, when somebody asks: what happens to one pod does not depend on others,
 * so the outcome is the same.
 */
export class UsageMeter {
  /** 1 while the pod's containers run. */
  readonly isOn: Column<Uint8Array>;
  /** Restart count of the containers that are metered. */
  readonly restarts: Column<Int32Array>;
  readonly records: UsageRecords;
  readonly #clock: { readonly now: Micros };
  readonly #idleMilli: number;
  readonly #isPrompt: boolean;
  readonly #sources: UsageSource[] = [STILL];
  /** One more than the number of the row's followers; 0 for a row that follows nothing. */
  readonly #followed: Column<Int32Array>;
  /** Where the row's record is; -1: it has none. */
  readonly #slot: Column<Int32Array>;
  #followers: (Followers | undefined)[] = [];
  #free: number[] = [];
  /** Numbers of followers, by source and group and by group: derived. */
  #ofSource: Map<number, number>[] = [];
  #ofGroup: number[][] = [];
  /** Rows that a scrape has to look at one by one, and where a row is among them: derived. */
  #others: number[] = [];
  #position = new Int32Array(16);
  readonly #isOther: Column<Uint8Array>;
  readonly #scrapeCount: StateValue<number>;
  readonly #firstScrapeAt: StateValue<number>;
  #scrapeMicros = 0;
  #reach = EVERYWHERE;
  readonly #changes: LevelChange[] = [];

  constructor(registry: CellRegistry, clock: { readonly now: Micros }, options: UsageMeterOptions = {}) {
    this.#clock = clock;
    // The first of the meter's cells: a save does not show who has asked before.
    registry.add({
      name: "usage.played",
      save: () => {
        this.playAll();
        return { form: "data", data: null };
      },
      load: () => undefined,
    });
    const { housekeeping = new Housekeeping(0, NO_HOUSEKEEPING), idleMilli = 0, isPrompt = false } = options;
    this.#idleMilli = idleMilli;
    this.#isPrompt = isPrompt;
    this.isOn = new Column<Uint8Array>(registry, "usage.on", Uint8Array);
    this.restarts = new Column<Int32Array>(registry, "usage.restarts", Int32Array);
    this.records = new UsageRecords(registry, housekeeping);
    this.#followed = new Column<Int32Array>(registry, "usage.followed", Int32Array);
    this.#slot = new Column<Int32Array>(registry, "usage.slot", Int32Array, -1);
    this.#isOther = new Column<Uint8Array>(registry, "usage.other", Uint8Array);
    this.#scrapeCount = new StateValue(registry, "usage.scrapes", 0);
    this.#firstScrapeAt = new StateValue(registry, "usage.firstScrapeAt", 0);
    registry.add({
      name: "usage.followers",
      save: () => ({ form: "data", data: this.#saved() }),
      load: (state) => this.#load(state.data as readonly SavedFollowers[]),
    });
  }

  /** Makes a source known; in the same order in every world, before the first event. Returns its number. */
  addSource(source: UsageSource): number {
    return this.#sources.push(source) - 1;
  }

  /** The containers of a pod have started: its counter begins at 0. */
  start(row: number, now: Micros): void {
    this.#release(row);
    this.isOn.set(row, 1);
    if (this.#slot.get(row) === -1) {
      const slot = this.records.allocate(0);
      this.#slot.set(row, slot);
      this.records.forget(slot);
    }
    this.records.start(this.#slot.get(row), now, this.records.housekeeping.keyOf(row));
    this.#addOther(row);
  }

  stop(row: number): void {
    this.#release(row);
    this.isOn.set(row, 0);
    this.#put(row, RATE, 0);
    this.#put(row, BYTES, 0);
    this.#addOther(row);
  }

  /** What a pod may use at most, and the word by which its noise is drawn: of a running pod, before it follows a source. */
  limit(row: number, cpuMilli: number): void {
    this.#playFor(row);
    this.#put(row, LIMIT, cpuMilli);
  }

  /** What a running pod uses from now on; of a follower, until the next change of its source. */
  set(row: number, cpuMilli: number, memoryBytes: number, now: Micros): void {
    this.#playFor(row);
    this.records.change(this.#slot.get(row), cpuMilli, memoryBytes, now);
  }

  /** A running pod of a group follows a source (0: `STILL`) from its next change on. */
  follow(row: number, sourceId: number, group: number, noiseKey: number): void {
    const known = this.#followersOf(row);
    if (known !== undefined && known.sourceId === sourceId && known.group === group) return;
    this.#release(row);
    this.#removeOther(row);
    this.#put(row, NOISE_KEY, noiseKey);
    const id = this.#idOf(sourceId, group);
    const followers = this.#followers[id] as Followers;
    if (followers.count === 0) followers.begin(this.#clock.now, this.#scrapeCount.value);
    else this.#play(followers);
    this.#followed.set(row, id + 1);
    const slot = this.#slot.get(row);
    if (followers.add(row, slot)) this.#locate(followers);
    else this.#slot.set(row, followers.first + followers.count - 1);
    this.records.free(slot, 0);
  }

  /** The pod follows nothing any more: it uses what it uses until it is set. */
  unfollow(row: number): void {
    if (this.#followed.get(row) === 0) return;
    this.#release(row);
    this.#addOther(row);
  }

  isFollowing(row: number): boolean {
    return this.#followed.get(row) !== 0;
  }

  /** A source has a change (of this instant) that it had not told of. */
  changed(sourceId: number): void {
    const ids = this.#ofSource[sourceId];
    if (ids === undefined) return;
    for (const id of ids.values()) {
      const followers = this.#followers[id] as Followers;
      followers.changeAt = followers.source.changeAt(followers.change);
      if (this.#isPrompt) this.#play(followers);
    }
  }

  limitOf(row: number): number {
    return this.#get(row, LIMIT);
  }
  startedAt(row: number): Micros {
    return this.#get(row, STARTED);
  }
  /** Milli-CPU that a pod uses now. */
  cpuMilli(row: number): number {
    if (this.isOn.get(row) === 0) return 0;
    this.#playFor(row);
    return this.#get(row, RATE);
  }
  memoryBytes(row: number): number {
    return this.isOn.get(row) === 0 ? 0 : this.#get(row, BYTES);
  }
  /** Instant of the sample shown; -1 when the pod is not shown. */
  shownAt(row: number): Micros {
    if (this.#slot.get(row) === -1) return -1;
    const followers = this.#followersOf(row);
    if (followers !== undefined) this.#playScrapes(followers);
    return this.#get(row, PREVIOUS_AT) === -1 ? -1 : this.#get(row, LAST_AT);
  }
  /** Of a pod that is shown: over how long its CPU was measured, and the milli-CPU and bytes. */
  shownWindow(row: number): Micros {
    return this.#get(row, LAST_AT) - this.#get(row, PREVIOUS_AT);
  }
  shownMilli(row: number): number {
    return this.records.shownMilli(this.#slot.get(row));
  }
  shownBytes(row: number): number {
    return this.#get(row, SHOWN_BYTES);
  }

  // hot: once a sync of an HPA (bench/world).
  /** Adds up what is shown of the followers of a group. */
  addShown(group: number, into: ShownUsage): void {
    const ids = this.#ofGroup[group];
    if (ids === undefined) return;
    for (let i = 0; i < ids.length; i++) {
      const followers = this.#followers[ids[i]!] as Followers;
      if (followers.scrapes !== this.#scrapeCount.value) this.#playScrapes(followers);
      into.podCount += followers.count;
      into.cpuMilli += followers.sumShown();
    }
  }

  /** Plays whatever is due. */
  playAll(): void {
    for (const followers of this.#followers) if (followers !== undefined) this.#play(followers);
    for (const [sourceId, source] of this.#sources.entries()) {
      if (source.forgetBefore === undefined) continue;
      let seen = Number.POSITIVE_INFINITY;
      for (const id of this.#ofSource[sourceId]?.values() ?? [])
        seen = Math.min(seen, this.#followers[id]?.change ?? seen);
      source.forgetBefore(seen);
    }
  }

  get scrapeCount(): number {
    return this.#scrapeCount.value;
  }

  /** Who scrapes: how far apart, and whom it reaches. Before `reach` changes, what is due has to be played (`playAll`). */
  scrapedBy(scrapeMicros: Micros, reach: Reach): void {
    this.#scrapeMicros = scrapeMicros;
    this.#reach = reach;
  }

  /** A scrape happens now. */
  scrape(): void {
    const { now } = this.#clock;
    if (this.#scrapeCount.value === 0) this.#firstScrapeAt.value = now;
    this.#scrapeCount.value++;
    for (let i = this.#others.length - 1; i >= 0; i--) {
      const row = this.#others[i]!;
      const slot = this.#slot.get(row);
      if (this.isOn.get(row) === 0) {
        this.records.free(slot, 0);
        this.#slot.set(row, -1);
        this.#removeOther(row);
      } else if (this.#reach.isReachable(row)) this.records.scrape(slot, now);
      else this.records.forget(slot);
    }
    if (this.#isPrompt || this.#scrapeCount.value % MOST_WAITING === 0) this.playAll();
  }

  #get(row: number, field: number): number {
    return this.records.get(this.#slot.get(row), field);
  }

  #put(row: number, field: number, value: number): void {
    this.records.put(this.#slot.get(row), field, value);
  }

  /** The followers' records have moved. */
  #locate({ rows, first }: Followers): void {
    for (let i = 0; i < rows.length; i++) this.#slot.set(rows[i]!, first + i);
  }

  #playFor(row: number): void {
    const followers = this.#followersOf(row);
    if (followers !== undefined) this.#play(followers);
  }

  /** Plays all that has happened to some followers. */
  #play(followers: Followers): void {
    this.#playScrapes(followers);
    const { now } = this.#clock;
    if (followers.changeAt > now) return;
    followers.play(this.#changes, this.#takeChanges(followers, now));
  }

  // hot: once a group and sample (bench/world).
  /** Plays the scrapes, and the changes before the last of them: what is shown depends on nothing later. */
  #playScrapes(followers: Followers): void {
    const scrapes = this.#scrapeCount.value;
    while (followers.scrapes < scrapes) {
      const scrapeAt = this.#firstScrapeAt.value + followers.scrapes * this.#scrapeMicros;
      const count = this.#takeChanges(followers, scrapeAt);
      if (count <= 1 && !this.#isPrompt) {
        const change = count === 0 ? NO_CHANGE : (this.#changes[0] as LevelChange);
        followers.pass(change, scrapeAt, this.#reach.areAll ? null : this.#reach);
      } else {
        followers.play(this.#changes, count);
        followers.scrape(scrapeAt, this.#reach);
      }
    }
  }

  /** Takes the changes up to an instant into `#changes`; returns how many. */
  #takeChanges(followers: Followers, until: Micros): number {
    const { source } = followers;
    let count = 0;
    while (followers.changeAt <= until) {
      if (count === this.#changes.length) this.#changes.push({ at: 0, level: 0, draw: 0 });
      const change = this.#changes[count++] as LevelChange;
      change.at = followers.changeAt;
      change.level = source.levelAt(followers.change);
      change.draw = source.noise === null ? 0 : Math.floor(followers.changeAt / source.noise.everyMicros);
      followers.change++;
      followers.changeAt = source.changeAt(followers.change);
    }
    return count;
  }

  #followersOf(row: number): Followers | undefined {
    const id = this.#followed.get(row);
    return id === 0 ? undefined : this.#followers[id - 1];
  }

  #idOf(sourceId: number, group: number): number {
    const known = this.#ofSource[sourceId]?.get(group);
    if (known !== undefined) return known;
    const id = this.#free.pop() ?? this.#followers.length;
    this.#enter(id, sourceId, group);
    return id;
  }

  #enter(id: number, sourceId: number, group: number, block?: { first: number; order: number }): Followers {
    const source = this.#sources[sourceId] as UsageSource;
    const of = { sourceId, source, group, ...(block === undefined ? {} : { block }) };
    const followers = new Followers(this.records, this.#idleMilli, of);
    this.#followers[id] = followers;
    let ids = this.#ofSource[sourceId];
    if (ids === undefined) {
      ids = new Map();
      this.#ofSource[sourceId] = ids;
    }
    ids.set(group, id);
    const known = this.#ofGroup[group];
    if (known === undefined) this.#ofGroup[group] = [id];
    else known.push(id);
    return followers;
  }

  /** Takes a row out of where it is metered, with everything played up to now. */
  #release(row: number): void {
    const id = this.#followed.get(row) - 1;
    if (id < 0) return;
    const followers = this.#followers[id] as Followers;
    this.#play(followers);
    const slot = this.#slot.get(row);
    const own = this.records.allocate(0);
    this.records.copy(slot, own);
    const moved = followers.remove(slot);
    if (moved !== -1) this.#slot.set(moved, slot);
    this.#slot.set(row, own);
    this.#followed.set(row, 0);
    if (followers.count > 0) return;
    followers.end();
    this.#followers[id] = undefined;
    this.#free.push(id);
    this.#ofSource[followers.sourceId]?.delete(followers.group);
    this.#ofGroup[followers.group] = (this.#ofGroup[followers.group] ?? []).filter((other) => other !== id);
  }

  #addOther(row: number): void {
    if (this.#isOther.get(row) === 1) return;
    this.#isOther.set(row, 1);
    this.#setPosition(row, this.#others.push(row) - 1);
  }

  #removeOther(row: number): void {
    if (this.#isOther.get(row) === 0) return;
    this.#isOther.set(row, 0);
    const last = this.#others.pop() as number;
    if (last === row) return;
    const position = this.#position[row]!;
    this.#others[position] = last;
    this.#position[last] = position;
  }

  #setPosition(row: number, position: number): void {
    if (row >= this.#position.length) {
      const old = this.#position;
      this.#position = new Int32Array(Math.max(row + 1, old.length * 2));
      this.#position.set(old);
    }
    this.#position[row] = position;
  }

  #saved(): readonly SavedFollowers[] {
    return this.#followers.flatMap((followers, id) => {
      if (followers === undefined) return [];
      const { sourceId, group, change, scrapes, first, order } = followers;
      const rows = Object.freeze([...followers.rows]);
      const changeAt = followers.changeAt === Number.POSITIVE_INFINITY ? -1 : followers.changeAt;
      return [Object.freeze({ id, sourceId, group, change, changeAt, scrapes, rows, first, order })];
    });
  }

  #load(saved: readonly SavedFollowers[]): void {
    this.#followers = [];
    this.#ofSource = [];
    this.#ofGroup = [];
    this.#others = [];
    for (const { id, sourceId, group, change, changeAt, scrapes, rows, first, order } of saved) {
      const followers = this.#enter(id, sourceId, group, { first, order });
      followers.rows = [...rows];
      followers.change = change;
      followers.changeAt = changeAt === -1 ? Number.POSITIVE_INFINITY : changeAt;
      followers.scrapes = scrapes;
    }
    this.#free = [];
    for (let id = 0; id < this.#followers.length; id++) if (this.#followers[id] === undefined) this.#free.push(id);
    for (let row = 0; row < this.#isOther.data.length; row++) {
      if (this.#isOther.data[row] === 1) this.#setPosition(row, this.#others.push(row) - 1);
    }
  }
}

const NO_CHANGE: LevelChange = Object.freeze({ at: Number.POSITIVE_INFINITY, level: 0, draw: 0 });
