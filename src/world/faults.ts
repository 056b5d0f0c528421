import type { Engine, Micros } from "../engine/index.ts";
import { compileSelector, PHASE } from "../kube/index.ts";
import type { Kubelets } from "../node/index.ts";
import { type Stream, sample } from "../random/index.ts";
import type { Store } from "../store/index.ts";
import { isAnyRunning } from "./bootstrap.ts";
import type { ControlPlane } from "./control-plane.ts";
import { isChosen, type NodeFleet } from "./node-fleet.ts";
import type { ContainerFailure, ControlPlaneFailure, Failure, NodeFailure, Plan, PlannedNode } from "./plan.ts";

const KILLED = 137;

/** What failures strike. */
export interface Struck {
  readonly kubelets: Kubelets;
  readonly controlPlane: ControlPlane;
  readonly fleet: NodeFleet;
}

/**
 * Plays the plan's failures: at an instant, or again and again by distributions, per node. Each failure draws from a
 * stream of its own, so that adding one leaves the others where they were.
 */
export class Faults {
  readonly #engine: Engine;
  readonly #store: Store;
  readonly #kubelets: Kubelets;
  readonly #controlPlane: ControlPlane;
  readonly #fleet: NodeFleet;
  readonly #failures: readonly Failure[];
  readonly #beginKind: number;
  readonly #endKind: number;
  readonly #oomKind: number;

  constructor(engine: Engine, store: Store, struck: Struck, plan: Plan) {
    const { kubelets } = struck;
    this.#controlPlane = struck.controlPlane;
    this.#fleet = struck.fleet;
    this.#engine = engine;
    this.#store = store;
    this.#kubelets = kubelets;
    this.#failures = plan.failures;
    // Subject: the failure; argument: the node (`#nameOf`), or -1 for all of them at once.
    this.#beginKind = engine.define("fault.begin", PHASE.fault, (index, target) => this.#begin(index, target));
    this.#endKind = engine.define("fault.end", PHASE.fault, (index, target) => this.#end(index, target));
    const kill = (row: number): void => {
      this.#kubelets.exitContainer(row, 0, KILLED, "OOMKilled");
    };
    this.#oomKind = engine.define("fault.oom", PHASE.node, kill, { rows: store.pods.rows });
  }

  /** @param from the first failure that is not scheduled yet */
  start(from = 0): void {
    for (const [index, failure] of this.#failures.entries()) {
      if (index < from) continue;
      if ("at" in failure.schedule) this.#engine.at(failure.schedule.at, this.#beginKind, index, -1);
      else if (!("nodes" in failure)) this.#again(index, -1);
      else for (const target of failure.nodes.keys()) this.#again(index, target);
    }
  }

  /** A node has joined: failures that come again and again to nodes like it come to it too. */
  joined(name: string): void {
    const node = this.#fleet.planned(name);
    if (node === undefined) return;
    for (const [index, failure] of this.#failures.entries()) {
      if ("every" in failure.schedule && "nodes" in failure && strikesLater(failure, node))
        this.#again(index, this.#laterTarget(failure, name));
    }
  }

  /** The kernel kills the first container of a pod at this instant. */
  outOfMemory(podRow: number): void {
    this.#engine.at(this.#engine.now, this.#oomKind, podRow);
  }

  #begin(index: number, target: number): void {
    const failure = this.#failures[index] as Failure;
    if (failure.kind === "containerExit") {
      this.#exitContainers(failure);
      if ("every" in failure.schedule) this.#again(index, -1);
      return;
    }
    if (failure.kind === "controlPlaneDown") {
      this.#stopControlPlane(index, failure);
      return;
    }
    if (this.#isGone(failure, target)) return;
    const targets = target !== -1 ? [target] : this.#drawn(failure);
    for (const one of targets) {
      this.#strike(failure, this.#nameOf(failure, one));
      const lasts = failure.lasts === null ? null : sample(failure.lasts, this.#streamOf(failure));
      if (lasts !== null) this.#engine.after(lasts, this.#endKind, index, one);
      else if ("every" in failure.schedule) this.#again(index, one);
    }
  }

  #stopControlPlane(index: number, failure: ControlPlaneFailure): void {
    this.#controlPlane.stop(failure.components);
    this.#tell(failure, "controlPlaneDown", "control-plane", `${failure.components.join(", ")} down`);
    const lasts = failure.lasts === null ? null : sample(failure.lasts, this.#streamOf(failure));
    if (lasts !== null) this.#engine.after(lasts, this.#endKind, index, -1);
  }

  #end(index: number, target: number): void {
    const failure = this.#failures[index] as NodeFailure | ControlPlaneFailure;
    if (failure.kind === "controlPlaneDown") {
      this.#controlPlane.start(failure.components);
      this.#tell(failure, "ends", "control-plane", `${failure.components.join(", ")} back`);
      if ("every" in failure.schedule) this.#again(index, -1);
      return;
    }
    const name = this.#nameOf(failure, target);
    const node = this.#store.pods.nodeNames.find(name);
    if (node === -1 || !this.#kubelets.isRegistered(node)) return;
    if (failure.kind === "partition") this.#kubelets.heal(node);
    else this.#kubelets.recover(node);
    this.#tell(
      failure,
      "ends",
      `node/${name}`,
      `node/${name} ${failure.kind === "partition" ? "reachable again" : "back"}`,
    );
    if ("every" in failure.schedule) this.#again(index, target);
  }

