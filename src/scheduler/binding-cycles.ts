import type { Micros } from "../units/index.ts";

/** The longest that a permit plugin may keep a pod. @source kubernetes 1.37 framework runtime maxTimeout */
const LONGEST_WAIT: Micros = 900_000_000;

/** A pod that has a node and waits to be bound to it. Instants in microseconds. */
export interface BindingCycle {
  readonly nodeName: string;
  /** Permit plugins that have not allowed the pod yet: when each gives up, and how long it will have waited then. */
  readonly waits: ReadonlyMap<string, { readonly until: Micros; readonly forMicros: Micros }>;
  /** What a plugin said to turn the pod away. */
  readonly rejection: { readonly plugin: string; readonly message: string } | undefined;
  /** The pod has left the queue: permitted. */
  readonly isPermitted: boolean;
  /** How many preBind plugins are done. */
  readonly doneCount: number;
  /** When the preBind plugin at hand was asked first; -1 before. */
  readonly askedAt: Micros;
  /** The instant of the next look; others are out of date. */
  readonly wakeAt: Micros;
}

/** What plugins may do with a pod that waits for permission. */
export interface WaitingPod {
  readonly uid: string;
  readonly nodeName: string;
  /** The plugins that it waits for. */
  readonly plugins: readonly string[];
  /** The plugin has nothing against the pod any more. */
  allow(plugin: string): void;
  /** Sends the pod back. */
  reject(plugin: string, message: string): void;
}

/** Pods between the choice of their node and their binding, where there is something to wait for. */
export class BindingCycles {
  readonly #cycles = new Map<string, BindingCycle>();
  /** Pods that were allowed or rejected and have not been looked at since. */
  #moved: string[] = [];

  get(uid: string): BindingCycle | undefined {
    return this.#cycles.get(uid);
  }

  begin(uid: string, nodeName: string, waits: ReadonlyMap<string, Micros>, now: Micros): void {
    const limits = [...waits].map(([plugin, asked]) => {
      const forMicros = Math.min(asked, LONGEST_WAIT);
      return [plugin, { until: now + forMicros, forMicros }] as const;
    });
    const fresh = { rejection: undefined, isPermitted: false, doneCount: 0, askedAt: -1, wakeAt: -1 };
    this.#cycles.set(uid, { ...fresh, nodeName, waits: new Map(limits) });
  }

  change(uid: string, part: Partial<BindingCycle>): void {
    const cycle = this.#cycles.get(uid);
    if (cycle !== undefined) this.#cycles.set(uid, { ...cycle, ...part });
  }

  end(uid: string): void {
    this.#cycles.delete(uid);
  }

  /** Pods that wait for permission, in the order in which they got their nodes. */
  waiting(): WaitingPod[] {
    return [...this.#cycles].flatMap(([uid, { nodeName, waits, isPermitted, rejection }]) => {
      if (isPermitted || rejection !== undefined || waits.size === 0) return [];
      const plugins = [...waits.keys()];
      return [
        {
          uid,
          nodeName,
          plugins,
          allow: (plugin) => this.#allow(uid, plugin),
          reject: (plugin, message) => this.#reject(uid, plugin, message),
        },
      ];
    });
  }

  /** Gives the pods that have been allowed or rejected, once. */
  takeMoved(): readonly string[] {
    const moved = this.#moved;
    this.#moved = [];
    return moved;
  }

  save(): BindingState {
    return [...this.#cycles].map(([uid, { waits, ...rest }]) => [uid, { ...rest, waits: [...waits] }] as const);
  }

  load(state: BindingState): void {
    this.#cycles.clear();
    for (const [uid, { waits, ...rest }] of state) this.#cycles.set(uid, { ...rest, waits: new Map(waits) });
  }

  #allow(uid: string, plugin: string): void {
    const cycle = this.#cycles.get(uid);
    if (cycle === undefined || !cycle.waits.has(plugin)) return;
    const waits = new Map([...cycle.waits].filter(([name]) => name !== plugin));
    this.change(uid, { waits });
    if (waits.size === 0) this.#moved.push(uid);
  }

  #reject(uid: string, plugin: string, message: string): void {
    const cycle = this.#cycles.get(uid);
    if (cycle === undefined || cycle.rejection !== undefined) return;
    this.change(uid, { rejection: { plugin, message } });
    this.#moved.push(uid);
  }
}

type SavedWaits = readonly (readonly [plugin: string, limit: { readonly until: Micros; readonly forMicros: Micros }])[];

/** Plain data. */
export type BindingState = readonly (readonly [
  uid: string,
  cycle: Omit<BindingCycle, "waits"> & { readonly waits: SavedWaits },
])[];
