import { findKindByResource, type KubeObject } from "../kube/index.ts";
import { formatClock } from "../units/index.ts";
import { type ObjectStatus, objectStatus, objectsOf } from "../world/index.ts";
import { type RecordedRun, ViewRefusal, worldAt } from "./rerun.ts";

const PODS_SHOWN = 20;

/**
 * Makes a run again up to an instant (its end by default) and looks at an object other than a pod there, such as
 * `deployment/shop/web` or `node/main-01`.
 * @throws ViewRefusal
 */
export async function statusView(run: RecordedRun, target: string, at: number | null): Promise<ObjectStatus> {
  const [word = "", ...rest] = target.split("/");
  const info = findKindByResource(word);
  if (info === undefined || rest.length === 0 || info.kind === "Pod") {
    throw new ViewRefusal(`"${target}" has no status to show: write deployment/NAME, job/NAME, hpa/NAME or the like`);
  }
  const { store } = await worldAt(run, at);
  const [first = "", second] = rest;
  const isMeant = ({ metadata }: KubeObject): boolean =>
    second === undefined ? metadata.name === first : metadata.namespace === first && metadata.name === second;
  const [object, other] = objectsOf(store, info.kind).filter(isMeant);
  const kind = info.kind.toLowerCase();
  if (object === undefined)
    throw new ViewRefusal(`there is no ${kind} ${rest.join("/")} at ${formatClock(store.engine.now)}`);
  if (other !== undefined)
    throw new ViewRefusal(`"${target}" is in several namespaces: write ${kind}/NAMESPACE/${first}`);
  return objectStatus(store, object);
}

/** The status as lines. */
export function statusLines({ object, atMicros, rollout, facts, conditions, owned, pods }: ObjectStatus): string[] {
  const lines = [`${object} at ${formatClock(atMicros)} — status`];
  if (rollout !== null) lines.push(`  ${rollout}`);
  const width = Math.max(0, ...facts.map(([what]) => what.length));
  for (const [what, value] of facts) lines.push(`  ${`${what}:`.padEnd(width + 1)}  ${value}`);
  if (conditions.length > 0) lines.push("", "CONDITIONS");
  for (const { type, status, reason = "", message = "" } of conditions) {
    lines.push(`  ${type.padEnd(16)} ${status.padEnd(7)} ${reason.padEnd(24)} ${message}`.trimEnd());
  }
  if (owned.length > 0) lines.push("", "OWNS", ...owned.map((one) => `  ${one.object.padEnd(40)} ${one.facts}`));
  if (pods.length > 0) lines.push("", `PODS (${pods.length})`);
  for (const { name, phase, isReady, restarts, node } of pods.slice(0, PODS_SHOWN)) {
    const place = node === "" ? "no node" : node;
    lines.push(
      `  ${name.padEnd(40)} ${phase.padEnd(12)} ${isReady ? "ready    " : "not ready"} ${place}, restarts ${restarts}`,
    );
  }
  if (pods.length > PODS_SHOWN) lines.push(`  … ${pods.length - PODS_SHOWN} more`);
  return lines;
}
