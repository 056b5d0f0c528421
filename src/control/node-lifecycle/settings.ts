import type { Micros } from "../../engine/index.ts";
import {
  LARGE_CLUSTER_SIZE_THRESHOLD,
  NODE_EVICTION_RATE,
  NODE_MONITOR_GRACE,
  NODE_MONITOR_PERIOD,
  NODE_STARTUP_GRACE,
  SECONDARY_NODE_EVICTION_RATE,
  UNHEALTHY_ZONE_THRESHOLD,
} from "../../kube/index.ts";
import { millis } from "../../units/index.ts";

/** Flags of the controller, and how long its work takes. Spans are microseconds, rates nodes a second. */
export interface NodeLifecycleSettings {
  readonly monitorPeriodMicros: Micros;
  readonly gracePeriodMicros: Micros;
  readonly startupGraceMicros: Micros;
  readonly evictionRate: number;
  readonly secondaryEvictionRate: number;
  readonly largeClusterSizeThreshold: number;
  readonly unhealthyZoneThreshold: number;
  /**
   * How long a monitor pass takes; the period counts from its end. With any time at all the tenth pass after the last
   * sign of life lies past the grace of 50 s; in no time it lies exactly on it and the eleventh detects.
   */
  readonly passMicros: Micros;
  /** How long the write of a node's status takes to return. Visible at once; what follows from it waits. */
  readonly statusWriteMicros: Micros;
  /** From a change of a node to the write of the NoSchedule taints and labels that follow from it. */
  readonly taintWriteMicros: Micros;
  /** Order of nodes that entered a tainting queue at the same instant. Default: by name. */
  readonly compareTied: (a: string, b: string) => number;
  /** Whether looks at the tainting queues come before all else that is due at their instant, which the original leaves open. */
  readonly looksFirst: boolean;
}

export const NODE_LIFECYCLE_DEFAULTS: NodeLifecycleSettings = {
  monitorPeriodMicros: NODE_MONITOR_PERIOD,
  gracePeriodMicros: NODE_MONITOR_GRACE,
  startupGraceMicros: NODE_STARTUP_GRACE,
  evictionRate: NODE_EVICTION_RATE,
  secondaryEvictionRate: SECONDARY_NODE_EVICTION_RATE,
  largeClusterSizeThreshold: LARGE_CLUSTER_SIZE_THRESHOLD,
  unhealthyZoneThreshold: UNHEALTHY_ZONE_THRESHOLD,
  passMicros: millis(1),
  statusWriteMicros: millis(1),
  taintWriteMicros: 0,
  compareTied: (a, b) => (a < b ? -1 : a > b ? 1 : 0),
  looksFirst: false,
};
