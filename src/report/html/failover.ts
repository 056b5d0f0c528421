import type { DecisionRecord, Micros } from "../../world/plan.ts";

/** Where the time went between a node's failure and the last of its pods running elsewhere. */
export interface FailoverBudget {
  readonly node: string;
  readonly failure: string;
  readonly at: Micros;
  readonly steps: readonly { readonly name: string; readonly micros: Micros; readonly why: string }[];
  readonly evicted: number;
  readonly replaced: number;
  /** From the failure to the last replacement that runs; null when nothing was replaced. */
  readonly totalMicros: Micros | null;
  /** What came of a failure that led to no eviction. */
  readonly note: string;
}

interface Open {
  readonly node: string;
  readonly failure: string;
  readonly at: Micros;
  notReady: DecisionRecord | null;
  taintAt: Micros | null;
  lastEvictAt: Micros | null;
  evicted: number;
  toleration: Micros;
  /** Pods that were made because of an eviction, and where they stand. */
  readonly replacements: Map<string, { boundAt: Micros | null; runsAt: Micros | null }>;
  endsAt: Micros | null;
}

/** Gathers failovers from decisions: a crash or partition, the node lifecycle, evictions, replacements. */
export class Failovers {
  readonly #all: Open[] = [];
  readonly #byNode = new Map<string, Open>();
  readonly #byEviction = new Map<number, Open>();
  readonly #byPod = new Map<string, Open>();

  add(decision: DecisionRecord): void {
    if (decision.by === "fault") this.#fault(decision);
    else if (decision.by === "node-lifecycle") this.#lifecycle(decision);
    else if (decision.by === "taint-eviction") this.#eviction(decision);
    else if (decision.what === "create") this.#replacement(decision);
    else if (decision.what === "bind") this.#reached(decision, "boundAt");
    else if (decision.by === "kubelet" && decision.what === "start") this.#reached(decision, "runsAt");
  }

  budgets(): FailoverBudget[] {
    return this.#all.map(budgetOf);
  }

  #fault({ what, object, t, failure }: DecisionRecord): void {
    if (what === "ends" || what === "recover") {
      const open = this.#byNode.get(object);
      if (open !== undefined) open.endsAt = t;
    } else if (object.startsWith("node/")) {
      const open: Open = {
        node: object.slice("node/".length),
        failure: `${what}${typeof failure === "string" ? ` (${failure})` : ""}`,
        at: t,
        notReady: null,
        taintAt: null,
        lastEvictAt: null,
        evicted: 0,
        toleration: 0,
        replacements: new Map(),
        endsAt: null,
      };
      this.#all.push(open);
      this.#byNode.set(object, open);
    }
  }

  #lifecycle(decision: DecisionRecord): void {
    const open = this.#byNode.get(decision.object);
    if (open === undefined) return;
    if (decision.what === "not-ready") open.notReady ??= decision;
    else if (decision.what === "taint") open.taintAt ??= decision.t;
  }

  #eviction({ what, node, t, n, object, tolerationMicros }: DecisionRecord): void {
    const open = this.#byNode.get(`node/${String(node)}`);
    if (open === undefined) return;
    if (what === "schedule" && typeof tolerationMicros === "number") {
      open.toleration = Math.max(open.toleration, tolerationMicros);
    }
    if (what !== "evict") return;
    open.evicted++;
    open.lastEvictAt = t;
    this.#byEviction.set(n, open);
    this.#byPod.delete(object);
  }

  #replacement({ cause, object, pods }: DecisionRecord): void {
    const open = this.#byEviction.get(cause);
    if (open === undefined || !Array.isArray(pods)) return;
    const namespace = object.split("/")[1] ?? "";
    for (const pod of pods) {
      const key = `pod/${namespace}/${String(pod)}`;
      open.replacements.set(key, { boundAt: null, runsAt: null });
      this.#byPod.set(key, open);
    }
  }

  #reached({ object, t }: DecisionRecord, step: "boundAt" | "runsAt"): void {
    const state = this.#byPod.get(object)?.replacements.get(object);
    if (state !== undefined) state[step] ??= t;
  }
}

function budgetOf(open: Open): FailoverBudget {
  const states = [...open.replacements.values()];
  const latest = (times: readonly (Micros | null)[]): Micros | null =>
    times.some((time) => time === null) || times.length === 0 ? null : Math.max(...times.map((time) => time ?? 0));
  const boundAt = latest(states.map((state) => state.boundAt));
  const runsAt = latest(states.map((state) => state.runsAt));
  const { notReady, taintAt, lastEvictAt } = open;
  const stops: readonly (readonly [name: string, at: Micros | null, why: string])[] = [
    ["silence until NotReady", notReady?.t ?? null, graceText(notReady)],
    ["taint", taintAt, "NoExecute, at the zone's rate"],
    ["toleration", lastEvictAt, "until the last pod's deletion is requested"],
    ["placement", boundAt, "replacements made and bound"],
    ["start", runsAt, "until the last replacement runs"],
  ];
  const steps: { name: string; micros: Micros; why: string }[] = [];
  let at = open.at;
  for (const [name, until, why] of stops) {
    if (until === null) break;
    steps.push({ name, micros: Math.max(0, until - at), why });
    at = Math.max(at, until);
  }
  return {
    node: open.node,
    failure: open.failure,
    at: open.at,
    steps,
    evicted: open.evicted,
    replaced: states.filter((state) => state.runsAt !== null).length,
    totalMicros: runsAt === null ? null : runsAt - open.at,
    note: noteOf(open, states.length),
  };
}

function graceText(notReady: DecisionRecord | null): string {
  const grace = notReady?.graceMicros;
  return typeof grace === "number" ? `grace ${grace / 1_000_000} s after the last sign of life` : "";
}

function noteOf({ notReady, evicted, endsAt }: Open, replacements: number): string {
  if (notReady === null) return "The node was back before anybody noticed.";
  if (evicted > 0) return replacements === 0 ? "Nothing was made in place of the evicted pods." : "";
  return endsAt === null ? "No pod was evicted up to the end." : "The node was back before its pods were evicted.";
}
