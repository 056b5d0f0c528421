import { describe, expect, it } from "vitest";
import { Engine } from "../engine/index.ts";
import { RefColumn } from "../tables/index.ts";
import { ClientPool, type Connections, NO_CONNECTIONS, TURNS } from "./client-pool.ts";

function pool(count: number, keepAliveMicros = 90_000_000): ClientPool {
  const engine = new Engine({ seed: 3 });
  const cells = new RefColumn<Connections>(engine.cells, "connections", NO_CONNECTIONS);
  return new ClientPool(engine, cells, 0, { name: "visitors", clients: { count, keepAliveMicros } });
}

const sharesOf = (clients: ClientPool, serials: readonly number[]) => serials.map((serial) => clients.shareOf(serial));

describe("ClientPool", () => {
  it("spreads connections at random: not alike, and all of them", () => {
    const clients = pool(40);
    clients.follow([1, 2, 3, 4]);
    const shares = sharesOf(clients, [1, 2, 3, 4]);
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
    expect(new Set(shares).size).toBeGreaterThan(1);
    expect(clients.shareOf(9)).toBe(0);
  });

  it("gives a new endpoint nothing until connections end, and its part once all have", () => {
    const clients = pool(10_000);
    clients.follow([1, 2]);
    clients.follow([1, 2, 3]);
    expect(clients.shareOf(3)).toBe(0);
    for (let turn = 0; turn < TURNS; turn++) clients.endTurn([1, 2, 3], 0);
    for (const share of sharesOf(clients, [1, 2, 3])) expect(share).toBeCloseTo(1 / 3, 1);
  });

  it("connects those at once whose endpoint is gone, and nobody else", () => {
    const clients = pool(1000);
    clients.follow([1, 2, 3]);
    const before = clients.shareOf(1);
    clients.follow([1, 3]);
    expect(clients.shareOf(2)).toBe(0);
    expect(clients.shareOf(1)).toBeGreaterThan(before);
    expect(clients.shareOf(1) + clients.shareOf(3)).toBeCloseTo(1, 12);
    clients.follow([]);
    expect(sharesOf(clients, [1, 3])).toEqual([0, 0]);
  });

  it("keeps clients where they are under session affinity, but for connections that outlast it", () => {
    const clients = pool(100);
    clients.follow([1, 2]);
    clients.follow([1, 2, 3]);
    for (let turn = 0; turn < TURNS; turn++) clients.endTurn([1, 2, 3], 10_800_000_000);
    expect(clients.shareOf(3)).toBe(0);
    for (let turn = 0; turn < TURNS; turn++) clients.endTurn([1, 2, 3], 60_000_000);
    expect(clients.shareOf(3)).toBeGreaterThan(0);
  });
});
