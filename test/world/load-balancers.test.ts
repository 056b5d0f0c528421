import { expect, test } from "vitest";
import type { Service } from "../../src/kube/index.ts";
import { deployment, planOf } from "../../src/testing/index.ts";
import { formatClock } from "../../src/units/index.ts";
import { serviceNetwork, World } from "../../src/world/index.ts";
import { type Lines, loaded } from "./kubectl-lines.ts";

/** Services of type LoadBalancer: the cloud's controller gives them addresses, keeps them, and takes them away. */

const WEB = deployment("web", { replicas: 2 });
const balanced = (name: string, spec: object = {}): object => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name },
  spec: { type: "LoadBalancer", selector: { app: "web" }, ports: [{ port: 80 }], ...spec },
});
const TIMING = { loadBalancerEnsure: "40s", loadBalancerDelete: "10s" };

async function world(parts: Lines) {
  const { plan, problems } = await loaded({ ...parts, spec: { timing: TIMING, ...parts.spec } });
  if (plan === null) throw new Error(problems.map(({ message }) => message).join("\n"));
  const nothing = () => undefined;
  const made = World.from(plan, { decision: nothing, sample: nothing, event: nothing });
  const services = made.store.documents<Service>("Service");
  const addresses = (name: string) =>
    services.find("default", name)?.status?.loadBalancer?.ingress?.map(({ ip }) => ip);
  const said = (name: string) =>
    made.store.events
      .kept()
      .filter(({ involvedObject: { kind, name: about } }) => kind === "Service" && about === name)
      .map(
        ({ reason, firstAt, count }) => `${formatClock(firstAt).slice(3)} ${reason}${count > 1 ? ` x${count}` : ""}`,
      );
  const shown = (name: string) =>
    Object.fromEntries(serviceNetwork(made.store, services.rowOf("default", name)).addresses);
  return { made, services, addresses, said, shown };
}
const at = (seconds: number): number => seconds * 1_000_000;

test("an address comes after a time, with the cloud's events, and goes with the Service", async () => {
  const { made, services, addresses, said, shown } = await world({
    objects: [WEB, balanced("web"), balanced("other", { loadBalancerIP: "192.0.2.7" })],
    actions: [{ at: "60s", kubectl: "delete service/web" }],
  });
  made.run(at(39));
  expect(addresses("web")).toBeUndefined();
  expect(shown("web")["external IP"]).toBe("<pending>");
  made.run(at(59));
  expect(addresses("web")).toEqual(["203.0.113.1"]);
  expect(addresses("other")).toEqual(["192.0.2.7"]);
  expect(shown("web")["external IP"]).toBe("203.0.113.1");
  expect(services.find("default", "web")?.metadata.finalizers).toEqual(["service.kubernetes.io/load-balancer-cleanup"]);
  made.run(at(65));
  expect(services.find("default", "web")?.metadata.deletionTimestamp).toBeDefined();
  made.run(at(100));
  expect(services.find("default", "web")).toBeUndefined();
  expect(said("web")).toEqual([
    "00:00 EnsuringLoadBalancer",
    "00:40 EnsuredLoadBalancer",
    "01:00 DeletingLoadBalancer",
    "01:10 DeletedLoadBalancer",
  ]);
});

test("a Service that no longer wants one loses it, one that changes gets it anew, one of another class has none", async () => {
  const ports = (port: number) => `{"spec":{"ports":[{"port":${port}}]}}`;
  const { made, addresses, said, shown } = await world({
    objects: [WEB, balanced("web"), balanced("plain"), balanced("theirs", { loadBalancerClass: "example.com/lb" })],
    actions: [
      { at: "10s", kubectl: `patch service/web --type=merge -p '${ports(81)}'` },
      { at: "60s", kubectl: `patch service/plain -p '{"spec":{"type":"ClusterIP"}}'` },
    ],
    duration: "3m",
  });
  made.run();
  expect(said("web")).toEqual(["00:00 EnsuringLoadBalancer x2", "00:40 EnsuredLoadBalancer x2"]);
  expect(addresses("web")).toEqual(["203.0.113.1"]);
  expect(said("plain").slice(2)).toEqual(["01:00 DeletingLoadBalancer", "01:10 DeletedLoadBalancer"]);
  expect(addresses("plain")).toBeUndefined();
  expect([addresses("theirs"), said("theirs")]).toEqual([undefined, []]);
  expect(shown("theirs")["external IP"]).toBe("<pending>");
});

test("the balancer hears of nodes that join", async () => {
  const { made, said } = await world({
    objects: [balanced("web")],
    actions: [{ at: "60s", addNodes: "main" }],
    spec: { timing: { ...TIMING, nodeBoot: "5s" } },
  });
  made.run();
  expect(said("web").slice(2)).toEqual([expect.stringMatching(/^01:0\d UpdatedLoadBalancer$/)]);
});

test("external IPs lead to the nodes without a port of theirs", async () => {
  const { made, shown } = await world({
    objects: [WEB, balanced("web", { type: "ClusterIP", externalIPs: ["192.0.2.1", "192.0.2.2"] })],
  });
  made.run();
  expect(shown("web")).toMatchObject({ "external IP": "192.0.2.1, 192.0.2.2", "node ports": "none" });
  const row = made.store.documents("Service").rowOf("default", "web");
  expect(serviceNetwork(made.store, row).routes).toHaveLength(2);
});

test("a world that goes on from a checkpoint gives the same addresses at the same instants", () => {
  const plan = planOf({ objects: [WEB, balanced("web"), balanced("other")], nodes: 2, duration: "5m" });
  const whole = World.from(plan);
  whole.run();
  const first = World.from(plan);
  first.run(at(20));
  const second = World.fork(plan, first.checkpoint());
  second.run();
  expect(second.finish()).toEqual(whole.finish());
});
