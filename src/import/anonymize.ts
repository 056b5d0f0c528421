import { isRecord, type JsonMap } from "./clean-object.ts";

/** Fields whose values are words of Kubernetes or numbers: they say nothing about whose cluster it is. */
const PLAIN_FIELDS: ReadonlySet<string> = new Set(
  `apiVersion kind operator effect type protocol restartPolicy imagePullPolicy dnsPolicy whenUnsatisfiable policyTypes
  concurrencyPolicy podManagementPolicy selectPolicy externalTrafficPolicy internalTrafficPolicy sessionAffinity
  terminationMessagePolicy preemptionPolicy nodeAffinityPolicy nodeTaintsPolicy unhealthyPodEvictionPolicy scope schedule
  completionMode accessModes volumeMode resource unit persistentVolumeClaimRetentionPolicy whenDeleted whenScaled
  appProtocol ipFamilies ipFamilyPolicy averageValue maxUnavailable minAvailable maxSurge divisor containerResource
  sizeLimit storage podReplacementPolicy scheme terminatingReplicas`.split(/\s+/),
);
/** Maps from a resource to a quantity. */
const QUANTITIES: ReadonlySet<string> = new Set([
  "requests",
  "limits",
  "capacity",
  "allocatable",
  "hard",
  "overhead",
  "default",
  "defaultRequest",
]);
/** Never needed for a simulation, and full of what should not be passed on. */
const DROPPED: ReadonlySet<string> = new Set(
  `annotations env envFrom command args lifecycle clusterIP clusterIPs externalIPs loadBalancerIP externalName
  loadBalancerSourceRanges hostAliases hostname subdomain imagePullSecrets securityContext podCIDR podCIDRs providerID
  httpHeaders host workingDir terminationMessagePath mountPath subPath path addresses nodeInfo data`.split(/\s+/),
);
/** Domains whose keys mean the same in every cluster. */
const PUBLIC_KEY = /(^|\.)(kubernetes\.io|k8s\.io)\//;
/** Values of public keys that mean the same in every cluster. */
const PUBLIC_VALUE_OF = /^(kubernetes\.io\/(os|arch)|node-role\.kubernetes\.io\/.*|beta\.kubernetes\.io\/(os|arch))$/;
const SYSTEM_NAMES: ReadonlySet<string> = new Set([
  "default",
  "kube-system",
  "kube-public",
  "kube-node-lease",
  "system-cluster-critical",
  "system-node-critical",
  "default-scheduler",
  "",
  "true",
  "false",
]);
const LABEL_MAPS: ReadonlySet<string> = new Set(["labels", "matchLabels", "nodeSelector"]);

/**
 * Replaces names, labels and images by others: the same text always by the same, in the order in which texts are met, so
 * that selectors still select, owners still own, and the same dump gives the same result. What a simulation does not need
 * is dropped, and a text of an unknown field is replaced: nothing is kept because nobody thought of it.
 */
export class Anonymizer {
  readonly #names = new Map<string, string>();
  readonly #images = new Map<string, string>();
  readonly #keys = new Map<string, string>();

  object(object: JsonMap): JsonMap {
    const kept = this.#map(object, "");
    // A port number or quantity in place of a selector's map keeps its form: a Service selects by a plain map of labels.
    const spec = isRecord(object.spec) ? object.spec : {};
    const isPlainSelector = object.kind === "Service" || object.kind === "ReplicationController";
    if (!isPlainSelector || !isRecord(spec.selector) || !isRecord(kept.spec)) return kept;
    return { ...kept, spec: { ...kept.spec, selector: this.labels(spec.selector) } };
  }

  /** What stands for a name: the same for the same. */
  name(text: string): string {
    return SYSTEM_NAMES.has(text) ? text : numbered(this.#names, text, "n");
  }

  /** Labels, or what selects by them. */
  labels(labels: JsonMap): Record<string, string> {
    return Object.fromEntries(
      Object.entries(labels).map(([key, value]) => [this.#key(key), this.#labelValue(key, String(value))]),
    );
  }

  #map(map: JsonMap, parent: string): JsonMap {
    const entries = Object.entries(map).filter(
      ([key]) => !DROPPED.has(key) || (key === "path" && parent === "httpGet"),
    );
    return Object.fromEntries(entries.map(([key, value]) => [key, this.#value(key, value, map)]));
  }

  #value(key: string, value: unknown, within: JsonMap): unknown {
    if (QUANTITIES.has(key) && isRecord(value)) return value;
    if (LABEL_MAPS.has(key) && isRecord(value)) return this.labels(value);
    if (key === "matchLabelKeys" && Array.isArray(value)) return value.map((one) => this.#key(String(one)));
    if (Array.isArray(value)) return value.map((one: unknown) => this.#item(key, one, within));
    return this.#item(key, value, within);
  }

  #item(key: string, value: unknown, within: JsonMap): unknown {
    if (isRecord(value)) return key === "exec" ? { command: ["true"] } : this.#map(value, key);
    if (typeof value !== "string" || PLAIN_FIELDS.has(key)) return value;
    if (key === "image" || (key === "names" && "sizeBytes" in within)) return numbered(this.#images, value, "image-");
    if (key === "path") return "/";
    if (key === "topologyKey") return this.#key(value);
    if (key === "key") return this.#key(value);
    if (key === "value" && within.key === undefined) return value;
    if ((key === "values" || key === "value") && typeof within.key === "string")
      return this.#labelValue(within.key, value);
    // A number or quantity: a port, a percentage, a span.
    if (key !== "name" && /^[0-9]+(\.[0-9]+)?[a-zA-Z%]{0,2}$/.test(value)) return value;
    return this.name(value);
  }

  #key(key: string): string {
    return PUBLIC_KEY.test(key) ? key : numbered(this.#keys, key, "label-");
  }

  #labelValue(key: string, value: string): string {
    return PUBLIC_VALUE_OF.test(key) ? value : this.name(value);
  }
}

function numbered(known: Map<string, string>, text: string, prefix: string): string {
  let replaced = known.get(text);
  if (replaced === undefined) {
    replaced = `${prefix}${known.size + 1}`;
    known.set(text, replaced);
  }
  return replaced;
}
