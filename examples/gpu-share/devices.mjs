/**
 * The GPUs of a node: which of them its pods use, and how much of each is left.
 *
 * A pod asks for `gpu-count` GPUs of `gpu-milli` each (its labels): for a share of one, or for whole ones. Which GPUs a
 * pod got follows from the pods that were on the node before it, so nothing has to be written down: the pods of a node are
 * gone through in the order of their arrival. That holds as long as no pod leaves its node, which is so in this workload.
 *
 * @typedef {import("kube-orrery/plugin").NodeView} NodeView
 * @typedef {import("kube-orrery/plugin").PodTemplateView} PodTemplateView
 * @typedef {{ cpuMilli: number, gpus: number, milli: number, models: readonly string[] }} Request what a pod asks for
 * @typedef {{ cpuLeft: number, free: readonly number[], model: string, kinds: ReadonlyMap<string, number> }} Devices
 *   free milli of each GPU; how many pods of each kind (`kindOf`) are there
 * @typedef {(devices: Devices, request: Request, draw: (text: string) => number, uid: string) => number} Choice
 *   the GPU for a share
 */

export const WHOLE = 1000;
/** The largest node of the trace: what loads are measured by. */
export const MOST_CPU_MILLI = 128_000;
export const MOST_GPU_MILLI = 8 * WHOLE;

const COUNT = "alibabacloud.com/gpu-count";
const MILLI = "alibabacloud.com/gpu-milli";
const MODEL = "alibabacloud.com/gpu-card-model";

/** @type {WeakMap<object, Request>} */
const requests = new WeakMap();

/**
 * @param {PodTemplateView} pod
 * @returns {Request}
 */
export function requestOf(pod) {
  let request = requests.get(pod);
  if (request === undefined) {
    const gpus = Number(pod.labels[COUNT] ?? 0);
    const milli = gpus === 0 ? 0 : Number(pod.labels[MILLI]);
    request = { cpuMilli: pod.requests.cpuMilli, gpus, milli, models: modelsOf(pod.spec) };
    requests.set(pod, request);
  }
  return request;
}

/** The models that a pod takes; empty for any. */
function modelsOf(spec) {
  const terms = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  return terms.flatMap(({ matchExpressions = [] }) =>
    matchExpressions.flatMap(({ key, values }) => (key === MODEL ? values : [])),
  );
}

/** @param {PodTemplateView} pod */
export function keyOf(pod) {
  const { cpuMilli, gpus, milli, models } = requestOf(pod);
  return `${cpuMilli}/${gpus}/${milli}/${models.join("|")}`;
}

/** @param {Pick<Request, "gpus" | "milli">} request */
export function kindOf({ gpus, milli }) {
  return gpus === 0 ? "none" : milli < WHOLE ? "share" : `${gpus}`;
}

/** @param {readonly number[]} free */
export function totalOf(free) {
  let total = 0;
  for (let i = 0; i < free.length; i++) total += free[i];
  return total;
}

/**
 * Whether enough GPUs have enough left.
 * @param {readonly number[]} free
 * @param {Pick<Request, "gpus" | "milli">} request
 */
export function fits(free, { gpus, milli }) {
  let wanted = gpus;
  for (let i = 0; i < free.length && wanted > 0; i++) if (free[i] >= milli) wanted--;
  return wanted === 0;
}

/**
 * The GPUs that a pod gets: one with room for a share, which `choose` names, or the first that nobody uses.
 * @param {Devices} devices
 * @param {Request} request one that fits
 * @param {Choice} choose
 * @returns {number[]}
 */
export function taken(devices, request, choose, draw, uid) {
  if (request.gpus === 0) return [];
  if (request.milli < WHOLE) return [choose(devices, request, draw, uid)];
  const unused = [...devices.free.keys()].filter((gpu) => devices.free[gpu] === WHOLE);
  return unused.slice(0, request.gpus);
}

/** The GPU with the least left that has room, the first of equals. @type {Choice} */
export function tightest({ free }, { milli }) {
  let best = -1;
  for (let i = 0; i < free.length; i++) if (free[i] >= milli && (best === -1 || free[i] < free[best])) best = i;
  return best;
}

/** Any GPU with room. @type {Choice} */
export function anyOne({ free }, { milli }, draw, uid) {
  const open = [...free.keys()].filter((gpu) => free[gpu] >= milli);
  return open[Math.floor(draw(`gpu ${uid}`) * open.length)];
}

/**
 * What the pod leaves of a node.
 * @param {Devices} devices
 * @param {Request} request
 * @param {readonly number[]} gpus
 * @returns {Devices}
 */
export function without({ cpuLeft, free, model, kinds }, request, gpus) {
  const left = [...free];
  for (const gpu of gpus) left[gpu] -= request.milli;
  const kind = kindOf(request);
  const more = kind === "none" ? kinds : new Map([...kinds, [kind, (kinds.get(kind) ?? 0) + 1]]);
  return { cpuLeft: cpuLeft - request.cpuMilli, free: left, model, kinds: more };
}

/** @typedef {{ revision: number, uids: readonly string[], devices: Devices }} Known */
/** What was found out about nodes, by way of choosing: it holds for a revision, and what follows continues it.
 *  @type {Map<Choice, WeakMap<NodeView, Known>>} */
const known = new Map();

/**
 * The GPUs of a node as its pods have left them.
 * @param {NodeView} node
 * @param {Choice} choose
 * @param {(text: string) => number} draw
 * @returns {Devices}
 */
export function devicesOf(node, choose, draw) {
  let nodes = known.get(choose);
  if (nodes === undefined) known.set(choose, (nodes = new WeakMap()));
  const before = nodes.get(node);
  const { revision } = node;
  if (before?.revision === revision) return before.devices;
  const pods = [...node.pods].sort((a, b) => numberOf(a) - numberOf(b));
  const isContinued = before?.uids.every((uid, index) => pods[index]?.uid === uid) === true;
  let devices = isContinued ? before.devices : empty(node);
  for (const pod of pods.slice(isContinued ? before.uids.length : 0)) {
    const request = requestOf(pod);
    devices = without(devices, request, taken(devices, request, choose, draw, pod.uid));
  }
  nodes.set(node, { revision, uids: pods.map(({ uid }) => uid), devices });
  return devices;
}

/** @param {NodeView} node @returns {Devices} */
function empty({ allocatable, labels }) {
  const free = new Array(Number(labels[COUNT] ?? 0)).fill(WHOLE);
  return { cpuLeft: allocatable.cpuMilli, free, model: labels[MODEL] ?? "", kinds: new Map() };
}

/** Pods of a list are numbered in the order of their arrival. */
function numberOf({ name }) {
  return Number(name.slice(name.lastIndexOf("-") + 1));
}
