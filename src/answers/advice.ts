import {
  compileSelector,
  type Deployment,
  type HorizontalPodAutoscaler,
  type KubeObject,
  type PodDisruptionBudget,
  resolveFenceposts,
  type StringMap,
} from "../kube/index.ts";
import { type PluginModules, World } from "../world/index.ts";
import type { Action, Plan, PlannedObject, SourceLocation } from "../world/plan.ts";
import { quietPlan } from "./quiet-plan.ts";
import { rest, settle } from "./settle.ts";
import { podTemplates } from "./templates.ts";

/** Something that will not work as it is meant, where it is written, and what to do about it. */
export interface Advice {
  readonly code: string;
  readonly source: SourceLocation;
  readonly message: string;
}

export type Topic = "rollouts" | "hpa" | "pdb";

export interface AdviceQuestion {
  readonly plan: Plan;
  readonly plugins?: PluginModules;
}

const SECOND = 1_000_000;
const ROLLOUT_LONGEST = 30 * 60 * SECOND;

/** Looks at one topic, by what is written and by what a simulated cluster does with it. */
export function adviceOn(topic: Topic, question: AdviceQuestion): Advice[] {
  if (topic === "rollouts") return rolloutAdvice(question);
  return topic === "hpa" ? hpaAdvice(question.plan) : budgetAdvice(question);
}

function objectsOf<T extends KubeObject>(
  plan: Plan,
  kind: string,
): { readonly object: T; readonly planned: PlannedObject }[] {
  return plan.objects
    .filter(({ object }) => object.kind === kind)
    .map((planned) => ({ object: planned.object as T, planned }));
}

const label = ({ kind, metadata }: KubeObject): string =>
  `${kind} ${metadata.namespace ?? "default"}/${metadata.name ?? ""}`;

/** Restarts every Deployment by itself, in a fork of the cluster at rest, and says which cannot finish. */
function rolloutAdvice({ plan, plugins }: AdviceQuestion): Advice[] {
  const quiet = quietPlan(plan);
  const scout = settle(plan, plugins).world;
  const atMicros = scout.nowMicros + SECOND;
  const restart = (name: KubeObject["metadata"] | null): Action => ({
    index: 0,
    atMicros,
    text: "kubectl rollout restart",
    source: { file: "", line: 0, column: 0 },
    kind: "rolloutRestart",
    target: { kind: "Deployment", namespace: name?.namespace ?? "default", name: name?.name ?? "" },
  });
  const base = World.from({ ...quiet, actions: [restart(null)] }, undefined, plugins);
  base.run(scout.nowMicros);
  const checkpoint = base.checkpoint();
  return objectsOf<Deployment>(plan, "Deployment").flatMap(({ object, planned }): Advice[] => {
    if ((object.spec.replicas ?? 1) === 0) return [];
    const changed = { ...quiet, actions: [restart(object.metadata)] };
    const world = World.fork(changed, checkpoint, undefined, plugins);
    rest(world, ROLLOUT_LONGEST);
    return isRolledOut(world, object)
      ? []
      : [{ code: "W0223", source: planned.source, message: stuckText(world, object) }];
  });
}

function isRolledOut({ store }: World, { metadata }: Deployment): boolean {
  const found = store.documents<Deployment>("Deployment").find(metadata.namespace ?? "default", metadata.name ?? "");
  if (found === undefined) return true;
  const replicas = found.spec.replicas ?? 1;
  const { updatedReplicas = 0, availableReplicas = 0, replicas: total = 0 } = found.status ?? {};
  return updatedReplicas >= replicas && availableReplicas >= replicas && total === updatedReplicas;
}

function stuckText({ store: { pods } }: World, deployment: Deployment): string {
  const { replicas = 1, strategy } = deployment.spec;
  const { maxSurge = "25%", maxUnavailable = "25%" } = strategy?.rollingUpdate ?? {};
  const posts = resolveFenceposts(maxSurge, maxUnavailable, replicas);
  const how =
    strategy?.type === "Recreate"
      ? "all at once (Recreate)"
      : `maxSurge ${maxSurge} is ${posts.maxSurge}, maxUnavailable ${maxUnavailable} is ${posts.maxUnavailable} of ${replicas}`;
  const selector = compileSelector(deployment.spec.selector);
  const namespace = deployment.metadata.namespace ?? "default";
  let why = "";
  for (let row = pods.first(); row !== -1 && why === ""; row = pods.after(row)) {
    if (pods.nodeId.get(row) !== -1 || pods.namespaceOf(row) !== namespace || !selector.matches(pods.labelsOf(row)))
      continue;
    why = pods.extra.get(row).conditionTexts?.PodScheduled?.message ?? "";
  }
  const reason = why === "" ? "its pods do not become ready" : why;
  return `${label(deployment)}: a rollout cannot finish (${how}): ${reason} — let one be unavailable (maxUnavailable: 1), or add room for one pod more`;
}

