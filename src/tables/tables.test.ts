import fc from "fast-check";
import { expect, test } from "vitest";
import { CellRegistry, Column, Fifo, Interner, Links, RefColumn, Rows, StateMap, StateValue } from "./index.ts";

test("columns of all arrays grow, and read their fill where nothing was written", () => {
  for (const make of [Uint8Array, Uint16Array, Int32Array, Uint32Array, Float64Array]) {
    const registry = new CellRegistry();
    const column = new Column(registry, "c", make, 7);
    expect(column).toBeInstanceOf(Column);
    column.set(100, 3);
    expect([column.get(0), column.get(100), column.get(1000)]).toEqual([7, 3, 7]);
    const other = new Column(new CellRegistry(), "c", make);
    other.load(column.save());
    expect(other.get(100)).toBe(3);
    expect(() => registry.add(column)).toThrow();
  }
});

test("a column grows, keeps its numbers and reads its fill beyond them", () => {
  const column = new Column(new CellRegistry(), "c", Int32Array, -1);
  column.set(100, 7);
  expect([column.get(100), column.get(99), column.get(5000)]).toEqual([7, -1, -1]);
});

test("a freed row comes back under the next generation", () => {
  const rows = new Rows(new CellRegistry(), "r");
  const first = rows.allocate();
  const generation = rows.generationOf(first);
  rows.free(first);
  expect(rows.isLive(first)).toBe(false);
  expect(rows.allocate()).toBe(first);
  expect(rows.generationOf(first)).toBe(generation + 1);
  rows.free(first);
  expect(() => rows.free(first)).toThrow("not in use");
});

test("two cells of one name are refused", () => {
  const registry = new CellRegistry();
  new StateValue(registry, "x", 1);
  expect(() => new StateValue(registry, "x", 2)).toThrow('cell "x" exists already');
});

test("lists over rows behave as arrays do", () => {
  const steps = fc.array(fc.record({ list: fc.nat(3), row: fc.nat(9), remove: fc.boolean() }), { maxLength: 60 });
  fc.assert(
    fc.property(steps, (ops) => {
      const links = new Links(new CellRegistry(), "l");
      const model: number[][] = [[], [], [], []];
      for (const { list, row, remove } of ops) {
        for (const rows of model) if (rows.includes(row)) rows.splice(rows.indexOf(row), 1);
        if (remove) links.remove(row);
        else {
          links.append(list, row);
          model[list]?.push(row);
        }
      }
      expect(model.map((_, list) => links.rows(list))).toEqual(model);
      expect(model.map((_, list) => links.count(list))).toEqual(model.map((rows) => rows.length));
    }),
  );
});

test("what is saved comes back, and later changes do not reach it", () => {
  const build = () => {
    const registry = new CellRegistry();
    return {
      registry,
      column: new Column(registry, "column", Float64Array),
      refs: new RefColumn<string>(registry, "refs", ""),
      rows: new Rows(registry, "rows"),
      map: new StateMap<string, number>(registry, "map"),
      value: new StateValue(registry, "value", 0),
      fifo: new Fifo(registry, "fifo"),
      names: new Interner(registry, "names"),
    };
  };
  const a = build();
  a.column.set(3, 1.5);
  a.refs.set(2, "two");
  a.rows.allocate();
  a.map.set("k", 1);
  a.value.value = 9;
  for (let i = 0; i < 40; i++) a.fifo.push(i);
  a.fifo.shift();
  a.names.idOf("x");
  const snapshot = a.registry.save();
  a.column.set(3, 2);
  a.map.set("k", 2);
  a.fifo.shift();
  const b = build();
  b.registry.load(snapshot);
  expect(b.column.get(3)).toBe(1.5);
  expect(b.refs.get(2)).toBe("two");
  expect(b.rows.allocate()).toBe(1);
  expect([...b.map]).toEqual([["k", 1]]);
  expect([b.value.value, b.fifo.length, b.fifo.shift(), b.names.find("x")]).toEqual([9, 39, 1, 0]);
});

test("a snapshot of another world is refused", () => {
  const registry = new CellRegistry();
  new StateValue(registry, "x", 1);
  expect(() => registry.load(new Map())).toThrow('the snapshot lacks "x"');
  expect(() => new CellRegistry().load(registry.save())).toThrow('"x"');
});
