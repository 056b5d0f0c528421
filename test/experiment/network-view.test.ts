import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  networkLines,
  networkView,
  play,
  pluginFilesOf,
  type RecordedRun,
  readRun,
} from "../../src/experiment/index.ts";
import { loadScenario } from "../../src/scenario/index.ts";
import type { Plan } from "../../src/world/index.ts";

const version = "1.2.3";
const root = mkdtempSync(join(tmpdir(), "orrery-network-"));
afterAll(() => rmSync(root, { recursive: true }));

const SCENARIO = `apiVersion: kube-orrery/v1alpha1
kind: Scenario
metadata: { name: net }
spec:
  duration: 5m
  cluster: { nodePools: [{ name: general, count: 3 }] }
  objects:
    - { apiVersion: v1, kind: Service, metadata: { name: db }, spec: { clusterIP: None, selector: { app: db }, ports: [{ name: sql, port: 5432 }] } }
    - apiVersion: v1
      kind: Service
      metadata: { name: early }
      spec: { type: NodePort, clusterIP: 10.96.0.7, externalTrafficPolicy: Local, selector: { app: db }, ports: [{ port: 80, nodePort: 30080 }] }
    - apiVersion: apps/v1
      kind: StatefulSet
      metadata: { name: db }
      spec:
        serviceName: db
        replicas: 2
        selector: { matchLabels: { app: db } }
        template:
          metadata: { labels: { app: db } }
          spec: { containers: [{ name: db, image: db, env: [{ name: EARLY_PORT, value: "$(EARLY_SERVICE_HOST):80" }] }] }
  actions: [{ at: 2m, apply: late.yaml }]
`;
const LATE = `apiVersion: v1
kind: Service
metadata: { name: late }
spec: { clusterIP: 10.96.0.8, selector: { app: db }, ports: [{ port: 81 }] }
`;

let run: RecordedRun;
beforeAll(async () => {
  writeFileSync(join(root, "late.yaml"), LATE);
  writeFileSync(join(root, "net.yaml"), SCENARIO);
  const loaded = await loadScenario(join(root, "net.yaml"), { version });
  const { resolved, inputs, problems } = loaded;
  expect(problems).toEqual([]);
  const plan = loaded.plan as Plan;
  await play({ id: "net", plan, plugins: pluginFilesOf(loaded), folder: { out: root, version, resolved, inputs } });
  run = await readRun(join(root, "net", "seed=1"), { version });
});

test("a pod has the variables of services that were there when it started, and names for all that are there now", async () => {
  const view = await networkView(run, "pod/db-0", null, "late");
  const variables = new Map(view.containers[0]?.variables.map(({ name, value }) => [name, value]));
  expect(variables.get("EARLY_PORT")).toBe("10.96.0.7:80");
  expect(variables.get("EARLY_SERVICE_PORT")).toBe("80");
  expect([...variables.keys()].filter((name) => /^(LATE|DB)_/.test(name))).toEqual([]);
  expect(view.lookups.at(-1)?.answer.records).toEqual([
    { name: "late.default.svc.cluster.local.", type: "A", value: "10.96.0.8" },
  ]);
  expect(view.addresses.map(([what]) => what)).toEqual([
    "node IP",
    "pod IP",
    "cluster IP of db",
    "cluster IP of early",
    "cluster IP of late",
  ]);
  const before = await networkView(run, "pod/db-0", 60_000_000, "late");
  expect(before.lookups.map(({ answer }) => answer.code)).toEqual(["NXDOMAIN", "NXDOMAIN", "NXDOMAIN", "forwarded"]);
});

test("the pods of a StatefulSet have names of their own", async () => {
  const [own, other] = await Promise.all(["pod/db-0", "pod/db-1"].map((pod) => networkView(run, pod, null, "db-1.db")));
  const address = new Map(other?.addresses).get("pod IP");
  expect(address).toMatch(/^10\.244\./);
  expect(own?.lookups).toEqual([
    {
      name: "db-1.db.default.svc.cluster.local.",
      answer: {
        code: "NOERROR",
        records: [{ name: "db-1.db.default.svc.cluster.local.", type: "A", value: address }],
      },
    },
  ]);
  const ports = await networkView(run, "pod/db-0", null, "_sql._tcp.db");
  expect(ports.lookups.at(-1)?.answer.records.map(({ value }) => value)).toEqual([
    "0 50 5432 db-0.db.default.svc.cluster.local.",
    "0 50 5432 db-1.db.default.svc.cluster.local.",
  ]);
});

test("a node port with the policy Local leads nowhere on a node without endpoints", async () => {
  const view = await networkView(run, "service/early", null);
  const ways = view.routes.map(({ to }) => (to === "dropped" ? to : to.split(".").length)).sort();
  expect(ways).toEqual([4, 4, "dropped"]);
  const text = networkLines(view).join("\n");
  expect(text).toContain("node ports       30080 → 80/TCP");
  expect(text).toContain("early.default.svc.cluster.local. A 10.96.0.7");
});

test.each([
  ["node/general-01", undefined, /has no network/],
  ["service/early", "db", /names are looked up by pods/],
  ["service/nope", undefined, /there is no service default\/nope at 00:05:00/],
  ["pod/nope", undefined, /there is no pod default\/nope/],
])("%s: refused", async (target, dns, message) => {
  await expect(networkView(run, target, null, dns)).rejects.toThrow(message);
});
