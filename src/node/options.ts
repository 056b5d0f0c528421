import {
  CRASH_BACKOFF_EXPIRY,
  CRASH_BACKOFF_INITIAL,
  CRASH_BACKOFF_MAX,
  HEARTBEAT_JITTER,
  IMAGE_BACKOFF_INITIAL,
  IMAGE_BACKOFF_MAX,
  NODE_LEASE_RENEW_PERIOD,
  NODE_STATUS_REPORT_PERIOD,
  NODE_STATUS_UPDATE_PERIOD,
  PLEG_RELIST_PERIOD,
  POD_RESYNC_JITTER,
  type PodTemplateSpec,
  type Quantities,
  type StringMap,
  type Taint,
} from "../kube/index.ts";
import type { Distribution } from "../random/index.ts";
import { type Micros, millis, seconds } from "../units/index.ts";

/** What the application in a container does, as far as the kubelet can see. Must be a function of the plan and the pod. */
export interface AppModel {
  /** From the container's start until its probes are answered. Default 0. */
  readonly readyAfterMicros?: Micros;
  /** From SIGTERM to exit; longer than the grace is a SIGKILL. Default `containerStop`. */
  readonly stop?: Distribution | null;
  /** From the container's start until it exits by itself; absent for never (plain init containers: `initRun`). */
  readonly runFor?: Distribution | null;
  /** Code of that exit. Default 0. */
  readonly exitCode?: number;
}

export interface ImageCatalog {
  /** Size of an image that is not listed. */
  readonly defaultSizeBytes: number;
  /** Whether nodes hold every image that is not listed from the start. */
  readonly preloaded: boolean;
  readonly images: readonly {
    readonly name: string;
    readonly sizeBytes: number;
    readonly preloaded: boolean;
    /** The registry has no such image: every pull fails. */
    readonly missing: boolean;
  }[];
}

/** Settings of all kubelets. Spans are microseconds; those that vary are distributions. */
export interface KubeletOptions {
  /** From a write to the kubelet's notice of it. */
  readonly kubeletDelivery: Distribution;
  /** Cgroup, directories and volumes of a pod. */
  readonly volumeMount: Distribution;
  /** Pause container and network. */
  readonly sandboxStart: Distribution;
  /** Finding that an image is present. */
  readonly imageCheck: Distribution;
  /** Part of a pull that does not depend on the size. */
  readonly imagePullLatency: Distribution;
  readonly imageUnpackMicrosPerMebibyte: Micros;
  readonly containerCreate: Distribution;
  readonly containerStart: Distribution;
  /** From a container's start to its visibility in the API. */
  readonly statusWrite: Distribution;
  /** Run of a plain init container that no model describes. */
  readonly initRun: Distribution;
  /** From SIGTERM to exit of a container that no model describes. */
  readonly containerStop: Distribution;
  /** From the last container's exit to the final status. */
  readonly sandboxStop: Distribution;
  readonly volumeUnmount: Distribution;
  /** From the last container's exit to the deletion of the API object, at least `sandboxStop` + `volumeUnmount`. */
  readonly podDeletion: Distribution;
  /** From power on to the kubelet's first write after a crash. */
  readonly nodeBoot: Distribution;
  /** From a new node's registration to its first Ready. */
  readonly nodeReadyDelay: Distribution;
  /** Period of looking for exited containers; 0 sees them at once. */
  readonly plegRelistMicros: Micros;
  /** Share of a resync delay that may be added to it. */
  readonly resyncJitter: number;
  readonly crashBackoffInitialMicros: Micros;
  readonly crashBackoffMaxMicros: Micros;
  readonly crashBackoffResetMicros: Micros;
  readonly imageBackoffInitialMicros: Micros;
  readonly imageBackoffMaxMicros: Micros;
  readonly leaseRenewMicros: Micros;
  readonly nodeStatusUpdateMicros: Micros;
  readonly nodeStatusReportMicros: Micros;
  /** Share of the period that may be added to lease renewals and status updates. */
  readonly heartbeatJitter: number;
  readonly images: ImageCatalog;
  /** The application in a container; `container` counts the regular containers, init containers are -1 - index. */
  readonly app: (podRow: number, container: number) => AppModel;
  /** First pod CIDR handed out, and the first node address, as IPv4 numbers. */
  readonly podNetwork: number;
  readonly nodeNetwork: number;
}

const NO_MODEL: AppModel = Object.freeze({});

