import type { StringMap } from "../kube/index.ts";

/**
 * The nodes by zone. Zones stand in order of first appearance, nodes within a zone in order of arrival; the search
 * goes round the zones, so that even a search that stops early spreads.
 * @source kubernetes 1.37 scheduler cache, node tree
 */
export class NodeTree {
  #zones = new Map<string, string[]>();
  #zoneOf = new Map<string, string>();

  get size(): number {
    return this.#zoneOf.size;
  }

  add(name: string, labels: StringMap | undefined): void {
    const zone = zoneKey(labels);
    this.#zoneOf.set(name, zone);
    const names = this.#zones.get(zone);
    if (names === undefined) this.#zones.set(zone, [name]);
    else names.push(name);
  }

  /** Cost: the size of the zone. */
  remove(name: string): void {
    const zone = this.#zoneOf.get(name);
    const names = zone === undefined ? undefined : this.#zones.get(zone);
    if (zone === undefined || names === undefined) return;
    this.#zoneOf.delete(name);
    names.splice(names.indexOf(name), 1);
    if (names.length === 0) this.#zones.delete(zone);
  }

  /** A node whose zone has changed goes to the end of its new zone. */
  update(name: string, labels: StringMap | undefined): void {
    if (this.#zoneOf.get(name) === zoneKey(labels)) return;
    this.remove(name);
    this.add(name, labels);
  }

  /** All names: the first of every zone, then the second of every zone, and so on. */
  list(): string[] {
    const zones = [...this.#zones.values()];
    const names: string[] = [];
    for (let index = 0; names.length < this.#zoneOf.size; index++) {
      for (const zone of zones) {
        const name = zone[index];
        if (name !== undefined) names.push(name);
      }
    }
    return names;
  }

  save(): NodeTreeState {
    return [...this.#zones].map(([zone, names]) => [zone, [...names]] as const);
  }

  load(state: NodeTreeState): void {
    this.#zones = new Map(state.map(([zone, names]) => [zone, [...names]]));
    this.#zoneOf = new Map(state.flatMap(([zone, names]) => names.map((name) => [name, zone] as const)));
  }
}

export type NodeTreeState = readonly (readonly [zone: string, names: readonly string[]])[];

/** Region and zone in one key; the deprecated labels go first, empty when the node has neither. */
export function zoneKey(labels: StringMap | undefined): string {
  const region =
    labels?.["failure-domain.beta.kubernetes.io/region"] || labels?.["topology.kubernetes.io/region"] || "";
  const zone = labels?.["failure-domain.beta.kubernetes.io/zone"] || labels?.["topology.kubernetes.io/zone"] || "";
  return region === "" && zone === "" ? "" : `${region}:\u0000:${zone}`;
}
