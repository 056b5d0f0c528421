import { assert } from "../engine/index.ts";
import { PHASE } from "../kube/index.ts";
import type { Cursor, Store } from "../store/index.ts";
import type { Micros } from "../units/index.ts";
import { type Kinds, KubeletContext, NODE, STAGE } from "./context.ts";
import { exitUnit, onExit } from "./exits.ts";
import { onNodeReady, onPostStatus } from "./node-status.ts";
import { KUBELET_DEFAULTS, type KubeletOptions, type NodeRegistration } from "./options.ts";
import {
  bootNode,
  crashNode,
  healNode,
  onBoot,
  partitionNode,
  retireNode,
  startKubelet,
  stopKubelet,
} from "./outages.ts";
import { considerPod, OF_INTEREST, onDeadline, onDeliver, onReconcile } from "./pod-sync.ts";
import { hangUnit, onLiveness, onReadiness, onStartup } from "./probes.ts";
import { registerNode } from "./registration.ts";
import { addStaticPods, createMirror } from "./static-pods.ts";
import { onFinish, onRemove, onStopped } from "./termination.ts";
import { UNIT } from "./unit.ts";
import { onPulled, onStep, onSync } from "./worker.ts";

/**
 * The kubelets of all nodes: they register nodes and keep their heartbeats, start, probe, restart and stop the containers of the
 * pods bound to them, and write what they see into the store. Nodes go by their number in `store.pods.nodeNames`.
 *
 * ```ts
 * const kubelets = new Kubelets(store, { images: { ...catalog } });
 * kubelets.registerNode({ name: "n1", capacity: { cpu: "4", memory: "16Gi", pods: "110" } });
 * ```
 */
export class Kubelets {
  readonly #context: KubeletContext;
  readonly #cursor: Cursor;

