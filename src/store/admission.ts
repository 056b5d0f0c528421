import {
  claimRangeRefusal,
  findKind,
  type KubeObject,
  type LimitedPod,
  type LimitRange,
  limitRangeRefusal,
  type Namespace,
  objectSubject,
  type PersistentVolumeClaim,
  type PodSpec,
  podSubject,
  type QuotaSubject,
  quotaVerdict,
  type ResourceQuota,
  withLimitRange,
} from "../kube/index.ts";
import { deepFreeze, sameData } from "../tables/index.ts";
import type { ApiStatus } from "./document-writer.ts";
import type { PodTemplate } from "./pod-template.ts";
import type { Store } from "./store.ts";

/** Admission that depends on what else there is: namespaces that go, LimitRanges, ResourceQuotas. */
export const NAMESPACE_TERMINATING = "NamespaceTerminating";

type PodAdmitted = { readonly template: PodTemplate } | { readonly refusal: ApiStatus };

/** A template as some LimitRanges leave it. */
interface Limited {
  readonly ranges: readonly LimitRange[];
  readonly template: PodTemplate;
  readonly refusal?: string;
}

/**
 * The admission plugins that look at the namespace of a new object, in their order: NamespaceLifecycle, LimitRanger,
 * webhooks, ResourceQuota. What a quota admits is added to its `status.used` at once.
 *
 * @source kubernetes 1.37 apiserver/pkg/admission/plugin/namespace/lifecycle, plugin/pkg/admission/limitranger,
 * apiserver/pkg/admission/plugin/resourcequota
 */
export class Admission {
  /** A mutating webhook for new pods, after the LimitRanges. The same template must come back for the same answer. */
  mutatePod: ((namespace: string, template: PodTemplate) => PodTemplate) | null = null;
  readonly #store: Store;
  /** Derived from the template and the ranges, made again when asked, hence no state. */
  readonly #limited = new WeakMap<PodTemplate, Limited>();

  constructor(store: Store) {
    this.#store = store;
  }

  // hot: once a pod (bench/world).
  admitPod(namespace: string, name: string, template: PodTemplate): PodAdmitted {
    const terminating = this.#terminatingText(namespace);
    if (terminating !== undefined) return { refusal: terminatingStatus("pods", name, terminating) };
    const limited = this.#webhookOn(namespace, this.#limitedBy(namespace, template));
    if (limited.refusal !== undefined) return { refusal: forbidden("pods", name, limited.refusal) };
    if (limited.template.forbidden !== undefined) {
      return { refusal: forbidden("pods", name, limited.template.forbidden) };
    }
    if (this.#store.documents("ResourceQuota").count > 0) {
      const refusal = this.#charge(namespace, podSubject(limited.template.spec));
      if (refusal !== undefined) return { refusal: forbidden("pods", name, refusal) };
    }
    return { template: limited.template };
  }

  /** Why a new object is refused, or one that takes the place of `before`. */
  admitDocument(object: KubeObject, name: string, before?: KubeObject): ApiStatus | undefined {
    const { namespace = "" } = object.metadata;
    if (namespace === "") return undefined;
    const resource = resourceOf(object);
    const terminating = before === undefined ? this.#terminatingText(namespace) : undefined;
    if (terminating !== undefined) return terminatingStatus(resource, name, terminating);
    if (object.kind === "PersistentVolumeClaim") {
      const requests = (object as PersistentVolumeClaim).spec?.resources?.requests;
      for (const range of this.#rangesOf(namespace)) {
        const refusal = claimRangeRefusal(requests, range);
        if (refusal !== undefined) return forbidden(resource, name, refusal);
      }
    }
    if (this.#store.documents("ResourceQuota").count === 0) return undefined;
    const was = before === undefined ? undefined : objectSubject(before);
    const refusal = this.#charge(namespace, objectSubject(object), was);
    return refusal === undefined ? undefined : forbidden(resource, name, refusal);
  }

  #terminatingText(namespace: string): string | undefined {
    const found = this.#store.documents<Namespace>("Namespace").find("", namespace);
    if (found?.metadata.deletionTimestamp === undefined) return undefined;
    return `unable to create new content in namespace ${namespace} because it is being terminated`;
  }

  #rangesOf(namespace: string): readonly LimitRange[] {
    const table = this.#store.documents<LimitRange>("LimitRange");
    return table.count === 0 ? [] : table.list(namespace);
  }

  #limitedBy(namespace: string, template: PodTemplate): Limited {
    const ranges = this.#rangesOf(namespace);
    if (ranges.length === 0) return { ranges, template };
    const known = this.#limited.get(template);
    if (known !== undefined && sameData(known.ranges, ranges)) return known;
    const { annotations, spec } = template;
    const made = ranges.reduce<LimitedPod>(withLimitRange, { spec, annotations });
    const refusal = refusalBy(ranges, made.spec);
    const limited = {
      ranges,
      template: made.spec === spec ? template : deepFreeze({ ...template, ...made }),
      ...(refusal === undefined ? {} : { refusal }),
    };
    this.#limited.set(template, limited);
    return limited;
  }

  /** What the webhook makes of it, which the LimitRanges then judge. */
  #webhookOn(namespace: string, limited: Limited): Limited {
    if (this.mutatePod === null) return limited;
    const template = this.mutatePod(namespace, limited.template);
    if (template === limited.template) return limited;
    const { ranges } = limited;
    const refusal = refusalBy(ranges, template.spec);
    return { ranges, template, ...(refusal === undefined ? {} : { refusal }) };
  }

  /** Adds the object to all quotas that count it; or says why one refuses it, and adds it to none. */
  #charge(namespace: string, subject: QuotaSubject, before?: QuotaSubject): string | undefined {
    const table = this.#store.documents<ResourceQuota>("ResourceQuota");
    const charged: [number, ResourceQuota["status"]][] = [];
    for (let row = table.first(); row !== -1; row = table.after(row)) {
      const quota = table.get(row);
      if (quota.metadata.namespace !== namespace) continue;
      const verdict = quotaVerdict(quota, subject, before);
      if (verdict === undefined) continue;
      if ("refusal" in verdict) return verdict.refusal;
      charged.push([row, { ...quota.status, used: verdict.used }]);
    }
    for (const [row, status] of charged) this.#store.writer.updateStatus(table, row, status);
    return undefined;
  }
}

function refusalBy(ranges: readonly LimitRange[], spec: PodSpec): string | undefined {
  return ranges.map((range) => limitRangeRefusal(spec, range)).find((text) => text !== undefined);
}

/** As errors name a kind: `deployments.apps`, `pods`. */
export function resourceOf({ apiVersion, kind }: Pick<KubeObject, "apiVersion" | "kind">): string {
  const info = findKind(apiVersion, kind);
  const group = apiVersion.includes("/") ? `.${apiVersion.split("/")[0]}` : "";
  return `${info?.plural ?? `${kind.toLowerCase()}s`}${group}`;
}

/** 403, as the API server words it. */
export function forbidden(resource: string, name: string, why: string): ApiStatus {
  return { code: 403, reason: "Forbidden", message: `${resource} "${name}" is forbidden: ${why}` };
}

function terminatingStatus(resource: string, name: string, why: string): ApiStatus {
  return { ...forbidden(resource, name, why), cause: NAMESPACE_TERMINATING };
}
