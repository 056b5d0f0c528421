/**
 * Chooses rows of series that share their instants so that no more than about `limit` are left and each series keeps the
 * least and the greatest value of every stretch. The first and the last row stay. Returns row numbers in order.
 */
export function thinRows(columns: readonly (readonly number[])[], rowCount: number, limit: number): number[] {
  if (rowCount <= limit) return Array.from({ length: rowCount }, (_, row) => row);
  const stretches = Math.max(1, Math.floor(limit / (2 * columns.length + 1)));
  const kept = new Set<number>([0, rowCount - 1]);
  for (let stretch = 0; stretch < stretches; stretch++) {
    const from = Math.floor((stretch * rowCount) / stretches);
    const to = Math.floor(((stretch + 1) * rowCount) / stretches);
    kept.add(from);
    for (const column of columns) {
      const [least, greatest] = extremes(column, from, to);
      if (least !== -1) kept.add(least).add(greatest);
    }
  }
  return [...kept].sort((a, b) => a - b);
}

/** Rows of the first least and the first greatest number; −1 where there is none. */
function extremes(column: readonly number[], from: number, to: number): [least: number, greatest: number] {
  let [least, greatest] = [-1, -1];
  for (let row = from; row < to; row++) {
    const value = column[row] ?? Number.NaN;
    if (Number.isNaN(value)) continue;
    if (least === -1 || value < (column[least] ?? 0)) least = row;
    if (greatest === -1 || value > (column[greatest] ?? 0)) greatest = row;
  }
  return [least, greatest];
}
