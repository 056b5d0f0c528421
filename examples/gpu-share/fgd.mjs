import { devicesOf, keyOf, requestOf } from "./devices.mjs";
import { leastFragmenting, placedScore } from "./fragmentation.mjs";

/**
 * Fragmentation gradient descent: where the pod adds least to what no typical pod could use.
 * @type {import("kube-orrery/plugin").SchedulerPlugin}
 */
export default {
  name: "FGD",
  memoKey: keyOf,
  score: (pod, node, { draw }) => placedScore(devicesOf(node, leastFragmenting, draw), requestOf(pod)).score,
};
