import type { DecisionRecord, Micros } from "../../world/plan.ts";

/** Why pods waited for a node. */
export interface PendingReason {
  readonly reason: string;
  /** Sum over pods of the time that each waited for this reason. */
  readonly podSeconds: number;
  readonly podsMost: number;
  readonly example: string;
  readonly message: string;
  /** The count of waiting pods after each change. */
  readonly steps: readonly { readonly at: Micros; readonly count: number }[];
}

interface Waiting {
  readonly reason: string;
  readonly since: Micros;
}

interface Tally {
  podMicros: number;
  count: number;
  most: number;
  readonly example: string;
  readonly message: string;
  readonly steps: { at: Micros; count: number }[];
}

/** Gathers from decisions which pods were found unschedulable, why, and for how long. */
export class PendingReasons {
  readonly #waiting = new Map<string, Waiting>();
  readonly #tallies = new Map<string, Tally>();

  add(decision: DecisionRecord): void {
    const { by, what, object, t } = decision;
    if (by === "scheduler" && what === "unschedulable") {
      const reason = mainReason(decision);
      if (this.#waiting.get(object)?.reason === reason) return;
      this.#leave(object, t);
      this.#enter(object, reason, decision);
    } else if ((by === "scheduler" && what === "bind") || what === "deleting" || by === "kubelet") {
      this.#leave(object, t);
    } else if (what === "delete" && Array.isArray(decision.pods)) {
      const [kind = "", namespace = ""] = object.split("/");
      if (kind !== "") for (const pod of decision.pods) this.#leave(`pod/${namespace}/${String(pod)}`, t);
    }
  }

  /** The reasons, the longest wait first. @param end of the run: pods that wait still have waited up to it */
  all(end: Micros): PendingReason[] {
    // They wait on: the time up to the end counts, the number does not fall.
    for (const { reason, since } of this.#waiting.values()) {
      const tally = this.#tallies.get(reason);
      if (tally !== undefined) tally.podMicros += end - since;
    }
    this.#waiting.clear();
    return [...this.#tallies]
      .map(([reason, { podMicros, most, example, message, steps }]) => ({
        reason,
        podSeconds: podMicros / 1_000_000,
        podsMost: most,
        example,
        message,
        steps,
      }))
      .sort((a, b) => b.podSeconds - a.podSeconds || (a.reason < b.reason ? -1 : 1));
  }

  #enter(object: string, reason: string, { t, message }: DecisionRecord): void {
    this.#waiting.set(object, { reason, since: t });
    let tally = this.#tallies.get(reason);
    if (tally === undefined) {
      tally = { podMicros: 0, count: 0, most: 0, example: object, message: String(message ?? ""), steps: [] };
      this.#tallies.set(reason, tally);
    }
    tally.count++;
    tally.most = Math.max(tally.most, tally.count);
    step(tally, t);
  }

  #leave(object: string, t: Micros): void {
    const waiting = this.#waiting.get(object);
    const tally = waiting === undefined ? undefined : this.#tallies.get(waiting.reason);
    if (waiting === undefined || tally === undefined) return;
    this.#waiting.delete(object);
    tally.podMicros += t - waiting.since;
    tally.count--;
    step(tally, t);
  }
}

function step(tally: Tally, at: Micros): void {
  const last = tally.steps.at(-1);
  if (last?.at === at) last.count = tally.count;
  else tally.steps.push({ at, count: tally.count });
}

/** The reason that turned most nodes away; of equals the first by name. */
function mainReason({ reasons, message }: DecisionRecord): string {
  if (typeof reasons === "object" && reasons !== null) {
    const counts = Object.entries(reasons as Readonly<Record<string, number>>);
    counts.sort(([a, m], [b, n]) => n - m || (a < b ? -1 : a > b ? 1 : 0));
    const first = counts[0];
    if (first !== undefined) return first[0];
  }
  return String(message ?? "unknown").split(/[.:]/)[0] ?? "unknown";
}
