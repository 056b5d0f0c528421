import { devicesOf, keyOf, MOST_CPU_MILLI, MOST_GPU_MILLI, requestOf, tightest, totalOf } from "./devices.mjs";

/**
 * The least left of CPU and GPU, as parts of the largest node and of equal weight.
 * @type {import("kube-orrery/plugin").SchedulerPlugin}
 */
export default {
  name: "BestFit",
  memoKey: keyOf,
  score(pod, node, { draw }) {
    const { cpuMilli, gpus, milli } = requestOf(pod);
    const { cpuLeft, free } = devicesOf(node, tightest, draw);
    const cpu = ((cpuLeft - cpuMilli) / MOST_CPU_MILLI) * 0.5;
    const gpu = ((totalOf(free) - gpus * milli) / MOST_GPU_MILLI) * 0.5;
    return Math.floor((1 - (cpu + gpu)) * 100);
  },
};