  #strike(failure: NodeFailure, name: string): void {
    const node = this.#store.pods.nodeNames.find(name);
    if (node === -1 || !this.#kubelets.isRegistered(node)) return;
    if (failure.kind === "crash") this.#kubelets.crash(node);
    else if (failure.kind === "partition") this.#kubelets.partition(node);
    else this.#kubelets.recover(node);
    const words = { crash: "crashed", partition: "cut off", recover: "back" }[failure.kind];
    this.#tell(failure, failure.kind, `node/${name}`, `node/${name} ${words}`);
  }

  #exitContainers(failure: ContainerFailure): void {
    const { pods } = this.#store;
    const selector = compileSelector(failure.selector);
    const candidates: number[] = [];
    for (let row = pods.first(); row !== -1; row = pods.after(row)) {
      if (failure.namespace !== null && pods.namespaceOf(row) !== failure.namespace) continue;
      if (!pods.isDeleting(row) && isAnyRunning(pods.containers.get(row)) && selector.matches(pods.labelsOf(row)))
        candidates.push(row);
    }
    for (const row of chosen(candidates, failure.count, this.#streamOf(failure))) {
      const { containers } = pods.templateOf(row).spec;
      const index = failure.container === null ? 0 : containers.findIndex(({ name }) => name === failure.container);
      if (index === -1) continue;
      this.#kubelets.exitContainer(row, index, failure.exitCode, failure.exitCode === 0 ? "Completed" : "Error");
      const name = `${pods.namespaceOf(row)}/${pods.name.get(row)}`;
      this.#tell(failure, "exit", `pod/${name}`, `container of pod/${name} exited (${failure.exitCode})`);
    }
  }

  #drawn(failure: NodeFailure): readonly number[] {
    const later = this.#fleet.joinedNodes().filter((node) => strikesLater(failure, node));
    const candidates = [...failure.nodes.keys(), ...later.map(({ name }) => this.#laterTarget(failure, name))];
    return chosen(candidates, failure.count, this.#streamOf(failure));
  }

  /** Nodes of the start by their position in the failure, those that joined later by their number behind them. */
  #nameOf({ nodes }: NodeFailure, target: number): string {
    return nodes[target] ?? this.#store.pods.nodeNames.textOf(target - nodes.length);
  }

  #laterTarget({ nodes }: NodeFailure, name: string): number {
    return nodes.length + this.#store.pods.nodeNames.find(name);
  }

  /** A machine that joined later and was taken away does not come back: its failures end with it. */
  #isGone(failure: NodeFailure, target: number): boolean {
    return target >= failure.nodes.length && this.#fleet.stateOf(this.#nameOf(failure, target)) !== "running";
  }

  #again(index: number, target: number): void {
    const { schedule } = this.#failures[index] as Failure;
    if (!("every" in schedule)) return;
    const delay: Micros = sample(schedule.every, this.#streamOf(this.#failures[index] as Failure));
    this.#engine.after(Math.max(1, delay), this.#beginKind, index, target);
  }

  #streamOf(failure: Failure): Stream {
    return this.#engine.streams.stream(`faults/${failure.name}`);
  }

  #tell(failure: Failure, what: string, object: string, notable: string): void {
    if (!this.#store.decisions.isEnabled) return;
    this.#store.decisions.write({ by: "fault", what, object, failure: failure.name, notable });
  }
}

function strikesLater({ later }: NodeFailure, node: PlannedNode): boolean {
  return later !== undefined && isChosen(later, node);
}

/** `count` of the candidates, drawn without replacement, in their own order; all of them when null. */
function chosen(candidates: readonly number[], count: number | null, stream: Stream): readonly number[] {
  if (count === null || count >= candidates.length) return candidates;
  const rest = [...candidates];
  const taken: number[] = [];
  while (taken.length < count) taken.push(rest.splice(stream.int(rest.length), 1)[0] as number);
  return taken.sort((a, b) => a - b);
}
