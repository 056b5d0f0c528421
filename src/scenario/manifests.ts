import type { KubeObject } from "../kube/index.ts";
import type { PlannedObject } from "../world/plan.ts";
import type { Path, SourceDocument } from "./documents.ts";
import { isRecord } from "./field.ts";
import { checkManifest } from "./manifest-check.ts";
import { kindOfWord, referenceLabel, referenceOf } from "./objects.ts";
import { patched } from "./patch.ts";
import type { Problem } from "./problem.ts";
import { didYouMean } from "./spelling.ts";

export interface ManifestReading {
  readonly objects: readonly PlannedObject[];
  readonly problems: readonly Problem[];
}

/** Kinds that the simulation acts on. */
const SIMULATED_KINDS: ReadonlySet<string> = new Set([
  "Node",
  "Pod",
  "Namespace",
  "ReplicationController",
  "ReplicaSet",
  "Deployment",
  "HorizontalPodAutoscaler",
  "Service",
  "PriorityClass",
]);

/** Kinds that nothing acts on in a real cluster either: kept without a word. */
const INERT_KINDS: ReadonlySet<string> = new Set(["ConfigMap", "Secret", "ServiceAccount"]);

/** Kinds of a dump that the simulation makes itself, from the other objects. */
const DERIVED_KINDS: ReadonlySet<string> = new Set(["Event", "Endpoints", "EndpointSlice", "Lease"]);

/** Reads documents as Kubernetes objects: lists are unfolded, objects checked, converted and defaulted. */
export function readManifests(documents: readonly SourceDocument[]): ManifestReading {
  return checkObjects(documents, []);
}

/** The same with patches laid over the objects of the same kind and name before they are checked. */
export function checkObjects(
  documents: readonly SourceDocument[],
  overlays: readonly SourceDocument[],
): ManifestReading {
  const problems: Problem[] = [];
  const raw = documents.flatMap(unfold);
  const whole = overlays.flatMap(unfold).reduce((objects, overlay) => lay(objects, overlay, problems), raw);
  const objects: PlannedObject[] = [];
  const seen = new Map<string, PlannedObject>();
  for (const document of whole) {
    const planned = readObject(document, problems);
    if (planned === null) continue;
    const label = referenceLabel(referenceOf(planned));
    const other = seen.get(label);
    if (other !== undefined) {
      const message = `${label} is there twice, first at ${other.source.file}:${other.source.line}`;
      problems.push({ ...document.locate([]), code: "E0406", length: 1, message });
      continue;
    }
    seen.set(label, planned);
    objects.push(planned);
  }
  return { objects, problems };
}

/** The items of a `kind: List` (or `PodList`, …) one by one, anything else as it is. */
function unfold(document: SourceDocument): SourceDocument[] {
  const { value } = document;
  if (!isRecord(value) || !String(value.kind ?? "").endsWith("List") || !Array.isArray(value.items)) return [document];
  const itemKind = String(value.kind).slice(0, -"List".length);
  return value.items.map((item: unknown, index) => {
    const at: Path = ["items", index];
    // Items of a typed list leave out what the list says.
    const typed = isRecord(item) && itemKind !== "" ? { apiVersion: value.apiVersion, kind: itemKind, ...item } : item;
    return {
      file: document.file,
      value: typed,
      locate: (path: Path) => document.locate([...at, ...path]),
      locateKey: (path: Path) => document.locateKey([...at, ...path]),
    };
  });
}

function lay(objects: readonly SourceDocument[], overlay: SourceDocument, problems: Problem[]): SourceDocument[] {
  const wanted = nameOf(overlay.value);
  let isFound = false;
  const laid = objects.map((object) => {
    const own = nameOf(object.value);
    if (own.kind !== wanted.kind || own.name !== wanted.name) return object;
    if (wanted.namespace !== null && wanted.namespace !== (own.namespace ?? "default")) return object;
    isFound = true;
    return patched(object, withoutIdentity(overlay, object));
  });
  if (isFound) return laid;
  const there = objects.map((object) => nameOf(object.value)).map(({ kind, name }) => `${kind}/${name}`);
  const label = `${wanted.kind}/${wanted.name}`;
  const message = `the patch of ${label} finds no such object${didYouMean(label, there)}`;
  problems.push({ ...overlay.locate([]), code: "E0412", length: 1, message });
  return laid;
}

function nameOf(value: unknown): { readonly kind: string; readonly namespace: string | null; readonly name: string } {
  const map = isRecord(value) ? value : {};
  const metadata = isRecord(map.metadata) ? map.metadata : {};
  const kind = String(map.kind ?? "");
  const namespace = typeof metadata.namespace === "string" ? metadata.namespace : null;
  return { kind: kindOfWord(kind) ?? kind, namespace, name: String(metadata.name ?? "") };
}

/** A patch says by kind and apiVersion what it is for; it does not change these. */
function withoutIdentity(overlay: SourceDocument, object: SourceDocument): SourceDocument {
  const identity = isRecord(object.value) ? object.value : {};
  const patch = isRecord(overlay.value) ? { ...overlay.value } : {};
  delete patch.apiVersion;
  return { ...overlay, value: { ...patch, kind: identity.kind } };
}

function readObject(document: SourceDocument, problems: Problem[]): PlannedObject | null {
  if (!isRecord(document.value)) {
    problems.push({ ...document.locate([]), code: "E0101", message: "expected a Kubernetes object (a map)" });
    return null;
  }
  const kind = String(document.value.kind ?? "");
  if (kind === "Scenario" && String(document.value.apiVersion ?? "").startsWith("kube-orrery")) {
    problems.push({ ...document.locate([]), code: "E0105", length: 1, message: "a scenario among the manifests" });
    return null;
  }
  const { line, column, file } = document.locate([]);
  const note = (code: string, message: string): void => {
    problems.push({ code, file, line, column, length: 1, message });
  };
  if (DERIVED_KINDS.has(kind)) {
    note("N0304", `${kind} is left out: the simulation makes its own`);
    return null;
  }
  const checked = checkManifest(document.value);
  for (const { code, path, message, isAtKey } of checked.problems) {
    problems.push({ ...(isAtKey ? document.locateKey(path) : document.locate(path)), code, message });
  }
  if (checked.object === null) return null;
  const object: KubeObject = checked.object;
  const simulated = SIMULATED_KINDS.has(object.kind);
  if (!simulated && !INERT_KINDS.has(object.kind)) note("N0302", `${object.kind} is kept but not simulated`);
  return { object, source: { file, line, column }, simulated };
}
