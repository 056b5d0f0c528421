import { type KubeObject, withDefaults } from "../kube/index.ts";
import type { Path } from "./documents.ts";
import { isRecord } from "./field.ts";

export interface ManifestProblem {
  readonly code: string;
  readonly path: Path;
  readonly message: string;
  readonly isAtKey: boolean;
}

export interface CheckedManifest {
  readonly problems: readonly ManifestProblem[];
  readonly object: KubeObject | null;
}

const CLUSTER_WIDE: ReadonlySet<string> = new Set(["Node", "Namespace", "PriorityClass"]);

export function checkManifest(raw: unknown): CheckedManifest {
  if (!isRecord(raw) || typeof raw.apiVersion !== "string" || typeof raw.kind !== "string" || !isRecord(raw.metadata)) {
    return {
      problems: [{ code: "E0201", path: [], message: "not a Kubernetes object", isAtKey: false }],
      object: null,
    };
  }
  const object = withDefaults(raw as unknown as KubeObject);
  const namespace = CLUSTER_WIDE.has(object.kind) ? {} : { namespace: object.metadata.namespace ?? "default" };
  return { problems: [], object: { ...object, metadata: { ...object.metadata, ...namespace } } };
}
