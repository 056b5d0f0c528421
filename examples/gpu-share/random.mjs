/**
 * Any node.
 * @type {import("kube-orrery/plugin").SchedulerPlugin}
 */
export default {
  name: "Random",
  memoKey: () => "",
  score: () => 0,
  normalize(pod, nodes, scores, { draw }) {
    const chosen = Math.floor(draw(`node for ${pod.uid}`) * nodes.length);
    return scores.map((_score, index) => (index === chosen ? 100 : 0));
  },
};
