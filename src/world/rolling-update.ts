import { deleteObject, readScale, writeScale } from "../control/index.ts";
import type { Engine, Micros } from "../engine/index.ts";
import {
  type Container,
  compileMapSelector,
  PHASE,
  type PodTemplateSpec,
  type ReplicationController,
  type StringMap,
  templateHash,
} from "../kube/index.ts";
import type { Store } from "../store/index.ts";
import { StateMap, StateValue } from "../tables/index.ts";
import { seconds } from "../units/index.ts";
import { type Cluster, createObject } from "./bootstrap.ts";
import { REFUSED } from "./control-plane.ts";
import type { ObjectReference, RollingReplacement, RollingUpdateTimes } from "./plan.ts";

const PREFIX = "kubectl.kubernetes.io/";
const SOURCE = `${PREFIX}update-source-id`;
const DESIRED = `${PREFIX}desired-replicas`;
const ORIGINAL = `${PREFIX}original-replicas`;
const NEXT = `${PREFIX}next-controller-id`;

/** What the command passes to its updater; it has no flags for them. */
const MAX_SURGE = 1;
const MAX_UNAVAILABLE = 0;

/** How often and how long the command looks for the end of the controller that it renames. */
const RENAME_INTERVAL = seconds(5);
const RENAME_TIMEOUT = seconds(60);

export interface RollingUpdateRequest extends RollingUpdateTimes {
  readonly target: ObjectReference;
  readonly replacement: RollingReplacement;
}

/** What the command waits for: replicas in the status (`up`, `down`, `clean`), time (`settle`), the end of an object (`rename`). */
type Stage = "up" | "settle" | "down" | "clean" | "rename";

/** A command that goes on. Sizes are those that it remembers, as it does not look at every step. */
interface Rolling {
  readonly namespace: string;
  readonly oldName: string;
  readonly newName: string;
  readonly desired: number;
  readonly isRenamed: boolean;
  readonly times: RollingUpdateTimes;
  readonly stage: Stage;
  readonly oldReplicas: number;
  readonly newReplicas: number;
  /** Both at the start of the round. */
  readonly before: number;
  /** When the wait of the stage, and that for progress, is over. */
  readonly until: Micros;
  readonly progressUntil: Micros;
  /** What is created once its former name is free. */
  readonly renamed: ReplicationController | null;
}

/**
 * `kubectl rolling-update`: pods of one ReplicationController are replaced by those of another, one more than wanted at a time,
 * by a client that scales the two in turn and waits. Where it ends, by an error or with the API server, the two stay as
 * they are; the same command goes on with them.
 *
 * @source kubectl 1.17 pkg/cmd/rollingupdate, rolling_updater.go
 */
export class RollingUpdates {
  readonly #cluster: Cluster;
  readonly #store: Store;
  readonly #engine: Engine;
  readonly #isServing: () => boolean;
  readonly #updates: StateMap<number, Rolling>;
  readonly #count: StateValue<number>;
  readonly #stepKind: number;

  /** Declares an event kind: to be made before the first event. */
  constructor(cluster: Cluster, isServing: () => boolean) {
    const { engine } = cluster.store;
    this.#cluster = cluster;
    this.#store = cluster.store;
    this.#engine = engine;
    this.#isServing = isServing;
    this.#updates = new StateMap(engine.cells, "rollingUpdate.updates");
    this.#count = new StateValue(engine.cells, "rollingUpdate.count", 0);
    this.#stepKind = engine.define("rollingUpdate.step", PHASE.fault, (id) => this.#step(id));
  }

