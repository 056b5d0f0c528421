import type { Micros } from "../engine/index.ts";
import { type KubeNode, podRequests, type QosClass, qosClass } from "../kube/index.ts";
import type { UsageMeter } from "../metrics/index.ts";
import type { PodTemplate, Store } from "../store/index.ts";
import { type CellRegistry, Column } from "../tables/index.ts";
import { cpuMilliOf } from "../units/index.ts";
import { podShares } from "./cpu-share.ts";

interface Standing {
  readonly qos: QosClass;
  readonly requestMilli: number;
}

const standings = new WeakMap<PodTemplate, Standing>();

/**
 * Divides the CPU of nodes among the pods that run there: what pods want is noted while an event is handled, and at its end every
 * node of which a pod wants something else than before is divided anew. Costs O(pods of these nodes).
 */
export class NodeCpu {
  readonly #store: Store;
  readonly #meter: UsageMeter;
  readonly #wantedMilli: Column<Float64Array>;
  readonly #memoryBytes: Column<Float64Array>;
  /** Nodes to be divided at the end of this event; empty between events. */
  readonly #changed = new Set<number>();

  constructor(registry: CellRegistry, store: Store, meter: UsageMeter) {
    this.#store = store;
    this.#meter = meter;
    this.#wantedMilli = new Column<Float64Array>(registry, "workload.wantedMilli", Float64Array);
    this.#memoryBytes = new Column<Float64Array>(registry, "workload.wantedBytes", Float64Array);
  }

  /** What a running pod would use from now on, its limits applied. */
  want(row: number, cpuMilli: number, memoryBytes: number): void {
    this.#wantedMilli.set(row, cpuMilli);
    this.#memoryBytes.set(row, memoryBytes);
    this.#changed.add(this.#store.pods.nodeId.get(row));
  }

  /** A pod has stopped: its part is for the others. */
  left(row: number): void {
    this.#changed.add(this.#store.pods.nodeId.get(row));
  }

  /** Sets what the pods of the nodes use that have changed. To be called at the end of every event that does. */
  divide(now: Micros): void {
    for (const nodeId of this.#changed) if (nodeId !== -1) this.#divideNode(nodeId, now);
    this.#changed.clear();
  }

  #divideNode(nodeId: number, now: Micros): void {
    const { pods } = this.#store;
    const rows = pods.byNode.rows(nodeId).filter((row) => this.#meter.isOn.get(row) === 1);
    const claims = rows.map((row) => ({
      ...standingOf(pods.templateOf(row)),
      wantedMilli: this.#wantedMilli.get(row),
    }));
    const shares = podShares(this.#capacityMilli(nodeId), claims);
    for (const [index, row] of rows.entries()) {
      this.#meter.set(row, shares[index] ?? 0, this.#memoryBytes.get(row), now);
    }
  }

  /** A machine has its CPUs whatever is said of it: without its object there is nothing to go by, and no bound. */
  #capacityMilli(nodeId: number): number {
    const name = this.#store.pods.nodeNames.textOf(nodeId);
    const cpu = this.#store.documents<KubeNode>("Node").find("", name)?.status?.capacity?.cpu;
    return cpu === undefined ? Number.POSITIVE_INFINITY : cpuMilliOf(cpu);
  }
}

function standingOf(template: PodTemplate): Standing {
  let standing = standings.get(template);
  if (standing === undefined) {
    standing = { qos: qosClass(template.spec), requestMilli: podRequests(template.spec).cpuMilli };
    standings.set(template, standing);
  }
  return standing;
}
