import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { loadScenario } from "../scenario/index.ts";
import { csvRows } from "./csv-rows.ts";
import { type Format, importFiles } from "./index.ts";
import { ImportReport } from "./report.ts";

const folder = mkdtempSync(join(tmpdir(), "orrery-import-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;

interface Options {
  readonly map?: readonly string[];
  readonly isAnonymized?: boolean;
}

/** Imports texts as files f0, f1, …; the messages name these. */
async function imported(format: Format, texts: readonly string[], { map = [], isAnonymized = false }: Options = {}) {
  const own = join(folder, String(count++));
  const files = texts.map((text, index) => {
    const file = `${own}-f${index}`;
    writeFileSync(file, text);
    return file;
  });
  const out = `${own}-out`;
  const { report, files: written } = await importFiles({ files, format, out, name: "test", map, isAnonymized });
  const messages = report.problems.map(
    ({ code, file, line, message }) => `${file.replace(`${own}-`, "")}:${line} ${code} ${message}`,
  );
  const read = (name: string): string => readFileSync(join(out, name), "utf8");
  return { out, messages, notes: report.notes, written, read };
}

async function planOf(out: string) {
  const { plan, problems } = await loadScenario(join(out, "scenario.yaml"), { version: "test" });
  expect(problems.filter(({ code }) => code.startsWith("E"))).toEqual([]);
  expect(plan).not.toBeNull();
  return plan as NonNullable<typeof plan>;
}

const NODES = "sn,cpu_milli,memory_mib,gpu,model\nn0,64000,262144,2,P100\nn1,64000,262144,2,P100\nn2,32000,131072,0,\n";
const PODS = `name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time
p0,12000,16384,1,460,,LS,Running,100,200,100
p1,12000,16384,1,460,,LS,Running,130.5,,131
p2,4000,8192,2,1000,P100|T4,BE,Running,140,150,140
p3,1000,1024,0,0,,BE,Running,141,,141
`;

test("a GPU trace: like nodes are a pool, like pods a template, the list says when", async () => {
  const { out, messages, notes, read } = await imported("gpu-trace", [PODS, NODES]);
  expect(messages).toEqual([]);
  expect(notes).toEqual(["3 nodes in 2 pools, 4 pods of 3 kinds"]);
  expect(read("pods.csv")).toBe("template,at,for\npod-001,0,100\npod-001,30.5,\npod-002,40,10\npod-003,41,\n");
  const plan = await planOf(out);
  expect(plan.nodes.map(({ name, allocatable }) => [name, allocatable["alibabacloud.com/gpu-milli"]])).toEqual([
    ["p100x2-01", "2k"],
    ["p100x2-02", "2k"],
    ["cpu-01", undefined],
  ]);
  const [arrivals] = plan.arrivals ?? [];
  expect(arrivals?.template).toEqual([0, 0, 1, 2]);
  expect(arrivals?.lastsMicros).toEqual([100_000_000, null, 10_000_000, null]);
  expect(JSON.stringify(arrivals?.templates[1]?.object)).toContain('"values":["P100","T4"]');
});

test.each<[string, string[], string[]]>([
  [
    "only pods",
    [PODS],
    ["f0:0 E0404 there is no list of nodes: give a file with the columns sn, cpu_milli, memory_mib, gpu, model"],
  ],
  [
    "another file",
    ["a,b\n1,2\n"],
    [
      "f0:1 E0404 expected the columns sn, cpu_milli, memory_mib, gpu, model (nodes) or name, cpu_milli, memory_mib, num_gpu, gpu_milli, gpu_spec (pods); got a, b",
    ],
  ],
  [
    "cells",
    [NODES.replace("n1,64000", "n1,many").replace("n2,32000,131072,0,", "n2,32000"), PODS],
    [
      'f0:3 E0404 cpu_milli: expected a whole number of at least 0; got "many"',
      "f0:4 E0404 expected 5 cells as in the heading row; got 2",
    ],
  ],
  [
    "lines after a cell of two lines, blanks and comments",
    [NODES, `# c\n\n${PODS.replace("p0,", '"p\n0",').replace("2,1000,P100", "2,460,P100")}`],
    ["f1:7 E0404 gpu_milli: several GPUs are asked for whole: expected 1000"],
  ],
  ["an empty file", ["", NODES, PODS], [expect.stringMatching(/^f0:0 E0404 .* has no heading row$/)]],
])("a GPU trace with errors, %s: they say where, and nothing is written", async (_title, texts, expected) => {
  const { out, messages } = await imported("gpu-trace", texts);
  expect(messages).toEqual(expected);
  expect(existsSync(out)).toBe(false);
});

const TRACE =
  "when,cores,mem,team\n2026-01-01T00:00:00Z,0.5,256,red\n2026-01-01T00:00:10Z,0.5,256,red\n2026-01-01T00:01:00Z,2,1024,a b\n";
const TRACE_MAP = ["cpu=cores", "memory=mem:Mi", "at=when", "label.team=team"];

test("a CSV trace by a map of its columns", async () => {
  const { out, messages, read } = await imported("csv", [TRACE], { map: TRACE_MAP });
  expect(messages).toEqual([]);
  expect(read("pods.csv")).toBe("template,at,for\npod-001,0,\npod-001,10,\npod-002,60,\n");
  const [first, second] = (await planOf(out)).arrivals?.[0]?.templates ?? [];
  expect(first?.object.metadata.labels).toEqual({ team: "red" });
  expect(second?.object.metadata.labels).toEqual({ team: "a-b" });
  expect(JSON.stringify(first?.object)).toContain('"requests":{"cpu":"500m","memory":"256Mi"}');
});

test("labels of an anonymous trace say nothing, and like ones stay alike", async () => {
  const { out } = await imported("csv", [TRACE], { map: TRACE_MAP, isAnonymized: true });
  const labels = (await planOf(out)).arrivals?.[0]?.templates.map(({ object }) => object.metadata.labels);
  expect(labels).toEqual([{ "label-1": "n1" }, { "label-1": "n2" }]);
});

test.each<[string, string, readonly string[], string]>([
  ["a map of nothing", TRACE, ["speed=cores"], "f0:0 E0404 --map speed=cores: expected FIELD=COLUMN"],
  ["no such column", TRACE, ["cpu=vcpu"], 'f0:1 E0404 no column "vcpu" — there are when, cores, mem, team'],
  ["no request", TRACE, [], "f0:1 E0404 no column is a request: say --map cpu=COLUMN"],
  ["no quantity", "cpu\n1\nlots\n", [], 'f0:3 E0404 cpu: expected a quantity such as 250m or 1Gi; got "lots"'],
  ["time goes back", "at,cpu\n5,1\n4,1\n", [], "f0:3 E0404 at: the rows are not in the order of their arrival"],
  ["not CSV", 'cpu\n"1\n', [], "f0:2 E0404 not CSV"],
])("a CSV trace with an error: %s", async (_title, text, map, expected) => {
  const { messages } = await imported("csv", [text], { map });
  expect(messages[0]).toContain(expected);
});

test("of a large file only a few rows are in memory", async () => {
  const rows = 200_000;
  let made = 0;
  let ahead = 0;
  let read = 0;
  function* chunks() {
    yield "at,cpu\n";
    for (; made < rows; made++) yield `${made},1\n`;
  }
  const report = new ImportReport();
  for await (const row of csvRows("made", report, () => true, Readable.from(chunks()))) {
    if (row.cell("at") === String(read)) read++;
    ahead = Math.max(ahead, made - read);
  }
  expect(read).toBe(rows);
  expect(ahead).toBeLessThan(1000);
});

const RANGE = JSON.stringify({
  status: "success",
  data: {
    resultType: "matrix",
    result: [
      {
        metric: { service: "shop/Web", code: "200" },
        values: [
          [1000, "5"],
          [1060, "7.5"],
          [1120, "NaN"],
          [1180, "2"],
        ],
      },
      {
        metric: { service: "shop/Web", code: "500" },
        values: [
          [1000, "0"],
          [1180, "1"],
        ],
      },
    ],
  },
});

test("a range query becomes the demand of a Service by series", async () => {
  const { out, messages, read } = await imported("prometheus", [RANGE]);
  expect(messages).toEqual([]);
  expect(read("loads/shop-web.csv")).toBe('# {"service":"shop/Web","code":"200"}\nat,value\n0,5\n60,7.5\n180,2\n');
  const plan = await planOf(out);
  expect(plan.loads.map(({ name }) => name)).toEqual(["shop-web", "shop-web-2"]);
  expect(plan.durationMicros).toBe(180_000_000);
});

test.each<[string, string, string]>([
  ["no JSON", "{", "f0:0 E0005 not JSON"],
  ["an error", '{"status":"error","error":"bad"}', "f0:0 E0005 Prometheus answered with an error: bad"],
  [
    "an instant query",
    '{"data":{"resultType":"vector","result":[]}}',
    "f0:0 E0005 expected the matrix of a range query (/api/v1/query_range); got a vector",
  ],
  ["no series", '{"data":{"resultType":"matrix","result":[]}}', "f0:0 E0005 the answer holds no series"],
  [
    "a negative load",
    '{"data":{"resultType":"matrix","result":[{"metric":{},"values":[[1,"1"],[2,"-1"]]}]}}',
    'f0:0 E0404 data.result[0].values[1]: a load of "-1"',
  ],
  [
    "time stands still",
    '{"data":{"resultType":"matrix","result":[{"metric":{},"values":[[1,"1"],[1,"1"]]}]}}',
    "f0:0 E0404 data.result[0].values[1]: the time does not rise",
  ],
])("a range query with an error: %s", async (_title, text, expected) => {
  expect((await imported("prometheus", [text])).messages[0]).toContain(expected);
});

const DUMP = `apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Node
  metadata: { name: worker-acme-1, uid: u1, resourceVersion: "5", labels: { kubernetes.io/hostname: worker-acme-1, kubernetes.io/os: linux, acme.io/rack: r7 } }
  spec: { providerID: "aws:///x", taints: [{ key: acme.io/dedicated, value: shop, effect: NoSchedule }] }
  status:
    capacity: { cpu: "8", memory: 32Gi, pods: "110" }
    allocatable: { cpu: "7", memory: 30Gi, pods: "110" }
    addresses: [{ type: InternalIP, address: 10.1.2.3 }]
    images: [{ names: ["registry.acme.io/shop@sha256:1"], sizeBytes: 1000000 }]
- apiVersion: apps/v1
  kind: Deployment
  metadata: { name: shop, namespace: acme, annotations: { kubectl.kubernetes.io/last-applied-configuration: "{}", owner: jane } }
  spec:
    replicas: 1
    selector: { matchLabels: { app: shop } }
    template:
      metadata: { labels: { app: shop } }
      spec:
        tolerations: [{ key: acme.io/dedicated, operator: Equal, value: shop }]
        containers: [{ name: shop, image: "registry.acme.io/shop:1.2", env: [{ name: PASSWORD, value: hunter2 }], args: [--acme], resources: { requests: { cpu: 250m, memory: 1Gi } }, readinessProbe: { httpGet: { path: /acme, port: 8080 }, periodSeconds: 5 } }]
- apiVersion: v1
  kind: Service
  metadata: { name: shop, namespace: acme }
  spec: { clusterIP: 10.0.0.9, selector: { app: shop }, ports: [{ name: http, port: 80, targetPort: 8080 }] }
- apiVersion: v1
  kind: Pod
  metadata: { name: shop-1, namespace: acme, uid: u2, labels: { app: shop } }
  spec: { nodeName: worker-acme-1, containers: [{ name: shop, image: "registry.acme.io/shop:1.2", volumeMounts: [{ name: kube-api-access-x1, mountPath: /var }] }], volumes: [{ name: kube-api-access-x1, projected: { sources: [] } }] }
  status: { phase: Running, podIP: 10.1.0.4 }
- apiVersion: v1
  kind: Pod
  metadata: { name: done-1, namespace: acme }
  spec: { nodeName: worker-acme-1, containers: [{ name: a, image: "a:1" }] }
  status: { phase: Succeeded }
- { apiVersion: v1, kind: Secret, metadata: { name: token, namespace: acme }, data: { a: aHVudGVyMg== } }
- { apiVersion: v1, kind: Event, metadata: { name: e1, namespace: acme } }
`;

test("a dump: what the server added is taken off, nodes keep their size and pods their nodes", async () => {
  const { out, messages, notes, written } = await imported("kubectl", [DUMP]);
  expect(messages).toEqual([]);
  expect(notes).toEqual([
    "left out: 1 × Pod (finished: Succeeded)",
    "left out: 1 × Secret (secrets do not belong in a file)",
    "left out: 1 × Event (the simulation makes its own)",
    "1 Node, 1 Deployment, 1 Service, 1 Pod",
  ]);
  expect(written).toEqual(["nodes.yaml", "workloads.yaml", "services.yaml", "pods.yaml", "scenario.yaml"]);
  const plan = await planOf(out);
  expect(plan.nodes.map(({ name, allocatable }) => [name, allocatable.cpu])).toEqual([["worker-acme-1", "7"]]);
  const pod = plan.objects.find(({ object }) => object.kind === "Pod")?.object as unknown as {
    spec: { nodeName: string };
  };
  expect(pod.spec.nodeName).toBe("worker-acme-1");
  expect(JSON.stringify(plan.objects)).not.toMatch(/kube-api-access|last-applied/);
});

test("an anonymous dump tells nothing of the cluster, and still fits together", async () => {
  const { out, messages } = await imported("kubectl", [DUMP], { isAnonymized: true });
  const again = await imported("kubectl", [DUMP], { isAnonymized: true });
  expect(messages).toEqual([]);
  const texts = (one: string) => readdirSync(one).map((name) => readFileSync(join(one, name), "utf8"));
  expect(texts(out)).toEqual(texts(again.out));
  expect(texts(out).join("\n")).not.toMatch(/acme|shop|jane|hunter2|10\.\d|rack|dedicated|sha256|PASSWORD/);
  const plan = await planOf(out);
  const objects = parseAllDocuments(texts(out).join("---\n")).map((document) => document.toJS() as Dumped);
  const of = (kind: string) => objects.find((object) => object.kind === kind) as Dumped;
  const { matchLabels } = of("Deployment").spec.selector as { matchLabels: object };
  expect(of("Service").spec.selector).toEqual(matchLabels);
  expect(of("Pod").metadata.labels).toEqual(matchLabels);
  expect(of("Pod").spec.nodeName).toBe(of("Node").metadata.name);
  expect(of("Node").metadata.labels?.["kubernetes.io/hostname"]).toBe(of("Node").metadata.name);
  expect(of("Node").metadata.labels?.["kubernetes.io/os"]).toBe("linux");
  expect(plan.nodes).toHaveLength(1);
});

interface Dumped {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly spec: { readonly selector?: unknown; readonly nodeName?: string };
}

test.each<[string, string, string]>([
  ["not YAML", "a: [", "E0002"],
  ["no object", "a: 1\n", "f0:1 E0005 not a Kubernetes object: it needs apiVersion, kind and metadata"],
  ["nothing", "apiVersion: v1\nkind: List\nitems: []\n", "f0:0 E0005 there is no Kubernetes object to be simulated"],
])("a dump with an error: %s", async (_title, text, expected) => {
  expect((await imported("kubectl", [text])).messages[0]).toContain(expected);
});

test("a file that is not there, and a folder that is not empty", async () => {
  const options = { format: "csv", name: "x", map: [], isAnonymized: false } as const;
  const { report } = await importFiles({ ...options, files: [join(folder, "none")], out: join(folder, "none-out") });
  expect(report.problems.map(({ code, message }) => `${code} ${message}`)).toEqual([
    "E0001 cannot read the file: no such file or folder",
  ]);
  await expect(importFiles({ ...options, files: [], out: folder })).rejects.toThrow("is not empty");
});
