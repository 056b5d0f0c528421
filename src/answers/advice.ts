import {
  compileSelector,
  type Deployment,
  type HorizontalPodAutoscaler,
  type PodDisruptionBudget,
  type StringMap,
} from "../kube/index.ts";
import type { Plan } from "../world/plan.ts";
import { type Advice, type AdviceQuestion, label, objectsOf } from "./advice-question.ts";
import { rolloutAdvice } from "./rollout-advice.ts";
import { overlapAdvice } from "./selector-advice.ts";
import { settle } from "./settle.ts";
import { podTemplates } from "./templates.ts";

export type Topic = "rollouts" | "hpa" | "pdb";

/** Looks at one topic, by what is written and by what a simulated cluster does with it. */
export function adviceOn(topic: Topic, question: AdviceQuestion): Advice[] {
  if (topic === "rollouts") return [...rolloutAdvice(question), ...overlapAdvice(question.plan)];
  return topic === "hpa" ? hpaAdvice(question.plan) : budgetAdvice(question);
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
