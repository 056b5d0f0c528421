import {
  type KubeObject,
  kubectlInvalidMessage,
  resourceText,
  type Service,
  validateObject,
  validateUpdate,
  withoutFieldsOfOldType,
} from "../kube/index.ts";
import { type DocumentTable, documentKind, type Store } from "../store/index.ts";
import { sameData } from "../tables/index.ts";
import { type Cluster, createObject } from "./bootstrap.ts";
import type { ObjectReference } from "./plan.ts";
import type { Skipped } from "./rollouts.ts";

/** What was wrong, as the API server or kubectl says it; what kubectl says when there was nothing to do; nothing when it was done. */
export type Outcome = string | Skipped | undefined;

/** Requests of a person's commands to the API server: what it would refuse comes back in its words. */
export class ObjectWrites {
  readonly #cluster: Cluster;
  readonly #store: Store;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.#store = cluster.store;
  }

  /** Creates a complete object, with defaults; `isKnownValid` where it has been validated. */
  create(object: KubeObject, isKnownValid = true): string | undefined {
    const { namespace = "", name = "" } = object.metadata;
    const errors = isKnownValid ? [] : validateObject(object);
    if (errors.length > 0) return kubectlInvalidMessage({ kind: object.kind, group: "", name }, errors);
    if (namespace !== "" && this.#store.documents("Namespace").rowOf("", namespace) === -1) {
      return `namespaces "${namespace}" not found`;
    }
    const result = createObject(this.#cluster, object);
    return result.ok ? undefined : result.status.message;
  }

  /** Writes what the API server takes in the place of what is there; else what it says. */
  update(table: DocumentTable, row: number, wanted: KubeObject): string | undefined {
    const live = table.get(row);
    if (wanted === live) return undefined;
    const isService = wanted.kind === "Service" && wanted.apiVersion === "v1";
    const next = isService ? withoutFieldsOfOldType(wanted as Service, live as Service) : wanted;
    const name = live.metadata.name ?? "";
    const errors = [...validateUpdate(next, live, sameData), ...validateObject(next)];
    if (errors.length > 0) return kubectlInvalidMessage({ kind: next.kind, group: "", name }, errors);
    const refused = this.#store.admission.admitDocument(next, name, live);
    if (refused !== undefined) return refused.message;
    if (!isService) {
      this.#store.writer.update(table, row, next);
      return undefined;
    }
    const admitted = this.#cluster.addresses.admit(next as Service, live as Service);
    if (!admitted.ok) return admitted.status.message;
    this.#store.writer.update(table, row, admitted.service);
    return undefined;
  }

  /** Writes what `change` makes of a live object, unless it says why it makes nothing. */
  change<T extends KubeObject>(target: ObjectReference, change: (object: T) => T | Skipped | string): Outcome {
    const { table, row } = this.find<T>(target);
    if (row === -1) return notFound(target);
    const next = change(table.get(row));
    if (typeof next === "string" || "said" in next) return next;
    return this.update(table, row, next);
  }

  /** Where an object other than a pod is kept; row -1 when there is none. */
  find<T extends KubeObject>({
    kind,
    namespace,
    name,
  }: ObjectReference): {
    readonly table: DocumentTable<T>;
    readonly row: number;
  } {
    const table = this.#store.documents<T>(documentKind(kind));
    return { table, row: table.rowOf(namespace, documentKind(kind) === "Other" ? `${kind}/${name}` : name) };
  }

  /** A live object of any kind. */
  get(target: ObjectReference): KubeObject | undefined {
    if (target.kind === "Pod") {
      const pod = this.#store.pods.rowOf(target.namespace, target.name);
      return pod === -1 ? undefined : this.#store.pod(pod);
    }
    const { table, row } = this.find(target);
    return row === -1 ? undefined : table.get(row);
  }
}

/** The object that is meant, as a reference. */
export function referenceTo({ kind, metadata }: KubeObject): ObjectReference {
  return { kind, namespace: metadata.namespace ?? "", name: metadata.name ?? "" };
}

export function notFound({ kind, name }: ObjectReference): string {
  return `${resourceText(kind)} "${name}" not found`;
}