/**
 * Defaults: constants of the release, and latencies of a node with local disk and containerd.
 * @source kubernetes 1.37 kubelet config v1beta1 defaults; latencies are this model's own estimates
 */
export const KUBELET_DEFAULTS: KubeletOptions = {
  kubeletDelivery: { uniform: { min: millis(5), max: millis(20) } },
  volumeMount: { uniform: { min: millis(50), max: millis(150) } },
  sandboxStart: { uniform: { min: millis(300), max: millis(600) } },
  imageCheck: { constant: millis(5) },
  imagePullLatency: { constant: millis(200) },
  imageUnpackMicrosPerMebibyte: millis(2),
  containerCreate: { constant: millis(80) },
  containerStart: { constant: millis(50) },
  statusWrite: { constant: millis(10) },
  initRun: { constant: millis(500) },
  containerStop: { constant: seconds(1) },
  sandboxStop: { uniform: { min: millis(100), max: millis(300) } },
  volumeUnmount: { uniform: { min: 0, max: millis(300) } },
  podDeletion: { uniform: { min: millis(500), max: millis(1500) } },
  nodeBoot: { constant: seconds(30) },
  nodeReadyDelay: { constant: seconds(10) },
  plegRelistMicros: PLEG_RELIST_PERIOD,
  resyncJitter: POD_RESYNC_JITTER,
  crashBackoffInitialMicros: CRASH_BACKOFF_INITIAL,
  crashBackoffMaxMicros: CRASH_BACKOFF_MAX,
  crashBackoffResetMicros: CRASH_BACKOFF_EXPIRY,
  imageBackoffInitialMicros: IMAGE_BACKOFF_INITIAL,
  imageBackoffMaxMicros: IMAGE_BACKOFF_MAX,
  leaseRenewMicros: NODE_LEASE_RENEW_PERIOD,
  nodeStatusUpdateMicros: NODE_STATUS_UPDATE_PERIOD,
  nodeStatusReportMicros: NODE_STATUS_REPORT_PERIOD,
  heartbeatJitter: HEARTBEAT_JITTER,
  images: { defaultSizeBytes: 100 * 1024 * 1024, preloaded: true, images: [] },
  app: () => NO_MODEL,
  podNetwork: ipv4(10, 244, 0, 0),
  nodeNetwork: ipv4(172, 16, 0, 0),
};

/** What a node registers with. Labels of hostname, os and arch are added where they are missing. */
export interface NodeRegistration {
  readonly name: string;
  readonly labels?: StringMap;
  readonly annotations?: StringMap;
  readonly taints?: readonly Taint[];
  readonly unschedulable?: boolean;
  /** cpu, memory, ephemeral-storage, pods and extended resources. */
  readonly capacity: Quantities;
  /** Default: the capacity. */
  readonly allocatable?: Quantities;
  /** True (the default) for a node that has been in the cluster before the run: Ready, without start-up and events. */
  readonly ready?: boolean;
  /** `a.b.c.d/n`; default: the next free /24. */
  readonly podCIDR?: string;
  readonly internalIP?: string;
  /** Images present besides those of the catalog. */
  readonly images?: readonly CachedImage[];
  /** Default 100 MB/s. */
  readonly imageBandwidthBytesPerSecond?: number;
  /** Pulls at one time. Default 1, as the kubelet's serializeImagePulls has it. */
  readonly parallelImagePulls?: number;
  /** Storage drivers of the node; `count` is the most volumes of the driver that it takes. */
  readonly csiDrivers?: readonly { readonly name: string; readonly count: number | null }[];
  /** Pods that the kubelet runs by itself, in the order of their manifests. */
  readonly staticPods?: readonly PodTemplateSpec[];
}

export interface CachedImage {
  readonly name: string;
  readonly sizeBytes: number;
}

/** An IPv4 address as a number. */
export function ipv4(a: number, b: number, c: number, d: number): number {
  return ((a * 256 + b) * 256 + c) * 256 + d;
}

/** The number of an IPv4 address in text; -1 when it is none. */
export function parseIpv4(text: string): number {
  const parts = text.split(".").map(Number);
  const isAddress = parts.length === 4 && parts.every((part) => Number.isInteger(part) && part >= 0 && part <= 255);
  return isAddress ? ipv4(parts[0] ?? 0, parts[1] ?? 0, parts[2] ?? 0, parts[3] ?? 0) : -1;
}
