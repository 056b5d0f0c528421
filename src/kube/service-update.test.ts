import { expect, test } from "vitest";
import { withoutFieldsOfOldType } from "./service-update.ts";
import type { Service } from "./types.ts";

const service = (spec: object): Service =>
  ({ apiVersion: "v1", kind: "Service", metadata: { name: "web" }, spec }) as unknown as Service;
const port = { port: 80, protocol: "TCP" };
const balanced = {
  type: "LoadBalancer",
  clusterIP: "10.96.0.9",
  clusterIPs: ["10.96.0.9"],
  ports: [{ ...port, nodePort: 30100 }],
  externalTrafficPolicy: "Local",
  internalTrafficPolicy: "Cluster",
  healthCheckNodePort: 30200,
  allocateLoadBalancerNodePorts: true,
};
const { clusterIP, clusterIPs, internalTrafficPolicy } = balanced;

test.each([
  ["the same type", {}, balanced],
  [
    "to ClusterIP",
    { type: "ClusterIP" },
    { type: "ClusterIP", clusterIP, clusterIPs, internalTrafficPolicy, ports: [port] },
  ],
  [
    "to NodePort",
    { type: "NodePort" },
    {
      type: "NodePort",
      clusterIP,
      clusterIPs,
      internalTrafficPolicy,
      externalTrafficPolicy: "Local",
      ports: [{ ...port, nodePort: 30100 }],
    },
  ],
  [
    "to ExternalName",
    { type: "ExternalName", externalName: "a.b" },
    { type: "ExternalName", externalName: "a.b", ports: [port] },
  ],
])("%s", (_, change, expected) => {
  expect(withoutFieldsOfOldType(service({ ...balanced, ...change }), service(balanced)).spec).toEqual(expected);
});

test("what is changed besides is left to be refused", () => {
  const next = { ...balanced, type: "ClusterIP", ports: [{ ...port, nodePort: 30101 }] };
  expect(withoutFieldsOfOldType(service(next), service(balanced)).spec.ports).toEqual([{ ...port, nodePort: 30101 }]);
});
