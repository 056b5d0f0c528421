import type { KubeObject } from "../../kube/index.ts";
import { NAMESPACE_TERMINATING, type PodCreation, type Store } from "../../store/index.ts";

/**
 * What became of one creation: the pod's name, or the text of the refusal. That the namespace goes is no failure: nothing
 * can be made in it any more, and nobody is told.
 */
export type Created =
  | { readonly name: string }
  | { readonly failure: string }
  | { readonly isNamespaceTerminating: true };

/** Creates and deletes pods for owners, with the events that say so. @source kubernetes 1.37 controller_utils.go RealPodControl */
export class PodControl {
  readonly #store: Store;
  readonly #source: string;

  /** `source` is the component of the events. */
  constructor(store: Store, source: string) {
    this.#store = store;
    this.#source = source;
  }

  create(owner: KubeObject, creation: PodCreation): Created {
    const result = this.#store.podWriter.create(creation);
    if (!result.ok) {
      if (result.status.cause === NAMESPACE_TERMINATING) return { isNamespaceTerminating: true };
      const failure = result.status.message;
      this.#store.event(owner, this.#source, "Warning", "FailedCreate", `Error creating: ${failure}`);
      return { failure };
    }
    const name = this.#store.pods.name.get(result.row);
    this.#store.event(owner, this.#source, "Normal", "SuccessfulCreate", `Created pod: ${name}`);
    return { name };
  }

  /** Requests the deletion of a present pod; returns its name. */
  delete(owner: KubeObject, pod: number): string {
    const name = this.#store.pods.name.get(pod);
    this.#store.podWriter.requestDeletion(pod);
    this.#store.event(owner, this.#source, "Normal", "SuccessfulDelete", `Deleted pod: ${name}`);
    return name;
  }
}
