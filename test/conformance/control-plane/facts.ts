import { ownerOf, type PodLife, podLives } from "./pod-lives.ts";
import type { TraceEntry } from "./recording.ts";

/** A finding about a trace: a text, instants, or a span. Instants and spans in seconds. A fresh text has not come to rest. */
export type Fact =
  | { readonly text: string; readonly isFresh?: boolean }
  | { readonly times: readonly number[]; readonly isEvent?: boolean }
  | { readonly span: number };

export interface Trace {
  readonly entries: readonly TraceEntry[];
  /** Instants of the marks, and the end. */
  readonly phases: readonly number[];
  /** The node that the marks name; it alone is followed. */
  readonly node: string;
  readonly drainLines: readonly string[];
}

type Facts = Map<string, Fact>;

const COMBINED = "(combined from similar events): ";
const MIDDLE = 0.5;
/** So long nothing has happened to an object that has come to rest. Seconds. */
const REST = 2;

/** What a trace says once the order of what happens side by side is left out: the content that recordings are compared by (FORMAT.md). */
export function factsOf(trace: Trace): Facts {
  const facts: Facts = new Map();
  aboutPods(trace, facts);
  aboutPreemption(trace, facts);
  aboutObjects(trace, facts);
  aboutReplicaSets(trace, facts);
  aboutBudgets(trace, facts);
  aboutConditions(trace, facts);
  aboutEvents(trace, facts);
  aboutNode(trace, facts);
  if (trace.drainLines.length > 0)
    facts.set("kubectl drain says", { text: trace.drainLines.map(wordsOf).sort().join("\n") });
  return facts;
}

/** When the pods of each owner made their steps, in order of time, and how long the fake kubelets took. */
function aboutPods({ entries }: Trace, facts: Facts): void {
  for (const [owner, lives] of groupsOf(podLives(entries), ({ owner: name }) => name)) {
    const at = (step: keyof PodLife): number[] =>
      lives.flatMap((life) => (typeof life[step] === "number" ? [life[step]] : [])).sort((a, b) => a - b);
    for (const step of STEPS) facts.set(`pods of ${owner}: ${STEP_NAMES[step]}`, { times: at(step) });
    for (const [from, to] of SPANS) {
      const spans = lives.flatMap((life) => {
        const [start, end] = [life[from], life[to]];
        return start === undefined || end === undefined ? [] : [end - start];
      });
      if (spans.length > 0)
        facts.set(`pods of ${owner}: from ${STEP_NAMES[from]} to ${STEP_NAMES[to]}`, { span: middleOf(spans) });
    }
  }
}

const STEPS = ["created", "bound", "ready", "finished", "deleting", "gone"] as const;
const STEP_NAMES = {
  created: "created",
  bound: "bound",
  ready: "Ready",
  finished: "finished",
  deleting: "asked to go",
  gone: "gone",
} as const;
const SPANS = [
  ["bound", "ready"],
  ["ready", "finished"],
  ["deleting", "gone"],
] as const;

/** Whom preemption, eviction and taints took, and where those went who were nominated. */
function aboutPreemption({ entries }: Trace, facts: Facts): void {
  for (const [owner, lives] of groupsOf(podLives(entries), ({ owner: name }) => name)) {
    const disrupted = lives.filter(({ disruption }) => disruption !== "");
    for (const [reason, victims] of groupsOf(disrupted, ({ disruption }) => disruption)) {
      const byNode = [...groupsOf(victims, ({ node }) => node).values()].map(({ length }) => length);
      facts.set(`pods of ${owner}: ${reason}, by node`, { text: byNode.sort((a, b) => b - a).join(" ") });
    }
    const nominated = lives.filter(({ nomination }) => nomination !== "");
    if (nominated.length === 0) continue;
    const arrived = nominated.filter(({ node, nomination }) => node === nomination);
    const nodes = new Set(nominated.map(({ nomination }) => nomination)).size;
    const text = `${nominated.length} to ${nodes} nodes, of which ${arrived.length} were bound there`;
    facts.set(`pods of ${owner}: nominated`, { text });
  }
}

