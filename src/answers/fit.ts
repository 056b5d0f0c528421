import { assert } from "../engine/index.ts";
import type { PriorityClass } from "../kube/index.ts";
import type { PodSource } from "../scheduler/index.ts";
import type { Settled } from "./settle.ts";
import { admitted, type PodTemplate } from "./templates.ts";

/** How many pods of each template find a node, and why no more. */
export interface FitAnswer {
  readonly templates: readonly FittedTemplate[];
  /** The scheduler's message for the first pod that finds no node; `limit` was reached when empty. */
  readonly reason: string;
  /** The template whose pod found no node; null when the limit ended the filling. */
  readonly stoppedBy: string | null;
}

export interface FittedTemplate {
  readonly name: string;
  readonly ratio: number;
  readonly count: number;
  /** Nodes that took some, in the order of their names. */
  readonly nodes: readonly { readonly name: string; readonly count: number }[];
}

export interface FitQuestion {
  readonly templates: readonly PodTemplate[];
  /** So many of each in a round. */
  readonly ratio: readonly number[];
  /** Pods to try at most. */
  readonly limit: number;
}

/**
 * Fills a cluster that has come to rest with pods, round by round, until the scheduler finds no node for one. The scheduler is the
 * world's own, with its profiles and plugins; the world is of no other use afterwards.
 */
export function fitPods(settled: Settled, question: FitQuestion): FitAnswer {
  const filler = new Filler(settled);
  const counts = question.templates.map(() => new Map<string, number>());
  const answer = (reason: string, stoppedBy: string | null): FitAnswer => ({
    templates: question.templates.map(({ name }, index) => {
      const nodes = [...(counts[index] ?? [])].map(([node, count]) => ({ name: node, count }));
      nodes.sort((a, b) => (a.name < b.name ? -1 : 1));
      const count = nodes.reduce((sum, node) => sum + node.count, 0);
      return { name, ratio: question.ratio[index] ?? 1, count, nodes };
    }),
    reason,
    stoppedBy,
  });
  for (let tried = 0; ; ) {
    for (const [index, template] of question.templates.entries()) {
      for (let nth = 0; nth < (question.ratio[index] ?? 1); nth++) {
        if (tried === question.limit) return answer("", null);
        const placed = filler.place(template, tried++);
        if ("reason" in placed) return answer(placed.reason, template.name);
        const own = counts[index] as Map<string, number>;
        own.set(placed.node, (own.get(placed.node) ?? 0) + 1);
      }
    }
  }
}

/** Puts pods before the scheduler of a world, and only before the scheduler. */
class Filler {
  readonly #settled: Settled;
  readonly #classes: readonly PriorityClass[];
  readonly #specs = new Map<PodTemplate, ReturnType<typeof admitted>>();

  constructor(settled: Settled) {
    this.#settled = settled;
    this.#classes = settled.world.store.documents<PriorityClass>("PriorityClass").list();
  }

  place(template: PodTemplate, number: number): { readonly node: string } | { readonly reason: string } {
    const spec = this.#specOf(template);
    if ("refusal" in spec) return { reason: spec.refusal };
    const { world } = this.#settled;
    const { core } = world.scheduler;
    const uid = `fit/${template.namespace}/${template.name}/${number}`;
    const source: PodSource = Object.freeze({
      namespace: template.namespace,
      name: `${template.name}-fit-${number}`,
      uid,
      labels: template.labels,
      spec,
      nodeName: "",
      nominatedNodeName: "",
      isTerminating: false,
      startAt: world.nowMicros,
    });
    if (!core.serves(spec.schedulerName ?? "default-scheduler")) {
      return { reason: `no scheduler "${spec.schedulerName}" runs in this cluster` };
    }
    core.upsertPod(source, world.nowMicros);
    // A pod that waited before may be tried again first, since this one's coming is news.
    for (;;) {
      const attempt = core.attempt(world.nowMicros);
      assert(attempt !== undefined, () => `the scheduler does not try ${uid}`);
      if (attempt.pod.uid !== uid) continue;
      return attempt.node === undefined ? { reason: attempt.message } : { node: attempt.node.name };
    }
  }

  #specOf(template: PodTemplate): ReturnType<typeof admitted> {
    let spec = this.#specs.get(template);
    if (spec === undefined) {
      spec = admitted(template, this.#classes);
      this.#specs.set(template, spec);
    }
    return spec;
  }
}
