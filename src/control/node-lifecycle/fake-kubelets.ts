import { Engine, type Micros } from "../../engine/index.ts";
import { type Condition, type KubeNode, PHASE, type Toleration } from "../../kube/index.ts";
import { CONDITION, type DocumentTable, type RecordedEvent, Store } from "../../store/index.ts";
import { StateMap } from "../../tables/index.ts";
import { minutes, seconds } from "../../units/index.ts";

/** What happens to a node: its kubelet falls silent or comes back, reports itself not ready, or the object is made or deleted. */
export const NODE_ACTIONS = [
  "down",
  "up",
  "notReady",
  "ready",
  "cordon",
  "delete",
  "create",
  "exclude",
  "rezone",
] as const;
export type NodeAction = (typeof NODE_ACTIONS)[number];

export interface FakeNode {
  readonly name: string;
  readonly zone?: string;
}

/** For tests: a store with nodes whose kubelets renew leases and post status, and do what a script says. */
export class FakeKubelets {
  readonly engine: Engine;
  readonly store: Store;
  readonly nodes: DocumentTable<KubeNode>;
  readonly events: string[] = [];
  readonly #fakes: readonly FakeNode[];
  readonly #jitter: number;
  readonly #leaseMicros: Micros;
  /** Nodes that have heartbeats, to tell a start from a resumption. */
  readonly #started: StateMap<number, true>;
  readonly #kinds: ReadonlyMap<NodeAction, number>;

  constructor(
    fakes: readonly FakeNode[],
    options: { explicitPeriodic?: boolean; jitter?: number; leaseMicros?: Micros } = {},
  ) {
    this.engine = new Engine({ seed: "kubelets", explicitPeriodic: options.explicitPeriodic ?? false });
    this.#jitter = options.jitter ?? 0;
    this.#leaseMicros = options.leaseMicros ?? seconds(10);
    this.store = new Store(this.engine, { epochMicros: 946_684_800_000_000 });
    this.nodes = this.store.documents("Node");
    this.#fakes = fakes;
    this.#started = new StateMap(this.engine.cells, "fake.started");
    this.#kinds = new Map(
      NODE_ACTIONS.map((action) => [
        action,
        this.engine.define(`fake.${action}`, PHASE.fault, (fake) => this.#act(action, fake)),
      ]),
    );
    this.store.events.sink = {
      written: (event) => this.events.push(this.#line(event)),
    };
  }

  /** Makes the nodes and starts their heartbeats: node i beats from 0.3 s + i · 0.1 s on. */
  begin(): void {
    for (const [index] of this.#fakes.entries()) this.#act("create", index);
  }

  /** Schedules an action on a node at a second of the run. */
  at(second: number, action: NodeAction, name: string): void {
    const index = this.#fakes.findIndex((fake) => fake.name === name);
    this.engine.at(seconds(second), this.#kinds.get(action) as number, index);
  }

  runTo(second: number): void {
    this.engine.run(seconds(second));
  }

  /** Makes a pod on a node, running and ready. Returns its row. */
  pod(
    name: string,
    node: string,
    tolerations: readonly Toleration[] = [],
    labels: Record<string, string> = {},
  ): number {
    const template = this.store.templateOf({
      metadata: { labels },
      spec: {
        containers: [{ name: "app", ports: [{ name: "http", containerPort: 80, protocol: "TCP" }] }],
        tolerations,
      },
    });
    const made = this.store.podWriter.create({ namespace: "default", name, template });
    if (!made.ok) throw new Error(made.status.message);
    this.store.podWriter.bind(made.row, node);
    this.store.podWriter.updateStatus(made.row, {
      phase: 1,
      ip: 0x0a000000 + made.row + 2,
      conditions: { Ready: CONDITION.true },
    });
    return made.row;
  }

  node(name: string): KubeNode {
    const node = this.nodes.find("", name);
    if (node === undefined) throw new Error(`no node ${name}`);
    return node;
  }

  /** Taints of a node as `key:effect`, the standard prefix left out. */
  taints(name: string): string[] {
    return (this.node(name).spec?.taints ?? []).map(
      ({ key, effect }) => `${key.replace("node.kubernetes.io/", "")}:${effect}`,
    );
  }

  ready(name: string): string | undefined {
    return this.node(name).status?.conditions?.find(({ type }) => type === "Ready")?.status;
  }

  #act(action: NodeAction, index: number): void {
    const { name } = this.#fakes[index] as FakeNode;
    const { leases, nodeStatusPosts, pods } = this.store;
    const id = pods.nodeNames.idOf(name);
    const row = this.nodes.rowOf("", name);
    const { now } = this.engine;
    if (action === "create") this.#create(index);
    else if (row === -1) return;
    else if (action === "down" || action === "delete") {
      if (this.#started.has(id)) for (const chain of [leases, nodeStatusPosts]) chain.stop(id, now);
      if (action === "delete") this.store.writer.remove(this.nodes, row);
    } else if (action === "up") {
      this.#beat(id, now);
      this.#post(row, "True");
    } else if (action === "notReady" || action === "ready") this.#post(row, action === "ready" ? "True" : "False");
    else this.#edit(action, row);
  }

  #edit(action: NodeAction, row: number): void {
    const node = this.nodes.get(row);
    const { spec, metadata } = node;
    if (action === "cordon") {
      this.store.writer.update(this.nodes, row, {
        ...node,
        spec: { ...spec, unschedulable: spec?.unschedulable !== true },
      });
      return;
    }
    const key = action === "exclude" ? "node.kubernetes.io/exclude-disruption" : "topology.kubernetes.io/zone";
    const labels = { ...metadata.labels, [key]: `z${this.engine.now % 3}` };
    this.store.writer.update(this.nodes, row, { ...node, metadata: { ...metadata, labels } });
  }

  #create(index: number): void {
    const { name, zone } = this.#fakes[index] as FakeNode;
    if (this.nodes.rowOf("", name) !== -1) return;
    const labels = zone === undefined ? {} : { "topology.kubernetes.io/zone": zone };
    const made = this.store.writer.create({ apiVersion: "v1", kind: "Node", metadata: { name, labels } });
    if (!made.ok) throw new Error(made.status.message);
    this.#post(made.row, "True");
    this.#beat(this.store.pods.nodeNames.idOf(name), this.engine.now + 300_000 + index * 100_000);
  }

  #beat(id: number, firstAt: Micros): void {
    const { leases, nodeStatusPosts } = this.store;
    for (const [chain, periodMicros, jitter] of [
      [leases, this.#leaseMicros, this.#jitter],
      [nodeStatusPosts, minutes(5), 0],
    ] as const) {
      if (this.#started.has(id)) chain.resume(id, firstAt);
      else chain.start(id, firstAt, { periodMicros, jitter, key: id });
    }
    this.#started.set(id, true);
  }

  #post(row: number, status: "True" | "False"): void {
    const now = this.store.timestamp(this.store.nowSecond);
    const old = this.nodes.get(row).status?.conditions?.find(({ type }) => type === "Ready");
    const ready: Condition = {
      type: "Ready",
      status,
      reason: status === "True" ? "KubeletReady" : "KubeletNotReady",
      lastHeartbeatTime: now,
      lastTransitionTime: old?.status === status ? (old.lastTransitionTime ?? now) : now,
    };
    this.store.writer.updateStatus(this.nodes, row, { conditions: [ready] });
  }

  #line(event: RecordedEvent): string {
    return `${this.engine.now / 1e6} ${event.involvedObject.name} ${event.reason}`;
  }
}
