import { type CsiNode, type KubeNode, TAINT_NOT_READY } from "../kube/index.ts";
import { sample } from "../random/index.ts";
import { ipText, type Store } from "../store/index.ts";
import { deepFreeze } from "../tables/index.ts";
import { type KubeletContext, NODE } from "./context.ts";
import { nodeStatusEvent } from "./events.ts";
import { startHeartbeats } from "./heartbeats.ts";
import { firstImages } from "./images.ts";
import { nodeConditions, reportedImages, reportStart } from "./node-status.ts";
import { type NodeRegistration, parseIpv4 } from "./options.ts";

/** A kubelet that runs and reaches the API server. */
const FRESH = NODE.registered | NODE.power | NODE.kubelet | NODE.link | NODE.served;
const NETWORK_SIZE = 256;
const ADDRESSES_PER_BLOCK = 254;
const DEFAULT_BANDWIDTH = 100_000_000;

/**
 * Registers a node: creates its Node object, starts its heartbeats and returns its number (as `pods.nodeNames` has it). An object
 * of that name that is there already is kept.
 * @source kubernetes 1.37 pkg/kubelet/kubelet_node_status.go
 */
export function registerNode(context: KubeletContext, spec: NodeRegistration): number {
  const { options, store } = context;
  const isReady = spec.ready ?? true;
  const nodeId = store.pods.nodeNames.idOf(spec.name);
  const podCIDR = giveNetwork(context, nodeId, spec.podCIDR);
  const internalIP = giveAddress(context, nodeId, spec.internalIP);
  context.images.set(nodeId, firstImages(options.images, spec.images ?? []));
  context.parallelPulls.set(nodeId, spec.parallelImagePulls ?? 1);
  context.bandwidth.set(nodeId, spec.imageBandwidthBytesPerSecond ?? DEFAULT_BANDWIDTH);
  context.nodeBits.set(nodeId, FRESH | (isReady ? NODE.ready : 0));
  const { staticPods: _, ...given } = spec;
  context.registration.set(nodeId, deepFreeze({ ...given, podCIDR, internalIP }));
  createNode(context, nodeId, isReady);
  startHeartbeats(context, nodeId, { isNew: !isReady });
  if (!isReady) reportNew(context, nodeId);
  return nodeId;
}

/**
 * A kubelet that starts and finds its node gone registers it anew, as it was configured; its status follows like that of a new
 * node. A kubelet that runs on does not: it tries that once in its life.
 * @source kubernetes 1.37 pkg/kubelet/kubelet_node_status.go registerWithAPIServer
 */
export function registerAgain(context: KubeletContext, nodeId: number): void {
  context.setBit(nodeId, NODE.ready, false);
  createNode(context, nodeId, false);
  startHeartbeats(context, nodeId, { isNew: true });
  reportNew(context, nodeId);
}

function createNode(context: KubeletContext, nodeId: number, isReady: boolean): void {
  const { store } = context;
  const spec = context.registration.get(nodeId);
  if (store.documents("Node").rowOf("", spec.name) !== -1) return;
  const created = store.writer.create(nodeObject(context, nodeId, spec, isReady));
  if (created.ok && spec.csiDrivers !== undefined && spec.csiDrivers.length > 0) {
    createCsiNode(store, store.documents<KubeNode>("Node").get(created.row), spec.csiDrivers);
  }
}

/** The node's storage drivers, which register with the kubelet; the object goes with the node.
 *  @source kubernetes 1.37 pkg/volume/csi/nodeinfomanager */
function createCsiNode(store: Store, node: KubeNode, drivers: NonNullable<NodeRegistration["csiDrivers"]>): void {
  const { name = "", uid = "" } = node.metadata;
  if (store.documents("CSINode").rowOf("", name) !== -1) return;
  const object: CsiNode = {
    apiVersion: "storage.k8s.io/v1",
    kind: "CSINode",
    metadata: { name, ownerReferences: [{ apiVersion: "v1", kind: "Node", name, uid }] },
    spec: {
      drivers: drivers.map((driver) => ({
        name: driver.name,
        nodeID: name,
        ...(driver.count === null ? {} : { allocatable: { count: driver.count } }),
      })),
    },
  };
  store.writer.create(object);
}

