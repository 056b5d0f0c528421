import type { EndpointAddress, EndpointPort, EndpointSubset } from "../../kube/index.ts";

/** One pod as a service sees it: its address, whether it is ready, and the ports that it has. */
export interface PodEndpoint {
  readonly address: EndpointAddress;
  readonly isReady: boolean;
  /** Empty for a headless service without ports. */
  readonly ports: readonly EndpointPort[];
}

/** Addresses that offer a port, by their place among all. */
interface Offer {
  readonly ports: readonly EndpointPort[];
  readonly members: readonly PodEndpoint[];
}

/** Stands for "no port" among the ports. */
const NO_PORT = "";

/**
 * The canonical subsets of these endpoints: ports that the same addresses offer, in the same state, share a subset. Addresses are
 * in the order of their text, then of their pods' uids.
 *
 * DEVIATION(endpoints-order): ports and subsets are in the order of the service's ports; the original sorts them by an MD5 of a dump.
 * @source kubernetes 1.37 pkg/api/v1/endpoints RepackSubsets
 */
export function packSubsets(endpoints: readonly PodEndpoint[]): readonly EndpointSubset[] {
  const sorted = isSorted(endpoints) ? endpoints : [...endpoints].sort(byAddress);
  const first = sorted[0];
  if (first === undefined) return [];
  // Mostly all have the same list of ports.
  if (sorted.every(({ ports }) => ports === first.ports)) return [subsetOf({ ports: first.ports, members: sorted })];
  const byPort = new Map<string, { readonly port: EndpointPort | null; readonly places: number[] }>();
  for (const [place, { ports }] of sorted.entries()) {
    for (const port of ports.length === 0 ? [null] : ports) {
      const key = port === null ? NO_PORT : JSON.stringify(port);
      const known = byPort.get(key);
      if (known === undefined) byPort.set(key, { port, places: [place] });
      else known.places.push(place);
    }
  }
  const offers = new Map<string, Offer>();
  for (const { port, places } of byPort.values()) {
    const key = places.join();
    const { ports, members } = offers.get(key) ?? { ports: [], members: places.map((at) => sorted[at] as PodEndpoint) };
    offers.set(key, { ports: port === null ? ports : [...ports, port], members });
  }
  return [...offers.values()].map(subsetOf);
}

function subsetOf({ ports, members }: Offer): EndpointSubset {
  const addresses: EndpointAddress[] = [];
  const notReady: EndpointAddress[] = [];
  for (const { address, isReady } of members) (isReady ? addresses : notReady).push(address);
  return {
    ...(addresses.length === 0 ? {} : { addresses }),
    ...(notReady.length === 0 ? {} : { notReadyAddresses: notReady }),
    ...(ports.length === 0 ? {} : { ports }),
  };
}

function isSorted(endpoints: readonly PodEndpoint[]): boolean {
  for (let i = 1; i < endpoints.length; i++) {
    if (byAddress(endpoints[i - 1] as PodEndpoint, endpoints[i] as PodEndpoint) > 0) return false;
  }
  return true;
}

/** By byte: its place among the bytes written as text, the order of which is that of "1", "10", "100", "101", … */
const TEXT_RANKS = Uint8Array.from({ length: 256 }, (_, byte) => {
  const text = String(byte);
  let rank = 0;
  for (let other = 0; other < 256; other++) if (String(other) < text) rank++;
  return rank;
});

/** A number for an IPv4 address, itself a number, by which addresses stand in the order of their text. */
export function textOrder(ip: number): number {
  const [low, high] = [ip % 65536, Math.floor(ip / 65536)];
  const rank = (byte: number): number => TEXT_RANKS[byte] as number;
  return ((rank(high >> 8) * 256 + rank(high & 255)) * 256 + rank(low >> 8)) * 256 + rank(low & 255);
}

function byAddress({ address: a }: PodEndpoint, { address: b }: PodEndpoint): number {
  if (a.ip !== b.ip) return a.ip < b.ip ? -1 : 1;
  const [left = "", right = ""] = [a.targetRef?.uid, b.targetRef?.uid];
  return left < right ? -1 : left > right ? 1 : 0;
}

/**
 * At most `most` addresses, ready ones first; each subset keeps its share, rounded up, while there is room. The same subsets when they
 * fit.
 * @source kubernetes 1.37 pkg/controller/endpoint truncateEndpoints
 */
export function truncateSubsets(subsets: readonly EndpointSubset[], most: number): readonly EndpointSubset[] {
  const sum = (of: (subset: EndpointSubset) => number): number => subsets.reduce((total, one) => total + of(one), 0);
  const ready = sum(({ addresses = [] }) => addresses.length);
  const notReady = sum(({ notReadyAddresses = [] }) => notReadyAddresses.length);
  if (ready + notReady <= most) return subsets;
  const cutsReady = ready > most;
  const [room, total] = cutsReady ? [most, ready] : [most - ready, notReady];
  let left = room;
  return subsets.map(({ addresses = [], notReadyAddresses = [], ...rest }) => {
    const all = cutsReady ? addresses : notReadyAddresses;
    const kept = all.slice(0, Math.min(left, Math.ceil((all.length / total) * room)));
    left -= kept.length;
    const shown = cutsReady ? { addresses: kept } : { addresses, notReadyAddresses: kept };
    return Object.assign(
      {},
      ...Object.entries(shown).map(([key, list]) => (list.length === 0 ? {} : { [key]: list })),
      rest,
    );
  });
}
