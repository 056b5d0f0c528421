import { type KubeNode, matchesTopologies, type NodeSelector, type StorageClass } from "../../kube/index.ts";

/** From where a volume of a driver can be used: its node, its zone, or anywhere. */
export type Reach = "node" | "zone" | "anywhere";

const KEYS = { node: "kubernetes.io/hostname", zone: "topology.kubernetes.io/zone" } as const;

/** Drivers of disks in a node, and of file systems in the network. Those of other names make disks of a zone. */
const NODE_DRIVERS = [
  "rancher.io/local-path",
  "docker.io/hostpath",
  "k8s.io/minikube-hostpath",
  "microk8s.io/hostpath",
  "hostpath.csi.k8s.io",
  "openebs.io/local",
  "local.csi.openebs.io",
  "zfs.csi.openebs.io",
  "topolvm.io",
  "topolvm.cybozu.com",
];
const NETWORK_DRIVERS = [
  "efs.csi.aws.com",
  "fsx.csi.aws.com",
  "file.csi.azure.com",
  "filestore.csi.storage.gke.io",
  "nfs.csi.k8s.io",
  "smb.csi.k8s.io",
  "cephfs.csi.ceph.com",
  "rbd.csi.ceph.com",
  "driver.longhorn.io",
];

/** The drivers' own documentation says where their volumes can be used; operators put a prefix before some names. */
export function reachOf(driver: string): Reach {
  const isOneOf = (names: readonly string[]): boolean =>
    names.some((name) => driver === name || driver.endsWith(`.${name}`));
  if (isOneOf(NODE_DRIVERS)) return "node";
  return isOneOf(NETWORK_DRIVERS) ? "anywhere" : "zone";
}

/** The affinity of a volume for a claim whose pod goes to `node`; none where nodes have no zones. */
export function affinityFor(reach: Reach, node: KubeNode): NodeSelector | undefined {
  if (reach === "anywhere") return undefined;
  return selectorOf(KEYS[reach], node.metadata.labels?.[KEYS[reach]]);
}

/**
 * The affinity of a volume that is made before its pod has a node: the places take turns, from claim to claim of a
 * StatefulSet, beginning with one that follows from its name.
 * @source external-provisioner pkg/controller topology.go
 */
export function affinityByTurns(
  reach: Reach,
  { allowedTopologies }: StorageClass,
  nodes: readonly KubeNode[],
  claimName: string,
): NodeSelector | undefined {
  if (reach === "anywhere") return undefined;
  const places = new Set<string>();
  for (const {
    metadata: { labels = {} },
  } of nodes) {
    const place = labels[KEYS[reach]];
    if (place !== undefined && matchesTopologies(allowedTopologies, labels)) places.add(place);
  }
  const sorted = [...places].sort();
  return selectorOf(KEYS[reach], sorted[turnOf(claimName) % sorted.length]);
}

function selectorOf(key: string, value: string | undefined): NodeSelector | undefined {
  if (value === undefined) return undefined;
  return { nodeSelectorTerms: [{ matchExpressions: [{ key, operator: "In", values: [value] }] }] };
}

/** `data-db-2`: a hash of "db", plus 2, so that all claims of one pod are in one place. */
function turnOf(claimName: string): number {
  const parts = claimName.split("-");
  const last = parts.at(-1) ?? "";
  const isNumbered = parts.length > 1 && /^\d{1,9}$/.test(last);
  const hashed = isNumbered ? (parts.at(-2) ?? "") : claimName;
  return (fnv1(hashed) + (isNumbered ? Number(last) : 0)) % 0x1_0000_0000;
}

/** FNV-1, 32 bits. */
function fnv1(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash, 0x01000193) ^ byte;
  return hash >>> 0;
}
