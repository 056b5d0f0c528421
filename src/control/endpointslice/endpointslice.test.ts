import fc from "fast-check";
import { expect, test } from "vitest";
import { Engine } from "../../engine/index.ts";
import type { EndpointSlice, KubeNode, Service, StringMap } from "../../kube/index.ts";
import { PHASE } from "../../kube/index.ts";
import { CONDITION, type DocumentTable, POD_PHASE, Store } from "../../store/index.ts";
import { seconds } from "../../units/index.ts";
import { endpointOf, portsFor } from "./endpoints.ts";
import { EndpointSliceController } from "./index.ts";

const NODES = ["n1", "n2", "n3"];

function world(maxEndpointsPerSlice = 100) {
  const engine = new Engine({ seed: 1 });
  const store = new Store(engine, { epochMicros: 946_684_800_000_000 });
  new EndpointSliceController(store, { maxEndpointsPerSlice });
  const services: DocumentTable<Service> = store.documents("Service");
  const slices: DocumentTable<EndpointSlice> = store.documents("EndpointSlice");
  const nodes: DocumentTable<KubeNode> = store.documents("Node");
  const begin = () => {
    for (const [i, name] of NODES.entries()) {
      const labels = { "topology.kubernetes.io/zone": `z${i % 2}` };
      store.writer.create({ apiVersion: "v1", kind: "Node", metadata: { name, labels } });
    }
  };
  const service = (name: string, spec: Service["spec"]) =>
    store.writer.create({
      apiVersion: "v1",
      kind: "Service",
      metadata: { namespace: "default", name },
      spec,
    } as Service);
  const pod = (name: string, labels: StringMap = { app: "web" }, namedPort = 80) => {
    const containers = [{ name: "app", ports: [{ name: "http", containerPort: namedPort, protocol: "TCP" }] }];
    const made = store.podWriter.create({
      namespace: "default",
      name,
      template: store.templateOf({ metadata: { labels }, spec: { containers } }),
    });
    if (!made.ok) throw new Error(made.status.message);
    return made.row;
  };
  const run = (row: number, ip: number, node = NODES[ip % 3] ?? "n1") => {
    store.podWriter.bind(row, node);
    store.podWriter.updateStatus(row, { phase: POD_PHASE.running, ip, conditions: { Ready: CONDITION.false } });
  };
  const ready = (row: number, isReady: boolean) =>
    store.podWriter.updateStatus(row, { conditions: { Ready: isReady ? CONDITION.true : CONDITION.false } });
  const settle = (delay = 1) => engine.run(engine.now + delay);
  /** Slices as `pod:ready serving terminating`, by creation. */
  const shown = () =>
    slices.list().map(({ endpoints }) =>
      endpoints.map(({ targetRef, conditions: { ready, serving, terminating } }) => {
        return `${targetRef?.name}:${Number(ready)}${Number(serving)}${Number(terminating)}`;
      }),
    );
  return { engine, store, services, slices, nodes, begin, service, pod, run, ready, settle, shown };
}

const WEB: Service["spec"] = { selector: { app: "web" }, ports: [{ name: "http", port: 80, targetPort: "http" }] };

test("a pod's way through a slice", () => {
  const { store, slices, begin, service, pod, run, ready, settle, shown } = world();
  begin();
  service("web", WEB);
  settle();
  expect(shown()).toEqual([[]]);
  const [a, b] = [pod("a"), pod("b")];
  pod("other", { app: "db" });
  settle();
  expect(shown()).toEqual([[]]);
  run(a, 1);
  run(b, 2);
  settle();
  expect(shown()).toEqual([["a:000", "b:000"]]);
  ready(a, true);
  settle();
  const [slice] = slices.list();
  expect(shown()).toEqual([["a:110", "b:000"]]);
  expect(slice?.ports).toEqual([{ name: "http", port: 80, protocol: "TCP" }]);
  expect(slice?.endpoints[0]).toMatchObject({ addresses: ["0.0.0.1"], nodeName: "n2", zone: "z1" });
  expect(slice?.metadata.labels?.["kubernetes.io/service-name"]).toBe("web");
  store.podWriter.requestDeletion(a);
  settle();
  expect(shown()).toEqual([["a:011", "b:000"]]);
  store.podWriter.remove(a);
  settle();
  expect(shown()).toEqual([["b:000"]]);
  store.podWriter.updateStatus(b, { phase: POD_PHASE.failed });
  settle();
  expect(shown()).toEqual([[]]);
  expect(slices.list()[0]?.metadata.name).toBe(slice?.metadata.name);
});

