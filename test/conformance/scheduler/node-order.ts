import type { KubeNode, Pod } from "../../../src/kube/index.ts";
import { feasibleNodesToFind, SchedulerCache, scheduleOne } from "../../../src/scheduler/index.ts";
import { RecordedCluster } from "./cluster.ts";
import { type FamilyResult, type NodeOrderCases, type OrderCase, Tally, type WindowCase } from "./document.ts";

/** Node lists of snapshots, sizes of searches, and the windows that searches look at. */
export function runNodeOrder(family: string, cases: NodeOrderCases): FamilyResult {
  const tally = new Tally();
  for (const one of cases.order) playOrder(tally, one);
  for (const { nodes, percentage, toFind } of cases.sampling) {
    const subject = `${nodes} nodes, ${percentage} %`;
    tally.compare("sampling", subject, { toFind }, { toFind: feasibleNodesToFind(nodes, percentage) });
  }
  for (const one of cases.windows) playWindow(tally, one);
  return tally.result(family, cases.order.length + cases.sampling.length + cases.windows.length);
}

function bareNode(name: string, region: string | undefined, zone: string | undefined): KubeNode {
  const labels = {
    ...(region === undefined ? {} : { "topology.kubernetes.io/region": region }),
    ...(zone === undefined ? {} : { "topology.kubernetes.io/zone": zone }),
  };
  const status = { allocatable: { cpu: "1", pods: "110" } };
  return { apiVersion: "v1", kind: "Node", metadata: { name, labels }, status };
}

function playOrder(tally: Tally, one: OrderCase): void {
  const cache = new SchedulerCache();
  for (const { op, node, region, zone, order } of one.ops) {
    if (op === "remove") cache.removeNode(node);
    else if (op === "add") cache.addNode(bareNode(node, region, zone));
    else cache.updateNode(bareNode(node, region, zone));
    const got = cache.snapshot().map((info) => info.name);
    tally.compare(one.name, `${op} ${node}`, { order }, { order: got });
  }
}

function barePod(name: string, cpu: string, nodeName: string | undefined): Pod {
  const containers = [{ name: "c", image: "i", resources: { requests: { cpu } } }];
  const spec = { containers, ...(nodeName === undefined ? {} : { nodeName }) };
  return { apiVersion: "v1", kind: "Pod", metadata: { name, namespace: "default", uid: name }, spec };
}

/** Nodes that are full reject; the rest are feasible until there are enough. */
function playWindow(tally: Tally, one: WindowCase): void {
  const names = one.order.map((_name, index) => `n${String(index).padStart(5, "0")}`);
  const nodes = names.map((name, index) => bareNode(name, "r", `z${index % one.zones}`));
  const cluster = new RecordedCluster(nodes, [], []);
  const order = cluster.cache.snapshot().map((info) => info.name);
  tally.compare(one.name, "order", { order: one.order }, { order });
  const full = new Set<number>();
  let start = 0;
  for (const [index, recorded] of one.pods.entries()) {
    for (const position of recorded.full) {
      if (full.has(position)) continue;
      full.add(position);
      cluster.cache.addPod(cluster.compile(barePod(`fill-${position}`, "1", order[position])));
    }
    const pod = cluster.compile(barePod("p", "100m", undefined));
    const options = { percentage: one.percentage, start };
    const placement = scheduleOne(cluster.framework, cluster.cache, cluster.nominated, pod, options);
    const { evaluated } = placement;
    const got = { full: recorded.full, start, evaluated, feasible: placement.feasible.length };
    tally.compare(one.name, `pod ${index}`, recorded, got);
    start = placement.nextStart;
  }
}