/** The events of a kubelet that has just registered its node, and its first Ready when the network is there. */
function reportNew(context: KubeletContext, nodeId: number): void {
  const { engine, kinds, options, store, streams } = context;
  const nodes = store.documents<KubeNode>("Node");
  const node = nodes.get(nodes.rowOf("", context.registration.get(nodeId).name));
  reportStart(context, node, false);
  for (const reason of ["NodeHasSufficientMemory", "NodeHasNoDiskPressure", "NodeHasSufficientPID"]) {
    nodeStatusEvent(context, node, reason);
  }
  engine.after(sample(options.nodeReadyDelay, streams.start), kinds.nodeReady, nodeId);
}

function nodeObject(context: KubeletContext, nodeId: number, spec: NodeRegistration, isReady: boolean): KubeNode {
  const { taints = [], unschedulable = false, capacity, annotations, podCIDR = "", internalIP = "" } = spec;
  // Admission adds the taint to every node that is created; the node lifecycle controller takes it off a ready one.
  const hasTaint = isReady || taints.some(({ key, effect }) => key === TAINT_NOT_READY && effect === "NoSchedule");
  const all = hasTaint ? taints : [...taints, { key: TAINT_NOT_READY, effect: "NoSchedule" as const }];
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name: spec.name,
      labels: {
        "beta.kubernetes.io/arch": "amd64",
        "beta.kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": spec.name,
        "kubernetes.io/os": "linux",
        ...spec.labels,
      },
      annotations: { ...annotations, "volumes.kubernetes.io/controller-managed-attach-detach": "true" },
    },
    spec: {
      podCIDR,
      podCIDRs: [podCIDR],
      ...(all.length === 0 ? {} : { taints: all }),
      ...(unschedulable ? { unschedulable } : {}),
    },
    status: {
      capacity,
      allocatable: spec.allocatable ?? capacity,
      conditions: nodeConditions(context, isReady).conditions,
      addresses: [
        { type: "InternalIP", address: internalIP },
        { type: "Hostname", address: spec.name },
      ],
      images: reportedImages(context.images.get(nodeId)),
      nodeInfo: { kubeletVersion: "v1.37.2", operatingSystem: "linux", architecture: "amd64" },
    },
  };
}

// DEVIATION(pod-networks): after the 256 networks of 10.244.0.0/16 the following addresses are given out, so that clusters of
// any size get along; the original runs out (CIDRNotAvailable). Networks of removed nodes are not used again.
function giveNetwork(context: KubeletContext, nodeId: number, given: string | undefined): string {
  const [address = "", bits = ""] = given?.split("/") ?? [];
  const base = parseIpv4(address);
  const prefix = Number(bits);
  if (base !== -1 && Number.isInteger(prefix) && prefix >= 8 && prefix <= 30) {
    context.networkBase.set(nodeId, base);
    let size = 1;
    for (let i = prefix; i < 32; i++) size *= 2;
    context.networkSize.set(nodeId, size);
    return `${address}/${prefix}`;
  }
  const next = context.options.podNetwork + context.networksGiven.value++ * NETWORK_SIZE;
  context.networkBase.set(nodeId, next);
  context.networkSize.set(nodeId, NETWORK_SIZE);
  return `${ipText(next)}/24`;
}

function giveAddress(context: KubeletContext, nodeId: number, given: string | undefined): string {
  const known = given === undefined ? -1 : parseIpv4(given);
  if (known !== -1) {
    context.nodeIp.set(nodeId, known);
    return given ?? "";
  }
  const index = context.addressesGiven.value++;
  const block = Math.floor(index / ADDRESSES_PER_BLOCK);
  const ip = context.options.nodeNetwork + block * NETWORK_SIZE + 1 + (index % ADDRESSES_PER_BLOCK);
  context.nodeIp.set(nodeId, ip);
  return ipText(ip);
}
