import type { ClusterEvent, EventName } from "./cluster-events.ts";
import type { QueueingHint, WeightedPlugin } from "./framework.ts";
import { hasNoRejection, type QueuedPod } from "./queued-pod.ts";

/** What an event means for a waiting pod; the larger wins. */
export const STRATEGY = { skip: 0, afterBackoff: 1, immediately: 2 } as const;
export type Strategy = (typeof STRATEGY)[keyof typeof STRATEGY];

/** Which plugins care for which events, and what they say. */
export class HintTable {
  readonly #hints = new Map<EventName, Map<string, QueueingHint>>();

  constructor(plugins: readonly WeightedPlugin[]) {
    for (const { plugin } of plugins) {
      for (const { events, hint } of plugin.hints ?? [])
        for (const event of events) this.#add(event, plugin.name, hint);
    }
  }

  isRegistered(plugin: string, event: EventName): boolean {
    return event === "UnschedulableTimeout" || this.#hints.get(event)?.has(plugin) === true;
  }

  /** Asks the plugins that rejected the pod.
   *  @source kubernetes 1.37 scheduling_queue.go isPodWorthRequeuing */
  strategyFor(entry: QueuedPod, event: ClusterEvent): Strategy {
    if (event.name === "UnschedulableTimeout" || hasNoRejection(entry)) return STRATEGY.afterBackoff;
    const hints = this.#hints.get(event.name);
    if (hints === undefined) return STRATEGY.skip;
    let strategy: Strategy = STRATEGY.skip;
    for (const [plugin, hint] of hints) {
      const isPending = entry.pendingPlugins.has(plugin);
      if (!isPending && !entry.unschedulablePlugins.has(plugin)) continue;
      if (!hint(entry.pod, event)) continue;
      if (isPending) return STRATEGY.immediately;
      strategy = STRATEGY.afterBackoff;
    }
    return strategy;
  }

  #add(event: EventName, plugin: string, hint: QueueingHint): void {
    const known = this.#hints.get(event);
    if (known === undefined) this.#hints.set(event, new Map([[plugin, hint]]));
    else known.set(plugin, hint);
  }
}