test("slices fill up, a new one is made beside full ones, and an emptied one goes", () => {
  const { store, begin, service, pod, run, settle, shown } = world(4);
  begin();
  service("web", WEB);
  const pods = Array.from({ length: 6 }, (_, i) => pod(`p${i}`));
  settle();
  for (const [i, row] of pods.entries()) {
    run(row, i + 1);
    settle();
  }
  expect(shown().map((slice) => slice.length)).toEqual([4, 2]);
  for (const row of pods.slice(0, 4)) {
    store.podWriter.remove(row);
    settle();
  }
  expect(shown()).toEqual([["p4:000", "p5:000"]]);
});

test("many changes of one instant are one write of each slice", () => {
  const { slices, begin, service, pod, run, ready, settle } = world();
  begin();
  service("web", WEB);
  const pods = Array.from({ length: 150 }, (_, i) => pod(`p${i}`));
  for (const [i, row] of pods.entries()) run(row, i + 1);
  settle();
  const versions = () => slices.list().map(({ metadata }) => Number(metadata.resourceVersion));
  const before = versions();
  for (const row of pods) ready(row, true);
  const top = Math.max(...before);
  settle();
  expect(before.length).toBe(2);
  expect(versions().map((version) => version - top - pods.length)).toEqual([1, 2]);
});

test("ports: other ports change the slice in place; pods of different ports stand in different slices", () => {
  const { store, services, slices, begin, service, pod, run, settle, shown } = world();
  begin();
  service("web", WEB);
  run(pod("a"), 1);
  settle();
  const [before] = slices.list();
  const row = services.rowOf("default", "web");
  const ports = [{ name: "http", port: 80, targetPort: 8080 }];
  store.writer.update(services, row, { ...services.get(row), spec: { ...WEB, ports } });
  settle();
  expect(slices.list().map(({ metadata, ports }) => [metadata.name, ports?.[0]?.port])).toEqual([
    [before?.metadata.name, 8080],
  ]);
  store.writer.update(services, row, { ...services.get(row), spec: WEB });
  run(pod("b", { app: "web" }, 81), 2);
  settle();
  expect(shown()).toEqual([["b:000"], ["a:000"]]);
  expect(slices.list().map((slice) => slice.ports?.[0]?.port)).toEqual([81, 80]);
  store.writer.update(services, row, { ...services.get(row), spec: { ...WEB, selector: { app: "none" } } });
  settle();
  expect(slices.list().map((slice) => [slice.endpoints, slice.ports])).toEqual([[[], []]]);
});

test("publishNotReadyAddresses makes every endpoint ready", () => {
  const { begin, service, pod, run, settle, shown } = world();
  begin();
  service("web", { ...WEB, publishNotReadyAddresses: true });
  run(pod("a"), 1);
  settle();
  expect(shown()).toEqual([["a:100"]]);
});

test("a pod on an unknown node is left out and tried again a second later", () => {
  const { store, begin, service, pod, run, settle, shown } = world();
  begin();
  service("web", WEB);
  run(pod("a"), 1, "n9");
  settle();
  expect(shown()).toEqual([[]]);
  store.writer.create({ apiVersion: "v1", kind: "Node", metadata: { name: "n9" } });
  settle(seconds(0.9));
  expect(shown()).toEqual([[]]);
  settle(seconds(0.2));
  expect(shown()).toEqual([["a:000"]]);
});

test("a slice that somebody deletes is made again after a second", () => {
  const { store, slices, begin, service, pod, run, settle, shown } = world();
  begin();
  service("web", WEB);
  run(pod("a"), 1);
  settle();
  store.writer.remove(slices as unknown as DocumentTable, slices.first());
  settle(seconds(0.9));
  expect(shown()).toEqual([]);
  settle(seconds(0.2));
  expect(shown()).toEqual([["a:000"]]);
});

type Op = { readonly what: number; readonly pod: number; readonly service: number; readonly gap: number };
const op = fc.record({
  what: fc.constantFrom(0, 0, 0, 1, 1, 2, 3, 4, 4, 4, 4, 5, 5, 6, 7, 8, 9),
  pod: fc.nat(11),
  service: fc.nat(2),
  gap: fc.nat(2),
});
const SPECS: readonly Service["spec"][] = [
  WEB,
  { selector: { app: "web", tier: "a" }, ports: [{ name: "http", port: 80, targetPort: 80 }] },
  { clusterIP: "None", selector: { tier: "a" }, publishNotReadyAddresses: true },
];

