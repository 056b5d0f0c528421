import { describe, expect, test } from "vitest";
import type { Deployment, Namespace, ReplicaSet, ResourceQuota } from "../../src/kube/index.ts";
import { deployment, type PlanParts, planned, planOf, pod, service } from "../../src/testing/index.ts";
import { minutes, seconds } from "../../src/units/index.ts";
import { World } from "../../src/world/index.ts";
import type { ResultSink } from "../../src/world/plan.ts";

const inShop = (object: object): object => {
  const { metadata } = object as { metadata: object };
  return { ...object, metadata: { ...metadata, namespace: "shop" } };
};
const SHOP = { apiVersion: "v1", kind: "Namespace", metadata: { name: "shop" } };
const TARGET = { kind: "Namespace", namespace: "", name: "shop" };
const LATE = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "late", namespace: "shop" } };

/** What the actions and the API server refused, and the events, as texts. */
class Told implements ResultSink {
  readonly refusals: string[] = [];
  readonly events: string[] = [];
  event({ reason, message }: Parameters<ResultSink["event"]>[0]): void {
    this.events.push(`${reason} ${message}`);
  }
  decision(line: Parameters<ResultSink["decision"]>[0]): void {
    const { what, error } = line as { what: string; error?: string };
    if (what === "refused" && error !== undefined) this.refusals.push(error);
  }
  sample(): void {}
}

function started(parts: PlanParts): { world: World; told: Told } {
  const told = new Told();
  return { world: World.from(planOf(parts), told), told };
}

describe("a namespace that is deleted", () => {
  const parts: PlanParts = {
    duration: minutes(5),
    objects: [SHOP, ...[deployment("web", { replicas: 3 }), service("web")].map(inShop), service("other")],
    actions: [
      { kind: "delete", atMicros: seconds(60), target: TARGET, gracePeriodSeconds: null },
      { kind: "apply", atMicros: seconds(61), objects: [planned(LATE)] },
      { kind: "apply", atMicros: minutes(4), objects: [planned(LATE)] },
      { kind: "delete", atMicros: seconds(62), target: { ...TARGET, name: "default" }, gracePeriodSeconds: null },
    ],
  };

  test("is Terminating, takes nothing new, loses its pods and then everything, and goes", () => {
    const { world, told } = started(parts);
    const namespace = (): Namespace | undefined => world.store.documents<Namespace>("Namespace").find("", "shop");
    world.run(seconds(64));
    expect(namespace()?.status?.phase).toBe("Terminating");
    world.run(seconds(65));
    const { pods } = world.store;
    expect(pods.matching("shop", () => true).map((row) => pods.isDeleting(row))).toEqual([true, true, true]);
    expect(world.store.documents("Deployment").list("shop")).toHaveLength(1);
    expect(namespace()?.status?.conditions?.map(({ type, status, reason }) => `${type}=${status} ${reason}`)).toEqual([
      "NamespaceDeletionDiscoveryFailure=False ResourcesDiscovered",
      "NamespaceDeletionGroupVersionParsingFailure=False ParsedGroupVersions",
      "NamespaceDeletionContentFailure=False ContentDeleted",
      "NamespaceContentRemaining=False ContentRemoved",
      "NamespaceFinalizersRemaining=False ContentHasNoFinalizers",
    ]);
    world.run(seconds(80));
    expect(namespace()).toBeDefined();
    // Grace is 30 s: the next round is at 65 + 30/2 + 1.
    world.run(seconds(82));
    expect(namespace()).toBeUndefined();
    world.run();
    for (const kind of ["Deployment", "ReplicaSet", "Service", "EndpointSlice"] as const) {
      expect(world.store.documents(kind).list("shop")).toEqual([]);
    }
    expect(world.store.documents("Service").list("default")).toHaveLength(1);
    world.finish();
    expect(told.refusals).toEqual([
      'configmaps "late" is forbidden: unable to create new content in namespace shop because it is being terminated',
      'namespaces "default" is forbidden: this namespace may not be deleted',
      'namespaces "shop" not found',
    ]);
    expect(told.events.filter((text) => text.startsWith("FailedCreate"))).toEqual([]);
  });

  test("waits for finalizers, and says so", () => {
    const held = { ...LATE, metadata: { ...LATE.metadata, finalizers: ["example.com/f"] } };
    const { world } = started({ ...parts, objects: [SHOP, held], actions: (parts.actions ?? []).slice(0, 1) });
    world.run();
    const namespace = world.store.documents<Namespace>("Namespace").find("", "shop");
    const texts = namespace?.status?.conditions
      ?.filter(({ status }) => status === "True")
      .map(({ message }) => message);
    expect(texts).toEqual([
      "Some resources are remaining: configmaps. has 1 resource instances",
      "Some content in the namespace has finalizers remaining: example.com/f in 1 resource instances",
    ]);
  });
});

