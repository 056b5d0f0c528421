import fc from "fast-check";
import { expect, test } from "vitest";
import { Engine } from "../../engine/index.ts";
import { type Service, withDefaults } from "../../kube/index.ts";
import { type DocumentTable, Store } from "../../store/index.ts";
import { lowerBand, pickFree } from "./band.ts";
import { ServiceAddresses } from "./index.ts";
import { ipNumber } from "./service-addresses.ts";

function world(serviceCidr?: string) {
  const engine = new Engine({ seed: 3 });
  const store = new Store(engine, { epochMicros: 0 });
  const addresses = new ServiceAddresses(store, serviceCidr === undefined ? {} : { serviceCidr });
  const services: DocumentTable<Service> = store.documents("Service");
  /** Admits and stores a service; gives its stored object, or the message of the refusal. */
  const create = (name: string, spec: Partial<Service["spec"]> = {}): Service | string => {
    const ports = spec.ports ?? [{ port: 80 }];
    const metadata = { namespace: "default", name };
    const admitted = addresses.admit(
      withDefaults<Service>({ apiVersion: "v1", kind: "Service", metadata, spec: { ...spec, ports } }),
    );
    if (!admitted.ok) return admitted.status.message;
    const made = store.writer.create(admitted.service);
    if (!made.ok) throw new Error(made.status.message);
    return services.get(made.row);
  };
  return { engine, store, addresses, services, create };
}

const specOf = (made: Service | string): Service["spec"] => {
  if (typeof made === "string") throw new Error(made);
  return made.spec;
};

test("the lower bands", () => {
  expect([lowerBand(1048576, 16, 16, 256), lowerBand(256, 16, 16, 256), lowerBand(16, 16, 16, 256)]).toEqual([
    256, 16, 0,
  ]);
  expect(lowerBand(2768, 32, 16, 128)).toBe(86);
});

test("free numbers come from the upper band until it is full", () => {
  const used = new Set<number>();
  const picked: (number | undefined)[] = [];
  for (let i = 0; i < 7; i++) {
    const n = pickFree(
      { first: 1, last: 6, offset: 2 },
      (one) => used.has(one),
      () => 1,
    );
    picked.push(n);
    if (n !== undefined) used.add(n);
  }
  expect(picked).toEqual([4, 5, 6, 3, 2, 1, undefined]);
});

test("cluster IPs: one each, by type and request", () => {
  const { create } = world();
  const first = specOf(create("a"));
  expect(first.clusterIPs).toEqual([first.clusterIP]);
  expect(ipNumber(first.clusterIP ?? "")).toBeGreaterThanOrEqual(ipNumber("10.96.0.1") + 256);
  expect(ipNumber(first.clusterIP ?? "")).toBeLessThanOrEqual(ipNumber("10.111.255.254"));
  expect(specOf(create("headless", { clusterIP: "None" })).clusterIP).toBe("None");
  expect(specOf(create("elsewhere", { type: "ExternalName", externalName: "x.org" })).clusterIP).toBe(undefined);
  expect(specOf(create("dns", { clusterIP: "10.96.0.10" })).clusterIP).toBe("10.96.0.10");
  expect(create("again", { clusterIP: "10.96.0.10" })).toBe(
    'Service "again" is invalid: spec.clusterIPs: Invalid value: ["10.96.0.10"]: failed to allocate IP 10.96.0.10: provided IP is already allocated',
  );
  expect(create("far", { clusterIP: "1.2.3.4" })).toContain("The range of valid IPs is 10.96.0.0/12");
});

test("a full range refuses, a deleted service makes room", () => {
  const { engine, store, services, create } = world("10.0.0.0/29");
  for (let i = 0; i < 6; i++) specOf(create(`s${i}`));
  expect(create("more")).toBe(
    'Internal error occurred: failed to allocate a serviceIP for Service "more": range is full',
  );
  store.writer.remove(services as unknown as DocumentTable, services.rowOf("default", "s3"));
  engine.run(1);
  specOf(create("more"));
});

test("node ports: given, shared by protocols, refused when taken", () => {
  const { create } = world();
  const ports = [
    { name: "a", port: 53, protocol: "TCP" },
    { name: "b", port: 53, protocol: "UDP" },
    { name: "c", port: 80, nodePort: 30001 },
  ];
  const made = specOf(create("a", { type: "NodePort", ports })).ports?.map(({ nodePort }) => nodePort) ?? [];
  expect(made[0]).toBe(made[1]);
  expect(made[0]).toBeGreaterThanOrEqual(30086);
  expect(made[0]).toBeLessThanOrEqual(32767);
  expect(made[2]).toBe(30001);
  expect(create("b", { type: "NodePort", ports: [{ port: 1, nodePort: 30001 }] })).toBe(
    'Service "b" is invalid: spec.ports[0].nodePort: Invalid value: 30001: provided port is already allocated',
  );
  expect(specOf(create("c")).ports?.[0]?.nodePort).toBe(undefined);
  expect(
    specOf(create("d", { type: "LoadBalancer", externalTrafficPolicy: "Local" })).healthCheckNodePort,
  ).toBeGreaterThan(0);
});

test("an update keeps what the service had", () => {
  const { addresses, create } = world();
  const old = create("a", { type: "NodePort" }) as Service;
  const { clusterIP: _ip, clusterIPs: _ips, ...spec } = old.spec;
  const ports = [
    ...(spec.ports ?? []).map(({ nodePort: _, ...port }) => port),
    { name: "x", port: 81, protocol: "TCP" },
  ];
  const next = addresses.admit({ ...old, spec: { ...spec, ports } }, old);
  if (!next.ok) throw new Error(next.status.message);
  expect(next.service.spec.clusterIP).toBe(old.spec.clusterIP);
  expect(next.service.spec.ports?.[0]?.nodePort).toBe(old.spec.ports?.[0]?.nodePort);
  expect(next.service.spec.ports?.[1]?.nodePort).toBeGreaterThan(0);
});

test("no two services share an address, whatever comes and goes", () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ name: fc.nat(20), isGone: fc.boolean() }), { size: "max", maxLength: 60 }),
      (ops) => {
        const { engine, store, services, create } = world("10.0.0.0/27");
        for (const { name, isGone } of ops) {
          const row = services.rowOf("default", `s${name}`);
          if (isGone && row !== -1) store.writer.remove(services as unknown as DocumentTable, row);
          else if (!isGone && row === -1) specOf(create(`s${name}`, { type: "NodePort" }));
          engine.run(engine.now + 1);
        }
        const specs = services.list().map(({ spec }) => spec);
        expect(new Set(specs.map(({ clusterIP }) => clusterIP)).size).toBe(specs.length);
        expect(new Set(specs.map(({ ports }) => ports?.[0]?.nodePort)).size).toBe(specs.length);
      },
    ),
    { numRuns: 50 },
  );
});
