import type { TraceEntry } from "./recording.ts";

/** When a pod made its steps (seconds; undefined: not seen), and what befell it. */
export interface PodLife {
  readonly owner: string;
  readonly node: string;
  readonly created: number;
  readonly bound: number | undefined;
  readonly ready: number | undefined;
  readonly finished: number | undefined;
  readonly deleting: number | undefined;
  readonly gone: number | undefined;
  /** Reason of its DisruptionTarget condition; empty: none. */
  readonly disruption: string;
  /** The node that it was last nominated to; empty: none. */
  readonly nomination: string;
}

const DISRUPTION = "DisruptionTarget=True:";

/** A life for each creation of a pod; a StatefulSet's pod of one name lives several times. In order of creation. */
export function podLives(entries: readonly TraceEntry[]): PodLife[] {
  const lives: PodLife[] = [];
  const current = new Map<string, number>();
  for (const entry of entries) {
    const { k, e, n = "", t } = entry;
    if (k !== "Pod") continue;
    if (e === "A") current.set(n, lives.push(born(n, t)) - 1);
    const index = current.get(n);
    const life = index === undefined ? undefined : lives[index];
    if (index !== undefined && life !== undefined) lives[index] = goneOn(life, entry);
  }
  return lives;
}

function born(name: string, t: number): PodLife {
  const nothing = { bound: undefined, ready: undefined, finished: undefined, deleting: undefined, gone: undefined };
  return { owner: ownerOf(name), node: "", created: t, ...nothing, disruption: "", nomination: "" };
}

function goneOn(life: PodLife, { t, e, node, nominated, phase, ready, conds, del }: TraceEntry): PodLife {
  const disruption = ((conds ?? []) as string[]).find((text) => text.startsWith(DISRUPTION));
  const isRunning = phase === "Running" && ready === "True";
  // Kubelets say of what they stop that it has finished; the fake ones did not.
  const isFinished = (phase === "Succeeded" || phase === "Failed") && del === undefined;
  return {
    ...life,
    node: typeof node === "string" ? node : life.node,
    bound: life.bound ?? (typeof node === "string" ? t : undefined),
    ready: life.ready ?? (isRunning ? t : undefined),
    finished: life.finished ?? (isFinished ? t : undefined),
    deleting: life.deleting ?? (del === undefined ? undefined : t),
    gone: life.gone ?? (e === "D" ? t : undefined),
    disruption: disruption?.slice(DISRUPTION.length) ?? life.disruption,
    nomination: typeof nominated === "string" ? nominated : life.nomination,
  };
}

/** `web-RS1-p007` is of `web-RS1`, `db-0` of `db`. */
export function ownerOf(pod: string): string {
  return pod.replace(/-p?\d+$/, "");
}
