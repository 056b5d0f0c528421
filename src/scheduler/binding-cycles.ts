import type { Micros } from "../units/index.ts";

/** The longest that a permit plugin may keep a pod. @source kubernetes 1.37 framework runtime maxTimeout */
const LONGEST_WAIT: Micros = 900_000_000;

interface Rejection {
  readonly plugin: string;
  readonly message: string;
  readonly isPreempted: boolean;
}

/** A pod that has a node and waits to be bound to it. Instants in microseconds. */
export interface BindingCycle {
  readonly nodeName: string;
  /** Permit plugins that have not allowed the pod yet: when each gives up, and how long it will have waited then. */
  readonly waits: ReadonlyMap<string, { readonly until: Micros; readonly forMicros: Micros }>;
  /** What a plugin said to turn the pod away. `isPreempted`: to make room for another; it is tried again without more ado. */
  readonly rejection: Rejection | undefined;
  /** The pod has left the queue: permitted. */
  readonly isPermitted: boolean;
  /** How many preBind plugins are done. */
  readonly doneCount: number;
  /** What the preBind plugin at hand waits for. */
  readonly waitsFor: readonly string[];
  /** When the preBind plugin at hand was asked first; -1 before. */
  readonly askedAt: Micros;
  /** The instant of the next look; others are out of date. */
  readonly wakeAt: Micros;
}

/** What plugins may do with a pod that waits for permission. Of several answers the first counts. */
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

const NOBODY: readonly string[] = Object.freeze([]);

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
    const fresh = { rejection: undefined, isPermitted: false, doneCount: 0, waitsFor: [], askedAt: -1, wakeAt: -1 };
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
          reject: (plugin, message) => this.reject(uid, plugin, message),
        },
      ];
    });
  }

  /**
   * Takes the pod off its way, to make room for another. False when it is not on its way.
   * @source kubernetes 1.37 framework/preemption executor.go PreemptPod, waiting_pods_map.go, pods_in_prebind_map.go
   */
  preempt(uid: string): boolean {
    const cycle = this.#cycles.get(uid);
    if (cycle === undefined) return false;
    const message = cycle.isPermitted ? "context canceled" : "preempted";
    return this.#stop(uid, { plugin: "", message, isPreempted: true });
  }

  /** Sends back a pod that waits for permission; nothing happens to others. */
  reject(uid: string, plugin: string, message: string): void {
    if (this.#cycles.get(uid)?.isPermitted === false) this.#stop(uid, { plugin, message, isPreempted: false });
  }

  /** Gives the pods that have been allowed or rejected, once. */
  takeMoved(): readonly string[] {
    if (this.#moved.length === 0) return NOBODY;
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
    if (cycle === undefined || cycle.rejection !== undefined || !cycle.waits.has(plugin)) return;
    const waits = new Map([...cycle.waits].filter(([name]) => name !== plugin));
    this.change(uid, { waits });
    if (waits.size === 0) this.#moved.push(uid);
  }

  /** Not when the pod has been allowed or rejected already. */
  #stop(uid: string, rejection: Rejection): boolean {
    const cycle = this.#cycles.get(uid);
    if (cycle === undefined || cycle.rejection !== undefined) return false;
    if (!cycle.isPermitted && cycle.waits.size === 0) return false;
    this.change(uid, { rejection });
    this.#moved.push(uid);
    return true;
  }
}

type SavedWaits = readonly (readonly [plugin: string, limit: { readonly until: Micros; readonly forMicros: Micros }])[];

/** Plain data. */
export type BindingState = readonly (readonly [
  uid: string,
  cycle: Omit<BindingCycle, "waits"> & { readonly waits: SavedWaits },
])[];
