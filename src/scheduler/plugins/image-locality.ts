import type { SchedulerCache } from "../cache.ts";
import type { ClusterView } from "../cluster-view.ts";
import type { Plugin } from "../framework.ts";
import type { NodeInfo } from "../node-info.ts";

const MIB = 1024 * 1024;
const MIN_BYTES = 23 * MIB;
const MAX_BYTES_PER_IMAGE = 1000 * MIB;

/**
 * Prefers nodes that already have the pod's images, the more so the larger and the more widespread they are.
 * DEVIATION(image-state): the number of nodes that have an image is always the present one; the original freezes it
 * for a node until that node changes for another reason.
 * @source kubernetes 1.37 imagelocality plugin
 */
export function imageLocality(view: ClusterView): Plugin {
  return {
    name: "ImageLocality",
    evenScore: (_state, { template: { images } }) =>
      images.some((name) => view.cache.images.has(name)) ? undefined : 0,
    score: (_state, pod, node) => scoreOf(view.cache, pod.template.images, node),
    block: ({ images }) => ({
      statuses: [],
      firstCode: 0,
      prepareFilter: () => false,
      filter: () => {},
      prepareScore: () => true,
      score: (rows, count, raw) => {
        const { cache } = view;
        if (!images.some((name) => cache.images.has(name))) raw.fill(0, 0, count);
        else for (let i = 0; i < count; i++) raw[i] = scoreOf(cache, images, cache.nodeAt(rows[i]!) as NodeInfo);
      },
      release: () => {},
    }),
  };
}

function scoreOf(cache: SchedulerCache, images: readonly string[], node: NodeInfo): number {
  if (node.images.size === 0 || images.length === 0) return 0;
  const nodeCount = cache.snapshot().length;
  let sum = 0;
  for (const name of images) {
    const image = node.images.has(name) ? cache.images.get(name) : undefined;
    if (image !== undefined) sum += Math.trunc(image.sizeBytes * (image.nodeCount / nodeCount));
  }
  const max = MAX_BYTES_PER_IMAGE * images.length;
  const clamped = Math.min(Math.max(sum, MIN_BYTES), max);
  return Math.trunc((100 * (clamped - MIN_BYTES)) / (max - MIN_BYTES));
}