  /** Begins an update; what was wrong, if the command ends at once. */
  start(request: RollingUpdateRequest): string | undefined {
    const { namespace, name: oldName } = request.target;
    const old = this.#find(namespace, oldName);
    if (old === undefined) return notFound(oldName);
    const prepared = this.#prepare(old, request.replacement);
    if (typeof prepared === "string") return prepared;
    const target = this.#targetOf(prepared, old);
    if (typeof target === "string") return target;
    const from = this.#find(namespace, oldName) as ReplicationController;
    if (from.metadata.annotations?.[ORIGINAL] === undefined) {
      this.#annotate(from, { ...from.metadata.annotations, [ORIGINAL]: String(from.spec.replicas ?? 0) });
    }
    const { updatePeriodMicros, intervalMicros, timeoutMicros } = request;
    const [oldReplicas, newReplicas] = [from.spec.replicas ?? 0, target.spec.replicas ?? 0];
    const desired = Number(target.metadata.annotations?.[DESIRED]);
    const newName = target.metadata.name ?? "";
    const rolling: Rolling = Object.freeze({
      namespace,
      oldName,
      newName,
      desired,
      isRenamed: "image" in request.replacement && request.replacement.newName === null,
      times: Object.freeze({ updatePeriodMicros, intervalMicros, timeoutMicros }),
      stage: "up",
      oldReplicas,
      newReplicas,
      before: 0,
      until: 0,
      progressUntil: this.#engine.now + timeoutMicros,
      renamed: null,
    });
    const keep = desired === 0 ? 0 : Math.max(0, desired - MAX_UNAVAILABLE);
    const text = `Scaling up ${newName} from ${newReplicas} to ${desired}, scaling down ${oldName} from ${oldReplicas} to 0 (keep ${keep} pods available, don't exceed ${desired + MAX_SURGE} pods)`;
    this.#tell(rolling, "begin", text, true);
    this.#round(++this.#count.value, rolling);
    return undefined;
  }

