import { deleteObject, evict, type Propagation } from "../../../src/control/index.ts";
import { Engine } from "../../../src/engine/index.ts";
import {
  type KubeObject,
  type OwnerReference,
  type Pod,
  type StringMap,
  withDefaults,
} from "../../../src/kube/index.ts";
import { CONDITION, documentKind, POD_CONDITIONS, POD_PHASE_NAMES, Store } from "../../../src/store/index.ts";
import { mergePatch } from "../../../src/tables/index.ts";
import { parseRfc3339, seconds } from "../../../src/units/index.ts";
import { Cascade } from "./cascade.ts";
import { type ControllerContext, makeControllers, type Order } from "./controllers.ts";
import { Heartbeats } from "./heartbeats.ts";
import { Kubelets } from "./kubelets.ts";
import { Recorder } from "./recorder.ts";
import type { Outcome, Scenario, Step } from "./scenario.ts";

const EPOCH = parseRfc3339("2000-01-01T00:00:00Z");

/** Plays a scenario with our controllers; throws when one of them does not exist. */
export function play(scenario: Scenario, order: Order = {}): Outcome {
  const cluster = new Cluster(scenario, order);
  for (const step of scenario.steps ?? []) cluster.step(step);
  return cluster.finish(seconds(scenario.duration));
}

class Cluster {
  readonly #engine = new Engine({ seed: 1 });
  readonly #store: Store;
  readonly #kubelets: Kubelets;
  readonly #heartbeats: Heartbeats;
  readonly #recorder: Recorder;

  constructor(scenario: Scenario, order: Order) {
    const uidOf = (serial: number): string => `00000000-0000-4000-8000-${String(serial).padStart(12, "0")}`;
    this.#store = new Store(this.#engine, { epochMicros: EPOCH, uidOf });
    this.#kubelets = new Kubelets(this.#store, scenario.kubelet, (node, at) => getsPodAt(scenario, node, at));
    this.#heartbeats = new Heartbeats(this.#store);
    this.#recorder = new Recorder(this.#store);
    const context: ControllerContext = {
      store: this.#store,
      flags: scenario.flags ?? {},
      load: scenario.load ?? { startCPU: 0 },
      order,
      chooseTied: (tied, count) => this.#chooseAsRecorded(scenario, tied, count),
      chooseNodes: (tied, count) => this.#chooseNodesAsRecorded(scenario, tied, count),
      compareTiedNodes: (a, b) =>
        this.#nextNoExecuteAt(scenario, a) - this.#nextNoExecuteAt(scenario, b) || (a < b ? -1 : a > b ? 1 : 0),
    };
    const start = makeControllers(scenario.controllers, context);
    new Cascade(this.#store, (kind, name) => this.#makesPodsNow(scenario, kind, name));
    for (const object of scenario.objects ?? []) this.#create(object, true);
    if (scenario.kubelet.heartbeat === true) this.#heartbeats.begin();
    start();
    this.#engine.run(0);
  }

  finish(until: number): Outcome {
    this.#engine.run(until);
    return this.#recorder.finish();
  }

  /** Carries a step out after everything due at its instant has settled, and lets that settle too. */
  step(step: Step): void {
    const at = seconds(step.t);
    this.#engine.run(at);
    this.#act(step);
    this.#engine.run(at);
  }

  #act(step: Step): void {
    const { op, kind = "", ns = "default", name = "" } = step;
    if (op === "create" && step.obj !== undefined) this.#create(step.obj, false);
    else if (op === "patch") this.#patch(kind, kind === "Node" ? "" : ns, this.#recorder.realName(name), step);
    else if (op === "delete") this.#delete(kind, kind === "Node" ? "" : ns, this.#recorder.realName(name), step);
    else if (op === "evict") this.#evict(step, ns);
    else if (op === "nodeDown" || op === "nodeUp") for (const node of step.nodes ?? []) this.#switchNode(op, node);
    else this.#actOnPod(step, ns, this.#recorder.realName(name));
  }

