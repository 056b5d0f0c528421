import { podRequests } from "../../kube/index.ts";
import { parseQuantity, quantityMilliValue } from "../../units/index.ts";
import type { NodeGroup } from "./types.ts";

/** How a group is to grow. */
export interface GroupIncrease {
  readonly group: string;
  readonly current: number;
  readonly next: number;
  readonly max: number;
}

/** @source cluster-autoscaler 1.37 processors/nodegroupset/compare_nodegroups.go */
const MEMORY_DIFFERENCE_MAX = 0.015;
const ALLOCATABLE_DIFFERENCE_MAX = 0.05;
const FREE_DIFFERENCE_MAX = 0.05;
const IGNORED_LABELS = new Set([
  "kubernetes.io/hostname",
  "failure-domain.beta.kubernetes.io/zone",
  "failure-domain.beta.kubernetes.io/region",
  "topology.kubernetes.io/zone",
  "topology.kubernetes.io/region",
  "beta.kubernetes.io/fluentd-ds-ready",
  "kops.k8s.io/instancegroup",
  // The name of the group itself, as clouds label it too.
  "kube-orrery/pool",
]);

/**
 * Deals new nodes to groups one at a time, always to the smallest that is not full. Groups that get none are left out.
 * @source cluster-autoscaler 1.37 processors/nodegroupset/balancing_processor.go BalanceScaleUpBetweenGroups
 */
export function balance(groups: readonly NodeGroup[], newNodes: number): GroupIncrease[] {
  const open = groups
    .map(({ id, target, max }, index) => ({ group: id, current: target, next: target, max, index }))
    .filter(({ current, max }) => current < max)
    .sort((a, b) => a.current - b.current || a.index - b.index);
  for (let left = newNodes; left > 0; left--) {
    let smallest: (typeof open)[number] | undefined;
    for (const info of open) {
      if (info.next < info.max && (smallest === undefined || info.next < smallest.next)) smallest = info;
    }
    if (smallest === undefined) break;
    smallest.next++;
  }
  return open
    .filter(({ current, next }) => next > current)
    .map(({ group, current, next, max }) => ({ group, current, next, max }));
}

/** Whether two groups have nodes of one kind, wherever they stand. */
export function areSimilar(a: NodeGroup, b: NodeGroup): boolean {
  const [left, right] = [a.template.node, b.template.node];
  if (
    !sameAmounts(left.status?.capacity, right.status?.capacity, (name) =>
      name === "memory" ? MEMORY_DIFFERENCE_MAX : 0,
    )
  )
    return false;
  if (!sameAmounts(left.status?.allocatable, right.status?.allocatable, () => ALLOCATABLE_DIFFERENCE_MAX)) return false;
  if (!sameAmounts(freeOf(a), freeOf(b), () => FREE_DIFFERENCE_MAX)) return false;
  return sameLabels(left.metadata.labels ?? {}, right.metadata.labels ?? {});
}

type Amounts = Readonly<Record<string, string>>;

function sameAmounts(a: Amounts = {}, b: Amounts = {}, differenceMax: (name: string) => number): boolean {
  const names = Object.keys(a);
  if (names.length !== Object.keys(b).length) return false;
  return names.every((name) => {
    const [left, right] = [a[name], b[name]];
    if (left === undefined || right === undefined) return false;
    const [x, y] = [quantityMilliValue(parseQuantity(left)), quantityMilliValue(parseQuantity(right))];
    const larger = Math.max(x, y);
    return larger - Math.min(x, y) <= larger * differenceMax(name);
  });
}

/** What is left of a new node beside its DaemonSet pods. */
function freeOf({ template }: NodeGroup): Amounts {
  const { cpu = "0", memory = "0" } = template.node.status?.allocatable ?? {};
  let cpuMilli = quantityMilliValue(parseQuantity(cpu));
  let memoryMilli = quantityMilliValue(parseQuantity(memory));
  for (const { spec } of template.pods) {
    const requests = podRequests(spec);
    cpuMilli -= requests.cpuMilli;
    memoryMilli -= requests.memoryBytes * 1000;
  }
  return { cpu: `${cpuMilli}m`, memory: `${memoryMilli}m` };
}

function sameLabels(a: Amounts, b: Amounts): boolean {
  const names = new Set([...Object.keys(a), ...Object.keys(b)].filter((name) => !IGNORED_LABELS.has(name)));
  return [...names].every((name) => a[name] === b[name]);
}
