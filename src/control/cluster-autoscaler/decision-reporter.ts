import type { Store } from "../../store/index.ts";
import { StateMap } from "../../tables/index.ts";
import type { Micros } from "../../units/index.ts";
import { COMPONENT } from "./events.ts";
import type { NeededNode, UnneededNode } from "./scale-down.ts";
import type { ScaleUpPlan } from "./scale-up.ts";
import { podKey, type SimulatedPod } from "./types.ts";

const CLUSTER = "cluster/autoscaler";

/** Puts what the autoscaler decides into the decision log; what is as it was at the iteration before, once only. */
export class DecisionReporter {
  readonly #store: Store;
  /** What was said last about an object that is looked at every time. */
  readonly #told: StateMap<string, string>;

  constructor(store: Store) {
    this.#store = store;
    this.#told = new StateMap(store.engine.cells, "clusterAutoscaler.told");
  }

  /** A new process: what was said before may be said again. */
  restart(): void {
    this.#told.clear();
  }

  scaledUp({ increases, helped, considered, rounds }: ScaleUpPlan): void {
    this.#told.delete(CLUSTER);
    const pods = helped.map(podKey);
    for (const { group, current, next, max } of increases) {
      const notable = `nodegroup/${group}: ${current} → ${next} nodes for ${pods.length} pods`;
      const details = { from: current, to: next, max, pods, considered, expanders: rounds, notable };
      this.#write("scale-up", `nodegroup/${group}`, details);
    }
    const to = increases.map(({ group }) => group);
    for (const pod of pods) this.#write("scale-up", `pod/${pod}`, { groups: to, considered });
  }

  notScaledUp({ unhelped, considered, rounds }: ScaleUpPlan): void {
    const pods = unhelped.map(({ pod, reasons }) => ({ pod: podKey(pod), reasons }));
    if (!this.#isNews(CLUSTER, JSON.stringify([pods, considered]))) return;
    this.#write("no-scale-up", CLUSTER, { pods, considered, expanders: rounds });
    for (const { pod, reasons } of pods) {
      const reason = `pod didn't trigger scale-up: ${reasons}`;
      this.#write("no-scale-up", `pod/${pod}`, { reason, considered });
    }
  }

  full(pods: readonly SimulatedPod[], message: string): void {
    if (this.#isNews(CLUSTER, message)) this.#write("no-scale-up", CLUSTER, { message, pods: pods.map(podKey) });
  }

  refused(group: string, error: string, until: Micros): void {
    this.#write("scale-up-failed", `nodegroup/${group}`, {
      error,
      backoffUntilMicros: until,
      notable: `nodegroup/${group} cannot grow: ${error}`,
    });
  }

  unregistered(node: string, group: string): void {
    this.#write("remove-unregistered", `node/${node}`, { group, notable: `node/${node} never came` });
  }

  unhealthy(unready: number, nodes: number): void {
    const text = `cluster is unhealthy: ${unready} of ${nodes} nodes are not ready`;
    if (this.#isNews(CLUSTER, text)) this.#write("unhealthy", CLUSTER, { unready, nodes, notable: text });
  }

  /** What became of each node that was looked at. */
  nodes(unneeded: readonly UnneededNode[], needed: readonly NeededNode[]): void {
    const waiting = new Set<string>();
    for (const { candidate, utilization, toMove, since } of unneeded) {
      const { name, group } = candidate;
      waiting.add(name);
      if (!this.#isNews(`node/${name}`, "unneeded")) continue;
      const { utilization: used, resource } = utilization;
      const pods = toMove.map(({ pod }) => podKey(pod));
      this.#write("unneeded", `node/${name}`, { group, utilization: used, resource, pods, sinceMicros: since });
    }
    for (const { name, reason, utilization, blocking } of needed) {
      if (waiting.has(name) || reason === "RecentlyUnremovable") continue;
      if (!this.#isNews(`node/${name}`, `${reason} ${blocking?.message ?? ""}`)) continue;
      const used =
        utilization === undefined ? {} : { utilization: utilization.utilization, resource: utilization.resource };
      const why = blocking === undefined ? {} : { blocking };
      this.#write("needed", `node/${name}`, { reason, ...used, ...why });
    }
  }

  #isNews(object: string, text: string): boolean {
    if (this.#told.get(object) === text) return false;
    this.#told.set(object, text);
    return true;
  }

  #write(what: string, object: string, details: object): void {
    if (!this.#store.decisions.isEnabled) return;
    this.#store.decisions.write({ by: COMPONENT, what, object, ...details });
  }
}
