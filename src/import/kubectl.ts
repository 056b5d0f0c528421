import { readFileSync } from "node:fs";
import { stringify } from "yaml";
import { expandList, findKind } from "../kube/index.ts";
import { readDocuments } from "../scenario/index.ts";
import { Anonymizer } from "./anonymize.ts";
import { cleaned, isRecord, type JsonMap } from "./clean-object.ts";
import { madeOwners } from "./made-owners.ts";
import type { OutputFolder } from "./output.ts";
import type { ImportReport } from "./report.ts";

/** Files of the folder by what they hold; kinds that are not named go to `others`. */
const FILES: readonly (readonly [file: string, kinds: readonly string[]])[] = [
  ["nodes", ["Node"]],
  [
    "workloads",
    [
      "Deployment",
      "ReplicaSet",
      "StatefulSet",
      "DaemonSet",
      "Job",
      "CronJob",
      "ReplicationController",
      "ControllerRevision",
      "HorizontalPodAutoscaler",
      "PodDisruptionBudget",
    ],
  ],
  ["services", ["Service"]],
  ["pods", ["Pod"]],
];
const OTHERS = "others";

/** What the simulation makes itself, and what it must not see. */
const LEFT_OUT: ReadonlyMap<string, string> = new Map([
  ["Event", "the simulation makes its own"],
  ["Endpoints", "the simulation makes its own"],
  ["EndpointSlice", "the simulation makes its own"],
  ["Lease", "the simulation makes its own"],
  ["Secret", "secrets do not belong in a file"],
]);
const FINISHED = ["Succeeded", "Failed"];

export interface KubectlOptions {
  readonly isAnonymized: boolean;
}

/**
 * Imports what `kubectl get … -o yaml|json` printed of a live cluster: lists, single objects, several documents. Nodes
 * keep their capacity, pods their nodes; what the server has added is taken off.
 */
export function importKubectl(
  files: readonly string[],
  output: OutputFolder,
  report: ImportReport,
  { isAnonymized }: KubectlOptions,
): Record<string, unknown> | null {
  const kept: JsonMap[] = [];
  const leftOut = new Map<string, number>();
  const leave = (what: string): void => void leftOut.set(what, (leftOut.get(what) ?? 0) + 1);
  for (const file of files) {
    for (const object of objectsOf(file, report)) {
      const reason = reasonToLeave(object, isAnonymized);
      if (reason === null) kept.push(cleaned(object));
      else leave(reason);
    }
  }
  if (report.hasErrors) return null;
  if (kept.length === 0) {
    report.add("E0005", files[0] ?? "", 0, "there is no Kubernetes object to be simulated");
    return null;
  }
  const made = madeOwners(kept);
  kept.push(...made.objects);
  const anonymizer = isAnonymized ? new Anonymizer() : null;
  const objects = anonymizer === null ? kept : kept.map((object) => anonymizer.object(object));
  const manifests = writeObjects(objects, output);
  for (const [what, count] of leftOut) report.note(`left out: ${count} × ${what}`);
  const counts = new Map<string, number>();
  for (const { kind } of objects) counts.set(String(kind), (counts.get(String(kind)) ?? 0) + 1);
  report.note([...counts].map(([kind, count]) => `${count} ${kind}`).join(", "));
  if (made.counts.size > 0) {
    const names = [...made.counts].map(([kind, count]) => `${count} ${kind}`).join(", ");
    report.note(`of these made from the pods that name them as their controllers: ${names}`);
  }
  if (!counts.has("Node")) report.note("no Node among the objects: three nodes of 4 CPU and 16Gi will stand in");
  return { duration: "1h", manifests };
}

function objectsOf(file: string, report: ImportReport): JsonMap[] {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    report.unreadable(file, error as NodeJS.ErrnoException);
    return [];
  }
  const { documents, problems } = readDocuments(file, text, "kubernetes");
  report.problems.push(...problems);
  return documents.flatMap((document) =>
    expandList(document.value).flatMap(({ raw, path }) => {
      if (
        isRecord(raw) &&
        typeof raw.kind === "string" &&
        typeof raw.apiVersion === "string" &&
        isRecord(raw.metadata)
      ) {
        return [raw];
      }
      report.problems.push({
        code: "E0005",
        ...document.locate(path),
        message: "not a Kubernetes object: it needs apiVersion, kind and metadata",
      });
      return [];
    }),
  );
}

function reasonToLeave(object: JsonMap, isAnonymized: boolean): string | null {
  const kind = String(object.kind);
  const known = LEFT_OUT.get(kind);
  if (known !== undefined) return `${kind} (${known})`;
  const support = findKind(String(object.apiVersion), kind)?.support;
  // What nobody reads cannot be made anonymous with any confidence.
  if (support !== "simulated" && isAnonymized) return `${kind} (not simulated)`;
  const metadata = object.metadata as JsonMap;
  if (metadata.deletionTimestamp !== undefined) return `${kind} (being deleted)`;
  const status = isRecord(object.status) ? object.status : {};
  if (kind === "Pod" && FINISHED.includes(String(status.phase))) return `Pod (finished: ${String(status.phase)})`;
  return null;
}

function writeObjects(objects: readonly JsonMap[], output: OutputFolder): string[] {
  const fileOf = (kind: string): string => FILES.find(([, kinds]) => kinds.includes(kind))?.[0] ?? OTHERS;
  const manifests: string[] = [];
  for (const file of [...FILES.map(([name]) => name), OTHERS]) {
    const own = objects.filter(({ kind }) => fileOf(String(kind)) === file);
    if (own.length === 0) continue;
    const name = `${file}.yaml`;
    output.write(name, own.map((object) => stringify(object, { aliasDuplicateObjects: false })).join("---\n"));
    manifests.push(name);
  }
  return manifests;
}
