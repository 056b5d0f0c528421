/** The recordings' fake kubelets and binder: pods bound round-robin, started, made ready and ended after fixed times. */
import { PHASE } from "../../../src/kube/index.ts";
import { CHANGE, CONDITION, POD_PHASE, type Store } from "../../../src/store/index.ts";
import { seconds } from "../../../src/units/index.ts";

export interface KubeletSpec {
  readonly bindDelay?: number;
  readonly nodes: readonly string[];
  readonly default: { readonly start?: number; readonly ready?: number; readonly term?: number };
}

/** Plays all kubelets for the pods of one owner; `ordinalOf` numbers pods from 1 by creation. */
export function playKubelets(store: Store, spec: KubeletSpec, ordinalOf: (row: number) => number): void {
  const { engine, pods, podWriter } = store;
  const { start = 1, ready = 0, term = 1 } = spec.default;
  // Keeps the pods of a batch apart.
  const skew = (row: number) => seconds(0.02 * (ordinalOf(row) % 50));
  const define = (name: string, handler: (row: number) => void) =>
    engine.define(`kubelets.${name}`, PHASE.node, handler, { rows: pods.rows });
  const setReady = define("ready", (row) => {
    if (pods.phase.get(row) === POD_PHASE.running)
      podWriter.updateStatus(row, { conditions: { Ready: CONDITION.true } });
  });
  const run = define("run", (row) => {
    if (!pods.isPresent(row) || pods.isDeleting(row)) return;
    podWriter.updateStatus(row, { phase: POD_PHASE.running });
    if (ready === 0) podWriter.updateStatus(row, { conditions: { Ready: CONDITION.true } });
    else if (ready > 0) engine.after(seconds(ready), setReady, row);
  });
  const bind = define("bind", (row) => {
    if (!pods.isPresent(row)) return;
    podWriter.bind(row, spec.nodes[(ordinalOf(row) - 1) % spec.nodes.length] ?? "");
    podWriter.updateStatus(row, { startTime: engine.now, conditions: { Ready: CONDITION.false } });
    engine.after(seconds(start) + skew(row), run, row);
  });
  const kill = define("kill", (row) => {
    if (!pods.isPresent(row)) return;
    podWriter.updateStatus(row, { phase: POD_PHASE.succeeded, conditions: { Ready: CONDITION.false } });
    podWriter.remove(row);
  });
  const cursor = store.watch("kubelets", ["Pod"], () => {
    while (cursor.next()) {
      const { row, flags } = cursor;
      if ((flags & CHANGE.added) !== 0) engine.after(seconds(spec.bindDelay ?? 0), bind, row);
      if ((flags & CHANGE.deleting) !== 0) {
        engine.after(seconds(Math.min(term, pods.graceSeconds.get(row))) + skew(row), kill, row);
      }
    }
  });
}