describe("a quota", () => {
  const quota = (hard: object, spec: object = {}): object => ({
    apiVersion: "v1",
    kind: "ResourceQuota",
    metadata: { name: "q", namespace: "shop" },
    spec: { hard, ...spec },
  });
  const used = (world: World) => world.store.documents<ResourceQuota>("ResourceQuota").find("shop", "q")?.status?.used;
  const small = { resources: { requests: { cpu: "100m" } } };

  test("stops a ReplicaSet, which says so, and lets it go on when a pod goes", () => {
    const web = inShop(deployment("web", { replicas: 5, ...small }));
    const bare = inShop(pod("bare", small));
    const { world, told } = started({
      duration: minutes(30),
      objects: [SHOP, quota({ pods: "4", "requests.cpu": "1" }), web, bare],
      actions: [
        {
          kind: "delete",
          atMicros: minutes(2),
          target: { kind: "Pod", namespace: "shop", name: "bare" },
          gracePeriodSeconds: null,
        },
      ],
    });
    world.run(minutes(1));
    expect(used(world)).toEqual({ pods: "4", "requests.cpu": "400m" });
    const [set] = world.store.documents<ReplicaSet>("ReplicaSet").list("shop");
    const failure = set?.status?.conditions?.find(({ type }) => type === "ReplicaFailure");
    expect(failure?.reason).toBe("FailedCreate");
    expect(failure?.message).toMatch(
      /^pods "web-.*" is forbidden: exceeded quota: q, requested: pods=1, used: pods=4, limited: pods=4$/,
    );
    const conditions = world.store.documents<Deployment>("Deployment").find("shop", "web")?.status?.conditions;
    expect(conditions?.map(({ type, status }) => `${type}=${status}`)).toContain("ReplicaFailure=True");
    world.run();
    expect(used(world)).toEqual({ pods: "4", "requests.cpu": "400m" });
    expect(world.store.documents<Deployment>("Deployment").find("shop", "web")?.status?.readyReplicas).toBe(4);
    world.finish();
    expect(told.events.some((text) => text.startsWith("FailedCreate Error creating: pods"))).toBe(true);
  });

  test("has to be met by what is named", () => {
    const { world, told } = started({
      objects: [SHOP, quota({ "limits.memory": "1Gi", "requests.cpu": "1" }), inShop(pod("bare"))],
    });
    world.run(seconds(1));
    const missing = "must specify limits.memory for: app; requests.cpu for: app";
    expect(told.refusals).toEqual([`pods "bare" is forbidden: failed quota: q: ${missing}`]);
    expect(used(world)).toEqual({ "limits.memory": "0", "requests.cpu": "0" });
  });

  test("counts objects, and services by what they take", () => {
    const balanced = { ...service("b"), spec: { type: "LoadBalancer", ports: [{ port: 80 }] } };
    const { world, told } = started({
      objects: [
        SHOP,
        quota({
          "count/deployments.apps": "1",
          services: "5",
          "services.loadbalancers": "0",
          "services.nodeports": "1",
        }),
        ...[deployment("a"), deployment("b"), service("a"), balanced].map(inShop),
      ],
    });
    world.run(seconds(1));
    expect(told.refusals.sort()).toEqual([
      'deployments.apps "b" is forbidden: exceeded quota: q, requested: count/deployments.apps=1, used: count/deployments.apps=1, limited: count/deployments.apps=1',
      'services "b" is forbidden: exceeded quota: q, requested: services.loadbalancers=1, used: services.loadbalancers=0, limited: services.loadbalancers=0',
    ]);
    expect(used(world)).toEqual({
      "count/deployments.apps": "1",
      services: "1",
      "services.loadbalancers": "0",
      "services.nodeports": "0",
    });
  });
});
