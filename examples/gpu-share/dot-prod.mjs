import { devicesOf, keyOf, MOST_CPU_MILLI, MOST_GPU_MILLI, requestOf, tightest, totalOf } from "./devices.mjs";

/**
 * The mean of the products of what is asked and what is free, by resource and as parts of the largest node; the lower it
 * is, the better.
 * @type {import("kube-orrery/plugin").SchedulerPlugin}
 */
export default {
  name: "DotProd",
  memoKey: keyOf,
  score(pod, node, { draw }) {
    const { cpuMilli, gpus, milli } = requestOf(pod);
    const { cpuLeft, free } = devicesOf(node, tightest, draw);
    const cpu = (cpuLeft / MOST_CPU_MILLI) * (cpuMilli / MOST_CPU_MILLI);
    const gpu = (totalOf(free) / MOST_GPU_MILLI) * ((gpus * milli) / MOST_GPU_MILLI);
    return Math.floor(100 * (1 - (cpu + gpu) / 2));
  },
};
