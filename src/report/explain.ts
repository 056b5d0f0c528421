import { existsSync } from "node:fs";
import { join } from "node:path";
import { findKindByResource } from "../kube/index.ts";
import { formatClock } from "../units/index.ts";
import type { DecisionRecord, Micros } from "../world/plan.ts";
import { decisionsOf } from "./decisions.ts";
import { detailLines, hpaLines } from "./explain-lines.ts";

/** The question cannot be answered from what was asked: no such run, no such object. The user's to mend. */
export class ExplainError extends Error {
  override readonly name = "ExplainError";
}

export interface ExplainRequest {
  /** Folder of a run. */
  readonly run: string;
  /** `pod/web-1`, `hpa/shop/web`, `node/general-01`. */
  readonly target: string;
  /** null for the end of the run. */
  readonly atMicros: Micros | null;
}

export interface Explanation {
  readonly object: string;
  readonly atMicros: Micros | null;
  /** The newest decision about the object, at or before the instant. */
  readonly decision: DecisionRecord;
  /** From the first cause to that decision. */
  readonly chain: readonly DecisionRecord[];
  /** All decisions about the object up to the instant, the newest last. */
  readonly history: readonly DecisionRecord[];
}

/** What decisions call kinds for short. */
const SHORT: ReadonlyMap<string, string> = new Map([
  ["horizontalpodautoscaler", "hpa"],
  ["verticalpodautoscaler", "vpa"],
]);
/** What is decided about besides objects of Kubernetes. */
const NOT_OF_KUBERNETES: readonly string[] = ["nodegroup", "cluster", "zone", "pool"];
const HISTORY_SHOWN = 12;
const CHAIN_LIMIT = 30;
const STEP_LIMIT = 1_000_000;

/**
 * Answers from decisions.jsonl why an object is as it is. Reads the whole file once.
 * @throws ExplainError when there is no such run or nothing was decided about the object
 */
export async function explain(request: ExplainRequest): Promise<Explanation> {
  const file = join(request.run, "decisions.jsonl");
  if (!existsSync(file)) throw new ExplainError(`no decisions in ${request.run}: give the folder of a run with --run`);
  const decisions = await readDecisions(file, request.atMicros);
  const object = objectOf(request.target, decisions);
  const history = decisions.filter((decision) => decision.object === object);
  const decision = history.at(-1);
  if (decision === undefined) throw new ExplainError(`nothing was decided about ${object} by then`);
  return { object, atMicros: request.atMicros, decision, chain: chainOf(decision, decisions), history };
}

async function readDecisions(file: string, atMicros: Micros | null): Promise<DecisionRecord[]> {
  const decisions: DecisionRecord[] = [];
  for await (const decision of decisionsOf(file)) {
    if (atMicros !== null && decision.t > atMicros) break;
    decisions.push(decision);
  }
  return decisions;
}

/** The full name of what was asked for; a namespace may be left out where the name is clear without. */
function objectOf(target: string, decisions: readonly DecisionRecord[]): string {
  const [word = "", ...rest] = target.split("/");
  const kind = kindOf(word);
  const wanted = `${kind}/${rest.join("/")}`;
  if (kind === null || rest.length === 0) {
    throw new ExplainError(
      `"${target}" cannot be explained: write pod/NAME, hpa/NAME, node/NAME, deployment/NAME, job/NAME or the like`,
    );
  }
  const objects = new Set(decisions.map(({ object }) => object).filter((object) => object.startsWith(`${kind}/`)));
  if (objects.has(wanted)) return wanted;
  const name = rest.at(-1) ?? "";
  const found = [...objects].filter(
    (object) => object.endsWith(`/${name}`) && (rest.length === 1 || object === wanted),
  );
  if (found[0] !== undefined && found.length === 1) return found[0];
  if (found.length > 1) throw new ExplainError(`"${target}" is in several namespaces: ${found.join(", ")}`);
  const near = [...objects].filter((object) => object.includes(name)).slice(0, 5);
  const there = near.length > 0 ? near : [...objects].slice(0, 5);
  const hint = there.length === 0 ? "" : ` — there are ${there.join(", ")}`;
  const status = NOT_OF_KUBERNETES.includes(kind) || kind === "pod" ? "" : "; --status shows how it was";
  throw new ExplainError(`nothing was decided about "${target}" by then${hint}${status}`);
}

/** `deploy` and `Deployment` are `deployment`; null when it is no kind. */
function kindOf(word: string): string | null {
  const lower = word.toLowerCase();
  if (NOT_OF_KUBERNETES.includes(lower)) return lower;
  const kind = findKindByResource(lower)?.kind.toLowerCase();
  return kind === undefined ? null : (SHORT.get(kind) ?? kind);
}

/** What led to a decision, from the first cause on. Numbers of causes are always smaller, so the walk ends. */
function chainOf(decision: DecisionRecord, decisions: readonly DecisionRecord[]): DecisionRecord[] {
  const byNumber = new Map<number, DecisionRecord>();
  for (const one of decisions) if (!byNumber.has(one.n)) byNumber.set(one.n, one);
  const chain = [decision];
  let at = decision;
  for (let step = 0; step < STEP_LIMIT && chain.length < CHAIN_LIMIT; step++) {
    const cause = byNumber.get(at.cause);
    if (cause === undefined || cause.n >= at.n) break;
    // An autoscaler's sync is due to its sync before: no news.
    if (cause.by !== "hpa" || cause.object !== at.object) chain.unshift(cause);
    at = cause;
  }
  return chain;
}

/** The explanation as lines. */
export function explanationLines(explanation: Explanation): string[] {
  const { object, atMicros, decision, chain, history } = explanation;
  const when = formatClock(atMicros ?? decision.t);
  const lines =
    decision.by === "hpa"
      ? hpaLines(decision, when)
      : [`${object} at ${when} — ${headline(decision)}`, ...detailLines(decision)];
  const placement = history.findLast((one) => one.by === "scheduler" && one !== decision);
  if (placement !== undefined)
    lines.push("", `PLACEMENT at ${formatClock(placement.t)} — ${headline(placement)}`, ...detailLines(placement));
  if (history.length > 1) {
    const shown = history
      .filter((one) => decision.by !== "hpa" || one.what !== "keep" || one === decision)
      .slice(-HISTORY_SHOWN);
    lines.push("", "HISTORY", ...shown.map(lineOf));
  }
  if (chain.length > 1) lines.push("", "CAUSES", ...chain.map(lineOf));
  return lines;
}

function lineOf(decision: DecisionRecord): string {
  return `  ${formatClock(decision.t)}  ${decision.object.padEnd(36)} ${headline(decision)}`;
}

/** `scheduler: bind → general-02`, from the fields that most decisions have. */
function headline(decision: DecisionRecord): string {
  const first = ["message", "error", "reason", "text", "failure"]
    .map((key) => decision[key])
    .find((value) => typeof value === "string");
  const node = typeof decision.node === "string" ? ` → ${decision.node}` : "";
  const change =
    decision.from !== undefined && decision.to !== undefined
      ? ` ${String(decision.from)} → ${String(decision.to)}`
      : "";
  return `${decision.by}: ${decision.what}${change}${node}${first === undefined ? "" : ` (${String(first)})`}`;
}
