import { type CellRegistry, Column } from "../tables/index.ts";

/**
 * What running pods use: CPU as a rate that holds until it is changed, and its integral; memory as a level. Rows are pod
 * rows. Whoever models the load sets rates; whoever samples settles and reads. Nothing happens between two changes.
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
  /** milli-CPU · microseconds used since `startedAt`, up to `settledAt`. */
  readonly #integral: Column<Float64Array>;
  readonly #settledAt: Column<Float64Array>;

  constructor(registry: CellRegistry) {
    this.isOn = new Column<Uint8Array>(registry, "usage.on", Uint8Array);
    this.startedAt = new Column<Float64Array>(registry, "usage.startedAt", Float64Array);
    this.restarts = new Column<Int32Array>(registry, "usage.restarts", Int32Array);
    this.cpuMilli = new Column<Float64Array>(registry, "usage.cpuMilli", Float64Array);
    this.memoryBytes = new Column<Float64Array>(registry, "usage.memoryBytes", Float64Array);
    this.#integral = new Column<Float64Array>(registry, "usage.integral", Float64Array);
    this.#settledAt = new Column<Float64Array>(registry, "usage.settledAt", Float64Array);
  }

  /** The containers of a pod have started: its counter begins at 0. */
  start(row: number, now: number): void {
    this.isOn.set(row, 1);
    this.startedAt.set(row, now);
    this.cpuMilli.set(row, 0);
    this.memoryBytes.set(row, 0);
    this.#integral.set(row, 0);
    this.#settledAt.set(row, now);
  }

  stop(row: number): void {
    this.isOn.set(row, 0);
    this.cpuMilli.set(row, 0);
    this.memoryBytes.set(row, 0);
  }

  setCpu(row: number, cpuMilli: number, now: number): void {
    if (this.cpuMilli.get(row) === cpuMilli) return;
    this.settle(row, now);
    this.cpuMilli.set(row, cpuMilli);
  }

  // hot: once a pod and scrape (bench/world).
  /** The counter now: milli-CPU · microseconds since the containers started. */
  settle(row: number, now: number): number {
    const settledAt = this.#settledAt.get(row);
    let integral = this.#integral.get(row);
    if (now !== settledAt) {
      integral += this.cpuMilli.get(row) * (now - settledAt);
      this.#integral.set(row, integral);
      this.#settledAt.set(row, now);
    }
    return integral;
  }
}
