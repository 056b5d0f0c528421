/** Rows as aligned columns, two spaces apart. @param isRight which columns are set to the right */
export function columns(rows: readonly (readonly string[])[], isRight: readonly boolean[]): string[] {
  const widths = isRight.map((_, column) => Math.max(0, ...rows.map((row) => lengthOf(row[column]))));
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const space = " ".repeat((widths[column] ?? 0) - lengthOf(cell));
        return isRight[column] === true ? space + cell : cell + space;
      })
      .join("  ")
      .trimEnd(),
  );
}

function lengthOf(text = ""): number {
  return [...text].length;
}
