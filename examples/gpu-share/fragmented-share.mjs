/**
 * How much of the free GPUs typical pods cannot use, as the GPUs asked for grow: reads the decisions of a run under FGD.
 *
 *     node examples/gpu-share/fragmented-share.mjs results/gpu-share/seed=42
 *
 * A row a tenth of the cluster's GPUs: the mean over all arrivals of which the sum asked for rounds to that percentage.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse, parseAllDocuments } from "yaml";
import { requestOf, taken, totalOf, WHOLE, without } from "./devices.mjs";
import { fragmentation, leastFragmenting } from "./fragmentation.mjs";

const COUNT = "alibabacloud.com/gpu-count";
const MODEL = "alibabacloud.com/gpu-card-model";

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  console.log("asked %  allocated %  fragmented % of what is free");
  for (const { asked, allocated, fragmented } of rowsOf(process.argv[2] ?? ".")) {
    console.log(
      [`${asked}`.padStart(7), allocated.toFixed(2).padStart(12), fragmented.toFixed(1).padStart(11)].join(" "),
    );
  }
}

/** @param {string} folder of a run */
export function rowsOf(folder) {
  const { spec } = parse(readFileSync(join(folder, "scenario.resolved.yaml"), "utf8"));
  const requests = requestsIn(join(folder, spec.arrivals[0].templates));
  const nodes = new Map(spec.cluster.nodePools.flatMap(nodesOf));
  const all = [...nodes.values()].reduce((sum, { free }) => sum + totalOf(free), 0);
  const waste = new Map([...nodes].map(([name, node]) => [name, wasteOf(node)]));
  let [asked, free, wasted] = [0, all, [...waste.values()].reduce((sum, one) => sum + one, 0)];
  const sums = new Map();
  for (const { object, node } of arrivalsIn(join(folder, "decisions.jsonl"))) {
    const request = requests.get(object.replace(/^pod\/[^/]+\/(.*)-\d+$/, "$1"));
    asked += request.gpus * request.milli;
    if (node !== undefined) {
      const devices = nodes.get(node);
      const left = without(devices, request, taken(devices, request, leastFragmenting));
      nodes.set(node, left);
      free += totalOf(left.free) - totalOf(devices.free);
      wasted += wasteOf(left) - waste.get(node);
      waste.set(node, wasteOf(left));
    }
    const percent = Math.round((100 * asked) / all);
    const sum = sums.get(percent) ?? { count: 0, fragmented: 0, allocated: 0 };
    sums.set(percent, {
      count: sum.count + 1,
      fragmented: sum.fragmented + wasted / free,
      allocated: sum.allocated + 1 - free / all,
    });
  }
  return [...sums].flatMap(([percent, { count, fragmented, allocated }]) =>
    percent % 10 === 0 && percent > 0
      ? [{ asked: percent, allocated: (100 * allocated) / count, fragmented: (100 * fragmented) / count }]
      : [],
  );
}

function wasteOf({ cpuLeft, free, model }) {
  return fragmentation(cpuLeft, free, model);
}

function requestsIn(file) {
  const pods = parseAllDocuments(readFileSync(file, "utf8")).map((document) => document.toJS());
  return new Map(
    pods.map(({ metadata: { name, labels = {} }, spec }) => {
      const cpuMilli = Number.parseInt(spec.containers[0].resources.requests.cpu, 10);
      return [name, requestOf({ labels, spec, requests: { cpuMilli } })];
    }),
  );
}

function nodesOf({ name, count, allocatable, labels }) {
  const digits = Math.max(2, `${count}`.length);
  return Array.from({ length: count }, (_, index) => {
    const devices = {
      cpuLeft: Number.parseInt(allocatable.cpu, 10),
      free: new Array(Number(labels[COUNT])).fill(WHOLE),
      model: labels[MODEL],
      kinds: new Map(),
    };
    return [`${name}-${`${index + 1}`.padStart(digits, "0")}`, devices];
  });
}

/** The first decision about each pod, in order. */
function* arrivalsIn(file) {
  const met = new Set();
  for (const line of readFileSync(file, "utf8").split("\n")) {
    if (line === "") continue;
    const decision = JSON.parse(line);
    if (decision.by !== "scheduler" || met.has(decision.object)) continue;
    met.add(decision.object);
    yield decision;
  }
}
