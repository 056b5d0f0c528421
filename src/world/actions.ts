import { Drain, deleteObject, readScale, writeScale } from "../control/index.ts";
import type { Engine } from "../engine/index.ts";
import { type Container, type CronJob, type KubeNode, type KubeObject, PHASE, withDefaults } from "../kube/index.ts";
import type { Kubelets } from "../node/index.ts";
import { documentKind, forbidden, type Store } from "../store/index.ts";
import { applied } from "./apply.ts";
import type { Cluster } from "./bootstrap.ts";
import { REFUSED } from "./control-plane.ts";
import { labelled, patchedWith, tainted, withEnv, withResources } from "./edits.ts";
import { exposedService, jobFrom } from "./expose.ts";
import type { NodeFleet } from "./node-fleet.ts";
import { notFound, ObjectWrites, type Outcome, referenceTo } from "./object-writes.ts";
import type { Action, ChosenNodes, ObjectReference, Plan, PlannedObject } from "./plan.ts";
import { RollingUpdates } from "./rolling-update.ts";
import { paused, restarted, rolledBack, type Workload } from "./rollouts.ts";

/** @source kubernetes 1.37 kubectl pkg/cmd/drain: a selector that no node matches */
const NO_NODES = "No resources found";

/** What the cloud and the machines' shells are asked for. */
export interface Machines {
  /** Whether the API server answers. */
  readonly isServing: () => boolean;
  readonly fleet: NodeFleet;
  readonly kubelets: Kubelets;
}

/** @source kubernetes 1.37 apiserver/pkg/admission/plugin/namespace/lifecycle */
const IMMORTAL_NAMESPACES: ReadonlySet<string> = new Set(["default", "kube-system", "kube-public"]);

/** Plays what a person does at the keyboard during the run. A command that the API server would refuse is recorded as failed. */
export class Actions {
  readonly #engine: Engine;
  readonly #store: Store;
  readonly #actions: readonly Action[];
  readonly #objects: readonly PlannedObject[];
  readonly #machines: Machines;
  readonly #drain: Drain;
  readonly #rollingUpdates: RollingUpdates;
  readonly #writes: ObjectWrites;
  readonly #kind: number;

  constructor(engine: Engine, cluster: Cluster, plan: Plan, machines: Machines) {
    this.#machines = machines;
    this.#engine = engine;
    this.#writes = new ObjectWrites(cluster);
    this.#store = cluster.store;
    this.#actions = plan.actions;
    this.#objects = plan.objects;
    this.#drain = new Drain(cluster.store);
    this.#rollingUpdates = new RollingUpdates(cluster, machines.isServing);
    this.#kind = engine.define("action", PHASE.fault, (index) => this.#play(index));
  }

  /** @param from the first action that is not scheduled yet */
  start(from = 0): void {
    for (const [index, action] of this.#actions.entries()) {
      if (index >= from) this.#engine.at(action.atMicros, this.#kind, index);
    }
  }