  /** The new controller as it would be created; changes the old one so that their pods can be told apart. */
  #prepare(old: ReplicationController, replacement: RollingReplacement): ReplicationController | string {
    const { namespace = "default", name: oldName = "" } = old.metadata;
    if ("object" in replacement) {
      const given = replacement.object as ReplicationController;
      const own = given.spec.selector ?? {};
      const isApart = Object.entries(old.spec.selector ?? {}).some(([key, value]) => (own[key] ?? value) !== value);
      if (!isApart) {
        return `${replacement.file} must specify a matching key with non-equal value in Selector for ${oldName}`;
      }
      const replicas = replacement.isReplicasWritten ? given.spec.replicas : old.spec.replicas;
      return { ...given, spec: { ...given.spec, replicas: replicas ?? 1 } };
    }
    const { image, deploymentKey } = replacement;
    const newName = replacement.newName ?? old.metadata.annotations?.[NEXT] ?? null;
    const existing = newName === null ? undefined : this.#find(namespace, newName);
    const next = existing ?? successorOf(old, { ...replacement, newName });
    if (typeof next === "string") return next;
    const current = existing?.spec.template?.spec.containers[0]?.image ?? image;
    if (current !== image) {
      return `Found existing in-progress update to image (${current}).\nEither continue in-progress update with --image=${current} or rollback with --rollback`;
    }
    this.#tellApart(old, next.metadata.name ?? "", deploymentKey);
    return this.#find(namespace, oldName) === undefined ? notFound(oldName) : next;
  }

  /** The label by which the pods of the old controller differ: in its template first, then on its pods, then in its selector. */
  #tellApart(old: ReplicationController, newName: string, key: string): void {
    const { namespace = "default", name = "" } = old.metadata;
    const annotated = this.#annotate(old, { ...old.metadata.annotations, [NEXT]: newName });
    if (old.spec.selector?.[key] !== undefined) return;
    const value = `${templateHash(old.spec.template as PodTemplateSpec)}-orig`;
    const { pods, podWriter } = this.#store;
    const matcher = compileMapSelector(old.spec.selector ?? {});
    for (const row of pods.matching(namespace, (labels) => matcher.matches(labels))) {
      podWriter.setMetadata(row, { labels: { ...pods.labelsOf(row), [key]: value } });
    }
    this.#write(name, namespace, {
      ...annotated,
      spec: {
        ...annotated.spec,
        selector: { ...annotated.spec.selector, [key]: value },
        template: withLabel(annotated.spec.template, key, value),
      },
    });
  }

  /** The new controller in the cluster: one that an earlier command of the same source left, or a new one without pods. */
  #targetOf(wanted: ReplicationController, old: ReplicationController): ReplicationController | string {
    const { namespace = "default", name = "" } = wanted.metadata;
    const source = `${old.metadata.name}:${old.metadata.uid}`;
    const existing = this.#find(namespace, name);
    if (existing !== undefined) {
      const annotations = existing.metadata.annotations ?? {};
      if (annotations[SOURCE] === source && annotations[DESIRED] !== undefined) return existing;
      const pairs = Object.keys(annotations)
        .sort()
        .map((key) => `${key}:${annotations[key]}`);
      return `Missing/unexpected annotations for controller ${name}, expected ${source} : map[${pairs.join(" ")}]`;
    }
    const replicas = wanted.spec.replicas ?? 0;
    if (replicas <= 0) return `Invalid controller spec for ${name}; required: > 0 replicas, actual: ${replicas}`;
    const annotations = { ...wanted.metadata.annotations, [DESIRED]: String(replicas), [SOURCE]: source };
    return this.#create({
      ...wanted,
      metadata: { ...wanted.metadata, annotations },
      spec: { ...wanted.spec, replicas: 0 },
    });
  }

  #step(id: number): void {
    const rolling = this.#updates.get(id);
    if (rolling === undefined) return;
    if (rolling.stage === "settle") this.#guarded(id, rolling, () => this.#scaleDown(id, rolling));
    else this.#guarded(id, rolling, () => this.#look(id, rolling));
  }

  /** Every step asks the API server; the command ends where it does not answer. */
  #guarded(id: number, rolling: Rolling, step: () => void): void {
    if (this.#isServing()) step();
    else this.#fail(id, rolling, REFUSED);
  }

  /** A round: up as far as the surge allows, a pause, down as far as enough pods are ready. */
  #round(id: number, rolling: Rolling): void {
    const { oldReplicas, newReplicas, desired, newName } = rolling;
    if (newReplicas === desired && oldReplicas === 0) {
      this.#clean(id, rolling);
      return;
    }
    const round = { ...rolling, before: oldReplicas + newReplicas * REPLICAS_MAX };
    const room = oldReplicas === 0 ? desired - newReplicas : desired + MAX_SURGE - oldReplicas - newReplicas;
    if (newReplicas === desired || room <= 0) {
      this.#settle(id, round);
      return;
    }
    this.#scale(id, round, "up", newName, Math.min(desired, newReplicas + room));
  }

  #settle(id: number, rolling: Rolling): void {
    this.#wait(id, { ...rolling, stage: "settle" }, rolling.times.updatePeriodMicros);
  }

  #scaleDown(id: number, rolling: Rolling): void {
    const { namespace, newName, oldName, oldReplicas, newReplicas, desired } = rolling;
    const ready = this.#readyPods(namespace, newName);
    const keep = desired === 0 ? 0 : Math.max(0, desired - MAX_UNAVAILABLE);
    const surplus = oldReplicas + newReplicas - keep - (newReplicas - ready);
    if (oldReplicas === 0 || surplus <= 0) {
      this.#endRound(id, rolling);
      return;
    }
    const isComplete = newReplicas === desired && ready === desired;
    this.#scale(id, rolling, "down", oldName, isComplete ? 0 : Math.max(0, oldReplicas - surplus));
  }

  #scale(id: number, rolling: Rolling, stage: "up" | "down", name: string, replicas: number): void {
    const { namespace, times } = rolling;
    if (this.#find(namespace, name) === undefined) {
      this.#fail(id, rolling, notFound(name));
      return;
    }
    this.#tell(rolling, stage, `Scaling ${name} ${stage} to ${replicas}`, false, { replicas });
    writeScale(this.#store, "v1", "ReplicationController", namespace, name, replicas);
    const until = this.#engine.now + times.timeoutMicros;
    const sizes = stage === "up" ? { newReplicas: replicas } : { oldReplicas: replicas };
    this.#wait(id, { ...rolling, ...sizes, stage, until }, Math.min(times.intervalMicros, times.timeoutMicros));
  }

  /** Looks whether what the stage waits for is there. */
  #look(id: number, rolling: Rolling): void {
    const { stage, namespace, newName, oldName, until, times } = rolling;
    const { now } = this.#engine;
    if (stage === "rename") {
      if (this.#find(namespace, newName) === undefined) this.#rename(id, rolling);
      else if (now >= until) this.#fail(id, rolling, "timed out waiting for the condition");
      else this.#wait(id, rolling, Math.min(RENAME_INTERVAL, until - now));
      return;
    }
    const name = stage === "down" ? oldName : newName;
    const live = this.#find(namespace, name);
    const wanted = stage === "down" ? rolling.oldReplicas : rolling.newReplicas;
    if (live === undefined) this.#fail(id, rolling, notFound(name));
    else if (stage === "clean" ? hasSettled(live) : isScaled(live, wanted)) this.#goOn(id, rolling, live);
    else if (now < until) this.#wait(id, rolling, Math.min(times.intervalMicros, until - now));
    else if (stage === "clean") this.#fail(id, rolling, "timed out waiting for the condition");
    else this.#fail(id, rolling, `timed out waiting for "${name}" to be synced`);
  }

  #goOn(id: number, rolling: Rolling, live: ReplicationController): void {
    const replicas = live.spec.replicas ?? 0;
    if (rolling.stage === "up") this.#settle(id, { ...rolling, newReplicas: replicas });
    else if (rolling.stage === "down") this.#endRound(id, { ...rolling, oldReplicas: replicas });
    else this.#finish(id, rolling, live);
  }

  #endRound(id: number, rolling: Rolling): void {
    const { oldReplicas, newReplicas, before, progressUntil, times } = rolling;
    const { now } = this.#engine;
    const hasProgress = oldReplicas + newReplicas * REPLICAS_MAX !== before;
    if (hasProgress) this.#round(id, { ...rolling, progressUntil: now + times.timeoutMicros });
    else if (now > progressUntil) this.#fail(id, rolling, "timed out waiting for any update progress to be made");
    else this.#round(id, rolling);
  }

  /** The annotations of the update go; then the new controller has to have what it wants once more. */
  #clean(id: number, rolling: Rolling): void {
    const { namespace, newName, times } = rolling;
    const live = this.#find(namespace, newName);
    if (live === undefined) {
      this.#fail(id, rolling, notFound(newName));
      return;
    }
    const { [SOURCE]: _source, [DESIRED]: _desired, ...annotations } = live.metadata.annotations ?? {};
    this.#annotate(live, annotations);
    const until = this.#engine.now + times.timeoutMicros;
    this.#wait(id, { ...rolling, stage: "clean", until }, Math.min(times.intervalMicros, times.timeoutMicros));
  }

  #finish(id: number, rolling: Rolling, live: ReplicationController): void {
    const { namespace, oldName, newName, isRenamed } = rolling;
    const words = isRenamed ? "Deleting old controller:" : "Deleting";
    this.#tell(rolling, "delete", `Update succeeded. ${words} ${oldName}`, false);
    this.#remove(namespace, oldName);
    if (!isRenamed) {
      this.#end(id, rolling, `replicationcontroller/${oldName} rolling updated to "${newName}"`);
      return;
    }
    this.#tell(rolling, "rename", `Renaming ${newName} to ${oldName}`, false);
    this.#remove(namespace, newName);
    const { labels, annotations } = live.metadata;
    const metadata = { name: oldName, namespace, ...(labels && { labels }), ...(annotations && { annotations }) };
    const { status: _, ...own } = live;
    const renamed = Object.freeze({ ...own, metadata: Object.freeze(metadata) });
    const until = this.#engine.now + RENAME_TIMEOUT;
    this.#wait(id, { ...rolling, stage: "rename", renamed, until }, RENAME_INTERVAL);
  }

  #rename(id: number, rolling: Rolling): void {
    const created = this.#create(rolling.renamed as ReplicationController);
    if (typeof created === "string") this.#fail(id, rolling, created);
    else this.#end(id, rolling, `replicationcontroller/${rolling.oldName} rolling updated`);
  }

  #wait(id: number, rolling: Rolling, delayMicros: Micros): void {
    this.#updates.set(id, Object.freeze(rolling));
    this.#engine.after(delayMicros, this.#stepKind, id);
  }

  #fail(id: number, rolling: Rolling, error: string): void {
    this.#updates.delete(id);
    this.#tell(rolling, "failed", `error: ${error}`, true, { error });
  }

  #end(id: number, rolling: Rolling, text: string): void {
    this.#updates.delete(id);
    this.#tell(rolling, "done", text, true);
  }

  #readyPods(namespace: string, name: string): number {
    const scale = readScale(this.#store, "v1", "ReplicationController", namespace, name);
    if (!scale.ok) return 0;
    const { pods } = this.#store;
    const rows = pods.matching(namespace, (labels) => scale.matcher.matches(labels));
    return rows.filter((row) => !pods.isDeleting(row) && pods.isReady(row)).length;
  }

  #find(namespace: string, name: string): ReplicationController | undefined {
    return this.#store.documents<ReplicationController>("ReplicationController").find(namespace, name);
  }

  #create(object: ReplicationController): ReplicationController | string {
    const result = createObject(this.#cluster, object);
    if (!result.ok) return result.status.message;
    return this.#store.documents<ReplicationController>("ReplicationController").get(result.row);
  }

  #annotate(live: ReplicationController, annotations: StringMap): ReplicationController {
    const { name = "", namespace = "default" } = live.metadata;
    return this.#write(name, namespace, { ...live, metadata: { ...live.metadata, annotations } });
  }

  #write(name: string, namespace: string, next: ReplicationController): ReplicationController {
    const table = this.#store.documents<ReplicationController>("ReplicationController");
    const row = table.rowOf(namespace, name);
    this.#store.writer.update(table, row, next);
    return table.get(row);
  }

  /** As the API server deletes a ReplicationController when nothing else is said: its pods stay. */
  #remove(namespace: string, name: string): void {
    const row = this.#store.documents<ReplicationController>("ReplicationController").rowOf(namespace, name);
    if (row !== -1) deleteObject(this.#store, "ReplicationController", row, "Orphan");
  }

  #tell({ namespace, oldName }: Rolling, what: string, text: string, isNotable: boolean, details: object = {}): void {
    if (!this.#store.decisions.isEnabled) return;
    const object = `replicationcontroller/${namespace}/${oldName}`;
    this.#store.decisions.write({
      by: "rolling-update",
      what,
      object,
      text,
      ...details,
      ...(isNotable && { notable: text }),
    });
  }
}

