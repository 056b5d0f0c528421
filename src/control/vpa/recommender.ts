import { PHASE, PROCESS, podRequests } from "../../kube/index.ts";
import type { UsageMeter } from "../../metrics/index.ts";
import { POD_PHASE, type Store } from "../../store/index.ts";
import { StateMap, sameData } from "../../tables/index.ts";
import { type Micros, minutes } from "../../units/index.ts";
import type { Sample } from "./decaying-histogram.ts";
import {
  bytesAfterOom,
  type MemoryWindow,
  NO_HISTORY,
  NO_WINDOW,
  observeMemory,
  type UsageHistory,
  withCpu,
  withPeaks,
} from "./estimate.ts";
import { targetPods, vpaRows } from "./objects.ts";
import { recommend, statusWith, type VerticalPodAutoscaler } from "./recommendation.ts";

/** @source vertical-pod-autoscaler 1.6 flag recommender-interval */
const PERIOD: Micros = minutes(1);
const MILLI = 1000;

/** What is remembered of one pod. Unix microseconds. */
interface PodMemory {
  readonly window: MemoryWindow;
  readonly seenAt: Micros;
  readonly restarts: number;
}

const NEVER_SEEN: PodMemory = Object.freeze({ window: NO_WINDOW, seenAt: 0, restarts: 0 });

/**
 * The recommender of the vertical pod autoscaler: once a minute it adds what metrics-server shows to its histograms and writes what
 * containers should ask for into the status of each VerticalPodAutoscaler.
 *
 * @source vertical-pod-autoscaler 1.6 pkg/recommender/routines/recommender.go
 *
 * DEVIATION(vpa-single-container): usage is kept by pod, so pods with several containers are not recommended for.
 */
export class VpaRecommender {
  readonly #store: Store;
  readonly #meter: UsageMeter;
  /** By `namespace/vpa/container`. */
  readonly #histories: StateMap<string, UsageHistory>;
  /** By the serial number of the pod. */
  readonly #pods: StateMap<number, PodMemory>;
  readonly #tickKind: number;

  constructor(store: Store, meter: UsageMeter) {
    const { engine } = store;
    this.#store = store;
    this.#meter = meter;
    this.#histories = new StateMap(engine.cells, "vpa.histories");
    this.#pods = new StateMap(engine.cells, "vpa.pods");
    this.#tickKind = engine.define("vpa.recommend", PHASE.control, () => this.#tick(), {
      process: PROCESS.verticalPodAutoscaler,
    });
  }

  start(): void {
    this.#store.engine.after(PERIOD, this.#tickKind);
  }

  #tick(): void {
    const seen = new Set<number>();
    for (const row of vpaRows(this.#store)) this.#sync(row, seen);
    for (const serial of [...this.#pods.keys()]) if (!seen.has(serial)) this.#pods.delete(serial);
    this.#store.engine.after(PERIOD, this.#tickKind);
  }

  #sync(row: number, seen: Set<number>): void {
    const table = this.#store.documents<VerticalPodAutoscaler>("Other");
    const vpa = table.get(row);
    const { metadata, spec, status } = vpa;
    const { namespace = "default", name = "" } = metadata;
    const rows = targetPods(this.#store, vpa);
    const [first] = rows;
    const template = first === undefined ? undefined : this.#store.pods.templateOf(first).spec;
    const [container, ...others] = template?.containers ?? [];
    const histories = new Map<string, UsageHistory>();
    if (container !== undefined && others.length === 0) {
      const key = `${namespace}/${name}/${container.name}`;
      const history = this.#learn(this.#histories.get(key) ?? NO_HISTORY, rows, seen);
      this.#histories.set(key, history);
      histories.set(container.name, history);
    }
    const policies = spec.resourcePolicy?.containerPolicies ?? [];
    const recommendations = template === undefined ? [] : recommend(template, histories, policies);
    const nowText = this.#store.timestamp(this.#store.nowSecond);
    const next = statusWith(status, recommendations, rows.length > 0, nowText);
    if (!this.#store.writer.updateStatus(table, row, next)) return;
    if (!this.#store.decisions.isEnabled || sameData(status?.recommendation, next.recommendation)) return;
    const samples = [...histories.values()].reduce((sum, { sampleCount }) => sum + sampleCount, 0);
    const object = `vpa/${namespace}/${name}`;
    this.#store.decisions.write({ by: "vpa", what: "recommend", object, pods: rows.length, samples, recommendations });
  }

  #learn(history: UsageHistory, rows: readonly number[], seen: Set<number>): UsageHistory {
    const { pods, epochMicros } = this.#store;
    const cpu: { cores: number; at: Micros }[] = [];
    const peaks: Sample[] = [];
    for (const row of rows) {
      const serial = pods.serial.get(row);
      seen.add(serial);
      let { window, seenAt, restarts } = this.#pods.get(serial) ?? NEVER_SEEN;
      if (pods.restarts.get(row) > restarts && this.#wasKilledForMemory(row)) {
        const bytes = bytesAfterOom(podRequests(pods.templateOf(row).spec).memoryBytes, window.peakBytes);
        const oom = observeMemory(window, bytes, epochMicros + this.#store.engine.now);
        window = oom.window;
        peaks.push(...oom.samples);
      }
      const shownAt = this.#meter.shownAt(row);
      const at = epochMicros + shownAt;
      if (shownAt !== -1 && at > seenAt && pods.phase.get(row) === POD_PHASE.running) {
        seenAt = at;
        cpu.push({ cores: this.#meter.shownMilli(row) / MILLI, at });
        const memory = observeMemory(window, this.#meter.shownBytes(row), at);
        window = memory.window;
        peaks.push(...memory.samples);
      }
      restarts = pods.restarts.get(row);
      this.#pods.set(serial, Object.freeze({ window: Object.freeze(window), seenAt, restarts }));
    }
    cpu.sort((a, b) => a.at - b.at);
    return withPeaks(withCpu(history, cpu), peaks);
  }

  #wasKilledForMemory(row: number): boolean {
    const statuses = this.#store.pods.containers.get(row) ?? [];
    return statuses.some(({ lastState }) => lastState?.terminated?.reason === "OOMKilled");
  }
}
