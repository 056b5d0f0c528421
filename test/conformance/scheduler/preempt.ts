import type { KubeObject, Pod } from "../../../src/kube/index.ts";
import {
  type Candidate,
  CODE,
  CODE_NAMES,
  type NodeInfo,
  type Placement,
  type PodInfo,
  runPostFilters,
  type Status,
  scheduleOne,
} from "../../../src/scheduler/index.ts";
import { parseRfc3339, rfc3339, seconds } from "../../../src/units/index.ts";
import { RecordedCluster } from "./cluster.ts";
import { describe, normalized } from "./decide.ts";
import {
  type FailGroup,
  type FamilyResult,
  type PreemptCase,
  type PreemptStep,
  type RecordedDecision,
  type RecordedPreemption,
  Tally,
} from "./document.ts";

const EVERY_NODE = { percentage: 100, start: 0 };
/** Pods bound while a case is played start one minute after another, by the number of the step. */
const FIRST_START = parseRfc3339("2026-01-02T00:00:00Z");

/** Replays the steps of every case; a step agrees when the decision and what preemption made of it do. */
export function runPreempt(family: string, cases: readonly PreemptCase[]): FamilyResult {
  const tally = new Tally();
  for (const one of cases) {
    const world = new PreemptWorld(one);
    for (const [index, step] of one.steps.entries()) world.play(tally, `step ${index}`, index, step);
  }
  return tally.result(family, cases.length);
}

class PreemptWorld {
  readonly #case: PreemptCase;
  readonly #cluster: RecordedCluster;
  readonly #pods = new Map<string, Pod>();

  constructor(one: PreemptCase) {
    this.#case = one;
    this.#cluster = new RecordedCluster(one.nodes, one.objects ?? [], one.pods ?? []);
    for (const pod of [...(one.pods ?? []), ...one.pending]) this.#pods.set(keyOf(pod), pod);
  }

  play(tally: Tally, subject: string, index: number, step: PreemptStep): void {
    if (step.op === "decide") {
      this.#decide(tally, subject, index, step);
      return;
    }
    for (const key of step.pods ?? []) {
      const pod = this.#pods.get(key) as Pod;
      if (step.op === "delete") this.#cluster.cache.removePod(this.#cluster.compile(pod).uid);
      else this.#put(key, terminating(pod));
    }
  }

  /** Attempts as the recording did, then goes on from what was recorded. */
  #decide(tally: Tally, subject: string, index: number, step: PreemptStep): void {
    const recorded = step.decision as RecordedDecision;
    const before = step.nominatedBefore ?? {};
    const cluster = this.#cluster;
    for (const [key, node] of Object.entries(before)) cluster.nominated.set(this.#compile(key, node), node);
    const pod = this.#compile(recorded.pod, before[recorded.pod] ?? "");
    const placement = scheduleOne(cluster.framework, cluster.cache, cluster.nominated, pod, EVERY_NODE);
    const decision = describe(cluster, placement);
    const preemption = placement.node === undefined ? this.#preemption(pod, placement, step.preemption) : undefined;
    const message = preemption === undefined ? {} : { message: `${decision.fitMessage} ${preemption.message}` };
    tally.compare(
      this.#case.name,
      `${subject} ${recorded.pod}`,
      { ...normalized(recorded), preemption: step.preemption },
      { ...decision, ...message, preemption },
    );
    for (const key of Object.keys(before)) cluster.nominated.delete(this.#compile(key, "").uid);
    if (recorded.chosen !== undefined) this.#bind(recorded.pod, recorded.chosen, index);
  }

  /** What preemption did, in the words of the recordings. */
  #preemption(pod: PodInfo, placement: Placement, recorded: RecordedPreemption | undefined): RecordedPreemption {
    const { diagnosis } = placement;
    const cluster = this.#cluster;
    const nodes = cluster.cache.snapshot();
    const indexOf = (node: NodeInfo) => cluster.nodeIndex.get(node.name) as number;
    const potential = nodes.filter((_node, position) => diagnosis.statusAt(position).code === CODE.unschedulable);
    const { code, nominate, preemption } = runPostFilters(cluster.framework, cluster.nominated, placement);
    const { candidates = [], rejected = [], best = [] } = preemption ?? {};
    const first = [...best].sort((a, b) => (a.node.name < b.node.name ? -1 : 1))[0];
    const ordered = [...candidates].sort((a, b) => indexOf(a.node) - indexOf(b.node));
    const failed = rejected
      .map(({ position, status }) => ({ node: nodes[position] as NodeInfo, status }))
      .sort((a, b) => indexOf(a.node) - indexOf(b.node));
    const cleared = first === undefined ? [] : this.#cleared(pod, first, recorded);
    return {
      potentialNodes: potential.map(indexOf).sort((a, b) => a - b),
      ...(ordered.length > 0 ? { candidates: ordered.map(recordedCandidate) } : {}),
      ...(failed.length > 0 ? { rejected: rejectedGroups(failed, indexOf) } : {}),
      ...(best.length > 0 ? { best: best.map(({ node }) => node.name).sort() } : {}),
      nominatedNode: first?.node.name ?? "",
      ...(cleared.length > 0 ? { clearedNominations: cleared } : {}),
      ...(nominate === "" && pod.nominatedNodeName !== "" ? { clearsOwnNomination: true } : {}),
      code: CODE_NAMES[code],
      message: withFirst(diagnosis.postFilterMessage, best[0], first),
    };
  }

