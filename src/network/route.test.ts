import { expect, test } from "vitest";
import { Engine } from "../engine/index.ts";
import type { Endpoint, Service } from "../kube/index.ts";
import { Store } from "../store/index.ts";
import { chooseRandom, chooseRoundRobin, podRowsOf, routeOf, serviceEndpoints, type TrafficSource } from "./index.ts";

/** An endpoint from `name@node` and letters: r ready, s serving, t terminating. */
function endpoint(text: string): Endpoint {
  const [where = "", flags = ""] = text.split(" ");
  const [name = "", nodeName = ""] = where.split("@");
  const conditions = { ready: flags.includes("r"), serving: flags.includes("s"), terminating: flags.includes("t") };
  return { addresses: ["10.0.0.1"], conditions, nodeName, targetRef: { kind: "Pod", namespace: "default", name } };
}

test("which endpoints a node uses", () => {
  const check = (spec: Service["spec"], endpoints: readonly string[], source: TrafficSource, expected: string) => {
    const service: Service = { apiVersion: "v1", kind: "Service", metadata: { name: "web" }, spec };
    const route = routeOf(service, endpoints.map(endpoint), { name: "n1" }, source);
    const shown =
      route.kind === "endpoints" ? route.endpoints.map(({ targetRef }) => targetRef?.name).join(" ") : route.kind;
    expect(shown).toBe(expected);
  };
  const three = ["a@n1 rs", "b@n2 rs", "c@n2"];
  check({}, three, "internal", "a b");
  check({ internalTrafficPolicy: "Local" }, three, "internal", "a");
  check({ internalTrafficPolicy: "Local" }, three, "external", "a b");
  check({ externalTrafficPolicy: "Local" }, three, "external", "a");
  check({ externalTrafficPolicy: "Local" }, ["b@n2 rs"], "external", "dropped");
  check({}, [], "internal", "refused");
  check({}, ["a@n1"], "internal", "refused");
  // Terminating ones that still serve are used when nobody is ready, in the cluster or on the node.
  check({}, ["a@n1 st", "b@n2 t"], "internal", "a");
  check({}, ["a@n1 st", "b@n2 rs"], "internal", "b");
  check({ internalTrafficPolicy: "Local" }, ["a@n1 st", "b@n2 rs"], "internal", "a");
});

test("how one of several is chosen", () => {
  expect([0, 0.24, 0.25, 0.99999].map((uniform) => chooseRandom(4, uniform))).toEqual([0, 0, 1, 3]);
  expect([-1, 0, 1, 2].map((last) => chooseRoundRobin(3, last))).toEqual([0, 1, 2, 0]);
});

test("the pods behind a service", () => {
  const store = new Store(new Engine({ seed: 1 }), { epochMicros: 0 });
  const made = store.writer.create({
    apiVersion: "v1",
    kind: "Service",
    metadata: { namespace: "default", name: "web" },
  });
  const template = store.templateOf({ spec: { containers: [{ name: "app" }] } });
  const pod = store.podWriter.create({ namespace: "default", name: "a", template });
  if (!made.ok || !pod.ok) throw new Error("not created");
  const uid = store.pod(pod.row).metadata.uid ?? "";
  const known = { ...endpoint("a@n1 rs"), targetRef: { kind: "Pod", namespace: "default", name: "a", uid } };
  const slice = (service: string, endpoints: readonly Endpoint[]) => ({
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { namespace: "default", generateName: "x-", labels: { "kubernetes.io/service-name": service } },
    addressType: "IPv4",
    endpoints,
  });
  store.writer.create(slice("web", [known]));
  store.writer.create(slice("web", [endpoint("gone@n1 rs")]));
  store.writer.create(slice("db", [known]));
  const endpoints = serviceEndpoints(store, made.row);
  expect(endpoints.map(({ targetRef }) => targetRef?.name)).toEqual(["a", "gone"]);
  expect(podRowsOf(store, endpoints)).toEqual([pod.row]);
});
