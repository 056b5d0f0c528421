import type { Created } from "./pod-control.ts";

/**
 * The order in which the items of one batch are created. The original creates them side by side; its recordings under
 * virtual time show the last one first.
 */
export type BatchOrder = "in-order" | "last-first";

export interface SlowStartResult {
  /** Names of the created pods, in the order of creation. */
  readonly names: readonly string[];
  /** Text of the first refusal. */
  readonly failure: string | undefined;
  /** How many of the items were refused or not tried; those that a terminating namespace swallowed are still awaited. */
  readonly skipped: number;
}

/**
 * Creates `count` items in batches of 1, 2, 4, …; a batch with a refusal is the last.
 *
 * @source kubernetes 1.37 pkg/controller/replicaset/replica_set.go slowStartBatch
 */
export function slowStart(
  count: number,
  create: (item: number) => Created,
  order: BatchOrder = "in-order",
): SlowStartResult {
  const names: string[] = [];
  let failure: string | undefined;
  let done = 0;
  let ignored = 0;
  for (let batch = 1; done < count && failure === undefined; batch *= 2) {
    const size = Math.min(batch, count - done);
    for (let i = 0; i < size; i++) {
      const item = done + (order === "in-order" ? i : (i + size - 1) % size);
      const created = create(item);
      if ("name" in created) names.push(created.name);
      else if ("failure" in created) failure ??= created.failure;
      else ignored++;
    }
    done += size;
  }
  return { names, failure, skipped: count - names.length - ignored };
}
