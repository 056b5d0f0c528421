import { orderOf } from "./node-order.mjs";

/** @type {import("kube-orrery/plugin").SchedulerPlugin} */
export default {
  name: "NodeOrderFine",
  memoKey: () => "",
  score: (_pod, node, { draw }) => orderOf(node.name, draw).fine,
};
