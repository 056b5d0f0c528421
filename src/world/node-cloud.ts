import type { CloudGroup, NodeCloud } from "../control/index.ts";
import { assert, type Engine } from "../engine/index.ts";
import type { KubeNode } from "../kube/index.ts";
import { deepFreeze } from "../tables/index.ts";
import { minutes } from "../units/index.ts";
import type { NodeFleet } from "./node-fleet.ts";
import type { PlannedNode, PlannedPool, PoolAutoscale } from "./plan.ts";

/** Boot time of a machine that never boots: longer than any run. */
const NEVER = minutes(60 * 24 * 366 * 100);
/** What a cloud that is out of machines says. */
const OUT_OF_STOCK = "the cloud has no more machines of this kind";

type ScaledPool = PlannedPool & { readonly autoscale: PoolAutoscale };

/** The pools of a plan that may change their size, as the cluster autoscaler's cloud. */
export function nodeCloud(engine: Engine, fleet: NodeFleet): NodeCloud {
  const pools = fleet.pools.filter((pool): pool is ScaledPool => pool.autoscale !== undefined);
  return {
    groups: pools.map(groupOf),
    get version() {
      return fleet.version;
    },
    machinesOf: (group) => fleet.instancesOf(group),
    nextNode: (group) => {
      const next = fleet.next(group);
      assert(next !== undefined, () => `there is no node pool "${group}"`);
      return nodeOf(next);
    },
    increase: (group, count) => {
      const { refusedShare, stuckShare } = pools.find(({ name }) => name === group)?.autoscale ?? NO_FAILURES;
      const stream = engine.streams.stream(`fleet/failures/${group}`);
      if (refusedShare > 0 && stream.uniform() < refusedShare) return OUT_OF_STOCK;
      for (let index = 0; index < count; index++) {
        if (stuckShare > 0 && stream.uniform() < stuckShare) fleet.add(group, NEVER);
        else fleet.add(group);
      }
      return undefined;
    },
    remove: (name) => {
      fleet.remove(name);
    },
  };
}

/** How large a group is: machines that were ordered and have not gone, and those of them whose nodes have registered. */
export interface NodeGroupSize {
  readonly name: string;
  readonly target: number;
  readonly size: number;
  readonly min: number;
  readonly max: number;
}

/** The sizes of the pools that may change theirs. */
export function nodeGroupSizes(fleet: NodeFleet): NodeGroupSize[] {
  return fleet.pools.flatMap(({ name, autoscale }) => {
    if (autoscale === undefined) return [];
    const machines = fleet.instancesOf(name);
    const size = machines.filter((machine) => fleet.stateOf(machine) === "running").length;
    return [{ name, target: machines.length, size, min: autoscale.min, max: autoscale.max }];
  });
}

const NO_FAILURES = { refusedShare: 0, stuckShare: 0 };

function groupOf({ name, autoscale, template }: ScaledPool): CloudGroup {
  return { id: name, min: autoscale.min, max: autoscale.max, pricePerHour: template.pricePerHour };
}

/** A node as it is when it has joined and is ready. */
function nodeOf({ name, labels, annotations, taints, unschedulable, capacity, allocatable }: PlannedNode): KubeNode {
  return deepFreeze({
    apiVersion: "v1",
    kind: "Node",
    metadata: { name, labels, annotations },
    spec: { taints, ...(unschedulable ? { unschedulable } : {}) },
    status: {
      capacity,
      allocatable,
      conditions: [{ type: "Ready", status: "True" as const }],
    },
  });
}
