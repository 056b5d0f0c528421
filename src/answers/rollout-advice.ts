import {
  compileSelector,
  type DaemonSet,
  type Deployment,
  type KubeObject,
  resolveFenceposts,
  type StatefulSet,
} from "../kube/index.ts";
import { type PluginModules, World } from "../world/index.ts";
import type { Action, Plan } from "../world/plan.ts";
import { type Advice, type AdviceQuestion, label, objectsOf } from "./advice-question.ts";
import { quietPlan } from "./quiet-plan.ts";
import { rest, settle } from "./settle.ts";

type Rolled = Deployment | StatefulSet | DaemonSet;
type RolledKind = "Deployment" | "StatefulSet" | "DaemonSet";

const KINDS: readonly RolledKind[] = ["Deployment", "StatefulSet", "DaemonSet"];
const SECOND = 1_000_000;
const ROLLOUT_LONGEST = 30 * 60 * SECOND;

/** Restarts every workload that rolls by itself, in a fork of the cluster at rest, and says which cannot finish. */
export function rolloutAdvice({ plan, plugins }: AdviceQuestion): Advice[] {
  const rolled = KINDS.flatMap((kind) => objectsOf<Rolled>(plan, kind)).filter(({ object }) => rollsByItself(object));
  if (rolled.length === 0) return [];
  const quiet = quietPlan(plan);
  const scout = settle(plan, plugins).world;
  const restart = new Restart(quiet, scout.nowMicros + SECOND, plugins);
  return rolled.flatMap(({ object, planned }): Advice[] => {
    const world = restart.of(object);
    if (isRolledOut(world, object)) return [];
    return [{ code: "W0223", source: planned.source, message: stuckText(world, object) }];
  });
}

/** A past that is played once, and forks of it in which one workload is restarted. */
class Restart {
  readonly #plan: Plan;
  readonly #atMicros: number;
  readonly #plugins: PluginModules | undefined;
  readonly #checkpoint: ReturnType<World["checkpoint"]>;

  constructor(plan: Plan, atMicros: number, plugins: PluginModules | undefined) {
    this.#plan = plan;
    this.#atMicros = atMicros;
    this.#plugins = plugins;
    const base = World.from({ ...plan, actions: [this.#action("Deployment", null)] }, undefined, plugins);
    base.run(atMicros - SECOND);
    this.#checkpoint = base.checkpoint();
  }

  of({ kind, metadata }: KubeObject): World {
    const plan = { ...this.#plan, actions: [this.#action(kind, metadata)] };
    const world = World.fork(plan, this.#checkpoint, undefined, this.#plugins);
    rest(world, ROLLOUT_LONGEST);
    return world;
  }

  #action(kind: string, metadata: KubeObject["metadata"] | null): Action {
    return {
      ...{ index: 0, atMicros: this.#atMicros, text: "kubectl rollout restart" },
      source: { file: "", line: 0, column: 0 },
      kind: "rolloutRestart",
      target: { kind, namespace: metadata?.namespace ?? "default", name: metadata?.name ?? "" },
    };
  }
}

/** Not with OnDelete, which waits for somebody, and not without pods. */
function rollsByItself(object: Rolled): boolean {
  if (isDaemonSet(object)) return object.spec.updateStrategy?.type !== "OnDelete";
  if ((object.spec.replicas ?? 1) === 0) return false;
  return !isStatefulSet(object) || object.spec.updateStrategy?.type !== "OnDelete";
}

function isDaemonSet(object: Rolled): object is DaemonSet {
  return object.kind === "DaemonSet";
}

function isStatefulSet(object: Rolled): object is StatefulSet {
  return object.kind === "StatefulSet";
}

function isRolledOut({ store }: World, { kind, metadata }: Rolled): boolean {
  const found = store.documents<Rolled>(kind as RolledKind).find(metadata.namespace ?? "default", metadata.name ?? "");
  if (found === undefined) return true;
  if (isDaemonSet(found)) {
    const { desiredNumberScheduled = 0, updatedNumberScheduled = 0, numberAvailable = 0 } = found.status ?? {};
    return updatedNumberScheduled >= desiredNumberScheduled && numberAvailable >= desiredNumberScheduled;
  }
  const replicas = found.spec.replicas ?? 1;
  const { updatedReplicas = 0, availableReplicas = 0, replicas: total = 0 } = found.status ?? {};
  if (!isStatefulSet(found))
    return updatedReplicas >= replicas && availableReplicas >= replicas && total === updatedReplicas;
  // Pods below the partition stay as they are.
  const { partition = 0 } = found.spec.updateStrategy?.rollingUpdate ?? {};
  return updatedReplicas >= Math.max(0, replicas - partition) && availableReplicas >= replicas;
}

function stuckText(world: World, object: Rolled): string {
  const why = pendingText(world, object);
  const reason = why === "" ? "its pods do not become ready" : why;
  const { how, advice } = wayOf(object);
  return `${label(object)}: a rollout cannot finish (${how}): ${reason} — ${advice}`;
}

/** How a workload rolls, and what may help. */
function wayOf(object: Rolled): { readonly how: string; readonly advice: string } {
  if (isDaemonSet(object)) {
    const { maxSurge = 0, maxUnavailable = 1 } = object.spec.updateStrategy?.rollingUpdate ?? {};
    const advice = "let the old pod go first (maxSurge: 0, maxUnavailable: 1), or add room for one pod more";
    return { how: `maxSurge ${maxSurge}, maxUnavailable ${maxUnavailable} of the nodes`, advice };
  }
  if (isStatefulSet(object))
    return { how: "one after the other, from the last", advice: "see that each pod finds its place again" };
  const { replicas = 1, strategy } = object.spec;
  const advice = "let one be unavailable (maxUnavailable: 1), or add room for one pod more";
  if (strategy?.type === "Recreate") return { how: "all at once (Recreate)", advice };
  const { maxSurge = "25%", maxUnavailable = "25%" } = strategy?.rollingUpdate ?? {};
  const posts = resolveFenceposts(maxSurge, maxUnavailable, replicas);
  const surge = `maxSurge ${maxSurge} is ${posts.maxSurge}`;
  return { how: `${surge}, maxUnavailable ${maxUnavailable} is ${posts.maxUnavailable} of ${replicas}`, advice };
}

/** What the scheduler says of a pod of the workload that has no node; empty when all have one. */
function pendingText({ store: { pods } }: World, { metadata, spec }: Rolled): string {
  if (spec.selector === undefined) return "";
  const selector = compileSelector(spec.selector);
  const namespace = metadata.namespace ?? "default";
  for (let row = pods.first(); row !== -1; row = pods.after(row)) {
    if (pods.nodeId.get(row) !== -1 || pods.namespaceOf(row) !== namespace || !selector.matches(pods.labelsOf(row)))
      continue;
    const why = pods.extra.get(row).conditionTexts?.PodScheduled?.message ?? "";
    if (why !== "") return why;
  }
  return "";
}
