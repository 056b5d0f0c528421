import { type CellRegistry, Column } from "../tables/index.ts";
import { Housekeeping, NO_HOUSEKEEPING } from "./housekeeping.ts";

/**
 * What running pods use: CPU as a rate that holds until it is changed, and its integral; memory as a level. Rows are pod
 * rows. Whoever models the load sets rates; the kubelet's looks at them (see `Housekeeping`) need no events, since nothing
 * happens between two changes: a change keeps what the last look before it saw, everything later follows from the rate.
 */
export class UsageMeter {
  /** 1 while the pod's containers run. */
  readonly isOn: Column<Uint8Array>;
  /** When the containers started, microseconds. */
  readonly startedAt: Column<Float64Array>;
  /** Restart count of the containers that are metered. */
  readonly restarts: Column<Int32Array>;
  readonly cpuMilli: Column<Float64Array>;
  readonly memoryBytes: Column<Float64Array>;
  /** milli-CPU · microseconds used from `startedAt` to the last change. */
  readonly #integral: Column<Float64Array>;
  readonly #changedAt: Column<Float64Array>;
  /** The last look before the last change: its instant, and what it saw. */
  readonly #seenAt: Column<Float64Array>;
  readonly #seenCounter: Column<Float64Array>;
  readonly #seenBytes: Column<Float64Array>;
  /** The last look at or before the last instant asked for, its number, and when the next one is. */
  readonly #lookAt: Column<Float64Array>;
  readonly #nextLookAt: Column<Float64Array>;
  readonly #look: Column<Int32Array>;
  readonly #housekeeping: Housekeeping;

  constructor(registry: CellRegistry, housekeeping: Housekeeping = new Housekeeping(0, NO_HOUSEKEEPING)) {
    this.#housekeeping = housekeeping;
    this.isOn = new Column<Uint8Array>(registry, "usage.on", Uint8Array);
    this.startedAt = new Column<Float64Array>(registry, "usage.startedAt", Float64Array);
    this.restarts = new Column<Int32Array>(registry, "usage.restarts", Int32Array);
    this.cpuMilli = new Column<Float64Array>(registry, "usage.cpuMilli", Float64Array);
    this.memoryBytes = new Column<Float64Array>(registry, "usage.memoryBytes", Float64Array);
    this.#integral = new Column<Float64Array>(registry, "usage.integral", Float64Array);
    this.#changedAt = new Column<Float64Array>(registry, "usage.changedAt", Float64Array);
    this.#seenAt = new Column<Float64Array>(registry, "usage.seenAt", Float64Array);
    this.#seenCounter = new Column<Float64Array>(registry, "usage.seenCounter", Float64Array);
    this.#seenBytes = new Column<Float64Array>(registry, "usage.seenBytes", Float64Array);
    this.#lookAt = new Column<Float64Array>(registry, "usage.lookAt", Float64Array);
    this.#nextLookAt = new Column<Float64Array>(registry, "usage.nextLookAt", Float64Array);
    this.#look = new Column<Int32Array>(registry, "usage.look", Int32Array);
  }

  /** The containers of a pod have started: its counter begins at 0. */
  start(row: number, now: number): void {
    this.isOn.set(row, 1);
    this.startedAt.set(row, now);
    this.cpuMilli.set(row, 0);
    this.memoryBytes.set(row, 0);
    this.#integral.set(row, 0);
    this.#changedAt.set(row, now);
    this.#seenAt.set(row, now);
    this.#seenCounter.set(row, 0);
    this.#seenBytes.set(row, 0);
    this.#look.set(row, 0);
    this.#lookAt.set(row, now);
    this.#nextLookAt.set(row, this.#housekeeping.isContinuous ? now : this.#housekeeping.lookAt(row, now, 1));
  }

  stop(row: number): void {
    this.isOn.set(row, 0);
    this.cpuMilli.set(row, 0);
    this.memoryBytes.set(row, 0);
  }

  // hot: once a pod and change of its load (bench/world).
  /** What a running pod uses from now on. */
  set(row: number, cpuMilli: number, memoryBytes: number, now: number): void {
    const oldMilli = this.cpuMilli.get(row);
    const oldBytes = this.memoryBytes.get(row);
    if (oldMilli === cpuMilli && oldBytes === memoryBytes) return;
    const changedAt = this.#changedAt.get(row);
    if (now !== changedAt) {
      const integral = this.#integral.get(row);
      const seenAt = this.seenAt(row, now);
      if (seenAt >= changedAt) {
        this.#seenAt.set(row, seenAt);
        this.#seenCounter.set(row, integral + oldMilli * (seenAt - changedAt));
        this.#seenBytes.set(row, oldBytes);
      }
      this.#integral.set(row, integral + oldMilli * (now - changedAt));
      this.#changedAt.set(row, now);
    }
    if (oldMilli !== cpuMilli) this.cpuMilli.set(row, cpuMilli);
    if (oldBytes !== memoryBytes) this.memoryBytes.set(row, memoryBytes);
  }

  // hot: once a pod and scrape (bench/world).
  /** Instant of the kubelet's last look at a running pod; `counterAt` and `bytesAt` say what it saw. */
  seenAt(row: number, now: number): number {
    return now < this.#nextLookAt.get(row) ? this.#lookAt.get(row) : this.#walk(row, now);
  }

  /** Goes to the last look at or before now; nobody asks for earlier ones afterwards. */
  #walk(row: number, now: number): number {
    const housekeeping = this.#housekeeping;
    if (housekeeping.isContinuous) return now;
    const startedAt = this.startedAt.get(row);
    let look = this.#look.get(row);
    let at = this.#lookAt.get(row);
    let nextAt = this.#nextLookAt.get(row);
    const near = housekeeping.numberBefore(startedAt, now);
    if (near > look) {
      look = near;
      at = housekeeping.lookAt(row, startedAt, look);
      nextAt = housekeeping.lookAt(row, startedAt, look + 1);
    }
    while (nextAt <= now) {
      look++;
      at = nextAt;
      nextAt = housekeeping.lookAt(row, startedAt, look + 1);
    }
    this.#look.set(row, look);
    this.#lookAt.set(row, at);
    this.#nextLookAt.set(row, nextAt);
    return at;
  }

  /** The counter at the look `seenAt`: milli-CPU · microseconds since the containers started. */
  counterAt(row: number, seenAt: number): number {
    const changedAt = this.#changedAt.get(row);
    if (seenAt < changedAt) return this.#seenCounter.get(row);
    return this.#integral.get(row) + this.cpuMilli.get(row) * (seenAt - changedAt);
  }

  /** The memory in use at the look `seenAt`. */
  bytesAt(row: number, seenAt: number): number {
    return seenAt < this.#changedAt.get(row) ? this.#seenBytes.get(row) : this.memoryBytes.get(row);
  }
}
