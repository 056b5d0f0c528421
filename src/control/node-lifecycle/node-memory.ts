import { type ConditionStatus, getCondition, type KubeNode } from "../../kube/index.ts";
import { type CellRegistry, Column, Links, RefColumn } from "../../tables/index.ts";

/** The Ready condition as remembered. */
export const SEEN = { nothing: 0, absent: 1, false: 2, true: 3, unknown: 4 } as const;

const SEEN_OF: Readonly<Record<ConditionStatus, number>> = {
  False: SEEN.false,
  True: SEEN.true,
  Unknown: SEEN.unknown,
};

/** How a node counts for the state of its zone. */
export const COUNTED = { not: 0, ready: 1, notReady: 2 } as const;

const WATCHED = 0;
const ASLEEP = 1;
const FIRST_BUCKET = 2;

/**
 * What the controller remembers of each node, by node row, and which nodes the next passes have to look at.
 *
 * A node whose Ready is True and whose taints are in order rests: it can only become interesting by a change of its
 * object or by silence, and silence shows at the earliest one grace after its probe time. So it lies in the bucket of
 * the pass that is its probe time until that long has gone by. While its lease is renewed more often than that it cannot
 * fall silent at all: it sleeps until its renewals change. All other nodes are watched: visited by every pass.
 */
export class NodeMemory {
  /** Status of the Ready condition when last looked at; `nothing` for a node not yet registered. */
  readonly seen: Column<Uint8Array>;
  /** lastHeartbeatTime of Ready when last looked at. */
  readonly heartbeat: RefColumn<string>;
  /** The last sign of life as this controller noticed it: the instant of a pass. */
  readonly probeAt: Column<Float64Array>;
  /** The last lease renewal or status post taken into account; -1 for none. */
  readonly signAt: Column<Float64Array>;
  /** Number of the node's name, by which its chains go. */
  readonly nameId: Column<Int32Array>;
  readonly zone: Column<Int32Array>;
  readonly countedAs: Column<Uint8Array>;
  readonly #lists: Links;
  readonly #bucketCount: number;

  constructor(cells: CellRegistry, bucketCount: number) {
    this.#bucketCount = bucketCount;
    this.seen = new Column<Uint8Array>(cells, "nodeLifecycle.seen", Uint8Array);
    this.heartbeat = new RefColumn(cells, "nodeLifecycle.heartbeat", "");
    this.probeAt = new Column<Float64Array>(cells, "nodeLifecycle.probeAt", Float64Array);
    this.signAt = new Column<Float64Array>(cells, "nodeLifecycle.signAt", Float64Array, -1);
    this.nameId = new Column<Int32Array>(cells, "nodeLifecycle.nameId", Int32Array, -1);
    this.zone = new Column<Int32Array>(cells, "nodeLifecycle.zone", Int32Array, -1);
    this.countedAs = new Column<Uint8Array>(cells, "nodeLifecycle.countedAs", Uint8Array);
    this.#lists = new Links(cells, "nodeLifecycle.visits");
  }

  /** The next pass visits the node. */
  watch(row: number): void {
    if (this.#lists.listOf(row) !== WATCHED) this.#lists.append(WATCHED, row);
  }

  /** The node is visited again when the bucket of this pass is due. */
  rest(row: number, pass: number): void {
    this.#lists.append(this.#bucketOf(pass), row);
  }

  /** The node is visited again when somebody wakes it. */
  sleep(row: number): void {
    this.#lists.append(ASLEEP, row);
  }

  isAsleep(row: number): boolean {
    return this.#lists.listOf(row) === ASLEEP;
  }

  watched(): number[] {
    return this.#lists.rows(WATCHED);
  }

  /** The first node in the bucket of a pass, or -1; `restingAfter` gives the next one. */
  firstResting(pass: number): number {
    return this.#lists.head(this.#bucketOf(pass));
  }
  restingAfter(row: number): number {
    return this.#lists.next(row);
  }

  /** Remembers the status of the node as it stands. */
  see(row: number, node: KubeNode): void {
    const ready = getCondition(node.status?.conditions, "Ready");
    this.seen.set(row, ready === undefined ? SEEN.absent : SEEN_OF[ready.status]);
    this.heartbeat.set(row, ready?.lastHeartbeatTime ?? "");
  }

  /** The node is gone: its row may soon be another's. */
  forget(row: number): void {
    this.#lists.remove(row);
    this.seen.set(row, SEEN.nothing);
    this.heartbeat.clear(row);
    this.probeAt.set(row, 0);
    this.signAt.set(row, -1);
    this.zone.set(row, -1);
    this.countedAs.set(row, COUNTED.not);
  }

  #bucketOf(pass: number): number {
    return FIRST_BUCKET + (pass % this.#bucketCount);
  }
}

/** The passes of the monitor: their instants, as far back as a resting node's probe time can lie. */
export class PassTimes {
  readonly #times: Column<Float64Array>;
  readonly #size: number;

  constructor(cells: CellRegistry, size: number) {
    this.#size = size;
    this.#times = new Column<Float64Array>(cells, "nodeLifecycle.passTimes", Float64Array, -1);
  }

  record(pass: number, at: number): void {
    this.#times.set(pass % this.#size, at);
  }

  /** Instant of a pass that is not older than the ring. */
  at(pass: number): number {
    return this.#times.get(pass % this.#size);
  }

  /** The oldest pass that the ring still holds, given the newest. */
  oldest(newest: number): number {
    return Math.max(0, newest - this.#size + 1);
  }

  /** The first pass at or after an instant: the one that noticed what happened then. At most the newest. */
  noticed(at: number, newest: number): number {
    let pass = newest;
    const oldest = this.oldest(newest);
    while (pass > oldest && this.at(pass - 1) >= at) pass--;
    return pass;
  }

  /** The newest pass at or before an instant, or the oldest that the ring holds. */
  notAfter(at: number, newest: number): number {
    let pass = newest;
    const oldest = this.oldest(newest);
    while (pass > oldest && this.at(pass) > at) pass--;
    return pass;
  }
}