/** More than a controller can have: two sizes in one number. */
const REPLICAS_MAX = 2 ** 31;

/** The copy of a controller that `--image` asks for, told apart by a label. */
function successorOf(
  old: ReplicationController,
  { image, container, newName, deploymentKey }: Extract<RollingReplacement, { image: string }>,
): ReplicationController | string {
  const template = old.spec.template as PodTemplateSpec;
  const containers: readonly Container[] = template.spec.containers;
  const index = container === null ? 0 : containers.findIndex(({ name }) => name === container);
  if (index === -1) return `container ${container} not found in pod`;
  if (container === null && containers.length > 1) {
    return "must specify container to update when updating a multi-container pod";
  }
  const changed = containers.map((one, at) => (at === index ? { ...one, image } : one));
  const updated = { ...template, spec: { ...template.spec, containers: changed } };
  const hash = templateHash(updated);
  const { name, namespace, labels, annotations } = old.metadata;
  return {
    apiVersion: "v1",
    kind: "ReplicationController",
    metadata: {
      name: newName ?? `${name}-${hash}`,
      ...(namespace !== undefined && { namespace }),
      ...(labels && { labels }),
      ...(annotations && { annotations }),
    },
    spec: {
      ...old.spec,
      selector: { ...old.spec.selector, [deploymentKey]: hash },
      template: withLabel(updated, deploymentKey, hash),
    },
  };
}

function withLabel(template: PodTemplateSpec | undefined, key: string, value: string): PodTemplateSpec {
  const { metadata, spec } = template as PodTemplateSpec;
  return { metadata: { ...metadata, labels: { ...metadata?.labels, [key]: value } }, spec };
}

/** @source kubectl 1.17 pkg/scale, scaleHasDesiredReplicas: also when somebody else has asked for another size */
function isScaled({ spec, status }: ReplicationController, wanted: number): boolean {
  return spec.replicas !== wanted || status?.replicas === wanted;
}

/** @source kubectl 1.17, ControllerHasDesiredReplicas */
function hasSettled({ metadata, spec, status }: ReplicationController): boolean {
  return (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0) && status?.replicas === spec.replicas;
}

function notFound(name: string): string {
  return `replicationcontrollers "${name}" not found`;
}
