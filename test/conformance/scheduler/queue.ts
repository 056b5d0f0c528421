import type { KubeNode, Pod } from "../../../src/kube/index.ts";
import { type Attempt, podSource, SchedulerCore } from "../../../src/scheduler/index.ts";
import { millis, parseRfc3339, rfc3339, rfc3339Micro } from "../../../src/units/index.ts";
import { RecordedCluster } from "./cluster.ts";
import {
  type FamilyResult,
  type QueueCase,
  type QueueCases,
  type QueueOp,
  type RecordedAttempt,
  type RecordedEviction,
  Tally,
} from "./document.ts";
import { terminating } from "./preempt.ts";

const FLUSH_BACKOFF_MS = 1000;
const FLUSH_UNSCHEDULABLE_MS = 30_000;

interface State {
  readonly atMs: number;
  readonly backoff: readonly string[];
  readonly unschedulable: readonly string[];
}

/** Plays the scripts; compares every attempt, every eviction and every state of rest, in order. */
export function runQueue(family: string, { cycleMs, cases }: QueueCases): FamilyResult {
  const tally = new Tally();
  for (const one of cases) {
    const world = new QueueWorld(one, cycleMs);
    world.play();
    compareLists(tally, one.name, "attempt", one.attempts, world.attempts);
    compareLists(tally, one.name, "eviction", one.evictions ?? [], world.evictions);
    compareLists(tally, one.name, "state", one.states, world.states);
  }
  return tally.result(family, cases.length);
}

function compareLists(tally: Tally, name: string, what: string, expected: readonly object[], got: readonly object[]) {
  for (let index = 0; index < Math.max(expected.length, got.length); index++) {
    tally.compare(name, `${what} ${index}`, expected[index] ?? {}, got[index] ?? {});
  }
}

class QueueWorld {
  readonly attempts: RecordedAttempt[] = [];
  readonly states: State[] = [];
  readonly evictions: RecordedEviction[] = [];
  readonly #case: QueueCase;
  readonly #cycleMs: number;
  readonly #core: SchedulerCore;
  readonly #pods = new Map<string, Pod>();
  /** Victims that still terminate, in the order in which they go. */
  #due: RecordedEviction[] = [];
  #nowMs = 0;

  constructor(one: QueueCase, cycleMs: number) {
    this.#case = one;
    this.#cycleMs = cycleMs;
    const { cache, framework, preemptions } = new RecordedCluster([], [], []);
    this.#core = new SchedulerCore({ percentageOfNodesToScore: 0, cache, framework, preemptions });
  }

  play(): void {
    for (const op of this.#case.ops) {
      this.#until(op.atMs);
      this.#apply(op);
      this.#settle();
    }
    this.#until(this.#case.endMs);
  }

  get #now(): number {
    return millis(this.#nowMs);
  }

  /** Time passes, stopping wherever a timer fires or an evicted pod goes. */
  #until(ms: number): void {
    while (this.#nowMs < ms) {
      const second = (Math.floor(this.#nowMs / FLUSH_BACKOFF_MS) + 1) * FLUSH_BACKOFF_MS;
      const due = this.#due[0]?.goneMs ?? ms;
      const next = Math.max(this.#nowMs, Math.min(ms, second, due));
      this.#advance(next);
      const isGone = this.#removeDue();
      if (isGone || next < ms || next % FLUSH_BACKOFF_MS === 0) this.#settle();
    }
  }

  #advance(toMs: number): void {
    if (toMs === this.#nowMs) return;
    this.#nowMs = toMs;
    if (toMs % FLUSH_BACKOFF_MS === 0) this.#core.queue.flushBackoff(this.#now);
    if (toMs % FLUSH_UNSCHEDULABLE_MS === 0) this.#core.queue.flushUnschedulable(this.#now);
  }

  /** Victims of preemption that are through with their grace period. */
  #removeDue(): boolean {
    const gone = this.#due.filter(({ goneMs }) => goneMs <= this.#nowMs);
    this.#due = this.#due.filter(({ goneMs }) => goneMs > this.#nowMs);
    for (const { pod } of gone) this.#deletePod(pod);
    return gone.length > 0;
  }

  #apply(op: QueueOp): void {
    if (op.kind === "Node") {
      if (op.op === "delete") this.#core.removeNode(op.name, this.#now);
      else if (op.op === "create") this.#core.addNode(op.object as KubeNode, this.#now);
      else this.#core.updateNode(op.object as KubeNode, this.#now);
      return;
    }
    if (op.op === "delete") {
      this.#deletePod(op.name);
      return;
    }
    const known = this.#pods.get(op.name);
    if (op.op === "update" && known === undefined) return;
    const pod = op.object as Pod;
    this.#putPod(op.name, known === undefined ? pod : merged(pod, known));
  }

