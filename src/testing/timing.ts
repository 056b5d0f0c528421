import { millis, minutes, seconds } from "../units/index.ts";
import type { Timing } from "../world/plan.ts";

const between = (min: number, max: number) => ({ uniform: { min: millis(min), max: millis(max) } });
const always = (count: number) => ({ constant: millis(count) });

/** What `spec.timing` of a scenario is when nothing is said; a test compares the two. */
export const DEFAULT_TIMING: Timing = {
  nodeStatusUpdateMicros: seconds(10),
  nodeStatusReportMicros: minutes(5),
  leaseRenewMicros: seconds(10),
  heartbeatJitter: 0.04,
  nodeMonitorPeriodMicros: seconds(5),
  nodeMonitorGraceMicros: seconds(50),
  nodeStartupGraceMicros: seconds(60),
  nodeMonitorPassMicros: millis(1),
  nodeEvictionRate: 0.1,
  secondaryNodeEvictionRate: 0.01,
  largeClusterSizeThreshold: 50,
  unhealthyZoneThreshold: 0.55,
  terminatedPodGcThreshold: 12_500,
  metricsScrapeMicros: seconds(15),
  hpaSyncMicros: seconds(15),
  hpaTolerance: 0.1,
  hpaDownscaleStabilizationMicros: minutes(5),
  hpaCpuInitializationMicros: minutes(5),
  hpaInitialReadinessDelayMicros: seconds(30),
  schedulerCycle: always(1),
  bindLatency: always(4),
  kubeletDelivery: between(5, 20),
  volumeMount: between(50, 150),
  sandboxStart: between(300, 600),
  imageCheck: always(5),
  imagePullLatency: always(200),
  imageUnpackMicrosPerMebibyte: millis(2),
  containerCreate: always(80),
  containerStart: always(50),
  statusWrite: always(10),
  containerStop: always(100),
  sandboxStop: between(100, 300),
  volumeUnmount: between(0, 300),
  podDeletion: between(500, 1500),
  nodeBoot: always(30_000),
  crashBackoffInitialMicros: seconds(10),
  crashBackoffMaxMicros: minutes(5),
  crashBackoffResetMicros: minutes(10),
  imageBackoffInitialMicros: seconds(10),
  imageBackoffMaxMicros: minutes(5),
};
