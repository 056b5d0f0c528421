import { type Condition, type KubeNode, PHASE } from "../../../src/kube/index.ts";
import type { DocumentTable, Store } from "../../../src/store/index.ts";
import { millis, minutes, seconds } from "../../../src/units/index.ts";

const LEASE_PERIOD = seconds(10);
const STATUS_PERIOD = minutes(5);

const CONDITIONS: readonly Condition[] = [
  {
    type: "MemoryPressure",
    status: "False",
    reason: "KubeletHasSufficientMemory",
    message: "kubelet has sufficient memory available",
  },
  {
    type: "DiskPressure",
    status: "False",
    reason: "KubeletHasNoDiskPressure",
    message: "kubelet has no disk pressure",
  },
  {
    type: "PIDPressure",
    status: "False",
    reason: "KubeletHasSufficientPID",
    message: "kubelet has sufficient PID available",
  },
  { type: "Ready", status: "True", reason: "KubeletReady", message: "kubelet is posting ready status" },
];

/**
 * The signs of life of the nodes that exist at the start: node i (by name) renews its lease at 0.3 + 0.1 i s and every 10 s,
 * and posts its status then and every 300 s. An outage does not shift this grid; a return adds one of each at once.
 */
export class Heartbeats {
  readonly #store: Store;
  readonly #nodes: DocumentTable<KubeNode>;
  readonly #firstAt = new Map<string, number>();
  readonly #down = new Set<string>();
  readonly #names: string[] = [];
  readonly #postKind: number;
  readonly #realignKind: number;

  constructor(store: Store) {
    this.#store = store;
    this.#nodes = store.documents<KubeNode>("Node");
    this.#postKind = store.engine.define("fake.nodeStatus", PHASE.node, (index) => {
      const name = this.#names[index] ?? "";
      store.engine.after(STATUS_PERIOD, this.#postKind, index);
      if (!this.#down.has(name)) this.#post(name);
    });
    this.#realignKind = store.engine.define("fake.realign", PHASE.node, (index) => {
      const name = this.#names[index] ?? "";
      if (!this.#down.has(name)) store.leases.resume(this.#chain(name), store.engine.now);
    });
  }

  begin(): void {
    const names = this.#nodes.list().map(({ metadata }) => metadata.name ?? "");
    this.#names.push(...names.sort());
    for (const [i, name] of this.#names.entries()) {
      const at = millis(300 + 100 * i);
      const key = this.#chain(name);
      this.#firstAt.set(name, at);
      this.#store.leases.start(key, at, { periodMicros: LEASE_PERIOD, key });
      this.#store.nodeStatusPosts.start(key, at, { periodMicros: STATUS_PERIOD, key });
      this.#store.engine.at(at, this.#postKind, i);
    }
  }

  down(name: string): void {
    this.#down.add(name);
    if (!this.#firstAt.has(name)) return;
    const { leases, nodeStatusPosts, engine } = this.#store;
    for (const chain of [leases, nodeStatusPosts]) chain.stop(this.#chain(name), engine.now);
  }

  up(name: string): void {
    this.#down.delete(name);
    const firstAt = this.#firstAt.get(name);
    if (firstAt === undefined) return;
    const { leases, nodeStatusPosts, engine } = this.#store;
    leases.resume(this.#chain(name), engine.now);
    nodeStatusPosts.resume(this.#chain(name), engine.now);
    const untilGrid = LEASE_PERIOD - ((engine.now - firstAt) % LEASE_PERIOD);
    engine.after(untilGrid, this.#realignKind, this.#names.indexOf(name));
    this.#post(name);
  }

  #chain(name: string): number {
    return this.#store.pods.nodeNames.idOf(name);
  }

  #post(name: string): void {
    const row = this.#nodes.rowOf("", name);
    if (row === -1) return;
    const { status = {} } = this.#nodes.get(row);
    const now = this.#store.timestamp(this.#store.nowSecond);
    const present = status.conditions ?? [];
    const posted = CONDITIONS.map((condition): Condition => {
      const old = present.find(({ type }) => type === condition.type);
      const lastTransitionTime = old?.status === condition.status ? (old.lastTransitionTime ?? now) : now;
      return { ...condition, lastTransitionTime };
    });
    const added = posted.filter(({ type }) => !present.some((old) => old.type === type));
    const kept = present.map((old) => posted.find(({ type }) => type === old.type) ?? old);
    this.#store.writer.updateStatus(this.#nodes, row, { ...status, conditions: [...kept, ...added] });
  }
}
