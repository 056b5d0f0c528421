import type { MetricsSource, PodRowsQuery, ResourceQuery, SampleColumns, SampleCount } from "../control/index.ts";
import type { UsageMeter } from "../metrics/index.ts";
import type { Store } from "../store/index.ts";
import type { CustomMetrics } from "./custom-metrics.ts";

const MICROS_PER_SECOND = 1_000_000;
const MILLI = 1000;
/** @source kubernetes 1.37 pkg/controller/podautoscaler/metrics/client.go */
const NO_CUSTOM_METRICS = "no custom metrics API (custom.metrics.k8s.io) registered";
const NO_EXTERNAL_METRICS = "no external metrics API (external.metrics.k8s.io) registered";

/** The metrics APIs of this cluster as the HPA reads them: metrics-server's samples, and an adapter's where there is one. */
export function hpaMetrics(store: Store, meter: UsageMeter, custom: CustomMetrics): MetricsSource {
  const resource: MetricsSource["resource"] = (query, into) => resourceSamples(store, meter, query, into);
  const addCpu: MetricsSource["addCpu"] = (group, into) => meter.addShown(group, into);
  if (custom.isServed) {
    return {
      resource,
      addCpu,
      pods: (metric, query, into) => custom.pods(metric, query, into),
      object: (namespace, described, metric) => custom.object(namespace, described, metric),
      external: (namespace, metric) => custom.external(namespace, metric),
    };
  }
  return {
    resource,
    addCpu,
    pods: () => ({ error: NO_CUSTOM_METRICS }),
    object: () => ({ error: NO_CUSTOM_METRICS }),
    external: () => ({ error: NO_EXTERNAL_METRICS }),
  };
}

// hot: every pod of every HPA at every sync (bench/world).
function resourceSamples(
  store: Store,
  meter: UsageMeter,
  query: ResourceQuery & PodRowsQuery,
  into: SampleColumns,
): SampleCount {
  const isCpu = query.resource === "cpu";
  const isKnown = isCpu || query.resource === "memory";
  let shown = 0;
  for (let i = 0; i < query.count; i++) {
    const row = query.rows[i]!;
    const at = meter.shownAt(row);
    if (at === -1 || !isKnown || !bears(store, row, query.container)) {
      into.valueMilli[i] = Number.NaN;
      if (at !== -1) shown++;
      continue;
    }
    shown++;
    into.valueMilli[i] = isCpu ? meter.shownMilli(row) : meter.shownBytes(row) * MILLI;
    into.timestampMicros[i] = Math.floor(at / MICROS_PER_SECOND) * MICROS_PER_SECOND;
    into.windowMicros[i] = meter.shownWindow(row);
  }
  return shown;
}

/**
 * Whether the pod's usage is that of the container asked for.
 *
 * DEVIATION(usage-per-pod): usage is kept by pod; a named container has it where the pod has only that container.
 */
function bears(store: Store, row: number, container: string): boolean {
  if (container === "") return true;
  const { containers } = store.pods.templateOf(row).spec;
  return containers.length === 1 && containers[0]?.name === container;
}
