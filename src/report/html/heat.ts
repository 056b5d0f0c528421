import type { SeriesTable } from "../finished-run.ts";
import { plural } from "../text.ts";

/** Requests and use of nodes over time, ready for a heat map. */
export interface Heat {
  /** Names of the rows: nodes, or groups of them. */
  readonly rows: readonly string[];
  /** Seconds of the columns. */
  readonly x: readonly number[];
  /** Whole percent of what can be allocated, by measure, row and column; null where the node is not there. */
  readonly measures: Readonly<Record<HeatMeasure, readonly (readonly (number | null)[])[]>>;
  /** 1 where the node was not Ready. */
  readonly notReady: readonly (readonly number[])[];
  readonly text: string;
}

export const HEAT_MEASURES = ["cpu_requested", "cpu_used", "memory_requested", "memory_used"] as const;
export type HeatMeasure = (typeof HEAT_MEASURES)[number];

const ROWS_LIMIT = 120;
const COLUMNS_LIMIT = 160;

/** Nodes by zone and name; many become groups that show their highest, as a mean would hide it. Null without nodes. */
export function heatOf(table: SeriesTable | undefined): Heat | null {
  if (table === undefined || table.rowCount === 0) return null;
  const at = table.numbers("at_s");
  const x = [...new Set(at)].sort((a, b) => a - b);
  const columnCount = Math.min(COLUMNS_LIMIT, x.length);
  const columnOf = new Map(x.map((time, index) => [time, Math.floor((index * columnCount) / x.length)]));
  const nodes = [...table.groups("zone", "name").entries()].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  const rowCount = Math.min(ROWS_LIMIT, nodes.length);
  const groups = Array.from({ length: rowCount }, (_, row) =>
    nodes.slice(Math.floor((row * nodes.length) / rowCount), Math.floor(((row + 1) * nodes.length) / rowCount)),
  );
  const ready = table.numbers("ready");
  const grids = HEAT_MEASURES.map((measure) => {
    const values = table.numbers(`${measure}_ratio`);
    return groups.map((group) => highest(group, (row) => (values[row] ?? 0) * 100));
  });
  function highest(group: readonly [string, number[]][], value: (row: number) => number): (number | null)[] {
    const cells: (number | null)[] = Array.from({ length: columnCount }, () => null);
    for (const [, rows] of group) {
      for (const row of rows) {
        const column = columnOf.get(at[row] ?? 0) ?? 0;
        cells[column] = Math.max(cells[column] ?? 0, Math.round(value(row)));
      }
    }
    return cells;
  }
  const names = groups.map(groupName);
  const [requested = [], used = [], memoryRequested = [], memoryUsed = []] = grids;
  return {
    rows: names,
    x: Array.from({ length: columnCount }, (_, column) => x[Math.ceil((column * x.length) / columnCount)] ?? 0),
    measures: {
      cpu_requested: requested,
      cpu_used: used,
      memory_requested: memoryRequested,
      memory_used: memoryUsed,
    },
    notReady: groups.map((group) => highest(group, (row) => (ready[row] === 0 ? 1 : 0)).map((cell) => cell ?? 0)),
    text: `${plural(nodes.length, "node")}${rowCount < nodes.length ? ` in ${rowCount} groups, each cell the highest of its group` : ""}. ${peakText("CPU requests", requested, names)} ${peakText("CPU use", used, names)}`,
  };
}

function groupName(group: readonly [string, number[]][]): string {
  const name = (key: string | undefined): string => (key ?? "").slice((key ?? "").indexOf("/") + 1);
  const [first, last] = [group[0]?.[0], group.at(-1)?.[0]];
  return first === last ? name(first) : `${name(first)} … ${name(last)}`;
}

function peakText(what: string, grid: readonly (readonly (number | null)[])[], names: readonly string[]): string {
  let [most, where] = [-1, ""];
  for (const [row, cells] of grid.entries()) {
    for (const cell of cells) if (cell !== null && cell > most) [most, where] = [cell, names[row] ?? ""];
  }
  return most < 0 ? "" : `${what} reach ${most}% of what can be allocated, on ${where}.`;
}
