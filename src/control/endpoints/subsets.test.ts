import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { EndpointPort } from "../../kube/index.ts";
import { type PodEndpoint, packSubsets, textOrder, truncateSubsets } from "./subsets.ts";

const HTTP: EndpointPort = { name: "http", port: 80, protocol: "TCP" };
const METRICS: EndpointPort = { name: "metrics", port: 9090, protocol: "TCP" };
const pod = (ip: string, isReady: boolean, ports: readonly EndpointPort[] = [HTTP]): PodEndpoint => ({
  address: { ip },
  isReady,
  ports,
});

describe("packing", () => {
  test("one subset for ports that the same addresses have", () => {
    const both = [HTTP, METRICS];
    expect(packSubsets([pod("10.0.0.2", true, both), pod("10.0.0.10", false, both)])).toEqual([
      { addresses: [{ ip: "10.0.0.2" }], notReadyAddresses: [{ ip: "10.0.0.10" }], ports: both },
    ]);
  });

  test("a port that only some have makes a subset of its own", () => {
    expect(packSubsets([pod("10.0.0.1", true, [HTTP, METRICS]), pod("10.0.0.2", true)])).toEqual([
      { addresses: [{ ip: "10.0.0.1" }, { ip: "10.0.0.2" }], ports: [HTTP] },
      { addresses: [{ ip: "10.0.0.1" }], ports: [METRICS] },
    ]);
  });

  test("addresses are in the order of their text; a headless service may have no ports", () => {
    expect(packSubsets([pod("10.0.0.2", true, []), pod("10.0.0.10", true, [])])).toEqual([
      { addresses: [{ ip: "10.0.0.10" }, { ip: "10.0.0.2" }] },
    ]);
    expect(packSubsets([])).toEqual([]);
  });
});

describe("truncation", () => {
  const many = (count: number) => Array.from({ length: count }, (_, index) => ({ ip: `10.0.0.${index}` }));

  test("nothing happens to what fits", () => {
    const subsets = [{ addresses: many(3), notReadyAddresses: many(2) }];
    expect(truncateSubsets(subsets, 5)).toBe(subsets);
  });

  test("addresses that are not ready go first", () => {
    const [cut] = truncateSubsets([{ addresses: many(3), notReadyAddresses: many(4) }], 5);
    expect(cut?.addresses).toHaveLength(3);
    expect(cut?.notReadyAddresses).toHaveLength(2);
  });

  test("ready ones beyond the limit leave their subsets by share, rounded up", () => {
    const cut = truncateSubsets([{ addresses: many(5), notReadyAddresses: many(1) }, { addresses: many(4) }], 7);
    expect(cut.map(({ addresses = [] }) => addresses.length)).toEqual([4, 3]);
    expect(cut[0]?.notReadyAddresses).toBeUndefined();
  });
});

test("addresses by their number in the order of their text", () => {
  const text = (ip: number) => [24, 16, 8, 0].map((shift) => (ip >>> shift) & 255).join(".");
  const bytes = fc.array(fc.constantFrom(0, 1, 2, 9, 10, 11, 19, 99, 100, 101, 199, 200, 255), {
    minLength: 4,
    maxLength: 4,
  });
  const address = bytes.map((four) => four.reduce<number>((ip, byte) => ip * 256 + byte, 0));
  fc.assert(
    fc.property(address, address, (a, b) => {
      const byText = text(a) < text(b) ? -1 : text(a) > text(b) ? 1 : 0;
      expect(Math.sign(textOrder(a) - textOrder(b))).toBe(byText);
    }),
  );
});
