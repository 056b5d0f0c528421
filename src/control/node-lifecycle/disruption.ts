import type { KubeNode } from "../../kube/index.ts";
import type { DocumentTable, Store } from "../../store/index.ts";
import type { NoExecuteTainter } from "./no-execute-tainter.ts";
import type { NodeMemory } from "./node-memory.ts";
import { ZONE_STATE, ZONE_STATE_NAMES, type Zones } from "./zones.ts";

/**
 * Sets the tainting rate of each zone by its state. When every zone is down it is rather the controller that is cut
 * off: then nothing is tainted, and when that ends every node gets its whole grace again.
 *
 * @source kubernetes 1.37 pkg/controller/nodelifecycle handleDisruption
 */
export class Disruption {
  readonly #store: Store;
  readonly #nodes: DocumentTable<KubeNode>;
  readonly #parts: { readonly memory: NodeMemory; readonly zones: Zones; readonly tainter: NoExecuteTainter };

  constructor(
    store: Store,
    parts: { readonly memory: NodeMemory; readonly zones: Zones; readonly tainter: NoExecuteTainter },
  ) {
    this.#store = store;
    this.#nodes = store.documents("Node");
    this.#parts = parts;
  }

  /** To be called at the end of each pass in which something may have changed. */
  handle(): void {
    const { zones, tainter, memory } = this.#parts;
    const step = zones.disruption();
    if (step.kind === "nothing") return;
    if (step.kind === "enter-full") {
      for (let row = this.#nodes.first(); row !== -1; row = this.#nodes.after(row)) tainter.release(row);
      for (let zone = 0; zone < zones.count; zone++) {
        if (zones.state.get(zone) === ZONE_STATE.none) continue;
        tainter.setRate(zone, 0);
        this.#setState(zone, ZONE_STATE.full, 0);
      }
      return;
    }
    if (step.kind === "leave-full") {
      for (let row = this.#nodes.first(); row !== -1; row = this.#nodes.after(row))
        memory.probeAt.set(row, this.#store.engine.now);
      for (let zone = 0; zone < zones.count; zone++) {
        if (zones.nodeCount(zone) > 0) tainter.setRate(zone, zones.rateIn(zone, zones.computed(zone)));
      }
    }
    for (const zone of step.changed) {
      const state = zones.computed(zone);
      const rate = zones.rateIn(zone, state);
      tainter.setRate(zone, rate);
      this.#setState(zone, state, rate);
    }
  }

  #setState(zone: number, state: number, ratePerSecond: number): void {
    const { zones } = this.#parts;
    const from = zones.state.get(zone);
    if (from === state) return;
    zones.state.set(zone, state);
    if (from === ZONE_STATE.initial && state === ZONE_STATE.normal) return;
    if (!this.#store.decisions.isEnabled) return;
    this.#store.decisions.write({
      by: "node-lifecycle",
      what: "zone-state",
      object: `zone/${zones.nameOf(zone)}`,
      from: ZONE_STATE_NAMES[from],
      to: ZONE_STATE_NAMES[state],
      ready: zones.ready.get(zone),
      notReady: zones.notReady.get(zone),
      ratePerSecond,
    });
  }
}
