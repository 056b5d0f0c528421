import { devicesOf, keyOf, requestOf, tightest, WHOLE } from "./devices.mjs";

/**
 * GPUs in use first, then unused ones of nodes in use, then nodes without use.
 * @type {import("kube-orrery/plugin").SchedulerPlugin}
 */
export default {
  name: "Packing",
  memoKey: keyOf,
  score(pod, node, { draw }) {
    const { gpus, milli } = requestOf(pod);
    if (gpus === 0) return 0;
    const { free } = devicesOf(node, tightest, draw);
    const unused = free.filter((left) => left === WHOLE).length;
    // The more GPUs a node without use has, the longer it is kept back.
    if (unused === free.length) return Math.max(33 - unused, unused);
    const used = [...free]
      .sort((a, b) => a - b)
      .filter((left) => left >= milli)
      .slice(0, gpus);
    const fresh = used.filter((left) => left === WHOLE).length;
    if (fresh > 0) return Math.max(50 - fresh, 33);
    const percent = used.reduce((sum, left) => sum + Math.floor(left / 10), 0);
    return Math.max(100 - Math.floor(percent / 10), 50);
  },
};
