import type { ControllerRevision, PodTemplateSpec, StatefulSet, StringMap, Volume } from "../../kube/index.ts";
import { derivedTemplate, type PodTemplate, type Store } from "../../store/index.ts";
import { decisionName, referenceTo } from "../pods/index.ts";
import { type ClaimingPod, Claims } from "./claims.ts";
import { claimName, ordinalOf, POD_INDEX_LABEL, POD_NAME_LABEL, podName } from "./identity.ts";
import { templateOf } from "./revisions.ts";

const SOURCE = "statefulset-controller";

/** Why a pod is deleted. */
export type DeletionReason = "it has ended" | "scaled down" | "updated";

/**
 * Creates, deletes and mends the pods of StatefulSets, with the events that say so.
 *
 * @source kubernetes 1.37 pkg/controller/statefulset/stateful_pod_control.go
 */
export class StatefulPods {
  readonly claims: Claims;
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
    this.claims = new Claims(store, {
      claimCreated: (set, pod, claim, failure) => {
        if (failure !== undefined) {
          const why = `Create Claim ${claim} for Pod ${pod} in StatefulSet ${set.metadata.name} failed error: ${failure}`;
          store.event(set, SOURCE, "Warning", "FailedCreate", why);
          return;
        }
        const message = `Create Claim ${claim} Pod ${pod} in StatefulSet ${set.metadata.name} success`;
        store.event(set, SOURCE, "Normal", "SuccessfulCreate", message);
      },
      conflict: (set, message) => store.event(set, SOURCE, "Warning", "ConflictingController", message),
    });
  }

  /** The claims of a pod that exists, or does not yet (row -1). */
  claimant(row: number, name: string): ClaimingPod {
    return { name, uid: row === -1 ? "" : this.#store.rendering.uid(this.#store.pods.serial.get(row)) };
  }

  /** Makes the missing claims of a pod and then the pod. Returns the text of an error. */
  create(set: StatefulSet, revision: ControllerRevision, ordinal: number): string | undefined {
    const name = podName(set, ordinal);
    const pod = this.claimant(-1, name);
    const claimFailure = this.claims.createMissing(set, pod);
    if (claimFailure !== undefined) return this.#failed(set, "Create", name, claimFailure);
    const result = this.#store.podWriter.create({
      namespace: set.metadata.namespace ?? "",
      name,
      template: this.#templateFor(set, templateOf(revision), ordinal),
      owner: referenceTo(this.#store, set),
      extra: { generateName: `${set.metadata.name}-` },
    });
    // That a pod of this name exists is no event.
    if (!result.ok && result.status.reason === "AlreadyExists") return result.status.message;
    this.claims.setOwners(set, pod);
    if (!result.ok) return this.#failed(set, "Create", name, result.status.message);
    this.#succeeded(set, "Create", name);
    this.#tell(set, "create", name, { revision: revision.metadata.name });
    return undefined;
  }

  delete(set: StatefulSet, row: number, why: DeletionReason): void {
    const name = this.#store.pods.name.get(row);
    this.#store.podWriter.requestDeletion(row);
    this.#succeeded(set, "Delete", name);
    this.#tell(set, "delete", name, { why });
  }

  /** Makes the claims that a pod that waits lacks. Returns the text of an error. */
  createMissingClaims(set: StatefulSet, row: number): string | undefined {
    const pod = this.claimant(row, this.#store.pods.name.get(row));
    const failure = this.claims.createMissing(set, pod);
    if (failure === undefined) this.claims.setOwners(set, pod);
    return failure;
  }

  /**
   * Gives an adopted pod the labels of its identity, and claims their owners.
   *
   * DEVIATION(statefulset-storage): an adopted pod that lacks the volumes of its claims stays as it is. The original tries
   * to add them, which the API server refuses, for ever.
   */
  mend(set: StatefulSet, row: number): void {
    const { pods, podWriter } = this.#store;
    const name = pods.name.get(row);
    const labels = pods.labelsOf(row);
    const isNamed = labels[POD_NAME_LABEL] === name;
    const pod = this.claimant(row, name);
    const isOwned = this.claims.areOwnedAsWanted(set, pod);
    if (isNamed && isOwned) return;
    if (!isNamed) podWriter.setMetadata(row, { labels: { ...labels, ...identityLabels(name) } });
    if (!isOwned) this.claims.setOwners(set, pod);
    this.#succeeded(set, "Update", name);
  }

  #templateFor(set: StatefulSet, template: PodTemplateSpec, ordinal: number): PodTemplate {
    const base = this.#store.templateOf(template);
    const name = podName(set, ordinal);
    const { serviceName, volumeClaimTemplates = [] } = set.spec;
    const claimed = volumeClaimTemplates.map((claim): Volume => {
      const source = { claimName: claimName(set, claim, ordinal) };
      return { name: claim.metadata.name ?? "", persistentVolumeClaim: source };
    });
    const others = (base.spec.volumes ?? []).filter((volume) => !claimed.some((claim) => claim.name === volume.name));
    const volumes = [...claimed, ...others];
    return derivedTemplate(base, {
      labels: { ...base.labels, ...identityLabels(name) },
      spec: {
        hostname: name,
        ...(serviceName === undefined ? {} : { subdomain: serviceName }),
        ...(volumes.length === 0 ? {} : { volumes }),
      },
    });
  }

  #succeeded(set: StatefulSet, verb: "Create" | "Delete" | "Update", pod: string): void {
    const message = `${verb} Pod ${pod} in StatefulSet ${set.metadata.name} successful`;
    this.#store.event(set, SOURCE, "Normal", `Successful${verb}`, message);
  }

  #failed(set: StatefulSet, verb: "Create", pod: string, failure: string): string {
    const message = `${verb} Pod ${pod} in StatefulSet ${set.metadata.name} failed error: ${failure}`;
    this.#store.event(set, SOURCE, "Warning", `Failed${verb}`, message);
    this.#tell(set, "fail", pod, { error: failure });
    return failure;
  }

  #tell(set: StatefulSet, what: string, pod: string, details: object): void {
    if (!this.#store.decisions.isEnabled) return;
    this.#store.decisions.write({ by: "statefulset", what, object: decisionName(set), pod, ...details });
  }
}

function identityLabels(name: string): StringMap {
  return { [POD_NAME_LABEL]: name, [POD_INDEX_LABEL]: String(ordinalOf(name)) };
}
