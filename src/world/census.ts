import { type PodResources, podRequests } from "../kube/index.ts";
import { POD_PHASE, type PodTable, type PodTemplate } from "../store/index.ts";
import { type CellRegistry, Column, StateMap } from "../tables/index.ts";

/** What a pod counts as, as bits. */
const IS = {
  present: 1,
  pending: 2,
  running: 4,
  ready: 8,
  succeeded: 16,
  failed: 32,
  terminating: 64,
  requests: 128,
} as const;
const COUNTED = ["total", "pending", "running", "ready", "succeeded", "failed", "terminating"] as const;
const BITS = [IS.present, IS.pending, IS.running, IS.ready, IS.succeeded, IS.failed, IS.terminating] as const;

export type PodCounts = Readonly<Record<(typeof COUNTED)[number], number>>;

/** Counts pods by state and sums requests by node, change by change, so that a look at them costs nothing. */
export class PodCensus {
  readonly #pods: PodTable;
  readonly #state: Column<Uint8Array>;
  readonly #counts: Column<Float64Array>;
  /** Where the requests of a pod were added: its node's number. */
  readonly #node: Column<Int32Array>;
  readonly #cpuMilli: Column<Float64Array>;
  readonly #memoryBytes: Column<Float64Array>;

  /** Of extended resources, by name and in all; those never asked for are not listed. */
  readonly #extended: StateMap<string, number>;

  constructor(registry: CellRegistry, pods: PodTable) {
    this.#pods = pods;
    this.#state = new Column<Uint8Array>(registry, "census.state", Uint8Array);
    this.#counts = new Column<Float64Array>(registry, "census.counts", Float64Array);
    this.#node = new Column<Int32Array>(registry, "census.node", Int32Array, -1);
    this.#cpuMilli = new Column<Float64Array>(registry, "census.cpuMilli", Float64Array);
    this.#memoryBytes = new Column<Float64Array>(registry, "census.memoryBytes", Float64Array);
    this.#extended = new StateMap<string, number>(registry, "census.extended");
  }

  get counts(): PodCounts {
    return Object.fromEntries(COUNTED.map((name, index) => [name, this.#counts.get(index)])) as PodCounts;
  }

  /** Sum of the requests of the pods on a node that have not ended. */
  cpuMilliOf(nodeId: number): number {
    return this.#cpuMilli.get(nodeId);
  }
  memoryBytesOf(nodeId: number): number {
    return this.#memoryBytes.get(nodeId);
  }

  /** The same of an extended resource over all nodes. */
  extendedOf(resource: string): number {
    return this.#extended.get(resource) ?? 0;
  }

  /** The pod of this row changed, came or went. */
  note(row: number): void {
    const before = this.#state.get(row);
    const after = this.#stateOf(row);
    if (before === after) return;
    this.#state.set(row, after);
    for (let index = 0; index < BITS.length; index++) {
      const bit = BITS[index] as number;
      const change = ((after & bit) !== 0 ? 1 : 0) - ((before & bit) !== 0 ? 1 : 0);
      if (change !== 0) this.#counts.set(index, this.#counts.get(index) + change);
    }
    if (((before ^ after) & IS.requests) !== 0) this.#addRequests(row, (after & IS.requests) !== 0 ? 1 : -1);
  }

  #stateOf(row: number): number {
    const pods = this.#pods;
    if (!pods.isPresent(row)) return 0;
    const phase = pods.phase.get(row);
    const isBound = pods.nodeId.get(row) !== -1;
    let state: number = IS.present;
    if (pods.isDeleting(row)) state |= IS.terminating;
    else if (!isBound) state |= IS.pending;
    if (phase === POD_PHASE.running) state |= IS.running;
    else if (phase === POD_PHASE.succeeded) state |= IS.succeeded;
    else if (phase === POD_PHASE.failed) state |= IS.failed;
    if (pods.isReady(row)) state |= IS.ready;
    if (isBound && !pods.isTerminal(row)) state |= IS.requests;
    return state;
  }

  #addRequests(row: number, sign: number): void {
    if (sign === 1) this.#node.set(row, this.#pods.nodeId.get(row));
    const node = this.#node.get(row);
    const { cpuMilli, memoryBytes, scalars } = requestsOf(this.#pods.templateOf(row));
    for (const [resource, amount] of scalars) this.#extended.set(resource, this.extendedOf(resource) + sign * amount);
    this.#cpuMilli.set(node, this.#cpuMilli.get(node) + sign * cpuMilli);
    this.#memoryBytes.set(node, this.#memoryBytes.get(node) + sign * memoryBytes);
  }
}

const requestCache = new WeakMap<PodTemplate, PodResources>();

function requestsOf(template: PodTemplate): PodResources {
  let requests = requestCache.get(template);
  if (requests === undefined) {
    requests = podRequests(template.spec);
    requestCache.set(template, requests);
  }
  return requests;
}
