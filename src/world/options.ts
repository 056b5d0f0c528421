import { assert } from "../engine/index.ts";
import type { AppModel, KubeletOptions, NodeRegistration } from "../node/index.ts";
import { KUBELET_DEFAULTS } from "../node/index.ts";
import type { SchedulerOptions } from "../scheduler/index.ts";
import { seconds } from "../units/index.ts";
import type { Workload, WorkloadOptions } from "../workload/index.ts";
import { ownPlugin, type PluginModules, type RunOfPlugins } from "./own-plugins.ts";
import type { Plan, PlannedNode } from "./plan.ts";

/**
 * How long the containers of a Job's pod run when no load says so: Jobs are there to finish.
 *
 * DEVIATION(job-run-time): no container knows how long its work takes; without a `runFor` it takes 30 s and succeeds.
 */
const JOB_RUN = { constant: seconds(30) };
/** How often a curve that moves continuously is looked at. */
const LOAD_TICK = seconds(15);
/** What a process that serves nobody costs. An assumption of this model: small, and not zero, since what uses nothing has no metrics. */
export const workloadIdle = { cpuMilli: 1, memoryBytes: 16 * 1024 * 1024 };

export function workloadOptions(plan: Plan, onOutOfMemory: (podRow: number) => void): WorkloadOptions {
  const sharesCpu = plan.fidelity.cpuContention === true;
  return { loads: plan.loads, tickMicros: LOAD_TICK, idle: workloadIdle, onOutOfMemory, sharesCpu };
}

/** The kubelets' settings: the plan's timing and images, and the applications that the loads describe. */
export function kubeletOptions(plan: Plan, workload: Workload, isJobPod: (podRow: number) => boolean): KubeletOptions {
  const app = (podRow: number, container: number): AppModel => {
    const stop = workload.stopDelay(podRow);
    const ownRun = container < 0 ? null : workload.runOf(podRow, container);
    const run = ownRun ?? (container >= 0 && isJobPod(podRow) ? { forMicros: JOB_RUN, exitCode: 0 } : null);
    return {
      readyAfterMicros: workload.warmUpMicros(podRow),
      ...(stop === null ? {} : { stop }),
      ...(run === null ? {} : { runFor: run.forMicros, exitCode: run.exitCode }),
    };
  };
  const { timing } = plan;
  return {
    ...KUBELET_DEFAULTS,
    kubeletDelivery: timing.kubeletDelivery,
    volumeMount: timing.volumeMount,
    sandboxStart: timing.sandboxStart,
    imageCheck: timing.imageCheck,
    imagePullLatency: timing.imagePullLatency,
    imageUnpackMicrosPerMebibyte: timing.imageUnpackMicrosPerMebibyte,
    containerCreate: timing.containerCreate,
    containerStart: timing.containerStart,
    statusWrite: timing.statusWrite,
    containerStop: timing.containerStop,
    sandboxStop: timing.sandboxStop,
    volumeUnmount: timing.volumeUnmount,
    podDeletion: timing.podDeletion,
    nodeBoot: timing.nodeBoot,
    crashBackoffInitialMicros: timing.crashBackoffInitialMicros,
    crashBackoffMaxMicros: timing.crashBackoffMaxMicros,
    crashBackoffResetMicros: timing.crashBackoffResetMicros,
    imageBackoffInitialMicros: timing.imageBackoffInitialMicros,
    imageBackoffMaxMicros: timing.imageBackoffMaxMicros,
    leaseRenewMicros: timing.leaseRenewMicros,
    nodeStatusUpdateMicros: timing.nodeStatusUpdateMicros,
    nodeStatusReportMicros: timing.nodeStatusReportMicros,
    heartbeatJitter: timing.heartbeatJitter,
    images: plan.images,
    app,
  };
}

/** The scheduler's profiles, and the plugins of the user's own that they enable. */
export function schedulerOptions(plan: Plan, modules: PluginModules, run: RunOfPlugins): SchedulerOptions {
  const { scheduler, record } = plan;
  const own = new Map(
    (scheduler?.plugins ?? []).map(({ name, path }) => {
      const module = modules.get(name);
      assert(module !== undefined, () => `the code of scheduler plugin "${name}" was not given to the world`);
      return [name, ownPlugin(module, path, run)];
    }),
  );
  return {
    ...(scheduler === undefined ? {} : { config: scheduler.config, own }),
    recordsResults: record.schedulerResults === true,
  };
}

export function nodeRegistration(node: PlannedNode): NodeRegistration {
  return {
    name: node.name,
    labels: node.labels,
    annotations: node.annotations,
    taints: node.taints,
    unschedulable: node.unschedulable,
    capacity: node.capacity,
    allocatable: node.allocatable,
    ready: true,
    images: node.images,
    imageBandwidthBytesPerSecond: node.imageBandwidthBytesPerSecond,
    parallelImagePulls: node.parallelImagePulls,
    ...(node.csiDrivers === undefined ? {} : { csiDrivers: node.csiDrivers }),
  };
}
