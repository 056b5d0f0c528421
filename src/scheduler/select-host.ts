/**
 * Index of the node that the scheduler takes: the root of a heap built over the totals in feasible order.
 *
 * Ties are not broken at random: without extenders they are decided by the shape of the heap alone. Equal totals
 * everywhere give the first node.
 * @source kubernetes 1.37 schedule_one.go, container/heap over node scores
 */
export function selectHost(totals: Float64Array, count: number): number {
  const heap = new Int32Array(count);
  for (let i = 0; i < count; i++) heap[i] = i;
  for (let root = (count >> 1) - 1; root >= 0; root--) siftDown(heap, totals, root, count);
  return heap[0] as number;
}

function siftDown(heap: Int32Array, totals: Float64Array, root: number, count: number): void {
  let parent = root;
  for (;;) {
    const left = 2 * parent + 1;
    if (left >= count) return;
    const right = left + 1;
    const child = right < count && totals[heap[right]!]! > totals[heap[left]!]! ? right : left;
    const isHigher = totals[heap[child]!]! > totals[heap[parent]!]!;
    if (!isHigher) return;
    const moved = heap[parent]!;
    heap[parent] = heap[child]!;
    heap[child] = moved;
    parent = child;
  }
}

/**
 * How many feasible nodes end the search. `percentage` 0 adapts to the size of the cluster.
 * @source kubernetes 1.37 schedule_one.go numFeasibleNodesToFind
 */
export function feasibleNodesToFind(nodeCount: number, percentage: number): number {
  if (nodeCount < MIN_FEASIBLE_NODES) return nodeCount;
  const percent = percentage === 0 ? Math.max(50 - Math.trunc(nodeCount / 125), 5) : percentage;
  return Math.max(Math.trunc((nodeCount * percent) / 100), MIN_FEASIBLE_NODES);
}

const MIN_FEASIBLE_NODES = 100;
