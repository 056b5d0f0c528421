/** Orders texts with the numbers in them as numbers: P2 before P10. */
export function byNature(a: string, b: string): number {
  const left = a.match(/[0-9]+|[^0-9]/g) ?? [];
  const right = b.match(/[0-9]+|[^0-9]/g) ?? [];
  for (let i = 0; i < left.length && i < right.length; i++) {
    const x = left[i] ?? "";
    const y = right[i] ?? "";
    if (x === y) continue;
    const isNumeric = /^[0-9]/.test(x) && /^[0-9]/.test(y);
    if (!isNumeric) return x < y ? -1 : 1;
    if (Number(x) !== Number(y)) return Number(x) - Number(y);
  }
  return left.length - right.length;
}
