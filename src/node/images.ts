import { sample } from "../random/index.ts";
import { goDuration, type Micros } from "../units/index.ts";
import type { KubeletContext, Pull } from "./context.ts";
import type { CachedImage, ImageCatalog } from "./options.ts";

const BYTES_PER_MEBIBYTE = 1048576;

/** An image's name with the tag that it has when none is written. */
export function imageName(image: string): string {
  return image.includes("@") || /:[^/]*$/.test(image) ? image : `${image}:latest`;
}

type CatalogEntry = ImageCatalog["images"][number];

/** Entries by name with tag: derived from the catalog, hence no state. */
const indices = new WeakMap<ImageCatalog, Map<string, CatalogEntry>>();

/** What the catalog says of an image. */
export function catalogued(catalog: ImageCatalog, image: string): CatalogEntry {
  let index = indices.get(catalog);
  if (index === undefined) {
    index = new Map(catalog.images.map((entry) => [imageName(entry.name), entry]));
    indices.set(catalog, index);
  }
  const name = imageName(image);
  const { defaultSizeBytes: sizeBytes, preloaded } = catalog;
  return index.get(name) ?? { name, sizeBytes, preloaded, missing: false };
}

/** The images a node has from the start, largest first as the kubelet reports them. */
export function firstImages(catalog: ImageCatalog, own: readonly CachedImage[]): readonly CachedImage[] {
  const listed = catalog.images.filter((image) => image.preloaded && !image.missing);
  const all = new Map<string, CachedImage>();
  for (const { name, sizeBytes } of [...listed, ...own]) {
    all.set(imageName(name), Object.freeze({ name: imageName(name), sizeBytes }));
  }
  return Object.freeze([...all.values()].sort(bySize));
}

function bySize(a: CachedImage, b: CachedImage): number {
  return b.sizeBytes - a.sizeBytes || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
}

export function hasImage(context: KubeletContext, nodeId: number, image: string): boolean {
  const name = imageName(image);
  if (context.images.get(nodeId).some((cached) => cached.name === name)) return true;
  const entry = catalogued(context.options.images, image);
  return entry.preloaded && !entry.missing;
}

/** Puts the image into the node's cache; the node's status tells at its next evaluation. */
function addImage(context: KubeletContext, nodeId: number, image: string): boolean {
  const name = imageName(image);
  const cached = context.images.get(nodeId);
  if (cached.some((entry) => entry.name === name)) return false;
  const { sizeBytes } = catalogued(context.options.images, image);
  context.images.set(nodeId, Object.freeze([...cached, Object.freeze({ name, sizeBytes })].sort(bySize)));
  return true;
}

/** Queues the pull of an image for a pod whose worker waits for it; the worker's step follows when it is done. */
export function requestPull(context: KubeletContext, row: number, image: string): void {
  const { pods } = context.store;
  const nodeId = pods.nodeId.get(row);
  const id = context.nextPull.value++;
  const pull: Pull = Object.freeze({
    nodeId,
    row,
    generation: pods.rows.generationOf(row),
    epoch: context.epoch.get(row),
    image,
    requestedAt: context.engine.now,
    startedAt: -1,
    isMissing: catalogued(context.options.images, image).missing,
  });
  context.pulls.set(id, pull);
  context.pullQueue.set(nodeId, Object.freeze([...context.pullQueue.get(nodeId), id]));
  startPulls(context, nodeId);
}

/** Starts queued pulls while the node may do more at one time. */
function startPulls(context: KubeletContext, nodeId: number): void {
  while (context.activePulls.get(nodeId) < context.parallelPulls.get(nodeId)) {
    const [id, ...rest] = context.pullQueue.get(nodeId);
    const pull = id === undefined ? undefined : context.pulls.get(id);
    if (id === undefined || pull === undefined) return;
    context.pullQueue.set(nodeId, Object.freeze(rest));
    context.pulls.set(id, Object.freeze({ ...pull, startedAt: context.engine.now }));
    context.activePulls.set(nodeId, context.activePulls.get(nodeId) + 1);
    context.engine.after(pullDuration(context, pull), context.kinds.pulled, nodeId, id);
  }
}

// DEVIATION(parallel-pull-bandwidth): a pull keeps the share of the node's bandwidth that it begins with.
// DEVIATION(registry-pull-qps): the client-side limit of 5 pulls a second is not applied.
function pullDuration(context: KubeletContext, pull: Pull): Micros {
  const { options, streams, activePulls, bandwidth } = context;
  const latency = sample(options.imagePullLatency, streams.pull);
  // Layers that are there already are not fetched again.
  if (pull.isMissing || hasImage(context, pull.nodeId, pull.image)) return latency;
  const { sizeBytes } = catalogued(options.images, pull.image);
  const transfer = (sizeBytes * 1e6 * activePulls.get(pull.nodeId)) / bandwidth.get(pull.nodeId);
  const unpack = (sizeBytes / BYTES_PER_MEBIBYTE) * options.imageUnpackMicrosPerMebibyte;
  return latency + Math.floor(transfer + unpack);
}

/** A pull is over: the next one begins. Returns it with whether the node's set of images changed; undefined when a crash ended it. */
export function endPull(context: KubeletContext, id: number): { pull: Pull; isNew: boolean } | undefined {
  const pull = context.pulls.get(id);
  if (pull === undefined) return undefined;
  context.pulls.delete(id);
  const { nodeId } = pull;
  context.activePulls.set(nodeId, context.activePulls.get(nodeId) - 1);
  const isNew = !pull.isMissing && addImage(context, nodeId, pull.image);
  startPulls(context, nodeId);
  return { pull, isNew };
}

/** A crash ends all pulls of the node; what is in its cache stays. */
export function dropPulls(context: KubeletContext, nodeId: number): void {
  for (const [id, pull] of [...context.pulls]) if (pull.nodeId === nodeId) context.pulls.delete(id);
  context.pullQueue.set(nodeId, Object.freeze([]));
  context.activePulls.set(nodeId, 0);
}

/** @source kubernetes 1.37 pkg/kubelet/images/image_manager.go */
export function pulledMessage(context: KubeletContext, pull: Pull): string {
  const { now } = context.engine;
  const { sizeBytes } = catalogued(context.options.images, pull.image);
  const took = goDuration(wholeMillis(now - pull.startedAt));
  const total = goDuration(wholeMillis(now - pull.requestedAt));
  const image = JSON.stringify(pull.image);
  return `Successfully pulled image ${image} in ${took} (${total} including waiting). Image size: ${sizeBytes} bytes.`;
}

function wholeMillis(span: Micros): Micros {
  return Math.floor(span / 1000) * 1000;
}
