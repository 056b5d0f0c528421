import { describe, expect, test } from "vitest";
import type { Endpoint, EndpointSlice, Service } from "../kube/index.ts";
import {
  containerEnvironment,
  type DnsZone,
  dnsAnswer,
  namesToTry,
  type RecordType,
  resolve,
  resolverConfig,
  serviceEnvironment,
} from "./index.ts";

const service = (key: string, spec: Service["spec"]): Service => {
  const [namespace = "", name = ""] = key.split("/");
  return { apiVersion: "v1", kind: "Service", metadata: { namespace, name }, spec };
};
const endpoint = (address: string, parts: Partial<Endpoint> = {}): Endpoint => ({
  addresses: [address],
  conditions: { ready: true, serving: true, terminating: false },
  ...parts,
});
const slice = (key: string, ports: EndpointSlice["ports"], endpoints: readonly Endpoint[]): EndpointSlice => {
  const [namespace = "", name = ""] = key.split("/");
  const labels = { "kubernetes.io/service-name": name };
  const metadata = { namespace, name: `${name}-abcde`, labels };
  const kind = { apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice", addressType: "IPv4" as const };
  return { ...kind, metadata, endpoints, ...(ports && { ports }) };
};

const REDIS = service("shop/redis-master", { clusterIP: "10.0.0.11", ports: [{ port: 6379 }] });
const MASTER = service("default/kubernetes", { clusterIP: "10.96.0.1", ports: [{ name: "https", port: 443 }] });

describe("environment", () => {
  const check = (services: Service[], hasLinks = true) =>
    Object.fromEntries(serviceEnvironment(services, "shop", hasLinks).map(({ name, value }) => [name, value]));

  test("eight variables and more for each named port", () => {
    expect(check([REDIS])).toEqual({
      REDIS_MASTER_SERVICE_HOST: "10.0.0.11",
      REDIS_MASTER_SERVICE_PORT: "6379",
      REDIS_MASTER_PORT: "tcp://10.0.0.11:6379",
      REDIS_MASTER_PORT_6379_TCP: "tcp://10.0.0.11:6379",
      REDIS_MASTER_PORT_6379_TCP_PROTO: "tcp",
      REDIS_MASTER_PORT_6379_TCP_PORT: "6379",
      REDIS_MASTER_PORT_6379_TCP_ADDR: "10.0.0.11",
    });
    const dns = service("shop/dns", {
      clusterIP: "10.0.0.12",
      ports: [
        { name: "dns-udp", port: 53, protocol: "UDP" },
        { name: "tcp", port: 54 },
      ],
    });
    expect(check([dns])).toMatchObject({
      DNS_SERVICE_PORT: "53",
      DNS_SERVICE_PORT_DNS_UDP: "53",
      DNS_SERVICE_PORT_TCP: "54",
      DNS_PORT: "udp://10.0.0.12:53",
      DNS_PORT_54_TCP: "tcp://10.0.0.12:54",
    });
  });

  test("none of other namespaces, headless ones or external names; of the API server always, but its own goes first", () => {
    const others = [
      service("other/a", { clusterIP: "10.0.0.1", ports: [{ port: 1 }] }),
      service("shop/b", { clusterIP: "None" }),
      service("shop/c", { type: "ExternalName", externalName: "example.org" }),
    ];
    expect(check(others)).toEqual({});
    expect(check([REDIS, MASTER], false)).toMatchObject({ KUBERNETES_SERVICE_PORT_HTTPS: "443" });
    expect(check([REDIS, MASTER], false)).not.toHaveProperty("REDIS_MASTER_PORT");
    const own = service("shop/kubernetes", { clusterIP: "10.0.0.9", ports: [{ port: 80 }] });
    expect(check([own, MASTER]).KUBERNETES_SERVICE_HOST).toBe("10.0.0.9");
    expect(check([MASTER, own]).KUBERNETES_SERVICE_HOST).toBe("10.0.0.9");
  });

  test("a container's own variables win and may name others", () => {
    const links = serviceEnvironment([REDIS], "shop", true);
    const own = [
      { name: "REDIS_MASTER_SERVICE_HOST", value: "redis" },
      { name: "URL", value: "$(REDIS_MASTER_SERVICE_HOST):$(REDIS_MASTER_SERVICE_PORT) $$(X) $(UNKNOWN)" },
      { name: "SECRET", valueFrom: {} },
    ];
    const seen = containerEnvironment(own, links);
    expect(seen.slice(0, 2)).toEqual([
      { name: "REDIS_MASTER_SERVICE_HOST", value: "redis" },
      { name: "URL", value: "redis:6379 $(X) $(UNKNOWN)" },
    ]);
    expect(seen).toHaveLength(links.length + 1);
  });
});

describe("names", () => {
  const WEB_PORTS = [{ name: "http", port: 80, protocol: "TCP" }];
  const zone: DnsZone = {
    namespaces: ["default", "shop"],
    services: [
      service("shop/web", { clusterIP: "10.96.1.1", clusterIPs: ["10.96.1.1", "fd00::1"], ports: WEB_PORTS }),
      service("shop/db", { clusterIP: "None", ports: [{ name: "sql", port: 5432 }] }),
      service("shop/empty", { clusterIP: "None" }),
      service("shop/mail", { type: "ExternalName", externalName: "mail.example.org" }),
    ],
    slices: [
      slice("shop/web", [{ name: "http", port: 8080, protocol: "TCP" }], [endpoint("10.244.0.9")]),
      slice(
        "shop/db",
        [{ name: "sql", port: 5432, protocol: "TCP" }],
        [
          endpoint("10.244.0.2", { hostname: "db-0" }),
          endpoint("10.244.0.3", { hostname: "db-1" }),
          endpoint("10.244.0.4"),
          endpoint("10.244.0.5", { conditions: { ready: false, serving: false, terminating: false } }),
        ],
      ),
    ],
  };
  const shown = (name: string, type: RecordType = "A") => {
    const { code, records } = dnsAnswer(zone, name, type);
    return records.length === 0 ? code : records.map((record) => `${record.type} ${record.value}`);
  };

  test.each<[string, RecordType, string | string[]]>([
    ["web.shop.svc.cluster.local", "A", ["A 10.96.1.1"]],
    ["WEB.shop.svc.cluster.local.", "AAAA", ["AAAA fd00::1"]],
    ["_http._tcp.web.shop.svc.cluster.local", "SRV", ["SRV 0 100 80 web.shop.svc.cluster.local."]],
    ["_http._udp.web.shop.svc.cluster.local", "SRV", "NXDOMAIN"],
    ["_http._tcp.web.shop.svc.cluster.local", "A", "NOERROR"],
    ["10-244-0-9.web.shop.svc.cluster.local", "A", ["A 10.244.0.9"]],
    ["db.shop.svc.cluster.local", "A", ["A 10.244.0.2", "A 10.244.0.3", "A 10.244.0.4"]],
    ["db.shop.svc.cluster.local", "AAAA", "NOERROR"],
    ["db-1.db.shop.svc.cluster.local", "A", ["A 10.244.0.3"]],
    ["db-7.db.shop.svc.cluster.local", "A", "NXDOMAIN"],
    [
      "_sql._tcp.db.shop.svc.cluster.local",
      "SRV",
      [
        "SRV 0 33 5432 db-0.db.shop.svc.cluster.local.",
        "SRV 0 33 5432 db-1.db.shop.svc.cluster.local.",
        "SRV 0 33 5432 10-244-0-4.db.shop.svc.cluster.local.",
      ],
    ],
    ["empty.shop.svc.cluster.local", "A", "NXDOMAIN"],
    ["mail.shop.svc.cluster.local", "A", ["CNAME mail.example.org."]],
    ["web.other.svc.cluster.local", "A", "NXDOMAIN"],
    ["10-1-2-3.shop.pod.cluster.local", "A", ["A 10.1.2.3"]],
    ["10-1-2-999.shop.pod.cluster.local", "A", "NXDOMAIN"],
    ["shop.svc.cluster.local", "A", "NOERROR"],
    ["other.svc.cluster.local", "A", "NXDOMAIN"],
    ["svc.cluster.local", "A", "NOERROR"],
    ["web.cluster.local", "A", "NXDOMAIN"],
    ["cluster.local", "A", "NOERROR"],
    ["example.org", "A", "forwarded"],
  ])("%s %s", (name, type, expected) => expect(shown(name, type)).toEqual(expected));

  test("a pod's resolver goes through the search path, and asks for far names in vain first", () => {
    const config = resolverConfig({ containers: [] }, "shop");
    expect(config).toEqual({
      nameservers: ["10.96.0.10"],
      searches: ["shop.svc.cluster.local", "svc.cluster.local", "cluster.local"],
      ndots: 5,
    });
    const tried = (name: string) =>
      resolve(name, config, (absolute) => dnsAnswer(zone, absolute, "A")).map(
        (lookup) => `${lookup.name} ${lookup.answer.code}`,
      );
    expect(tried("web")).toEqual(["web.shop.svc.cluster.local. NOERROR"]);
    expect(tried("web.shop")).toEqual([
      "web.shop.shop.svc.cluster.local. NXDOMAIN",
      "web.shop.svc.cluster.local. NOERROR",
    ]);
    expect(tried("example.org").at(-1)).toBe("example.org. forwarded");
    expect(tried("example.org")).toHaveLength(4);
    expect(tried("example.org.")).toEqual(["example.org. forwarded"]);
    expect(namesToTry("a.b.c.d.e.f", config)[0]).toBe("a.b.c.d.e.f.");
  });

  test("resolver configurations by policy", () => {
    const of = (spec: object) => resolverConfig({ containers: [], ...spec }, "shop");
    expect(of({ hostNetwork: true }).nameservers).toEqual([]);
    expect(of({ hostNetwork: true, dnsPolicy: "ClusterFirstWithHostNet" }).ndots).toBe(5);
    expect(of({ dnsPolicy: "Default" })).toEqual({ nameservers: [], searches: [], ndots: 1 });
    const dnsConfig = { nameservers: ["1.1.1.1"], searches: ["corp"], options: [{ name: "ndots", value: "2" }] };
    expect(of({ dnsPolicy: "None", dnsConfig })).toEqual({ nameservers: ["1.1.1.1"], searches: ["corp"], ndots: 2 });
  });
});