/** A world in which each operation is an event; `finish` has them all happen. */
function play(ops: readonly Op[]) {
  const made = world(3);
  const { engine, store, services } = made;
  const act = (index: number) => {
    const { what, pod, service } = ops[index] as Op;
    const row = store.pods.rowOf("default", `p${pod}`);
    const serviceRow = services.rowOf("default", `s${service}`);
    if (what === 0 && row === -1)
      made.pod(`p${pod}`, { app: pod % 3 === 0 ? "db" : "web", tier: pod % 2 === 0 ? "a" : "b" }, 80 + (pod % 2));
    else if (what === 1 && serviceRow === -1) made.service(`s${service}`, SPECS[service] ?? WEB);
    else if (what === 2 && serviceRow !== -1) store.writer.remove(services as unknown as DocumentTable, serviceRow);
    else if (what === 3 && serviceRow !== -1) {
      const object = services.get(serviceRow);
      store.writer.update(services, serviceRow, { ...object, spec: SPECS[(service + index) % 3] ?? WEB });
    } else if (row === -1) return;
    else if (what === 4 && store.pods.nodeId.get(row) === -1) made.run(row, index + 1);
    else if (what === 5 || what === 6) made.ready(row, what === 5);
    else if (what === 7) store.podWriter.requestDeletion(row);
    else if (what === 8) store.podWriter.remove(row);
    else if (what === 9)
      store.podWriter.setMetadata(row, { labels: { app: "web", tier: index % 2 === 0 ? "a" : "c" } });
  };
  const kind = engine.define("test.act", PHASE.fault, act);
  const begin = () => {
    made.begin();
    let at = 0;
    for (const [index, { gap }] of ops.entries()) {
      at += gap;
      engine.at(at, kind, index);
    }
  };
  return { ...made, begin };
}

test("slices hold exactly the endpoints that the pods make, whatever happened before", () => {
  let endpointCount = 0;
  fc.assert(
    fc.property(fc.array(op, { minLength: 20, maxLength: 120, size: "max" }), (ops) => {
      const { engine, store, services, slices, begin } = play(ops);
      begin();
      engine.run(seconds(100));
      for (const service of services.list()) {
        const { namespace = "", name, uid } = service.metadata;
        const wanted = store.pods
          .matching(namespace, (labels) =>
            Object.entries(service.spec.selector ?? {}).every(([key, value]) => labels[key] === value),
          )
          .flatMap((pod) => {
            const endpoint = endpointOf(store, service, pod);
            if (typeof endpoint === "string") return [];
            return [{ endpoint, ports: portsFor(service, store.pods.templateOf(pod).spec) }];
          });
        const own = slices.list().filter(({ metadata }) => metadata.ownerReferences?.[0]?.uid === uid);
        const found = own.flatMap((slice) => slice.endpoints.map((endpoint) => ({ endpoint, ports: slice.ports })));
        const byName = (a: (typeof wanted)[number] | (typeof found)[number]) => a.endpoint.targetRef?.name ?? "";
        const sorted = <T extends (typeof found)[number]>(list: readonly T[]) =>
          [...list].sort((a, b) => (byName(a) < byName(b) ? -1 : 1));
        expect(sorted(found)).toEqual(sorted(wanted));
        expect(own.every(({ endpoints }) => endpoints.length <= 3)).toBe(true);
        expect(own.filter(({ endpoints }) => endpoints.length === 0).length).toBe(wanted.length === 0 ? 1 : 0);
        expect(own.every(({ metadata }) => metadata.labels?.["kubernetes.io/service-name"] === name)).toBe(true);
        endpointCount += found.length;
      }
    }),
    { numRuns: 300 },
  );
  expect(endpointCount).toBeGreaterThan(200);
});

test("a run that goes on from a checkpoint is the run that went on", () => {
  fc.assert(
    fc.property(fc.array(op, { minLength: 20, maxLength: 80, size: "max" }), fc.nat(60), (ops, until) => {
      const original = play(ops);
      original.begin();
      original.engine.run(until);
      const checkpoint = original.engine.checkpoint();
      original.engine.run(seconds(100));
      const fork = play(ops);
      fork.engine.restore(checkpoint);
      fork.engine.run(seconds(100));
      expect(fork.engine.unseed()).toBe(original.engine.unseed());
      expect(fork.slices.list()).toEqual(original.slices.list());
    }),
    { numRuns: 60 },
  );
});