  #putPod(name: string, pod: Pod): void {
    this.#pods.set(name, pod);
    this.#core.upsertPod(podSource(pod), this.#now);
  }

  #deletePod(name: string): void {
    const pod = this.#pods.get(name);
    if (pod === undefined) return;
    this.#pods.delete(name);
    this.#core.removePod(podSource(pod).uid, this.#now);
  }

  #settle(): void {
    while (this.#core.queue.isReady) {
      const attempt = this.#core.attempt(this.#now);
      if (attempt === undefined) break;
      this.#note(attempt);
      this.#advance(this.#nowMs + this.#cycleMs);
    }
    const state = this.#state();
    const last = this.states[this.states.length - 1];
    if (last === undefined || listsText(last) !== listsText(state)) this.states.push(state);
  }

  /** Writes what the attempt decided, as the API would have it, and records it. */
  #note(attempt: Attempt): void {
    const { pod, node, message, nominate, order } = attempt;
    const object = this.#pods.get(pod.key) as Pod;
    const nominated = nominate ?? object.status?.nominatedNodeName ?? "";
    const plugins = [...(attempt.placement?.diagnosis.plugins ?? [])].sort();
    if (node !== undefined) {
      const startTime = rfc3339Micro(this.#now);
      const status = { ...object.status, phase: "Running" as const, startTime };
      this.#putPod(pod.key, { ...object, spec: { ...object.spec, nodeName: node.name }, status });
    } else {
      const condition = { type: "PodScheduled", status: "False" as const, message };
      const status = { ...object.status, conditions: [condition], nominatedNodeName: nominated };
      this.#putPod(pod.key, { ...object, status });
    }
    if (order !== undefined) this.#preempt(order.id);
    this.attempts.push({
      atMs: this.#nowMs,
      pod: pod.key,
      attempts: attempt.attempts,
      unschedulable: attempt.rejections,
      ...(node === undefined ? { message } : { node: node.name }),
      ...(node === undefined && plugins.length > 0 ? { plugins } : {}),
      ...(nominated === "" ? {} : { nominated }),
    });
  }

  /** What the API makes of a preemption's requests: nominations cleared, victims terminating until `goneMs`. */
  #preempt(id: number): void {
    const order = this.#core.preemptionDone(id);
    for (const { key } of order?.cleared ?? []) {
      const known = this.#pods.get(key) as Pod;
      this.#putPod(key, { ...known, status: { ...known.status, nominatedNodeName: "" } });
    }
    for (const { key } of order?.victims ?? []) {
      const recorded = this.#case.evictions?.find(({ atMs, pod }) => pod === key && atMs === this.#nowMs);
      const eviction = { atMs: this.#nowMs, pod: key, goneMs: recorded?.goneMs ?? Number.POSITIVE_INFINITY };
      this.evictions.push(eviction);
      this.#due = [...this.#due, eviction].sort((a, b) => a.goneMs - b.goneMs);
      this.#putPod(key, patched(terminating(this.#pods.get(key) as Pod)));
    }
  }

  #state(): State {
    const { backoff, errorBackoff, unschedulable } = this.#core.queue;
    const keys = (entries: Iterable<{ readonly pod: { readonly key: string } }>) =>
      [...entries].map(({ pod }) => pod.key).sort();
    return {
      atMs: this.#nowMs,
      backoff: keys([...backoff.items, ...errorBackoff.items]),
      unschedulable: keys(unschedulable),
    };
  }
}

/** The recorder's API keeps instants as they were bound, until a patch of the status writes them as JSON: the victim's
 *  condition cuts its start to the whole second, which a later preemption may see. */
function patched(pod: Pod): Pod {
  const { startTime } = pod.status ?? {};
  return startTime === undefined
    ? pod
    : { ...pod, status: { ...pod.status, startTime: rfc3339(parseRfc3339(startTime)) } };
}

/** A script's update knows nothing of binding, status and deletion: they stay. */
function merged(pod: Pod, known: Pod): Pod {
  const { nodeName } = known.spec;
  const { deletionTimestamp } = known.metadata;
  return {
    ...pod,
    metadata: { ...pod.metadata, ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }) },
    spec: { ...pod.spec, ...(nodeName === undefined ? {} : { nodeName }) },
    ...(known.status === undefined ? {} : { status: known.status }),
  };
}

function listsText({ backoff, unschedulable }: State): string {
  return `${backoff.join()}|${unschedulable.join()}`;
}
