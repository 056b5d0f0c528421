/** A slice as packing sees it: how many endpoints it has and may take. */
export interface OpenSlice {
  readonly slice: number;
  readonly count: number;
}

/** Where new endpoints go: so many into each existing slice, the rest into new slices of these sizes. */
export interface Packing {
  readonly existing: readonly { readonly slice: number; readonly added: number }[];
  readonly created: readonly number[];
}

/**
 * Spreads new endpoints of one list of ports over slices: first into slices that are written anyway, the fullest first;
 * what remains, when less than a slice, into the unchanged slice that it fills best; else into new ones.
 *
 * @source kubernetes 1.37 staging/src/k8s.io/endpointslice reconcileByPortMapping, GetSliceToFill
 */
export function pack(
  addedCount: number,
  updated: readonly OpenSlice[],
  unchanged: readonly OpenSlice[],
  maxPerSlice: number,
): Packing {
  let left = addedCount;
  const existing: { slice: number; added: number }[] = [];
  const created: number[] = [];
  for (const { slice, count } of [...updated].sort((a, b) => b.count - a.count || a.slice - b.slice)) {
    const added = Math.min(left, maxPerSlice - count);
    if (added <= 0) continue;
    existing.push({ slice, added });
    left -= added;
  }
  if (left > 0 && left < maxPerSlice) {
    const best = fullest(unchanged, left, maxPerSlice);
    if (best !== undefined) {
      existing.push({ slice: best.slice, added: left });
      left = 0;
    }
  }
  for (; left > 0; left -= maxPerSlice) created.push(Math.min(left, maxPerSlice));
  return { existing, created };
}

/** The slice that comes closest to full with so many more; the first of equals. */
function fullest(slices: readonly OpenSlice[], added: number, maxPerSlice: number): OpenSlice | undefined {
  let best: OpenSlice | undefined;
  let closest = maxPerSlice;
  for (const open of slices) {
    const room = maxPerSlice - open.count - added;
    if (room < 0 || room >= closest) continue;
    closest = room;
    best = open;
    if (room === 0) break;
  }
  return best;
}
