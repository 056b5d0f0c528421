import { Engine } from "../engine/index.ts";
import type { Container, KubeNode, PodSpec } from "../kube/index.ts";
import { POD_PHASE_NAMES, Store } from "../store/index.ts";
import { seconds } from "../units/index.ts";
import { Kubelets } from "./kubelets.ts";
import type { KubeletOptions, NodeRegistration } from "./options.ts";

/** Latencies without chance: instants in tests can be read. */
export const FIXED: Partial<KubeletOptions> = {
  kubeletDelivery: { constant: 10_000 },
  volumeMount: { constant: 100_000 },
  sandboxStart: { constant: 400_000 },
  sandboxStop: { constant: 200_000 },
  volumeUnmount: { constant: 300_000 },
  podDeletion: { constant: 1_000_000 },
  plegRelistMicros: 0,
  resyncJitter: 0,
};
/** From the binding to the start of the first container with a present image, and to its visibility. */
export const START = 10_000 + 100_000 + 400_000 + 5_000 + 130_000;
export const VISIBLE = START + 10_000;

const CAPACITY = { cpu: "4", memory: "16Gi", pods: "110" };

/** A small world for the tests of this room: engine, store, kubelets and one node `n1`. */
export class NodeWorld {
  readonly engine: Engine;
  readonly store: Store;
  readonly kubelets: Kubelets;
  readonly decisions: { what: string; [detail: string]: unknown }[] = [];
  /** Statuses as they were written, one line a write. */
  readonly trace: string[] = [];

  constructor(options: Partial<KubeletOptions> = FIXED, isExplicit = false) {
    this.engine = new Engine({ seed: 7, explicitPeriodic: isExplicit });
    this.store = new Store(this.engine, { epochMicros: 1_700_000_000_000_000 });
    this.kubelets = new Kubelets(this.store, options);
    const cursor = this.store.watch("test", ["Pod"], () => {
      while (cursor.next()) if (this.store.pods.isPresent(cursor.row)) this.#note(cursor.row);
    });
  }

  node(name = "n1", spec: Partial<NodeRegistration> = {}): number {
    return this.kubelets.registerNode({ name, capacity: CAPACITY, ...spec });
  }
  nodeObject(name = "n1"): KubeNode {
    const node = this.store.documents<KubeNode>("Node").find("", name);
    if (node === undefined) throw new Error(`no node ${name}`);
    return node;
  }

  /** Creates a pod of one container `app`, or of the spec, on the node; returns its row. */
  pod(name: string, spec: Partial<PodSpec> & { readonly container?: Partial<Container> } = {}, node = "n1"): number {
    const { container, ...rest } = spec;
    const containers = [{ name: "app", image: "app:1", ...container }];
    const template = this.store.templateOf({ metadata: { labels: { app: name } }, spec: { containers, ...rest } });
    const made = this.store.podWriter.create({ namespace: "default", name, template });
    if (!made.ok) throw new Error(made.status.message);
    this.store.podWriter.bind(made.row, node);
    return made.row;
  }

  run(toSeconds: number): this {
    this.engine.run(seconds(toSeconds));
    return this;
  }

  /** `Running ready 1` : phase, readiness, restarts. "gone" for a pod that is not there. */
  state(row: number): string {
    const { pods } = this.store;
    if (!pods.isPresent(row)) return "gone";
    return `${POD_PHASE_NAMES[pods.phase.get(row)]} ${pods.isReady(row) ? "ready" : "unready"} ${pods.restarts.get(row)}`;
  }
  /** `container: state` for the container. */
  containerState(row: number, name = "app"): string {
    const all = [...(this.store.pods.initContainers.get(row) ?? []), ...(this.store.pods.containers.get(row) ?? [])];
    const state = all.find((status) => status.name === name)?.state;
    if (state?.running !== undefined) return "running";
    if (state?.terminated !== undefined) return `${state.terminated.reason} ${state.terminated.exitCode}`;
    return state?.waiting?.reason ?? "none";
  }
  /** `Reason: message` of all events about the object, in order of their first writing. */
  events(name: string): string[] {
    return this.store.events
      .kept()
      .filter((event) => event.involvedObject.name === name)
      .map((event) => `${event.reason}: ${event.message}`);
  }
  reasons(name: string): string[] {
    return this.events(name).map((text) => text.slice(0, text.indexOf(":")));
  }
  record(): this {
    this.store.decisions.sink = (decision) => this.decisions.push(decision);
    return this;
  }

  #note(row: number): void {
    const line = `${this.engine.now / 1e6} ${this.store.pods.name.get(row)} ${this.state(row)} ${this.containerState(row)}`;
    this.trace.push(line);
  }
}
