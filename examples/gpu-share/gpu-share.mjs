import { anyOne, devicesOf, fits, keyOf, requestOf, tightest } from "./devices.mjs";
import { leastFragmenting } from "./fragmentation.mjs";

/** How a pod that wants a share of a GPU gets one of those on its node. */
const CHOICES = { any: anyOne, tightest, leastFragmenting };
const NO_ROOM = "node(s) had too few GPUs with enough left";

/**
 * The filter of all policies: there are enough GPUs with enough left. CPU, memory and model are checked by the scheduler's
 * own filters.
 * @type {import("kube-orrery/plugin").SchedulerPlugin<{ share: keyof typeof CHOICES }>}
 */
export default {
  name: "GpuShare",
  memoKey: keyOf,
  filter(pod, node, { args, draw }) {
    const request = requestOf(pod);
    if (request.gpus === 0) return;
    if (!fits(devicesOf(node, CHOICES[args.share], draw).free, request)) return NO_ROOM;
  },
  // Pods never leave, so nothing helps one that was rejected.
  requeueOn: [],
};