const FOLLOWED = ["Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "PodDisruptionBudget"];

/** How each object was at the end of each phase. */
function aboutObjects({ entries, phases }: Trace, facts: Facts): void {
  for (const [object, states] of objectsOf(entries, FOLLOWED)) {
    for (let phase = 1; phase < phases.length; phase++) {
      const end = phases[phase] as number;
      const last = states.findLast(({ t }) => t < end);
      if (last === undefined) continue;
      const { spec, st, conds, rev, paused } = last;
      const shown = { spec, rev, paused: paused === true, st: figuresOf(st), conds };
      const isFresh = last.t > end - REST;
      facts.set(`${object} before ${phaseName(phase, phases)}`, { text: JSON.stringify(shown), isFresh });
    }
  }
}

/** How many pods each ReplicaSet was to have, one after the other. */
function aboutReplicaSets({ entries }: Trace, facts: Facts): void {
  for (const [object, states] of objectsOf(entries, ["ReplicaSet"])) {
    const all = changesOf(states, ({ spec }) => String(spec));
    // A ReplicaSet for which there is no room yet is made with none, and scaled at once when others make room.
    const steps = all.filter(({ text }, i) => i > 0 || text !== "0");
    facts.set(`${object} wants`, { text: steps.map(({ text }) => text).join(" → ") });
    facts.set(`${object} wants, when`, { times: steps.map(({ t }) => t) });
  }
}

/** The budgets of rollouts: how many pods the ReplicaSets of a Deployment wanted at most, and how many were available at least. */
function aboutBudgets({ entries, phases }: Trace, facts: Facts): void {
  for (const [object, states] of objectsOf(entries, ["Deployment"])) {
    const ofIt = entries.filter(({ k, n = "" }) => k === "ReplicaSet" && object === `Deployment ${n.split("-RS")[0]}`);
    const wanted = runningTotals(ofIt);
    const available = states.map(({ t, st }) => ({ t, value: (st as { av?: number }).av ?? 0 }));
    for (let phase = 1; phase < phases.length; phase++) {
      const span = { from: phases[phase - 1] as number, to: phases[phase] as number };
      if (span.to - span.from < REST * 2) continue;
      const [most, least] = [valuesIn(wanted, span), valuesIn(available, span)];
      if (most.length === 0 || least.length === 0) continue;
      const text = `at most ${Math.max(...most)} wanted, at least ${Math.min(...least)} available`;
      facts.set(`${object} before ${phaseName(phase, phases)}: budget`, { text });
    }
  }
}

interface Valued {
  readonly t: number;
  readonly value: number;
}

function runningTotals(sets: readonly TraceEntry[]): Valued[] {
  const wanted = new Map<string, number>();
  // What is written at one instant is in no order.
  const totals = sets.map(({ e, n = "", t, spec }) => {
    wanted.set(n, e === "D" ? 0 : Number(spec));
    return { t, value: [...wanted.values()].reduce((sum, one) => sum + one, 0) };
  });
  return totals.filter(({ t }, i) => totals[i + 1]?.t !== t);
}

/** The values of a span, with that which it begins with. */
function valuesIn(values: readonly Valued[], { from, to }: { from: number; to: number }): number[] {
  const first = values.findLast(({ t }) => t < from);
  const within = values.filter(({ t }) => t >= from && t < to);
  return [...(first === undefined ? [] : [first]), ...within].map(({ value }) => value);
}

/** Said for an instant only, until the rollout goes on. */
const PASSING = /NewReplicaSetCreated$|FoundNewReplicaSet$|DeploymentResumed$/;

/** What each condition said, one after the other; and every state of HPAs. */
function aboutConditions({ entries }: Trace, facts: Facts): void {
  for (const [object, states] of objectsOf(entries, ["Deployment", "Job"])) {
    const types = new Set(states.flatMap(({ conds }) => (conds as string[]).map((text) => text.split("=")[0] ?? "")));
    for (const type of types) {
      const own = ({ conds }: TraceEntry): string =>
        (conds as string[]).find((text) => text.startsWith(`${type}=`)) ?? "";
      const lasting = states.filter((entry) => own(entry) !== "" && !PASSING.test(own(entry)));
      const steps = changesOf(lasting, own);
      facts.set(`${object} condition ${type}`, { text: steps.map(({ text }) => text).join("\n") });
    }
  }
  for (const [object, states] of objectsOf(entries, ["HorizontalPodAutoscaler"])) {
    const shown = states.filter(({ conds }) => (conds as string[]).length > 0);
    const steps = changesOf(shown, ({ st, conds }) => JSON.stringify({ st: figuresOf(st), conds }));
    facts.set(`${object} states`, { text: steps.map(({ text }) => text).join("\n") });
    facts.set(`${object} states, when`, { times: steps.map(({ t }) => t) });
  }
}

/** Writes of Events, by whom they are about and why, and what they said but for names. */
function aboutEvents({ entries, node }: Trace, facts: Facts): void {
  const isFollowed = ({ obj, reason }: TraceEntry): boolean =>
    !String(obj).startsWith("Node/") || (obj === `Node/${node}` && reason !== "RegisteredNode");
  const events = entries.filter((entry) => entry.k === "Event" && isFollowed(entry));
  for (const [subject, written] of groupsOf(
    events,
    ({ obj, reason, ev }) => `${subjectOf(String(obj))}: ${reason}${ev === undefined ? "" : ` (${ev})`}`,
  )) {
    facts.set(`events ${subject}`, { times: written.map(({ t }) => t).sort((a, b) => a - b), isEvent: true });
    facts.set(`events ${subject}, words`, {
      text: [...new Set(written.map(({ msg }) => wordsOf(String(msg))))].sort().join("\n"),
    });
  }
}

/** The node's readiness, taints and cordon. */
function aboutNode({ entries, node }: Trace, facts: Facts): void {
  const states = entries.filter(({ k, n }) => k === "Node" && n === node);
  const ready = changesOf(states, (one) => String(one.ready));
  const wasReady = ready.filter(({ text }, i) => i > 0 || !text.startsWith("True"));
  if (wasReady.length > 0) {
    facts.set("node ready", { text: wasReady.map(({ text }) => text).join("\n") });
    facts.set("node ready, when", { times: wasReady.map(({ t }) => t) });
  }
  const taintsOf = ({ taints = [] }: TraceEntry): string[] => taints as string[];
  for (const taint of new Set(states.flatMap(taintsOf))) {
    const steps = changesOf(states, (one) => String(taintsOf(one).includes(taint)));
    facts.set(`node taint ${taint}, set and removed`, {
      times: steps.filter(({ text }, i) => i > 0 || text === "true").map(({ t }) => t),
    });
  }
}

function subjectOf(obj: string): string {
  const [kind = "", name = ""] = obj.split("/");
  if (kind === "Node") return "the node";
  return kind === "Pod" ? `Pod of ${ownerOf(name)}` : obj;
}

/** Without the names of pods, nodes, namespaces and uids, which are chance. */
function wordsOf(message: string): string {
  return message
    .replace(COMBINED, "")
    .replace(/\b[0-9a-f]{8}-[0-9a-f-]{27}\b/g, "UID")
    .replace(/(-RS\d+|job|ds)-[a-z0-9]+\b/g, "$1-POD")
    .replace(/\b(node|extra)-\d+/g, "NODE")
    .replace(/\b[a-z]+-[a-f0-9]{6,10}-[a-z0-9]{5}\b/g, "POD")
    .replace(/(assigned |pod |-n ")[a-z0-9-]+(?=["/])/, "$1NAMESPACE");
}

