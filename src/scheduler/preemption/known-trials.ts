import type { NodeInfo } from "../node-info.ts";
import type { TemplateInfo } from "../pod-info.ts";
import type { Status } from "../status.ts";
import { lowerPods, selectVictims, type Trial, type Victims } from "./victims.ts";

interface KnownTrial {
  /** Of the node, when it was tried. */
  readonly generation: number;
  readonly found: Victims | Status;
  /** Of the pods that might have to go. */
  readonly namespaces: ReadonlySet<string>;
}

/** Bounds the memory, which grows with the nodes tried: all are forgotten when there are more. */
const MOST_TEMPLATES = 16;

/**
 * What trials of pods of the same kind came to: it holds until the node changes, where the filters look at nothing but
 * the node, no PodDisruptionBudget has a say, nobody is nominated to the node, and all pods that might go have started
 * (when one started decides between equals, and does not change any more).
 */
export class KnownTrials {
  readonly #byTemplate = new Map<TemplateInfo, Map<NodeInfo, KnownTrial>>();

  /** `selectVictims` for one preemption. */
  selectorFor(trial: Trial): (node: NodeInfo) => Victims | Status {
    const { template } = trial.pod;
    const isLocal = trial.filters.every(({ memoKey }) => (memoKey?.(template) ?? null) !== null);
    if (!isLocal) return (node) => selectVictims(trial, node);
    const known = this.#knownOf(template);
    return (node) => {
      const earlier = known.get(node);
      const generation = node.columns.generation[node.row]!;
      if (earlier?.generation === generation && isStill(trial, node, earlier)) return earlier.found;
      const found = selectVictims(trial, node);
      const lower = lowerPods(trial, node);
      const namespaces = new Set(lower.map(({ namespace }) => namespace));
      const trialled = { generation, found, namespaces };
      if (lower.every((pod) => trial.startOf(pod) !== -1) && isStill(trial, node, trialled)) known.set(node, trialled);
      else known.delete(node);
      return found;
    };
  }

  #knownOf(template: TemplateInfo): Map<NodeInfo, KnownTrial> {
    let known = this.#byTemplate.get(template);
    if (known === undefined) {
      if (this.#byTemplate.size >= MOST_TEMPLATES) this.#byTemplate.clear();
      known = new Map();
      this.#byTemplate.set(template, known);
    }
    return known;
  }
}

function isStill({ nominated, budgetsIn }: Trial, node: NodeInfo, { namespaces }: KnownTrial): boolean {
  if (nominated.isAnyOn(node.name)) return false;
  for (const namespace of namespaces) if (budgetsIn(namespace).length > 0) return false;
  return true;
}