  /** With victims that are all terminating already nothing is cleared; the recordings have a list all the same. */
  #cleared(pod: PodInfo, { node, victims }: Candidate, recorded: RecordedPreemption | undefined): readonly string[] {
    if (victims.every((victim) => victim.isTerminating)) return recorded?.clearedNominations ?? [];
    return [...this.#cluster.nominated.on(node.name)]
      .filter((other) => other.template.priority < pod.template.priority)
      .map((other) => other.key)
      .sort();
  }

  #compile(key: string, nominatedNodeName: string): PodInfo {
    const pod = this.#pods.get(key) as Pod;
    return this.#cluster.compile({ ...pod, status: { ...pod.status, nominatedNodeName } });
  }

  #bind(key: string, nodeName: string, index: number): void {
    const pod = this.#pods.get(key) as Pod;
    const startTime = rfc3339(FIRST_START + index * seconds(60));
    this.#put(key, { ...pod, spec: { ...pod.spec, nodeName }, status: { phase: "Running", startTime } });
  }

  #put(key: string, pod: Pod): void {
    this.#pods.set(key, pod);
    this.#cluster.cache.addPod(this.#cluster.compile(pod));
  }
}

function keyOf({ metadata }: KubeObject): string {
  return `${metadata.namespace}/${metadata.name}`;
}

/** A pod that the scheduler has preempted and that is not gone yet. */
export function terminating(pod: Pod): Pod {
  const disruption = { type: "DisruptionTarget", status: "True" as const, reason: "PreemptionByScheduler" };
  return {
    ...pod,
    metadata: { ...pod.metadata, deletionTimestamp: "2026-01-03T00:00:00Z" },
    status: { ...pod.status, conditions: [...(pod.status?.conditions ?? []), disruption] },
  };
}

/** The original takes any of the best candidates; the recordings have the first by name. */
function withFirst(text: string, taken: Candidate | undefined, first: Candidate | undefined): string {
  if (taken === undefined || first === undefined) return text;
  return text.replace(` on node ${taken.node.name}, `, ` on node ${first.node.name}, `);
}

function recordedCandidate({ node, victims, pdbViolations }: Candidate) {
  return { node: node.name, victims: victims.map(({ key }) => key), pdbViolations };
}

function rejectedGroups(
  failed: readonly { readonly node: NodeInfo; readonly status: Status }[],
  indexOf: (node: NodeInfo) => number,
): FailGroup[] {
  const groups = new Map<string, { readonly status: Status; readonly nodes: number[] }>();
  for (const { node, status } of failed) {
    const key = JSON.stringify(status);
    const group = groups.get(key) ?? { status, nodes: [] };
    groups.set(key, group);
    group.nodes.push(indexOf(node));
  }
  return [...groups.values()].map(({ status: { plugin, code, reasons }, nodes }) => ({
    plugin,
    code: CODE_NAMES[code],
    reasons,
    nodes,
  }));
}
