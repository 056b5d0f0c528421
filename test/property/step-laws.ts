import type { Deployment, PodDisruptionBudget, ReplicaSet, StringMap } from "../../src/kube/index.ts";
import { compileSelector, resolveFenceposts } from "../../src/kube/index.ts";
import type { LoggedDecision } from "../../src/store/index.ts";
import { type PlanParts, planOf } from "../../src/testing/index.ts";
import { type ResultSink, World } from "../../src/world/index.ts";
import { isControlled } from "./invariants.ts";

/** Laws about what one event may do: the state before it and after it are compared. */

const DESIRED = "deployment.kubernetes.io/desired-replicas";

/** Plays a world event by event, and says which event did what it may not. */
export function brokenSteps(parts: PlanParts): string[] {
  const breaches: string[] = [];
  const sink: ResultSink = {
    event: () => undefined,
    sample: () => undefined,
    decision: (decision) => breaches.push(...evictionBreaches(world, decision)),
  };
  const world: World = World.from(planOf(parts), sink);
  const { durationMicros } = world.plan;
  let before = seenIn(world);
  let isDone = false;
  while (!isDone) {
    isDone = world.runSlice(durationMicros, 1);
    const after = seenIn(world);
    for (const set of after.values()) breaches.push(...podBreaches(set, before.get(set.uid)));
    for (const deployment of world.store.documents<Deployment>("Deployment").list()) {
      breaches.push(...rolloutBreaches(deployment, before, after));
    }
    before = after;
  }
  return breaches;
}

/** Plays a world, and says which evictions left a budget with less than it wants; and how many budgets paid for or refused. */
export function evictionsOf(parts: PlanParts): { breaches: string[]; paid: number; refused: number } {
  const found = { breaches: [] as string[], paid: 0, refused: 0 };
  const world: World = World.from(planOf(parts), {
    event: () => undefined,
    sample: () => undefined,
    decision: (decision) => {
      found.breaches.push(...evictionBreaches(world, decision));
      if (decision.by !== "eviction") return;
      if (decision.what === "refuse") found.refused++;
      else if (isPaid(decision)) found.paid++;
    },
  });
  world.run();
  return found;
}

function isPaid({ by, what, because }: LoggedDecision): boolean {
  return by === "eviction" && what === "evict" && because === "budget";
}

/** What a ReplicaSet is between two events. */
interface Seen {
  readonly uid: string;
  readonly name: string;
  readonly owner: string;
  readonly wanted: number;
  readonly available: number;
  readonly active: number;
  /** What its Deployment wanted when it was last scaled. */
  readonly desired: string | undefined;
}

function seenIn({ store }: World): ReadonlyMap<string, Seen> {
  const { pods } = store;
  const seen = new Map<string, Seen>();
  for (const { metadata, spec, status } of store.documents<ReplicaSet>("ReplicaSet").list()) {
    const { uid = "", name = "", annotations, ownerReferences = [] } = metadata;
    const list = pods.ownerUids.find(uid);
    seen.set(uid, {
      uid,
      name,
      owner: ownerReferences.find(({ controller }) => controller === true)?.uid ?? "",
      wanted: spec.replicas ?? 1,
      available: status?.availableReplicas ?? 0,
      active: list === -1 ? 0 : pods.byOwner.rows(list).filter((row) => pods.isActive(row)).length,
      desired: annotations?.[DESIRED],
    });
  }
  return seen;
}

/** A pod is made only where one is wanted. */
function podBreaches({ name, active, wanted }: Seen, before: Seen | undefined): string[] {
  if (active <= (before?.active ?? 0) || active <= wanted) return [];
  return [`${name} went from ${before?.active ?? 0} to ${active} pods and wants ${wanted}`];
}

/** A Deployment adds pods only up to its surge, and takes available ones only down to what must be available. */
function rolloutBreaches(
  { metadata, spec }: Deployment,
  before: ReadonlyMap<string, Seen>,
  after: ReadonlyMap<string, Seen>,
): string[] {
  const own = [...after.values()].filter(({ owner }) => owner === metadata.uid);
  const { replicas = 1, strategy } = spec;
  const isRolling = strategy?.type === "RollingUpdate";
  const { maxSurge = "25%", maxUnavailable = "25%" } = strategy?.rollingUpdate ?? {};
  const fence = isRolling ? resolveFenceposts(maxSurge, maxUnavailable, replicas) : { maxSurge: 0, maxUnavailable: 0 };
  const total = own.reduce((sum, { wanted }) => sum + wanted, 0);
  const was = own.reduce((sum, { uid }) => sum + (before.get(uid)?.wanted ?? 0), 0);
  const breaches: string[] = [];
  if (total > was && total > replicas + fence.maxSurge) {
    breaches.push(`${metadata.name} went from ${was} to ${total} pods of ${replicas} + ${fence.maxSurge}`);
  }
  // Where somebody asked for another size, sets shrink in proportion, whatever is available of them.
  const isResized = own.some(({ uid, wanted }) => {
    const one = before.get(uid);
    return one !== undefined && one.wanted > wanted && one.desired !== String(replicas);
  });
  const least = replicas - Math.min(fence.maxUnavailable, replicas);
  const kept = own.reduce((sum, { uid, wanted }) => sum + Math.min(before.get(uid)?.available ?? 0, wanted), 0);
  const had = own.reduce((sum, { uid }) => {
    const one = before.get(uid);
    return sum + Math.min(one?.available ?? 0, one?.wanted ?? 0);
  }, 0);
  if (isRolling && !isResized && kept < had && kept < least) {
    breaches.push(`${metadata.name} gives up ${had - kept} of ${had} available pods, ${least} must be`);
  }
  return breaches;
}

/** An eviction that a budget paid for leaves as many healthy pods as the budget wants. */
function evictionBreaches(world: World, decision: LoggedDecision): string[] {
  if (!isPaid(decision)) return [];
  const { object } = decision;
  const { store } = world;
  const { pods } = store;
  const [, namespace = "", name = ""] = object.split("/");
  const labels = pods.labelsOf(pods.rowOf(namespace, name));
  return store
    .documents<PodDisruptionBudget>("PodDisruptionBudget")
    .list(namespace)
    .flatMap(({ metadata, spec, status }) => {
      const matcher = compileSelector(spec.selector);
      const matches = (of: StringMap): boolean => matcher.matches(of);
      // Without its controller a budget only knows what was.
      if (!matches(labels) || !isControlled(world)) return [];
      const healthy = pods
        .matching(namespace, matches)
        .filter((row) => pods.isReady(row) && !pods.isDeleting(row)).length;
      const wanted = status?.desiredHealthy ?? 0;
      return healthy >= wanted ? [] : [`${metadata.name}: ${name} was evicted, ${healthy} healthy of ${wanted} left`];
    });
}