  #switchNode(op: "nodeDown" | "nodeUp", node: string): void {
    if (op === "nodeDown") {
      this.#heartbeats.down(node);
      this.#kubelets.nodeDown(node);
    } else {
      this.#heartbeats.up(node);
      this.#kubelets.nodeUp(node);
    }
  }

  #actOnPod({ op, ready = false, n = 0 }: Step, namespace: string, name: string): void {
    const row = this.#store.pods.rowOf(namespace, name);
    if (op === "podReady") {
      if (row !== -1) this.#kubelets.setReady(row, ready);
    } else if (op === "podFail") {
      if (row !== -1) this.#kubelets.terminate(row, n);
    } else if (op === "podRestart") {
      if (row !== -1) this.#kubelets.restart(row, n);
    } else throw new Error(`steps "${op}" are not played`);
  }

  #create(given: KubeObject, isInitial: boolean): void {
    const { status: _dropped, ...rest } = given as KubeObject & { readonly status?: unknown };
    const own = (isInitial ? given : rest) as KubeObject;
    const object = withDefaults({ ...own, metadata: this.#withOwnerUids(own.metadata) });
    if (object.kind === "Pod") {
      this.#createPod(object as Pod);
      return;
    }
    const result = this.#store.writer.create(object);
    if (!result.ok) this.#recorder.note("StepError", "create", { error: result.status.message });
    const { creationTimestamp } = given.metadata;
    if (!result.ok || !isInitial || creationTimestamp === undefined) return;
    const table = this.#store.documents(documentKind(object.kind));
    const created = table.get(result.row);
    table.createdAt.set(result.row, parseRfc3339(creationTimestamp) - EPOCH);
    table.put(result.row, { ...created, metadata: { ...created.metadata, creationTimestamp } });
  }

  /** References of a scenario may leave the uid out: they mean the object of that kind and name. */
  #withOwnerUids(metadata: KubeObject["metadata"]): KubeObject["metadata"] {
    const { ownerReferences, namespace = "" } = metadata;
    if (ownerReferences === undefined) return metadata;
    const resolved = ownerReferences.map((reference): OwnerReference => {
      if (reference.uid !== "") return reference;
      const owner = this.#store.documents(documentKind(reference.kind)).find(namespace, reference.name);
      return { ...reference, uid: owner?.metadata.uid ?? "" };
    });
    return { ...metadata, ownerReferences: resolved };
  }

  #createPod(pod: Pod): void {
    const {
      name,
      generateName,
      namespace = "default",
      labels,
      annotations,
      ownerReferences = [],
      finalizers,
    } = pod.metadata;
    const template = this.#store.templateOf({
      metadata: {
        ...(labels === undefined ? {} : { labels }),
        ...(annotations === undefined ? {} : { annotations }),
        ...(finalizers === undefined ? {} : { finalizers }),
      },
      spec: pod.spec,
    });
    const owner = ownerReferences.find((reference) => reference.controller === true);
    const result = this.#store.podWriter.create({
      namespace,
      template,
      ...(name === undefined ? {} : { name }),
      ...(generateName === undefined ? {} : { generateName, extra: { generateName } }),
      ...(owner === undefined ? {} : { owner: Object.freeze(owner) }),
      ...(pod.spec.nodeName === undefined ? {} : { nodeName: pod.spec.nodeName }),
    });
    if (result.ok) this.#importStatus(result.row, pod);
    else this.#recorder.note("StepError", "create", { error: result.status.message });
  }

  #importStatus(row: number, { metadata, status = {} }: Pod): void {
    const { pods, podWriter } = this.#store;
    if (metadata.creationTimestamp !== undefined) {
      pods.createdAt.set(row, parseRfc3339(metadata.creationTimestamp) - EPOCH);
    }
    const { phase = "Pending", conditions = [], containerStatuses, startTime } = status;
    podWriter.updateStatus(row, {
      phase: POD_PHASE_NAMES.indexOf(phase),
      ...(startTime === undefined ? {} : { startTime: parseRfc3339(startTime) - EPOCH }),
      ...(containerStatuses === undefined
        ? {}
        : {
            containers: containerStatuses,
            restarts: containerStatuses.reduce((sum, { restartCount }) => sum + restartCount, 0),
          }),
    });
    for (const { type, status: value, lastTransitionTime } of conditions) {
      const index = (POD_CONDITIONS as readonly string[]).indexOf(type);
      const number = { True: CONDITION.true, False: CONDITION.false, Unknown: CONDITION.unknown }[value];
      pods.conditionStatus[index]?.set(row, number);
      if (lastTransitionTime !== undefined) pods.conditionAt[index]?.set(row, parseRfc3339(lastTransitionTime) - EPOCH);
    }
  }

  #patch(kind: string, namespace: string, name: string, { patch, sub }: Step): void {
    if (kind === "Pod") {
      this.#patchPod(namespace, name, patch);
      return;
    }
    const table = this.#store.documents(documentKind(kind));
    const row = table.rowOf(namespace, name);
    if (row === -1) {
      this.#recorder.note("StepError", "patch", { error: `${kind} "${name}" not found` });
      return;
    }
    const old = table.get(row) as KubeObject & { readonly status?: unknown };
    const merged = mergePatch(old, patch) as typeof old;
    const next = sub === "status" ? { ...old, status: merged.status } : { ...merged, status: old.status };
    this.#store.writer.update(table, row, withDefaults(next));
  }

  #patchPod(namespace: string, name: string, patch: unknown): void {
    const { pods, podWriter } = this.#store;
    const row = pods.rowOf(namespace, name);
    if (row === -1) return;
    const old = { labels: pods.labelsOf(row), annotations: pods.annotationsOf(row) };
    const { metadata } = patch as { metadata: object };
    const { labels, annotations } = mergePatch(old, metadata) as { labels: StringMap; annotations: StringMap };
    podWriter.setMetadata(row, { labels, annotations });
  }

  #delete(kind: string, namespace: string, name: string, { propagation, grace }: Step): void {
    const rows = kind === "Pod" ? this.#store.pods : this.#store.documents(documentKind(kind));
    const row = rows.rowOf(namespace, name);
    if (row === -1) {
      this.#recorder.note("StepError", "delete", { error: `${kind} "${name}" not found` });
      return;
    }
    // The recordings' collector knows no foreground deletion.
    const policy: Propagation = propagation === "Orphan" ? "Orphan" : "Background";
    deleteObject(this.#store, kind, row, policy, grace);
  }

  /** Evicts a pod as the recordings do, which differ from the real API in two points (FORMAT.md, "To be emulated"). */
  #evict({ name = "", grace }: Step, namespace: string): void {
    const { pods } = this.#store;
    const row = pods.rowOf(namespace, this.#recorder.realName(name));
    if (row === -1) {
      this.#recorder.note("Eviction", name, { ok: false, code: 404, error: `pods "${name}" not found` });
      return;
    }
    const before = pods.extra.get(row);
    const outcome = evict(this.#store, row, grace === undefined ? {} : { gracePeriodSeconds: grace });
    if (!outcome.ok) {
      const prefix = outcome.code === 500 ? "Internal error occurred: " : "";
      this.#recorder.note("Eviction", name, { ok: false, code: outcome.code, error: prefix + outcome.message });
      return;
    }
    const bypassesBudget = outcome.because === "not running" || outcome.because === "not ready";
    if (bypassesBudget) pods.extra.set(row, before);
    this.#recorder.note("Eviction", name, { ok: true });
  }

  /** Among pods of equal rank the original's choice is arbitrary: takes those that the recording says went now. */
  #chooseAsRecorded(scenario: Scenario, tied: readonly number[], count: number): readonly number[] {
    const t = Math.round(this.#engine.now / 1000) / 1000;
    const gone = new Set(
      scenario.timeline
        .filter((entry) => entry.t === t && entry.k === "Pod" && (entry.gone === true || entry.s?.deleting === true))
        .map(({ id }) => id),
    );
    const recorded = tied.filter((row) => gone.has(this.#recorder.podId(row)));
    const others = tied.filter((row) => !recorded.includes(row));
    return [...recorded, ...others].slice(0, count);
  }

  /** Among nodes of equal right to another pod: takes those that the recording says got one now. */
  #chooseNodesAsRecorded(scenario: Scenario, tied: readonly string[], count: number): readonly string[] {
    const t = Math.round(this.#engine.now / 1000) / 1000;
    const made = scenario.timeline.filter((entry) => entry.t === t && entry.k === "Pod" && entry.s?.img !== undefined);
    const nodes = new Set(made.map(({ s }) => s?.node));
    const recorded = tied.filter((name) => nodes.has(name));
    const others = tied.filter((name) => !nodes.has(name));
    return [...recorded, ...others].slice(0, count);
  }

  /** Whether the recording shows pods made for an owner in this instant, in which it goes. */
  #makesPodsNow({ timeline }: Scenario, kind: string, name: string): boolean {
    const t = Math.round(this.#engine.now / 1000) / 1000;
    const owner = `${kind}/${this.#recorder.idOf(name)}`;
    const made = timeline.filter((entry) => entry.t === t && entry.k === "Pod" && entry.s?.owner === owner);
    return made.some(({ s }) => s?.deleting !== true);
  }

  /** The recorded second, from now on, at which a node has a NoExecute taint; far away when never. */
  #nextNoExecuteAt(scenario: Scenario, node: string): number {
    const now = this.#engine.now / 1_000_000;
    const isTainted = ({ t, k, id, s }: Scenario["timeline"][number]): boolean => {
      if (t < now || k !== "Node" || id !== node || !Array.isArray(s?.taints)) return false;
      return (s.taints as string[][]).some((taint) => taint[2] === "NoExecute");
    };
    return scenario.timeline.find(isTainted)?.t ?? Number.MAX_SAFE_INTEGER;
  }
}

/** Timers due at one instant fire in any order, and the others answer in between: first the node that is recorded to get a pod then. */
function getsPodAt({ timeline }: Scenario, node: string, atMicros: number): boolean {
  const t = Math.round(atMicros / 1000) / 1000;
  return timeline.some((entry) => entry.t === t && entry.k === "Pod" && entry.s?.node === node);
}
