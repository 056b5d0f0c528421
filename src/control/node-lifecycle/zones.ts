import type { KubeNode } from "../../kube/index.ts";
import { type CellRegistry, Column, Interner } from "../../tables/index.ts";
import type { NodeLifecycleSettings } from "./settings.ts";

/** State of a zone; `none` for one that has not been seen, or has lost its nodes. */
export const ZONE_STATE = { none: 0, initial: 1, normal: 2, partial: 3, full: 4 } as const;
export const ZONE_STATE_NAMES = ["None", "Initial", "Normal", "PartialDisruption", "FullDisruption"] as const;

const EXCLUDED = "node.kubernetes.io/exclude-disruption";

/** What the health of all zones asks for. */
export type DisruptionStep =
  | { readonly kind: "nothing" }
  | { readonly kind: "enter-full" }
  | { readonly kind: "leave-full"; readonly changed: readonly number[] }
  | { readonly kind: "adjust"; readonly changed: readonly number[] };

/** The zones: their state, and how many of their nodes are ready. Zones are numbers, in order of first sight. */
export class Zones {
  readonly state: Column<Uint8Array>;
  readonly ready: Column<Int32Array>;
  readonly notReady: Column<Int32Array>;
  readonly #keys: Interner;
  readonly #settings: NodeLifecycleSettings;

  constructor(cells: CellRegistry, settings: NodeLifecycleSettings) {
    this.#settings = settings;
    this.#keys = new Interner(cells, "nodeLifecycle.zones");
    this.state = new Column<Uint8Array>(cells, "nodeLifecycle.zone.state", Uint8Array);
    this.ready = new Column<Int32Array>(cells, "nodeLifecycle.zone.ready", Int32Array);
    this.notReady = new Column<Int32Array>(cells, "nodeLifecycle.zone.notReady", Int32Array);
  }

  get count(): number {
    return this.#keys.count;
  }

  of(node: KubeNode): number {
    return this.#keys.idOf(zoneKey(node));
  }

  /** How messages name a zone. */
  nameOf(zone: number): string {
    return this.#keys.textOf(zone).replace(":\0:", "/");
  }

  nodeCount(zone: number): number {
    return this.ready.get(zone) + this.notReady.get(zone);
  }

  /** The state that a zone's nodes give it. @source kubernetes 1.37 pkg/controller/nodelifecycle ComputeZoneState */
  computed(zone: number): number {
    const ready = this.ready.get(zone);
    const notReady = this.notReady.get(zone);
    if (ready === 0 && notReady > 0) return ZONE_STATE.full;
    const share = Math.fround(Math.fround(notReady) / Math.fround(notReady + ready));
    if (notReady > 2 && share >= Math.fround(this.#settings.unhealthyZoneThreshold)) return ZONE_STATE.partial;
    return ZONE_STATE.normal;
  }

  /** Nodes tainted a second in a state. In partial disruption only a large zone goes on, slowly. */
  rateIn(zone: number, state: number): number {
    if (state !== ZONE_STATE.partial) return this.#settings.evictionRate;
    const isLarge = this.nodeCount(zone) > this.#settings.largeClusterSizeThreshold;
    return isLarge ? this.#settings.secondaryEvictionRate : 0;
  }

  /**
   * What to do about the state of the zones; changes nothing. Zones without nodes do not count.
   * @source kubernetes 1.37 pkg/controller/nodelifecycle handleDisruption
   */
  disruption(): DisruptionStep {
    let isAllFull = true;
    let wasAllFull = true;
    const changed: number[] = [];
    for (let zone = 0; zone < this.count; zone++) {
      if (this.nodeCount(zone) === 0) continue;
      const state = this.computed(zone);
      if (state !== ZONE_STATE.full) isAllFull = false;
      if (this.state.get(zone) !== ZONE_STATE.full) wasAllFull = false;
      if (this.state.get(zone) !== state) changed.push(zone);
    }
    if (isAllFull && wasAllFull) return { kind: "nothing" };
    if (isAllFull) return { kind: "enter-full" };
    if (wasAllFull) return { kind: "leave-full", changed };
    return changed.length === 0 ? { kind: "nothing" } : { kind: "adjust", changed };
  }

  /** Forgets the zones that have no counted node. */
  dropEmpty(): void {
    for (let zone = 0; zone < this.count; zone++) {
      if (this.nodeCount(zone) === 0) this.state.set(zone, ZONE_STATE.none);
    }
  }
}

/** Region and zone of a node as one key; empty when it has neither. @source kubernetes 1.37 component-helpers node/topology GetZoneKey */
export function zoneKey(node: KubeNode): string {
  const labels = node.metadata.labels ?? {};
  const region = labels["failure-domain.beta.kubernetes.io/region"] ?? labels["topology.kubernetes.io/region"] ?? "";
  const zone = labels["failure-domain.beta.kubernetes.io/zone"] ?? labels["topology.kubernetes.io/zone"] ?? "";
  return region === "" && zone === "" ? "" : `${region}:\0:${zone}`;
}

/** Whether the node does not count for the state of its zone. */
export function isExcludedFromDisruption(node: KubeNode): boolean {
  return node.metadata.labels?.[EXCLUDED] !== undefined;
}
