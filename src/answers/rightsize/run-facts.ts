import type { Measured } from "../../experiment/index.ts";
import { type KubeNode, type KubeObject, type PodSpec, podRequests } from "../../kube/index.ts";
import { cpuMilliOf, wholeValueOf } from "../../units/index.ts";
import { limitsOf } from "../../workload/index.ts";
import type { World } from "../../world/index.ts";
import type { Micros } from "../../world/plan.ts";
import { NO_ROOM, type Room } from "../fleet-facts.ts";

/** Kinds with replicas that may grow while a run goes on. */
const SCALED = ["Deployment", "StatefulSet", "ReplicaSet", "ReplicationController"] as const;

/** Replicas that a workload had at most: `Deployment/shop/web`. */
export type Peaks = readonly (readonly [workload: string, replicas: number])[];

interface Load {
  cpuMilli: number;
  memoryBytes: number;
}

const SECOND = 1_000_000;

/** What a run is asked beyond its own measures: requests, room on the nodes, and where CPU or memory ran short. Reads only. */
export class RunFacts {
  readonly #world: World;
  readonly #everyMicros: Micros;
  readonly #peaks = new Map<string, number>();
  readonly #requests = new WeakMap<PodSpec, Room>();
  readonly #allocatable = new WeakMap<KubeNode, Load>();
  #looks = 0;
  #requestedMilli = 0;
  #requestedBytes = 0;
  #nodesMax = 0;
  #pending = 0;
  #throttled = 0;
  #cpuShort = 0;
  #memoryShort = 0;

  /** @param everyMicros distance of two looks */
  constructor(world: World, everyMicros: Micros) {
    this.#world = world;
    this.#everyMicros = everyMicros;
  }

  look(): void {
    this.#looks++;
    this.#lookAtPods();
    this.#lookAtReplicas();
  }

  measured(): Measured[] {
    const mean = (sum: number): number => (this.#looks === 0 ? 0 : sum / this.#looks);
    const seconds = (looks: number): number => (looks * this.#everyMicros) / SECOND;
    const fact = (
      measure: string,
      unit: Measured["unit"],
      value: number,
      direction: Measured["direction"] = "lower",
    ): Measured => ({ ...{ measure, unit, value, direction }, isAsserted: false });
    // To ask for more is not worse, if it is needed.
    return [
      fact("requested_cpu mean", "cores", mean(this.#requestedMilli) / 1000, null),
      fact("requested_memory mean", "bytes", mean(this.#requestedBytes), null),
      fact("nodes_used max", "count", this.#nodesMax),
      fact("pods_pending last", "count", this.#pending),
      fact("pod_throttled_seconds sum", "seconds", seconds(this.#throttled)),
      fact("node_cpu_short_seconds sum", "seconds", seconds(this.#cpuShort)),
      fact("node_memory_short_seconds sum", "seconds", seconds(this.#memoryShort)),
    ];
  }

  peaks(): Peaks {
    return [...this.#peaks];
  }

  #lookAtPods(): void {
    const { store, meter } = this.#world;
    const { pods } = store;
    const used = new Map<number, Load>();
    const busy = new Set<number>();
    this.#pending = 0;
    for (let row = pods.first(); row !== -1; row = pods.after(row)) {
      const node = pods.nodeId.get(row);
      if (pods.isTerminal(row)) continue;
      if (node === -1) {
        this.#pending++;
        continue;
      }
      const template = pods.templateOf(row);
      const { cpuMilli, memoryBytes } = this.#requestsOf(template.spec);
      this.#requestedMilli += cpuMilli;
      this.#requestedBytes += memoryBytes;
      if (pods.owner.get(row)?.kind !== "DaemonSet") busy.add(node);
      if (meter.isOn.get(row) === 0) continue;
      const load = used.get(node) ?? { cpuMilli: 0, memoryBytes: 0 };
      load.cpuMilli += meter.cpuMilli(row);
      load.memoryBytes += meter.memoryBytes(row);
      used.set(node, load);
      if (meter.cpuMilli(row) >= limitsOf(template).cpuMilli) this.#throttled++;
    }
    this.#nodesMax = Math.max(this.#nodesMax, busy.size);
    for (const [id, load] of used) {
      const node = store.documents<KubeNode>("Node").find("", pods.nodeNames.textOf(id));
      if (node === undefined) continue;
      const has = this.#allocatableOf(node);
      if (load.cpuMilli > has.cpuMilli) this.#cpuShort++;
      if (load.memoryBytes > has.memoryBytes) this.#memoryShort++;
    }
  }

  #lookAtReplicas(): void {
    for (const kind of SCALED) {
      for (const object of this.#world.store.documents(kind).list()) {
        const { metadata, spec } = object as KubeObject & { readonly spec: { readonly replicas?: number } };
        if (metadata.ownerReferences?.some(({ controller }) => controller === true) === true) continue;
        const workload = `${kind}/${metadata.namespace ?? "default"}/${metadata.name ?? ""}`;
        this.#peaks.set(workload, Math.max(this.#peaks.get(workload) ?? 0, spec.replicas ?? 1));
      }
    }
  }

  #requestsOf(spec: PodSpec): Room {
    const known = this.#requests.get(spec) ?? { ...NO_ROOM, ...podRequests(spec) };
    this.#requests.set(spec, known);
    return known;
  }

  #allocatableOf(node: KubeNode): Load {
    const { cpu = "0", memory = "0" } = node.status?.allocatable ?? {};
    const known = this.#allocatable.get(node) ?? { cpuMilli: cpuMilliOf(cpu), memoryBytes: wholeValueOf(memory) };
    this.#allocatable.set(node, known);
    return known;
  }
}

/** Of several runs the most of each. */
export function togetherPeaks(runs: readonly Peaks[]): ReadonlyMap<string, number> {
  const all = new Map<string, number>();
  for (const [workload, replicas] of runs.flat()) all.set(workload, Math.max(all.get(workload) ?? 0, replicas));
  return all;
}
