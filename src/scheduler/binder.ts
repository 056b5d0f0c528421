import type { Micros } from "../units/index.ts";
import { seconds } from "../units/index.ts";
import type { AssumedVolumes } from "./assumed-volumes.ts";
import { type BindingCycle, BindingCycles } from "./binding-cycles.ts";
import type { SchedulerCache } from "./cache.ts";
import { CycleState } from "./cycle-state.ts";
import type { Framework } from "./framework.ts";
import type { NodeInfo } from "./node-info.ts";
import { type PodInfo, withNode } from "./pod-info.ts";
import type { SchedulingQueue } from "./queue.ts";
import { named, preBindersOf, refusalMessage, runUnreserve } from "./reserve.ts";
import { CODE, isRejection, messageOf, type Status, unschedulable } from "./status.ts";

/** @source kubernetes 1.37 volumebinding BindPodVolumes: the period of its polls */
const POLL = seconds(1);

export interface BinderParts {
  readonly cache: SchedulerCache;
  readonly queue: SchedulingQueue;
  readonly volumes: AssumedVolumes;
  readonly frameworkFor: (pod: PodInfo) => Framework;
}

/** What comes next for a pod that has a node. */
export type BindingStep =
  | { readonly kind: "bind"; readonly nodeName: string }
  | { readonly kind: "wait"; readonly nodeName: string; readonly until: Micros }
  | FailedBinding;

/** A pod that does not come to be bound. */
export interface FailedBinding {
  readonly kind: "failed";
  readonly pod: PodInfo;
  /** The node that it leaves. */
  readonly nodeName: string;
  readonly isRejected: boolean;
  readonly message: string;
}

/**
 * The way of a pod from its node to its binding: it waits until all permit plugins allow it, then until all preBind
 * plugins are done. A pod that fails there leaves its node.
 * @source kubernetes 1.37 schedule_one.go bindingCycle, framework/runtime waiting_pods_map.go
 */
export class Binder {
  readonly cycles = new BindingCycles();
  readonly #parts: BinderParts;

  constructor(parts: BinderParts) {
    this.#parts = parts;
  }

  /** Whether the pod has to be looked at before it is bound; if not, nothing is kept of it. */
  begin(pod: PodInfo, nodeName: string, waits: ReadonlyMap<string, Micros>, now: Micros): boolean {
    const isBusy = preBindersOf(this.#parts.frameworkFor(pod), pod).some((one) => one.willPreBind?.(pod) !== false);
    if (waits.size === 0 && !isBusy) return false;
    this.cycles.begin(pod.uid, nodeName, waits, now);
    if (waits.size === 0) this.#permit(pod.uid);
    return true;
  }

  /** Looks at a pod again; `undefined` when it is not on its way, or another look is due later. */
  advance(uid: string, now: Micros): BindingStep | undefined {
    const cycle = this.cycles.get(uid);
    const cached = this.#parts.cache.pod(uid);
    if (cycle === undefined || cached?.isAssumed !== true) return undefined;
    const { pod } = cached;
    if (!cycle.isPermitted) {
      const refusal = permission(cycle, now);
      if (refusal !== undefined) return this.#fail(pod, cycle, refusal, now);
      if (cycle.waits.size > 0) return this.#wait(uid, cycle, firstLimit(cycle));
      this.#permit(uid);
    } else if (cycle.rejection !== undefined) return this.#cancelled(pod, cycle, cycle.rejection.message, now);
    const node = this.#parts.cache.node(cycle.nodeName);
    return node === undefined ? this.#lost(pod, cycle, now) : this.#preBind(pod, node, now);
  }

  /** A pod on its way is gone, or its binding was refused: what was reserved for it is free. */
  abandon(pod: PodInfo, nodeName: string): void {
    this.cycles.end(pod.uid);
    const node = this.#parts.cache.node(nodeName);
    if (node !== undefined) runUnreserve(this.#parts.frameworkFor(pod), new CycleState(), pod, node);
    else this.#parts.volumes.release(pod.uid);
  }

  #permit(uid: string): void {
    this.cycles.change(uid, { isPermitted: true });
    this.#parts.queue.done(uid);
  }

  #wait(uid: string, { nodeName }: BindingCycle, until: Micros): BindingStep {
    this.cycles.change(uid, { wakeAt: until });
    return { kind: "wait", nodeName, until };
  }