  #play(index: number): void {
    const action = this.#actions[index] as Action;
    const outcome = this.#needsServer(action) && !this.#machines.isServing() ? REFUSED : this.#perform(action);
    if (!this.#store.decisions.isEnabled) return;
    const isRefused = typeof outcome === "string";
    const failed = isRefused ? { error: outcome } : {};
    const said = isRefused ? outcome : outcome?.said;
    const notable = said === undefined ? action.text : `${action.text}: ${said}`;
    const what = isRefused ? "refused" : "done";
    this.#store.decisions.write({
      by: "action",
      what,
      object: objectOf(action, this.#machines.fleet),
      text: action.text,
      ...failed,
      notable,
    });
  }

  /** Machines are ordered, taken away and logged into without the API server. */
  #needsServer({ kind }: Action): boolean {
    return kind !== "addNodes" && kind !== "removeNodes" && kind !== "restartKubelet";
  }

  #perform(action: Action): Outcome {
    switch (action.kind) {
      case "apply":
        return firstOf(action.objects.map((planned) => this.#apply(planned, action)));
      case "create": {
        const { needs } = action;
        if (needs !== null && this.#writes.get(needs) === undefined) return notFound(needs);
        return firstOf(action.objects.map(({ object }) => this.#writes.create(object)));
      }
      case "createJob":
      case "expose":
        return this.#makeOf(action);
      case "replace":
        return firstOf(action.objects.map(({ object }) => this.#replace(object, action.isForced)));
      case "scale":
        return this.#scale(action);
      case "setImage":
        return this.#setImages(action.target, action.images);
      case "label":
        return this.#writes.change<Workload>(action.target, (object) => labelled(object, action));
      case "taint":
        return firstOf(
          action.nodes.map((name) =>
            this.#writes.change<KubeNode>({ kind: "Node", namespace: "", name }, (node) => tainted(node, action)),
          ),
        );
      case "patch":
        return this.#writes.change<KubeObject>(action.target, (object) => patchedWith(object, action));
      case "setEnv":
        return this.#changeContainers(action.target, [action.container], (container) =>
          withEnv(container, action.set, action.remove),
        );
      case "setResources":
        return this.#changeContainers(action.target, [action.container], (container) =>
          withResources(container, action.requests, action.limits),
        );
      case "delete":
        return this.#delete(action);
      case "cordon":
      case "uncordon":
        return this.#onNodes(action, (name) => this.#cordon(name, action.kind === "cordon"));
      case "rollingUpdate":
        return this.#rollingUpdates.start(action);
      case "drain":
        return this.#onNodes(action, (name) => this.#drainNode(name, action.gracePeriodSeconds));
      case "addNodes":
      case "removeNodes":
      case "restartKubelet":
        return this.#machinery(action);
      case "rolloutUndo":
        return this.#writes.change<Workload>(action.target, (workload) =>
          rolledBack(this.#store, workload, action.toRevision ?? 0),
        );
      case "rolloutPause":
      case "rolloutResume":
        return this.#writes.change<Workload>(action.target, (workload) =>
          paused(workload, action.kind === "rolloutPause"),
        );
      case "rolloutRestart":
        return this.#writes.change<Workload>(action.target, (workload) =>
          restarted(workload, this.#store.timestamp(this.#store.nowSecond)),
        );
    }
  }

  #apply(planned: PlannedObject, action: Action): string | undefined {
    const { object } = planned;
    if (
      object.kind === "Pod" &&
      this.#store.pods.rowOf(object.metadata.namespace ?? "default", object.metadata.name ?? "") !== -1
    ) {
      return `pods "${object.metadata.name}" exists; a running pod is not changed`;
    }
    const { table, row } = this.#writes.find(referenceTo(object));
    if (object.kind === "Pod" || row === -1) return this.#writes.create(object);
    const live = table.get(row);
    const next = applied(live, planned, this.#appliedBefore(object, action));
    return this.#writes.update(table, row, next);
  }

  /** A PUT of the manifest: what it does not say is gone, but for what belongs to the server. */
  #replace(object: KubeObject, isForced: boolean): string | undefined {
    const target = referenceTo(object);
    const { table, row } = this.#writes.find(target);
    if (isForced) {
      if (row !== -1) deleteObject(this.#store, documentKind(object.kind), row);
      return this.#writes.create(object);
    }
    if (row === -1) return notFound(target);
    const live = table.get(row);
    return this.#writes.update(table, row, {
      ...object,
      ...("status" in live && { status: live.status }),
    } as KubeObject);
  }

  /** What is made of an object that is there. */
  #makeOf(action: Extract<Action, { kind: "expose" | "createJob" }>): string | undefined {
    const { target } = action;
    const live = this.#writes.get(target);
    if (live === undefined) return notFound(target);
    const made =
      action.kind === "expose" ? exposedService(live, action.settings) : jobFrom(live as CronJob, action.name);
    return typeof made === "string" ? made : this.#writes.create(withDefaults(made), false);
  }

  /** The manifest of the object that was applied last: that of an earlier action, or of the start. */
  #appliedBefore(object: KubeObject, { atMicros, index }: Action): PlannedObject | undefined {
    const isEarlier = (one: Action): boolean =>
      one.atMicros < atMicros || (one.atMicros === atMicros && one.index < index);
    const actions = this.#actions.filter((one) => one.kind === "apply" && isEarlier(one));
    actions.sort((a, b) => a.atMicros - b.atMicros || a.index - b.index);
    const manifests = [this.#objects, ...actions.map((one) => (one.kind === "apply" ? one.objects : []))].flat();
    const { name, namespace } = object.metadata;
    const isOf = ({ object: { kind, metadata } }: PlannedObject): boolean =>
      kind === object.kind && metadata.name === name && metadata.namespace === namespace;
    return manifests.findLast(isOf);
  }

  #scale({ target, replicas, current }: Extract<Action, { kind: "scale" }>): string | undefined {
    const apiVersion = target.kind === "ReplicationController" ? "v1" : "apps/v1";
    const scale = readScale(this.#store, apiVersion, target.kind, target.namespace, target.name);
    if (!scale.ok) return scale.message;
    if (current !== undefined && scale.specReplicas !== current) {
      return `Expected replicas to be ${current}, was ${scale.specReplicas}`;
    }
    writeScale(this.#store, apiVersion, target.kind, target.namespace, target.name, replicas);
    return undefined;
  }

  #setImages(
    target: ObjectReference,
    images: readonly { readonly container: string; readonly image: string }[],
  ): Outcome {
    const imageOf = (container: Container): Container => {
      const found = images.find((entry) => entry.container === "*" || entry.container === container.name);
      return found === undefined || found.image === container.image ? container : { ...container, image: found.image };
    };
    return this.#changeContainers(
      target,
      images.map(({ container }) => container),
      imageOf,
    );
  }

  /** Changes those containers of a workload's template that are named; "*" is all. */
  #changeContainers(
    target: ObjectReference,
    names: readonly string[],
    change: (container: Container) => Container,
  ): Outcome {
    return this.#writes.change<Workload>(target, (workload) => {
      const { template } = workload.spec;
      if (template === undefined) return workload;
      const isThere = (name: string): boolean => name === "*" || template.spec.containers.some((c) => c.name === name);
      const missing = names.find((name) => !isThere(name));
      if (missing !== undefined) return `unable to find container named "${missing}"`;
      const isMeant = ({ name }: Container): boolean => names.includes("*") || names.includes(name);
      const containers = template.spec.containers.map((container) =>
        isMeant(container) ? change(container) : container,
      );
      return {
        ...workload,
        spec: { ...workload.spec, template: { ...template, spec: { ...template.spec, containers } } },
      };
    });
  }

  #delete({ target, gracePeriodSeconds, cascade }: Extract<Action, { kind: "delete" }>): string | undefined {
    if (target.kind === "Pod") {
      const row = this.#store.pods.rowOf(target.namespace, target.name);
      if (row === -1) return notFound(target);
      this.#store.podWriter.requestDeletion(row, gracePeriodSeconds ?? undefined);
      return undefined;
    }
    const kind = documentKind(target.kind);
    const { row } = this.#writes.find(target);
    if (row === -1) return notFound(target);
    if (kind === "Namespace" && IMMORTAL_NAMESPACES.has(target.name)) {
      return forbidden("namespaces", target.name, "this namespace may not be deleted").message;
    }
    deleteObject(this.#store, kind, row, cascade);
    return undefined;
  }

  #cordon(name: string, isUnschedulable: boolean): string | undefined {
    const nodes = this.#store.documents<KubeNode>("Node");
    const row = nodes.rowOf("", name);
    if (row === -1) return `nodes "${name}" not found`;
    const node = nodes.get(row);
    const { unschedulable: _, ...spec } = node.spec ?? {};
    this.#store.writer.update(nodes, row, { ...node, spec: isUnschedulable ? { ...spec, unschedulable: true } : spec });
    return undefined;
  }

  #drainNode(name: string, gracePeriodSeconds: number | null): string | undefined {
    const refusal = this.#cordon(name, true);
    if (refusal === undefined) this.#drain.start(name, gracePeriodSeconds);
    return refusal;
  }

  /** What is done to machines, not to objects. */
  #machinery(action: Extract<Action, { kind: "addNodes" | "removeNodes" | "restartKubelet" }>): string | undefined {
    const { fleet, kubelets } = this.#machines;
    if (action.kind === "addNodes") {
      for (let i = 0; i < action.count; i++) fleet.add(action.pool);
      return undefined;
    }
    if (action.kind === "removeNodes") {
      const names = "nodes" in action ? action.nodes : fleet.instancesOf(action.pool).slice(-action.count).reverse();
      return firstOf(names.map((name) => fleet.remove(name)));
    }
    return this.#onNodes(action, (name) => {
      const node = this.#store.pods.nodeNames.find(name);
      if (node === -1 || !kubelets.isRegistered(node) || !kubelets.isUp(node)) return `node "${name}" is off`;
      kubelets.stopKubelet(node);
      kubelets.startKubelet(node);
      return undefined;
    });
  }

  #onNodes(chosen: ChosenNodes, act: (name: string) => string | undefined): string | undefined {
    const names = this.#machines.fleet.chosen(chosen);
    return names.length === 0 ? NO_NODES : firstOf(names.map(act));
  }
}

function firstOf<T extends Outcome>(outcomes: readonly T[]): T | undefined {
  return outcomes.find((outcome) => outcome !== undefined);
}

function objectOf(action: Action, fleet: NodeFleet): string {
  if ("target" in action) return `${action.target.kind.toLowerCase()}/${action.target.namespace}/${action.target.name}`;
  if ("nodes" in action) return `node/${fleet.chosen(action).join(",")}`;
  if ("pool" in action) return `pool/${action.pool}`;
  const first = action.objects[0]?.object;
  return first === undefined
    ? ""
    : `${first.kind.toLowerCase()}/${first.metadata.namespace ?? ""}/${first.metadata.name ?? ""}`;
}