  /** Declares its event kinds: to be made before the first event. Options that are absent have their defaults. */
  constructor(store: Store, options: Partial<KubeletOptions> = {}) {
    this.#context = new KubeletContext(store, { ...KUBELET_DEFAULTS, ...options });
    this.#context.kinds = defineKinds(this.#context);
    this.#cursor = store.watch("kubelet", ["Pod"], () => onDeliver(this.#context, this.#cursor), 0, {
      isPrompt: true,
      pods: { flags: OF_INTEREST },
    });
  }

  /** Registers a node and returns its number. A node that was in the cluster before the run is Ready at once (`ready`). */
  registerNode(spec: NodeRegistration): number {
    const context = this.#context;
    const nodeId = registerNode(context, spec);
    if (spec.staticPods !== undefined) addStaticPods(context, nodeId, spec.staticPods);
    const { byNode } = context.store.pods;
    for (const row of byNode.rows(nodeId)) {
      if (context.stage.get(row) !== STAGE.unknown) continue;
      context.stage.set(row, STAGE.noticed);
      context.noticedAt.set(row, context.engine.now);
      context.engine.after(0, context.kinds.notice, row);
    }
    return nodeId;
  }

  /** Power off: heartbeats end, containers die, nothing of the node acts. Nothing happens to a node that is down. */
  crash(nodeId: number): void {
    crashNode(this.#registered(nodeId), nodeId);
  }
  /** Power on: after `nodeBoot` the kubelet posts, restarts what should run and removes what was deleted meanwhile. */
  recover(nodeId: number): void {
    bootNode(this.#registered(nodeId), nodeId);
  }
  /** The machine is taken away for good; its Node object stays until somebody deletes it. */
  retire(nodeId: number): void {
    retireNode(this.#registered(nodeId), nodeId);
  }
  /** The node loses the API server: containers run on, nothing is written or heard. */
  partition(nodeId: number): void {
    partitionNode(this.#registered(nodeId), nodeId, NODE.link);
  }
  heal(nodeId: number): void {
    healNode(this.#registered(nodeId), nodeId, NODE.link);
  }
  /** The API server stops answering all kubelets, or answers again. */
  setServed(isServed: boolean): void {
    const { nodeNames } = this.#context.store.pods;
    for (let nodeId = 0; nodeId < nodeNames.count; nodeId++) {
      if (!this.#context.hasBit(nodeId, NODE.registered)) continue;
      if (isServed) healNode(this.#context, nodeId, NODE.served);
      else partitionNode(this.#context, nodeId, NODE.served);
    }
  }
  /** The kubelet process ends; containers run on unattended. */
  stopKubelet(nodeId: number): void {
    stopKubelet(this.#registered(nodeId), nodeId);
  }
  startKubelet(nodeId: number): void {
    startKubelet(this.#registered(nodeId), nodeId);
  }

  /**
   * Ends a regular container now (faults; `reason` "OOMKilled" with 137 for memory; default Completed or Error by the
   * code); its kubelet notices within a second. False when it does not run.
   */
  exitContainer(podRow: number, containerIndex: number, exitCode: number, reason?: string): boolean {
    return exitUnit(this.#context, podRow, this.#unit(podRow, containerIndex), exitCode, reason);
  }
  /** A regular container stops answering its probes and SIGTERM, until it is restarted. False when it does not run. */
  hangContainer(podRow: number, containerIndex: number): boolean {
    return hangUnit(this.#context, podRow, this.#unit(podRow, containerIndex));
  }

  /** Whether any regular container of the pod runs now, whatever the API says. Constant cost per container. */
  isRunning(podRow: number): boolean {
    const units = this.#context.units.get(podRow);
    if (units === null || !this.#context.store.pods.isPresent(podRow)) return false;
    const first = this.#context.shapeOf(podRow).initCount;
    for (let index = first; index < units.length; index++) if (units[index]?.state === UNIT.running) return true;
    return false;
  }
  /** When a regular container started, to the microsecond; -1 when it does not run. */
  startedAt(podRow: number, containerIndex: number): Micros {
    if (this.#context.units.get(podRow) === null) return -1;
    const unit = this.#context.unitsOf(podRow)[this.#unit(podRow, containerIndex)];
    return unit?.state === UNIT.running ? unit.startedAt : -1;
  }
  /** Whether there is a machine with a kubelet that has registered the node once. */
  isRegistered(nodeId: number): boolean {
    return this.#context.hasBit(nodeId, NODE.registered) && !this.#context.hasBit(nodeId, NODE.retired);
  }
  /** Whether the machine is on. */
  isUp(nodeId: number): boolean {
    return this.#context.hasBit(nodeId, NODE.power);
  }
  /** Whether the kubelet runs and reaches the API server. */
  isConnected(nodeId: number): boolean {
    return this.#context.listens(nodeId);
  }

  #unit(podRow: number, containerIndex: number): number {
    return this.#context.shapeOf(podRow).initCount + containerIndex;
  }

  #registered(nodeId: number): KubeletContext {
    assert(this.#context.hasBit(nodeId, NODE.registered), () => `node ${nodeId} has no kubelet`);
    return this.#context;
  }
}

type PodHandler = (context: KubeletContext, row: number, arg: number) => void;

function defineKinds(context: KubeletContext): Kinds {
  const { engine } = context;
  const { rows } = context.store.pods;
  const pod = (name: string, handler: PodHandler): number =>
    engine.define(`kubelet.${name}`, PHASE.node, (row, arg) => handler(context, row, arg), { rows });
  const node = (name: string, handler: PodHandler): number =>
    engine.define(`kubelet.${name}`, PHASE.node, (nodeId, arg) => handler(context, nodeId, arg));
  return {
    notice: pod("notice", considerPod),
    step: pod("step", onStep),
    relist: pod("relist", onSync),
    resync: pod("resync", onSync),
    exit: pod("exit", onExit),
    readiness: pod("readiness", onReadiness),
    startup: pod("startup", onStartup),
    liveness: pod("liveness", onLiveness),
    stopped: pod("stopped", onStopped),
    finish: pod("finish", onFinish),
    remove: pod("remove", onRemove),
    reconcile: pod("reconcile", onReconcile),
    deadline: pod("deadline", onDeadline),
    pulled: node("pulled", onPulled),
    postStatus: node("postStatus", onPostStatus),
    nodeReady: node("nodeReady", onNodeReady),
    boot: node("boot", onBoot),
    staticPod: node("staticPod", createMirror),
  };
}
