import type { KubeObject, Pod } from "../../../src/kube/index.ts";
import {
  CODE,
  CODE_NAMES,
  type Placement,
  type PodInfo,
  runPostFilters,
  scheduleOne,
} from "../../../src/scheduler/index.ts";
import { parseRfc3339, rfc3339, seconds } from "../../../src/units/index.ts";
import { RecordedCluster } from "./cluster.ts";
import { describe, normalized } from "./decide.ts";
import {
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
    const preemption = placement.node === undefined ? this.#preemption(pod, placement) : undefined;
    tally.compare(
      this.#case.name,
      `${subject} ${recorded.pod}`,
      { ...normalized(recorded), preemption: step.preemption },
      { ...decision, preemption },
    );
    for (const key of Object.keys(before)) cluster.nominated.delete(this.#compile(key, "").uid);
    if (recorded.chosen !== undefined) this.#bind(recorded.pod, recorded.chosen, index);
  }

  /** What preemption did, as far as it is simulated: the nodes it may look at, and its words. */
  #preemption(pod: PodInfo, placement: Placement): RecordedPreemption {
    const { diagnosis } = placement;
    const nodes = this.#cluster.cache.snapshot();
    const potential = nodes.filter((_node, position) => diagnosis.statusAt(position).code === CODE.unschedulable);
    const nominate = runPostFilters(this.#cluster.framework, placement);
    return {
      potentialNodes: potential.map((node) => this.#cluster.nodeIndex.get(node.name) as number).sort((a, b) => a - b),
      nominatedNode: nominate ?? "",
      ...(nominate === "" && pod.nominatedNodeName !== "" ? { clearsOwnNomination: true } : {}),
      code: CODE_NAMES[CODE.unschedulable],
      message: diagnosis.postFilterMessage,
    };
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

function terminating(pod: Pod): Pod {
  const disruption = { type: "DisruptionTarget", status: "True" as const, reason: "PreemptionByScheduler" };
  return {
    ...pod,
    metadata: { ...pod.metadata, deletionTimestamp: "2026-01-03T00:00:00Z" },
    status: { ...pod.status, conditions: [...(pod.status?.conditions ?? []), disruption] },
  };
}