/** Figures without zeros, which objects leave out or not. */
function figuresOf(st: unknown): unknown {
  if (Array.isArray(st)) return st.map((one: unknown) => one ?? 0);
  const entries = Object.entries((st ?? {}) as Record<string, unknown>).filter(([, value]) => value !== 0);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => [key, sorted(value)]));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function phaseName(phase: number, phases: readonly number[]): string {
  return phase === phases.length - 1 ? "the end" : `mark ${phase + 1}`;
}

function objectsOf(entries: readonly TraceEntry[], kinds: readonly string[]): Map<string, TraceEntry[]> {
  return groupsOf(
    entries.filter(({ k }) => kinds.includes(k)),
    ({ k, n }) => `${k} ${n}`,
  );
}

/** The states in which the text is another than before. */
function changesOf(
  states: readonly TraceEntry[],
  textOf: (entry: TraceEntry) => string,
): { t: number; text: string }[] {
  const steps: { t: number; text: string }[] = [];
  for (const entry of states) {
    const text = textOf(entry);
    if (steps.at(-1)?.text !== text) steps.push({ t: entry.t, text });
  }
  return steps;
}

function groupsOf<T>(list: readonly T[], keyOf: (one: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const one of list) groups.set(keyOf(one), [...(groups.get(keyOf(one)) ?? []), one]);
  return groups;
}

function middleOf(values: readonly number[]): number {
  const ordered = [...values].sort((a, b) => a - b);
  return ordered[Math.floor((ordered.length - 1) * MIDDLE)] ?? 0;
}
