import { isScalarResource, type KubeNode } from "../kube/index.ts";
import type { Store } from "../store/index.ts";
import { cpuMilliOf, wholeValueOf } from "../units/index.ts";
import { isNodeReady, type Observed, type Observer } from "./observer.ts";
import type { Micros, Plan } from "./plan.ts";

/** The series by node has about so many rows at most, however many nodes there are. */
const ROWS_LIMIT = 50_000;

/** Whether the series by node has rows at this sample: at every one of a small cluster, at each n-th of a large one. */
export function isUsageDue({ nodes, record, durationMicros }: Plan, now: Micros): boolean {
  const samples = Math.floor(durationMicros / record.sampleMicros) + 1;
  const every = Math.max(1, Math.ceil((samples * nodes.length) / ROWS_LIMIT));
  return Math.round(now / record.sampleMicros) % every === 0;
}

type UsageRow = Readonly<Record<string, string | number>>;

/** One row a node: requests and use over what can be allocated. Reads only. */
export function nodeUsageRows(store: Store, observed: Observed, observer: Observer): UsageRow[] {
  const used = usageByNode(store, observed);
  const nodes = store.documents<KubeNode>("Node");
  const rows: UsageRow[] = [];
  for (let row = nodes.first(); row !== -1; row = nodes.after(row)) {
    const { name, isReady, cpuMilli, memoryBytes } = figuresOf(nodes.get(row));
    const id = store.pods.nodeNames.find(name);
    rows.push({
      name,
      zone: observer.nodeLabels(name).zone ?? "",
      ready: isReady ? 1 : 0,
      cpu_requested_ratio: ratio(id === -1 ? 0 : observer.census.cpuMilliOf(id), cpuMilli),
      cpu_used_ratio: ratio(used.cpuMilli[id] ?? 0, cpuMilli),
      memory_requested_ratio: ratio(id === -1 ? 0 : observer.census.memoryBytesOf(id), memoryBytes),
      memory_used_ratio: ratio(used.memoryBytes[id] ?? 0, memoryBytes),
    });
  }
  return rows;
}

function usageByNode({ pods }: Store, { meter, isNodeUp }: Observed): { cpuMilli: number[]; memoryBytes: number[] } {
  const [cpuMilli, memoryBytes]: [number[], number[]] = [[], []];
  const { limit } = pods.rows;
  meter.isOn.ensure(limit);
  for (let row = 0; row < limit; row++) {
    const id = pods.nodeId.get(row);
    if (meter.isOn.data[row] === 0 || !isNodeUp(id)) continue;
    cpuMilli[id] = (cpuMilli[id] ?? 0) + meter.cpuMilli(row);
    memoryBytes[id] = (memoryBytes[id] ?? 0) + meter.memoryBytes(row);
  }
  return { cpuMilli, memoryBytes };
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : rounded(part / whole);
}

export interface NodeFigures {
  readonly name: string;
  readonly isReady: boolean;
  readonly cpuMilli: number;
  readonly memoryBytes: number;
  /** Whole units of extended resources. */
  readonly extended: readonly (readonly [resource: string, amount: number])[];
}

/** A node's document is a new object whenever it changes, so what is read off it can be kept by it. */
const nodeFigures = new WeakMap<KubeNode, NodeFigures>();

export function figuresOf(node: KubeNode): NodeFigures {
  let figures = nodeFigures.get(node);
  if (figures === undefined) {
    const { cpu = "0", memory = "0", ...others } = node.status?.allocatable ?? {};
    const scalars = Object.entries(others).filter(([resource]) => isScalarResource(resource));
    figures = {
      name: node.metadata.name ?? "",
      isReady: isNodeReady(node),
      cpuMilli: cpuMilliOf(cpu),
      memoryBytes: wholeValueOf(memory),
      extended: scalars.map(([resource, amount]): readonly [string, number] => [resource, wholeValueOf(amount)]),
    };
    nodeFigures.set(node, figures);
  }
  return figures;
}

/** Six decimals: what a person or a plot can use, and the same text everywhere. */
export function rounded(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}
