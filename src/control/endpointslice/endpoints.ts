import type { Container, Endpoint, KubeNode, PodSpec, Service, ServicePort } from "../../kube/index.ts";
import { type DocumentTable, ipText, type Store } from "../../store/index.ts";
import type { SlicePort } from "./endpoint-table.ts";

const ZONE_LABEL = "topology.kubernetes.io/zone";

/** What a pod is to a service: an endpoint, none, or one that has to wait as its node is not known. */
export type EndpointState = Endpoint | "none" | "node-missing";

/**
 * The endpoint that a pod makes for a service that selects it. Ended pods and those without an address make none.
 *
 * @source kubernetes 1.37 staging/src/k8s.io/endpointslice reconciler.go, util.ShouldPodBeInEndpoints, podToEndpoint
 */
export function endpointOf(store: Store, service: Service, pod: number): EndpointState {
  const { pods } = store;
  const ip = pods.ip.get(pod);
  if (ip === 0 || pods.isTerminal(pod)) return "none";
  const publishesAll = service.spec.publishNotReadyAddresses === true;
  const nodeName = pods.nodeNameOf(pod);
  const nodes: DocumentTable<KubeNode> = store.documents("Node");
  const node = nodes.find("", nodeName);
  if (node === undefined && !publishesAll) return "node-missing";
  const serving = pods.isReady(pod);
  const terminating = pods.isDeleting(pod);
  const zone = node?.metadata.labels?.[ZONE_LABEL];
  const { hostname, subdomain } = pods.templateOf(pod).spec;
  const isNamed = hostname !== undefined && hostname !== "" && subdomain === service.metadata.name;
  return {
    addresses: [ipText(ip)],
    conditions: { ready: publishesAll || (serving && !terminating), serving, terminating },
    ...(isNamed ? { hostname } : {}),
    ...(nodeName === "" ? {} : { nodeName }),
    ...(zone === undefined || zone === "" ? {} : { zone }),
    targetRef: {
      kind: "Pod",
      namespace: pods.namespaceOf(pod),
      name: pods.name.get(pod),
      uid: store.rendering.uid(pods.serial.get(pod)),
    },
  };
}

/**
 * The ports of a service as a pod of this spec has them: a port that the pod does not have is left out.
 *
 * @source kubernetes 1.37 staging/src/k8s.io/endpointslice getEndpointPorts, pkg/api/v1/pod FindPort
 */
export function portsFor(service: Service, spec: PodSpec): SlicePort[] {
  const ports: SlicePort[] = [];
  for (const servicePort of service.spec.ports ?? []) {
    const port = targetPort(servicePort, spec);
    if (port === undefined) continue;
    const { name = "", protocol = "TCP", appProtocol } = servicePort;
    ports.push({ name, port, protocol, ...(appProtocol === undefined ? {} : { appProtocol }) });
  }
  return ports;
}

function targetPort(servicePort: ServicePort, spec: PodSpec): number | undefined {
  const target = servicePort.targetPort ?? servicePort.port;
  if (typeof target === "number") return target === 0 ? servicePort.port : target;
  const sidecars = (spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === "Always");
  return (
    namedPort(spec.containers, target, servicePort.protocol ?? "TCP") ??
    namedPort(sidecars, target, servicePort.protocol ?? "TCP")
  );
}

function namedPort(containers: readonly Container[], name: string, protocol: string): number | undefined {
  for (const { ports = [] } of containers) {
    const found = ports.find((port) => port.name === name && (port.protocol ?? "TCP") === protocol);
    if (found !== undefined) return found.containerPort;
  }
  return undefined;
}
