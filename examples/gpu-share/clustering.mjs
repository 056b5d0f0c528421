import { devicesOf, keyOf, kindOf, MOST_GPU_MILLI, requestOf, tightest, totalOf } from "./devices.mjs";

/**
 * Pods of a kind together: shares of a GPU, one GPU, two, and so on. Best is a node with that kind alone, then one that
 * has others too, then an empty one, then one with others only; within these, the less is left the better.
 * @type {import("kube-orrery/plugin").SchedulerPlugin}
 */
export default {
  name: "Clustering",
  memoKey: keyOf,
  score(pod, node, { draw }) {
    const kind = kindOf(requestOf(pod));
    if (kind === "none") return 0;
    const { free, kinds } = devicesOf(node, tightest, draw);
    const class_ = kinds.has(kind) ? (kinds.size === 1 ? 3 : 2) : kinds.size === 0 ? 1 : 0;
    return class_ * 25 + Math.floor((25 * (MOST_GPU_MILLI - totalOf(free))) / MOST_GPU_MILLI);
  },
};