/** What an autoscaler cannot do as it is written, besides what every check says. */
function hpaAdvice(plan: Plan): Advice[] {
  const hpas = objectsOf<HorizontalPodAutoscaler>(plan, "HorizontalPodAutoscaler");
  const targets = new Map<string, string>();
  const advice: Advice[] = [];
  for (const { object, planned } of hpas) {
    const { minReplicas = 1, maxReplicas, scaleTargetRef } = object.spec;
    const say = (code: string, message: string): void => {
      advice.push({ code, source: planned.source, message: `${label(object)} ${message}` });
    };
    if (minReplicas === maxReplicas)
      say("W0224", `has minReplicas = maxReplicas = ${maxReplicas}: it never scales — raise maxReplicas, or remove it`);
    const target = `${object.metadata.namespace ?? "default"}/${scaleTargetRef.kind}/${scaleTargetRef.name}`;
    const other = targets.get(target);
    if (other !== undefined)
      say(
        "W0225",
        `and ${other} both scale ${scaleTargetRef.kind} "${scaleTargetRef.name}": each undoes the other — keep one`,
      );
    targets.set(target, label(object));
    const scaled = plan.objects.find(
      ({ object: { kind, metadata } }) =>
        kind === scaleTargetRef.kind &&
        metadata.name === scaleTargetRef.name &&
        metadata.namespace === object.metadata.namespace,
    )?.object as Deployment | undefined;
    const replicas = scaled?.spec?.replicas;
    if (replicas !== undefined && (replicas < minReplicas || replicas > maxReplicas))
      say(
        "W0226",
        `allows ${minReplicas} to ${maxReplicas}, but the manifest of its target says replicas: ${replicas}: each apply sets it back — remove spec.replicas`,
      );
  }
  return advice;
}

/** Budgets that let nobody go, that select nothing, and that share a pod. */
function budgetAdvice({ plan, plugins }: AdviceQuestion): Advice[] {
  const budgets = objectsOf<PodDisruptionBudget>(plan, "PodDisruptionBudget");
  if (budgets.length === 0) return [];
  const { world } = settle(plan, plugins);
  const templates = podTemplates(plan.objects);
  const advice: Advice[] = [];
  for (const [index, { object, planned }] of budgets.entries()) {
    const say = (code: string, message: string): void => {
      advice.push({ code, source: planned.source, message: `${label(object)} ${message}` });
    };
    const namespace = object.metadata.namespace ?? "default";
    const matches = (other: PodDisruptionBudget, labels: StringMap): boolean =>
      (other.metadata.namespace ?? "default") === namespace && compileSelector(other.spec.selector).matches(labels);
    const own = templates.filter((one) => one.namespace === namespace && matches(object, one.labels));
    if (own.length === 0) {
      say("W0227", "selects no pod: it protects nothing — compare its selector with the labels of the pods");
      continue;
    }
    const found = world.store
      .documents<PodDisruptionBudget>("PodDisruptionBudget")
      .find(namespace, object.metadata.name ?? "");
    const { expectedPods = 0, desiredHealthy = 0 } = found?.status ?? {};
    if (expectedPods > 0 && desiredHealthy >= expectedPods)
      say(
        "W0228",
        `lets no pod go: ${desiredHealthy} of ${expectedPods} have to be healthy: every drain waits for ever — allow one (maxUnavailable: 1), or run one replica more`,
      );
    for (const { object: other } of budgets.slice(0, index)) {
      const shared = own.find(({ labels }) => matches(other, labels));
      if (shared !== undefined)
        say(
          "W0229",
          `and ${label(other)} both select the pods of ${shared.name}: the API server refuses to evict a pod of two budgets — keep one`,
        );
    }
  }
  return advice;
}
