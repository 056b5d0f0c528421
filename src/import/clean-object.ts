export type JsonMap = { readonly [key: string]: unknown };

export function isRecord(value: unknown): value is JsonMap {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What the server writes into metadata, and what a copy in another cluster cannot have. */
const SERVER_METADATA = ["uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "selfLink"];
/** The whole object once more. */
const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";
/** Parts of the status that say what an object has to offer, not what became of it. */
const KEPT_STATUS: ReadonlyMap<string, readonly string[]> = new Map([
  ["Node", ["capacity", "allocatable", "images"]],
  ["StatefulSet", ["currentRevision", "updateRevision"]],
]);
const TOKEN_VOLUME = /^kube-api-access-/;

/** An object of a dump as somebody would have written it: without what the server and its controllers have added. */
export function cleaned(object: JsonMap): JsonMap {
  const { status, ...rest } = object;
  const metadata = without(object.metadata as JsonMap, SERVER_METADATA);
  const annotations = isRecord(metadata.annotations) ? without(metadata.annotations, [LAST_APPLIED]) : {};
  const bare = without(metadata, ["annotations"]);
  const kept = KEPT_STATUS.get(String(object.kind)) ?? [];
  const left = isRecord(status) ? Object.fromEntries(Object.entries(status).filter(([key]) => kept.includes(key))) : {};
  return {
    ...rest,
    metadata: Object.keys(annotations).length === 0 ? bare : { ...bare, annotations },
    ...(object.kind === "Pod" && isRecord(object.spec) ? { spec: withoutToken(object.spec) } : {}),
    ...(Object.keys(left).length === 0 ? {} : { status: left }),
  };
}

/** Without the volume of the service account's token, which admission adds to every pod. */
function withoutToken(spec: JsonMap): JsonMap {
  const isOther = (one: unknown): boolean => !isRecord(one) || !TOKEN_VOLUME.test(String(one.name));
  const mounts = (containers: unknown): unknown =>
    !Array.isArray(containers)
      ? containers
      : containers.map((container: unknown) => {
          if (!isRecord(container) || !Array.isArray(container.volumeMounts)) return container;
          const volumeMounts = container.volumeMounts.filter(isOther);
          const bare = without(container, ["volumeMounts"]);
          return volumeMounts.length === 0 ? bare : { ...bare, volumeMounts };
        });
  const volumes = Array.isArray(spec.volumes) ? spec.volumes.filter(isOther) : [];
  return {
    ...without(spec, ["volumes"]),
    ...(volumes.length === 0 ? {} : { volumes }),
    containers: mounts(spec.containers),
    ...(spec.initContainers === undefined ? {} : { initContainers: mounts(spec.initContainers) }),
  };
}

function without(map: JsonMap, keys: readonly string[]): JsonMap {
  return Object.fromEntries(Object.entries(map).filter(([key]) => !keys.includes(key)));
}
