import { checkManifest, expandList, findKind, type KubeObject, type PriorityClass } from "../kube/index.ts";
import type { PlannedObject } from "../world/plan.ts";
import type { Path, SourceDocument } from "./documents.ts";
import { isRecord } from "./field.ts";
import { KeptKinds } from "./kept-kinds.ts";
import { kindOfWord, referenceLabel, referenceOf } from "./objects.ts";
import { patched } from "./patch.ts";
import type { Problem } from "./problem.ts";
import { didYouMean } from "./spelling.ts";

export interface ManifestReading {
  readonly objects: readonly PlannedObject[];
  readonly problems: readonly Problem[];
}

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
  const kept = new KeptKinds();
  for (const document of whole) {
    const planned = readObject(document, problems, kept);
    if (planned === null) continue;
    const label = referenceLabel(referenceOf(planned));
    const other = seen.get(label);
    if (other !== undefined) {
      const message = `${label} is there twice, first at ${other.source.file}:${other.source.line}`;
      problems.push({ ...document.locate([]), code: "E0406", length: 1, message });
      continue;
    }
    seen.set(label, planned);
    refuseSecondDefault(planned, objects, document, problems);
    objects.push(planned);
  }
  problems.push(...kept.notes());
  return { objects, problems };
}

/** @source kubernetes 1.37 plugin/pkg/admission/priority validatePriorityClass */
function refuseSecondDefault(
  { object }: PlannedObject,
  others: readonly PlannedObject[],
  document: SourceDocument,
  problems: Problem[],
): void {
  const isDefault = (one: KubeObject): boolean =>
    one.kind === "PriorityClass" && (one as PriorityClass).globalDefault === true;
  const first = isDefault(object) ? others.find((one) => isDefault(one.object)) : undefined;
  if (first === undefined) return;
  const head = `priorityclasses.scheduling.k8s.io "${object.metadata.name}" is forbidden`;
  const message = `${head}: PriorityClass ${first.object.metadata.name} is already marked as default. Only one default can exist`;
  problems.push({ ...document.locate(["globalDefault"]), code: "E0109", message });
}

/** The items of a `kind: List` (or `PodList`, …) one by one, anything else as it is. */
function unfold(document: SourceDocument): SourceDocument[] {
  return expandList(document.value).map(({ raw, path: at }) => ({
    file: document.file,
    value: raw,
    locate: (path: Path) => document.locate([...at, ...path]),
    locateKey: (path: Path) => document.locateKey([...at, ...path]),
  }));
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

function readObject(document: SourceDocument, problems: Problem[], kept: KeptKinds): PlannedObject | null {
  const { value } = document;
  const kind = isRecord(value) ? String(value.kind ?? "") : "";
  const apiVersion = isRecord(value) ? String(value.apiVersion ?? "") : "";
  if (kind === "Scenario" && apiVersion.startsWith("kube-orrery")) {
    problems.push({ ...document.locate([]), code: "E0005", length: 1, message: "a scenario among the manifests" });
    return null;
  }
  if (DERIVED_KINDS.has(kind)) {
    kept.leaveOut(kind, { ...document.locate([]), length: 1 });
    return null;
  }
  const checked = checkManifest(value);
  for (const { code, path, message, hint, onKey } of checked.problems) {
    const place = onKey ? document.locateKey(path) : document.locate(path);
    if (code === "N0303") kept.keep(isCustom(apiVersion, kind) ? `${apiVersion} ${kind}` : kind, place);
    else problems.push({ ...place, code, message: hint === undefined ? message : `${message} — ${hint}` });
  }
  if (checked.object === undefined) return null;
  const info = findKind(checked.object.apiVersion, checked.object.kind);
  const { file, line, column } = document.locate([]);
  const object = info?.isNamespaced === false ? checked.object : inNamespace(checked.object);
  return {
    object,
    source: { file, line, column },
    simulated: info?.support === "simulated",
    ...writing(value, object),
  };
}

/** What the manifest says by itself. A spec of a version that is no longer served has other fields than the one written. */
function writing(value: unknown, { apiVersion }: KubeObject): Pick<PlannedObject, "written" | "writtenIn"> {
  if (!isRecord(value) || !isRecord(value.spec)) return {};
  const written = Object.keys(value.spec);
  if (value.apiVersion === apiVersion) return { written };
  return value.apiVersion === "autoscaling/v1" ? { written, writtenIn: "autoscaling/v1" } : {};
}

function isCustom(apiVersion: string, kind: string): boolean {
  return findKind(apiVersion, kind) === undefined;
}

function inNamespace(object: KubeObject): KubeObject {
  const { metadata } = object;
  return { ...object, metadata: { ...metadata, namespace: metadata.namespace ?? "default" } };
}
