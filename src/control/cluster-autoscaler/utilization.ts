import { type KubeNode, type PodResources, type PodSpec, podRequests } from "../../kube/index.ts";
import type { Micros } from "../../units/index.ts";
import { cpuMilliOf, wholeValueOf } from "../../units/index.ts";
import { isLongTerminating, type NodePod } from "./drainability.ts";

const GPU = "nvidia.com/gpu";

/** Requests over allocatable, of the resource that counts. */
export interface Utilization {
  readonly cpu: number;
  readonly memory: number;
  readonly gpu: number;
  readonly resource: "cpu" | "memory" | typeof GPU;
  readonly utilization: number;
}

interface Known {
  readonly node: KubeNode;
  readonly ignoresDaemonSets: boolean;
  readonly utilization: Utilization;
}

/** By list of pods: what was worked out for it last. Lists in which some pod is being deleted change with time. */
const known = new WeakMap<readonly NodePod[], Known>();
const requestsOfSpec = new WeakMap<PodSpec, PodResources>();

/** Worked out once for the same node and list of pods. @source cluster-autoscaler 1.37 simulator/utilization/info.go Calculate */
export function utilizationOf(
  node: KubeNode,
  pods: readonly NodePod[],
  now: Micros,
  options: { readonly ignoresDaemonSets: boolean },
): Utilization {
  const { ignoresDaemonSets } = options;
  const before = known.get(pods);
  if (before?.node === node && before.ignoresDaemonSets === ignoresDaemonSets) return before.utilization;
  const utilization = calculated(node, pods, now, options);
  if (pods.every(({ deletionAt }) => deletionAt === -1)) known.set(pods, { node, ignoresDaemonSets, utilization });
  return utilization;
}

function requestsOf(spec: PodSpec): PodResources {
  let requests = requestsOfSpec.get(spec);
  if (requests === undefined) {
    requests = podRequests(spec);
    requestsOfSpec.set(spec, requests);
  }
  return requests;
}

function calculated(
  node: KubeNode,
  pods: readonly NodePod[],
  now: Micros,
  options: { readonly ignoresDaemonSets: boolean },
): Utilization {
  const { cpu = "0", memory = "0", [GPU]: gpus } = node.status?.allocatable ?? {};
  let cpuMilli = 0;
  let memoryBytes = 0;
  let gpuCount = 0;
  let daemonCpuMilli = 0;
  let daemonMemoryBytes = 0;
  for (const nodePod of pods) {
    if (nodePod.isTerminal || isLongTerminating(nodePod, now)) continue;
    const requests = requestsOf(nodePod.pod.spec);
    if (options.ignoresDaemonSets && nodePod.pod.owner?.kind === "DaemonSet") {
      daemonCpuMilli += requests.cpuMilli;
      daemonMemoryBytes += requests.memoryBytes;
      continue;
    }
    cpuMilli += requests.cpuMilli;
    memoryBytes += requests.memoryBytes;
    gpuCount += requests.scalars.get(GPU) ?? 0;
  }
  if (gpus !== undefined && wholeValueOf(gpus) > 0) {
    const utilization = gpuCount / wholeValueOf(gpus);
    return { cpu: 0, memory: 0, gpu: utilization, resource: GPU, utilization };
  }
  const ofCpu = cpuMilli / (cpuMilliOf(cpu) - daemonCpuMilli);
  const ofMemory = memoryBytes / (wholeValueOf(memory) - daemonMemoryBytes);
  const isCpu = ofCpu > ofMemory;
  return {
    cpu: ofCpu,
    memory: ofMemory,
    gpu: 0,
    resource: isCpu ? "cpu" : "memory",
    utilization: isCpu ? ofCpu : ofMemory,
  };
}

/** As the autoscaler's event shows it. */
export function utilizationText({ cpu, memory, gpu, resource, utilization }: Utilization): string {
  return `{${cpu} ${memory} ${gpu} 0 ${resource} ${utilization}}`;
}
