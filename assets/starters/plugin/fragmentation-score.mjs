// A scheduler plugin that keeps room for large pods: a node is the better, the fewer pods of the given shapes lose
// their place there. Node 20 does not load TypeScript, so this is JavaScript with types in comments.

/**
 * @typedef {{ shapes: { cpuMilli: number, memoryBytes: number }[] }} Args
 * @type {import("kube-orrery/plugin").SchedulerPlugin<Args>}
 */
export default {
  name: "FragmentationScore",

  // How many pods of the shapes fit the node now, less how many fit once the pod is there.
  score(pod, node, { args }) {
    const { allocatable, requested } = node;
    const free = {
      cpuMilli: allocatable.cpuMilli - requested.cpuMilli,
      memoryBytes: allocatable.memoryBytes - requested.memoryBytes,
    };
    const left = {
      cpuMilli: free.cpuMilli - pod.requests.cpuMilli,
      memoryBytes: free.memoryBytes - pod.requests.memoryBytes,
    };
    return args.shapes.reduce((lost, shape) => lost + fitting(shape, free) - fitting(shape, left), 0);
  },

  // Fewest lost places: 100. Most: 0.
  normalize(_pod, _nodes, scores) {
    const most = Math.max(...scores);
    const least = Math.min(...scores);
    return scores.map((lost) => (most === least ? 100 : Math.trunc((100 * (most - lost)) / (most - least))));
  },
};

function fitting(shape, free) {
  return Math.max(0, Math.min(Math.floor(free.cpuMilli / shape.cpuMilli), Math.floor(free.memoryBytes / shape.memoryBytes)));
}
