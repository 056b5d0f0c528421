import type { SchedulerCache } from "../cache.ts";
import { CycleState } from "../cycle-state.ts";
import { Diagnosis } from "../diagnosis.ts";
import { filterNode, filtersOf } from "../find-nodes.ts";
import type { Framework } from "../framework.ts";
import type { NodeInfo } from "../node-info.ts";
import type { NominatedPods } from "../nominator.ts";
import { type PodInfo, withTemplate } from "../pod-info.ts";
import { type Placement, runPreFilters } from "../schedule-one.ts";
import type { Status } from "../status.ts";
import { changesFor } from "./changes.ts";
import { resourceGap, shortages } from "./shortages.ts";

/** Why a pod waits, in terms of what would end it. */
export interface PendingExplanation {
  readonly nearest: { readonly node: string; readonly why: string };
  /** Alternatives, each enough by itself, the smallest first; one for each way of being rejected. Tried out with the scheduler's own filters. */
  readonly wouldFit: readonly string[];
}

/** So many nodes are looked at closely for each way of being rejected, and in all. */
const NODES_PER_STATUS = 2;
const NODES_IN_ALL = 8;
/** More changes than this make no node near. */
const MOST_STEPS = 8;
const ALTERNATIVES = 3;

interface Trial {
  readonly node: NodeInfo;
  readonly status: Status;
  readonly changes: readonly string[];
  readonly fits: boolean;
  /** Share of the node's resources that is missing. */
  readonly gap: number;
}

/**
 * The node that lacks least for a pod that no node took, and the smallest changes that would make the pod fit. Asks the
 * plugins again about a few nodes; changes nothing. `undefined` when the pod was rejected as a whole.
 * Cost: the nodes that were rejected, and about a dozen searches of one node.
 */
export function explainPending(
  framework: Framework,
  cache: SchedulerCache,
  nominated: NominatedPods,
  { pod, diagnosis }: Placement,
): PendingExplanation | undefined {
  if (diagnosis.preFilterStatus !== undefined) return undefined;
  const nodes = cache.snapshot();
  const trials = candidates(nodes, pod, diagnosis).map(({ node, gap, status }) => {
    const { changes, fits } = repair(framework, nominated, pod, node);
    return { node, status, changes, fits, gap };
  });
  trials.sort((a, b) => Number(b.fits) - Number(a.fits) || a.changes.length - b.changes.length || a.gap - b.gap);
  const [nearest] = trials;
  if (nearest === undefined) return undefined;
  const seen = new Set<Status>();
  const texts = trials.flatMap(({ fits, status, changes }) => {
    if (!fits || seen.has(status)) return [];
    seen.add(status);
    return [changes.join(" and ")];
  });
  return {
    nearest: { node: nearest.node.name, why: whyOf(pod, nearest) },
    wouldFit: [...new Set(texts)].slice(0, ALTERNATIVES),
  };
}

interface Candidate {
  readonly node: NodeInfo;
  readonly gap: number;
  readonly status: Status;
}

/** The nodes that lack least of the resources, a few for each status, in the order of the search. */
function candidates(nodes: readonly NodeInfo[], pod: PodInfo, diagnosis: Diagnosis): Candidate[] {
  const best = new Map<Status, Candidate[]>();
  for (const position of diagnosis.failed) {
    const node = nodes[position];
    if (node === undefined) continue;
    const status = diagnosis.statusAt(position);
    const gap = resourceGap(pod, node);
    const known = best.get(status);
    if (known === undefined) {
      best.set(status, [{ node, gap, status }]);
      continue;
    }
    const worst = known.at(-1) as Candidate;
    if (known.length === NODES_PER_STATUS && gap >= worst.gap) continue;
    known.push({ node, gap, status });
    known.sort((a, b) => a.gap - b.gap);
    if (known.length > NODES_PER_STATUS) known.pop();
  }
  const all = [...best.values()].flat();
  all.sort((a, b) => a.gap - b.gap);
  return all.slice(0, NODES_IN_ALL);
}

/** Takes one obstacle after the other away until the node passes. */
function repair(
  framework: Framework,
  nominated: NominatedPods,
  pod: PodInfo,
  node: NodeInfo,
): { readonly changes: readonly string[]; readonly fits: boolean } {
  const changes: string[] = [];
  const passedOver = new Set<string>();
  let changed = pod;
  for (let step = 0; step < MOST_STEPS; step++) {
    const status = ask(framework, nominated, changed, node, passedOver);
    if (status === null) return { changes, fits: true };
    const { texts, template } = changesFor(framework, changed, node, status);
    changes.push(...texts);
    if (template === undefined) passedOver.add(status.plugin);
    else changed = withTemplate(changed, template);
  }
  return { changes, fits: false };
}

function ask(
  framework: Framework,
  nominated: NominatedPods,
  pod: PodInfo,
  node: NodeInfo,
  passedOver: ReadonlySet<string>,
): Status | null {
  const state = new CycleState();
  const diagnosis = new Diagnosis(1);
  const allowed = runPreFilters(framework, state, pod, diagnosis);
  if (diagnosis.preFilterStatus !== undefined) return diagnosis.preFilterStatus;
  if (allowed !== undefined && !allowed.has(node.name)) return diagnosis.absentStatus ?? null;
  const filters = filtersOf(framework, state, pod).filter(({ name }) => !passedOver.has(name));
  return filterNode(filters, nominated, state, pod, node);
}

function whyOf(pod: PodInfo, { node, status }: Trial): string {
  const short = status.plugin === "NodeResourcesFit" ? shortages(pod, node) : [];
  if (short.length === 0) return status.reasons.join(", ");
  return short.map(({ text }) => text).join(", ");
}
