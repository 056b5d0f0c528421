import {
  type BucketLayout,
  bytesAfterOom,
  CPU_BUCKETS,
  EMPTY_HISTOGRAM,
  type Histogram,
  MEMORY_BUCKETS,
  mergedHistograms,
  type Sample,
  withSamples,
} from "../../control/index.ts";
import type { Container } from "../../kube/index.ts";
import { POD_PHASE } from "../../store/index.ts";
import { cpuMilliOf, wholeValueOf } from "../../units/index.ts";
import type { World } from "../../world/index.ts";
import type { Micros } from "../../world/plan.ts";
import { workloadOf } from "../recovery.ts";

/** What the containers of one name in the pods of one workload were seen to use. Plain data: it crosses threads. */
export interface ContainerUsage {
  /** `Deployment/shop/web`. */
  readonly workload: string;
  readonly container: string;
  /** Cores, in the recommender's buckets; every look counts alike, however old. */
  readonly cpu: Histogram;
  readonly cpuCoresMax: number;
  /** Bytes. */
  readonly memory: Histogram;
  readonly memoryBytesMax: number;
  /** Most pods at one look. */
  readonly podsMax: number;
  readonly oomKills: number;
}

/** All looks count alike: they are all entered at the reference instant. */
const AT = 0;
/** Values that are kept before they go to the histogram, which is made anew each time. */
const BATCH = 4096;

class Series {
  readonly #layout: BucketLayout;
  #histogram: Histogram = EMPTY_HISTOGRAM;
  #pending: Sample[] = [];
  max = 0;

  constructor(layout: BucketLayout) {
    this.#layout = layout;
  }

  add(value: number): void {
    this.max = Math.max(this.max, value);
    this.#pending.push({ value, weight: 1, at: AT });
    if (this.#pending.length === BATCH) this.histogram();
  }

  histogram(): Histogram {
    this.#histogram = withSamples(this.#histogram, this.#layout, this.#pending);
    this.#pending = [];
    return this.#histogram;
  }
}

class Watched {
  readonly cpu = new Series(CPU_BUCKETS);
  readonly memory = new Series(MEMORY_BUCKETS);
  podsMax = 0;
  pods = 0;
  oomKills = 0;
}

/** What is remembered of a pod. */
interface Seen {
  readonly at: Micros;
  readonly restarts: number;
}

const NEVER: Seen = { at: -1, restarts: 0 };

/**
 * Looks at what metrics-server shows, as the recommender of the vertical pod autoscaler does. Usage is known by pod: of several
 * containers each is taken to use the share that it requests.
 */
export class UsageWatch {
  readonly #world: World;
  /** By workload and container. */
  readonly #watched = new Map<string, Watched>();
  /** By serial number of the pod. */
  readonly #seen = new Map<number, Seen>();

  constructor(world: World) {
    this.#world = world;
  }

  look(): void {
    const { store, meter } = this.#world;
    const { pods } = store;
    for (const watched of this.#watched.values()) watched.pods = 0;
    for (let row = pods.first(); row !== -1; row = pods.after(row)) {
      if (pods.phase.get(row) !== POD_PHASE.running) continue;
      const serial = pods.serial.get(row);
      const seen = this.#seen.get(serial) ?? NEVER;
      const restarts = pods.restarts.get(row);
      const wasKilled = restarts > seen.restarts && this.#wasKilledForMemory(row);
      const shownAt = meter.shownAt(row);
      const isNew = shownAt > seen.at;
      this.#seen.set(serial, { at: Math.max(shownAt, seen.at), restarts });
      const { containers } = pods.templateOf(row).spec;
      const shares = sharesOf(containers);
      const workload = workloadOf(this.#world, row);
      for (const [index, { name, resources }] of containers.entries()) {
        const share = shares[index] ?? { cpu: 0, memory: 0 };
        const watched = this.#of(workload, name);
        watched.podsMax = Math.max(watched.podsMax, ++watched.pods);
        if (wasKilled) {
          watched.oomKills++;
          const limit = wholeValueOf(resources?.limits?.memory ?? resources?.requests?.memory ?? "0");
          watched.memory.add(bytesAfterOom(limit, 0));
        }
        if (!isNew) continue;
        watched.cpu.add((meter.shownMilli(row) / 1000) * share.cpu);
        watched.memory.add(meter.shownBytes(row) * share.memory);
      }
    }
  }

  usage(): ContainerUsage[] {
    return [...this.#watched].map(([key, { cpu, memory, podsMax, oomKills }]) => {
      const [workload = "", container = ""] = key.split(" ");
      return {
        ...{ workload, container, podsMax, oomKills },
        ...{ cpu: cpu.histogram(), cpuCoresMax: cpu.max },
        ...{ memory: memory.histogram(), memoryBytesMax: memory.max },
      };
    });
  }

  #of(workload: string, container: string): Watched {
    const key = `${workload} ${container}`;
    const known = this.#watched.get(key) ?? new Watched();
    this.#watched.set(key, known);
    return known;
  }

  #wasKilledForMemory(row: number): boolean {
    const statuses = this.#world.store.pods.containers.get(row) ?? [];
    return statuses.some(({ lastState }) => lastState?.terminated?.reason === "OOMKilled");
  }
}

interface Share {
  readonly cpu: number;
  readonly memory: number;
}

const shares = new WeakMap<readonly Container[], readonly Share[]>();

function sharesOf(containers: readonly Container[]): readonly Share[] {
  let known = shares.get(containers);
  if (known === undefined) {
    const cpu = parts(containers.map(({ resources }) => cpuMilliOf(resources?.requests?.cpu ?? "0")));
    const memory = parts(containers.map(({ resources }) => wholeValueOf(resources?.requests?.memory ?? "0")));
    known = containers.map((_, index) => ({ cpu: cpu[index] ?? 0, memory: memory[index] ?? 0 }));
    shares.set(containers, known);
  }
  return known;
}

/** Shares of a whole; alike where there is no whole. */
function parts(amounts: readonly number[]): number[] {
  const sum = amounts.reduce((total, amount) => total + amount, 0);
  return amounts.map((amount) => (sum === 0 ? 1 / amounts.length : amount / sum));
}

/** What several runs have seen, taken together; in the order in which it was first seen. */
export function togetherUsed(runs: readonly (readonly ContainerUsage[])[]): ContainerUsage[] {
  const all = new Map<string, ContainerUsage>();
  for (const usage of runs.flat()) {
    const key = `${usage.workload} ${usage.container}`;
    const known = all.get(key);
    all.set(
      key,
      known === undefined
        ? usage
        : {
            workload: usage.workload,
            container: usage.container,
            cpu: mergedHistograms(known.cpu, usage.cpu),
            cpuCoresMax: Math.max(known.cpuCoresMax, usage.cpuCoresMax),
            memory: mergedHistograms(known.memory, usage.memory),
            memoryBytesMax: Math.max(known.memoryBytesMax, usage.memoryBytesMax),
            podsMax: Math.max(known.podsMax, usage.podsMax),
            oomKills: known.oomKills + usage.oomKills,
          },
    );
  }
  return [...all.values()];
}