  #preBind(pod: PodInfo, node: NodeInfo, now: Micros): BindingStep {
    const plugins = preBindersOf(this.#parts.frameworkFor(pod), pod);
    for (;;) {
      const cycle = this.cycles.get(pod.uid) as BindingCycle;
      const plugin = plugins[cycle.doneCount];
      if (plugin === undefined) break;
      const status = plugin.preBind?.(new CycleState(), pod, node) ?? null;
      if (status === null) {
        this.cycles.change(pod.uid, { doneCount: cycle.doneCount + 1, askedAt: -1 });
        continue;
      }
      if (status.code !== CODE.wait) return this.#fail(pod, cycle, named("PreBind", status), now);
      const askedAt = cycle.askedAt === -1 ? now : cycle.askedAt;
      if (now - askedAt >= (status.waitMicros ?? 0)) {
        return this.#fail(pod, cycle, cutShort(status, "context deadline exceeded"), now);
      }
      this.cycles.change(pod.uid, { askedAt, waitsFor: status.reasons });
      return this.#wait(pod.uid, cycle, now + POLL);
    }
    this.cycles.end(pod.uid);
    return { kind: "bind", nodeName: node.name };
  }

  /** The preBind plugin at hand is stopped in what it waits for. */
  #cancelled(pod: PodInfo, cycle: BindingCycle, message: string, now: Micros): BindingStep {
    const plugin = preBindersOf(this.#parts.frameworkFor(pod), pod)[cycle.doneCount];
    const waiting = { code: CODE.wait, plugin: plugin?.name ?? "", reasons: cycle.waitsFor };
    return this.#fail(pod, cycle, cutShort(waiting, message), now);
  }

  #lost(pod: PodInfo, cycle: BindingCycle, now: Micros): BindingStep {
    const reasons = [`nodeinfo not found for node name "${cycle.nodeName}"`];
    return this.#fail(pod, cycle, { code: CODE.error, plugin: "", reasons }, now);
  }

  /** Others may have the room, and the pod waits for another attempt: one that was rejected is not woken by that itself. */
  #fail(pod: PodInfo, cycle: BindingCycle, status: Status, now: Micros): BindingStep {
    const { cache, queue } = this.#parts;
    this.abandon(pod, cycle.nodeName);
    cache.removePod(pod.uid);
    const event = { name: "AssignedPod/Delete", oldPod: pod } as const;
    const isRejected = isRejection(status);
    const message = cycle.isPermitted ? messageOf(status) : refusalMessage(status);
    if (!isRejected) queue.move(event, now);
    const entry = queue.entries.get(pod.uid);
    const plugins = new Set(isRejected && !cycle.isPermitted ? [status.plugin] : []);
    if (entry === undefined) queue.addReturned(withNode(pod, "", ""), now);
    else queue.addFailed(entry, plugins, now);
    if (isRejected) queue.move(event, now, (other) => other.uid !== pod.uid);
    return { kind: "failed", pod, nodeName: cycle.nodeName, isRejected, message };
  }
}

/** Why a pod is not permitted: turned away, or out of time. */
function permission({ rejection, waits }: BindingCycle, now: Micros): Status | undefined {
  if (rejection !== undefined) {
    const { plugin, message, isPreempted } = rejection;
    if (!isPreempted) return unschedulable(plugin, message);
    return { code: CODE.error, plugin, reasons: [`waiting on permit for pod: ${message}`] };
  }
  for (const [plugin, { until, forMicros }] of waits) {
    if (until > now) continue;
    return unschedulable(plugin, `rejected due to timeout after waiting ${spanText(forMicros)} at plugin ${plugin}`);
  }
  return undefined;
}

/** What a plugin was waiting for will not come: `why`. */
function cutShort(status: Status, why: string): Status {
  return named("PreBind", { ...status, code: CODE.error, reasons: [`${messageOf(status)}: ${why}`] });
}

function firstLimit({ waits }: BindingCycle): Micros {
  return [...waits.values()].reduce((first, { until }) => Math.min(first, until), Number.POSITIVE_INFINITY);
}

/** As Go prints a span: "10s", "1m30s", "1.5s", "500ms". */
function spanText(micros: Micros): string {
  if (micros < 1_000) return micros === 0 ? "0s" : `${micros}µs`;
  if (micros < 1_000_000) return `${micros / 1_000}ms`;
  const rest = (micros % 60_000_000) / 1_000_000;
  const minutes = Math.floor(micros / 60_000_000);
  if (minutes === 0) return `${rest}s`;
  return minutes < 60 ? `${minutes}m${rest}s` : `${Math.floor(minutes / 60)}h${minutes % 60}m${rest}s`;
}
