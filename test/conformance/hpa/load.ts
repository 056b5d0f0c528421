/** The metrics APIs of a recorded scenario: step functions of time, shared by the ready pods. */
import type { MetricsFailure, MetricsSource, SampleColumns } from "../../../src/control/hpa/index.ts";
import { CONDITION, POD_PHASE, type Store } from "../../../src/store/index.ts";

type Steps = readonly (readonly [number, number])[];

export interface RecordedLoad {
  readonly cpu?: Steps;
  readonly mem?: Steps;
  readonly qps?: Steps;
  readonly object?: Steps;
  readonly external?: Steps;
  readonly startCPU: number;
  /** Spans [from, to) in which every API fails. */
  readonly gaps?: Steps;
}

/** Answers as the recording's metrics client did. All numbers in `load` are whole; times are seconds. */
export function recordedMetrics(store: Store, load: RecordedLoad): MetricsSource {
  const second = () => Math.floor(store.engine.now / 1_000_000);
  const at = (steps: Steps | undefined) =>
    (steps ?? []).reduce((value, [from, next]) => (from <= second() ? next : value), 0);
  const gap = (): MetricsFailure | undefined =>
    (load.gaps ?? []).some(([from, to]) => second() >= from && second() < to)
      ? { error: "the server is currently unable to handle the request" }
      : undefined;
  const sample = (
    rows: Int32Array,
    into: SampleColumns,
    windowMicros: number,
    value: (share: number, isReady: boolean) => number,
  ) => {
    const { pods } = store;
    const running = Array.from(rows, (row) => pods.phase.get(row) === POD_PHASE.running && !pods.isDeleting(row));
    const ready = Array.from(rows, (row, i) => running[i] === true && pods.ready.get(row) === CONDITION.true);
    const readyCount = ready.filter(Boolean).length;
    for (let i = 0; i < rows.length; i++) {
      into.valueMilli[i] = running[i] === true ? value(readyCount, ready[i] === true) : Number.NaN;
      into.timestampMicros[i] = store.nowSecond;
      into.windowMicros[i] = windowMicros;
    }
    return running.filter(Boolean).length;
  };
  return {
    resource: ({ rows, count, resource }, into) =>
      gap() ??
      sample(rows.subarray(0, count), into, 30e6, (readyCount, isReady) => {
        if (resource === "memory") return at(load.mem) * 1000;
        return isReady ? Math.floor(at(load.cpu) / readyCount) : load.startCPU;
      }),
    pods: (_metric, { rows, count }, into) =>
      gap() ??
      sample(rows.subarray(0, count), into, 60e6, (readyCount, isReady) =>
        isReady ? Math.floor(at(load.qps) / readyCount) : 0,
      ),
    object: () => gap() ?? { valueMilli: at(load.object) },
    external: (_namespace, { name }) =>
      gap() ?? (name === "queue" ? { valuesMilli: [at(load.external)] } : { error: `no such metric ${name}` }),
  };
}
