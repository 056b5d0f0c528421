import { seconds } from "../units/index.ts";
import type { Distribution, Timing } from "../world/plan.ts";
import type { Field } from "./field.ts";

const NOTHING: Distribution = { constant: 0 };

/**
 * How often usage is collected when the scenario does not say.
 *
 * @source metrics-server manifests/base/deployment.yaml (--metric-resolution=15s); heapster 1.4 --metric-resolution 60s
 */
const RESOLUTION = { "metrics-server": seconds(15), heapster: seconds(60) } as const;

/** Reads `spec.timing`, in which every default has been written out. */
export function readTiming(field: Field): Timing {
  const micros = (key: string): number => field.get(key).micros();
  const number = (key: string): number => field.get(key).number();
  const share = (key: string): number => field.get(key).share();
  const delay = (key: string): Distribution => field.get(key).distribution() ?? NOTHING;
  const metricsPipeline = field.get("metricsPipeline").text() === "heapster" ? "heapster" : "metrics-server";
  const timing: Timing = {
    nodeStatusUpdateMicros: micros("nodeStatusUpdate"),
    nodeStatusReportMicros: micros("nodeStatusReport"),
    leaseRenewMicros: micros("leaseRenew"),
    heartbeatJitter: share("heartbeatJitter"),
    nodeMonitorPeriodMicros: micros("nodeMonitorPeriod"),
    nodeMonitorGraceMicros: micros("nodeMonitorGrace"),
    nodeStartupGraceMicros: micros("nodeStartupGrace"),
    nodeMonitorPassMicros: micros("nodeMonitorPass"),
    nodeEvictionRate: number("nodeEvictionRate"),
    secondaryNodeEvictionRate: number("secondaryNodeEvictionRate"),
    largeClusterSizeThreshold: number("largeClusterSizeThreshold"),
    unhealthyZoneThreshold: share("unhealthyZoneThreshold"),
    terminatedPodGcThreshold: number("terminatedPodGcThreshold"),
    phases: field.get("phases").text() === "aligned" ? "aligned" : "random",
    kubeletHousekeepingMicros: micros("kubeletHousekeeping"),
    kubeletHousekeepingJitter: share("kubeletHousekeepingJitter"),
    metricsPipeline,
    metricsScrapeMicros: field.get("metricsScrape").micros(RESOLUTION[metricsPipeline]),
    customMetricsScrapeMicros: micros("customMetricsScrape"),
    customMetricsDelayMicros: micros("customMetricsDelay"),
    customMetricsWindowMicros: micros("customMetricsWindow"),
    hpaSyncMicros: micros("hpaSync"),
    hpaTolerance: share("hpaTolerance"),
    hpaDownscaleStabilizationMicros: micros("hpaDownscaleStabilization"),
    hpaCpuInitializationMicros: micros("hpaCpuInitialization"),
    hpaInitialReadinessDelayMicros: micros("hpaInitialReadinessDelay"),
    apiLatency: delay("apiLatency"),
    watchLatency: delay("watchLatency"),
    schedulerCycle: delay("schedulerCycle"),
    bindLatency: delay("bindLatency"),
    preemptionLatency: delay("preemptionLatency"),
    volumeProvision: delay("volumeProvision"),
    volumeDelete: delay("volumeDelete"),
    loadBalancerEnsure: delay("loadBalancerEnsure"),
    loadBalancerDelete: delay("loadBalancerDelete"),
    kubeletDelivery: delay("kubeletDelivery"),
    volumeMount: delay("volumeMount"),
    sandboxStart: delay("sandboxStart"),
    imageCheck: delay("imageCheck"),
    imagePullLatency: delay("imagePullLatency"),
    imageUnpackMicrosPerMebibyte: micros("imageUnpackPerMebibyte"),
    containerCreate: delay("containerCreate"),
    containerStart: delay("containerStart"),
    statusWrite: delay("statusWrite"),
    containerStop: delay("containerStop"),
    sandboxStop: delay("sandboxStop"),
    volumeUnmount: delay("volumeUnmount"),
    podDeletion: delay("podDeletion"),
    nodeBoot: delay("nodeBoot"),
    crashBackoffInitialMicros: micros("crashBackoffInitial"),
    crashBackoffMaxMicros: micros("crashBackoffMax"),
    crashBackoffResetMicros: micros("crashBackoffReset"),
    imageBackoffInitialMicros: micros("imageBackoffInitial"),
    imageBackoffMaxMicros: micros("imageBackoffMax"),
  };
  checkPeriods(field, timing);
  return timing;
}

/** A period of 0 would never let time pass. */
const PERIODS: readonly (readonly [string, keyof Timing])[] = [
  ["nodeStatusUpdate", "nodeStatusUpdateMicros"],
  ["leaseRenew", "leaseRenewMicros"],
  ["nodeMonitorPeriod", "nodeMonitorPeriodMicros"],
  ["metricsScrape", "metricsScrapeMicros"],
  ["customMetricsScrape", "customMetricsScrapeMicros"],
  ["hpaSync", "hpaSyncMicros"],
  ["crashBackoffInitial", "crashBackoffInitialMicros"],
  ["imageBackoffInitial", "imageBackoffInitialMicros"],
];

function checkPeriods(field: Field, timing: Timing): void {
  for (const [key, name] of PERIODS) {
    if (timing[name] === 0) field.get(key).report("E0405", `${field.get(key).label} must be greater than 0`);
  }
  if (timing.nodeMonitorGraceMicros <= timing.leaseRenewMicros) {
    field
      .get("nodeMonitorGrace")
      .report("E0405", "nodeMonitorGrace must be longer than leaseRenew: every node would be Unknown");
  }
}
