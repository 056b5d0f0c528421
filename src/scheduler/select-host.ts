/**
 * Index of the node that the scheduler takes: the root of a heap built over the totals in feasible order.
 *
 * Ties are not broken at random: without extenders they are decided by the shape of the heap alone. Building a heap
 * lifts an element only over a smaller one, and the left child where both are equal: so the first of the best in
 * preorder of the heap's tree ends at the root, and nothing needs to be moved to find it.
 * @source kubernetes 1.37 schedule_one.go, container/heap over node scores
 */
// hot: once a feasible node for every attempt.
export function selectHost(totals: Float64Array, count: number): number {
  let best = 0;
  let most = totals[0]!;
  for (let i = 1; i < count; i++) {
    const total = totals[i]!;
    if (total > most || (total === most && isBefore(i, best))) {
      most = total;
      best = i;
    }
  }
  return best;
}

/** Whether element `later` stands before the smaller index `earlier` in preorder: left of it, not below it. */
export function isBefore(later: number, earlier: number): boolean {
  const level = Math.clz32(earlier + 1) - Math.clz32(later + 1);
  return (later + 1) >> level < earlier + 1;
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
