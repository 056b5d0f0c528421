import type { Parsed } from "./selectors.ts";

/** One term of a field selector: `status.phase!=Failed`. */
export interface FieldRequirement {
  readonly field: string;
  readonly isEqual: boolean;
  readonly value: string;
}

const EVERY_KIND = ["metadata.name", "metadata.namespace"] as const;
const EVENT_OBJECT = ["kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"];
const FIELDS_BY_KIND: ReadonlyMap<string, readonly string[]> = new Map([
  [
    "Pod",
    [
      "spec.nodeName",
      "spec.restartPolicy",
      "spec.schedulerName",
      "spec.serviceAccountName",
      "spec.hostNetwork",
      "status.phase",
      "status.podIP",
      "status.podIPs",
      "status.nominatedNodeName",
    ],
  ],
  ["Node", ["spec.unschedulable"]],
  ["ReplicationController", ["status.replicas"]],
  [
    "Event",
    [...EVENT_OBJECT.map((field) => `involvedObject.${field}`), "reason", "reportingComponent", "source", "type"],
  ],
  ["Namespace", ["status.phase"]],
  ["Secret", ["type"]],
  ["Service", ["spec.clusterIP", "spec.type"]],
  ["Job", ["status.successful"]],
]);

/**
 * Reads a field selector for a kind, `spec.nodeName=n1,status.phase!=Failed`.
 *
 * @returns the terms, or the API's error text.
 * @source kubernetes 1.37 apimachinery fields.ParseSelector, field labels of pkg/apis
 */
export function parseFieldSelector(text: string, kind: string): Parsed<FieldRequirement[]> {
  const requirements: FieldRequirement[] = [];
  for (const term of splitTerms(text)) {
    if (term === "") continue;
    const parts = /^((?:\\.|[^=!\\])*)(!=|==|=)((?:\\.|[^\\])*)$/.exec(term);
    const field = parts?.[1] ?? "";
    const value = parts?.[3] ?? "";
    if (parts === null || /(^|[^\\])[=]/.test(value)) {
      return { ok: false, error: `invalid selector: '${text}'; can't understand '${term}'` };
    }
    if (!isSupported(field, kind)) return { ok: false, error: `field label not supported: ${field}` };
    requirements.push({ field, isEqual: parts[2] !== "!=", value: value.replace(/\\(.)/g, "$1") });
  }
  return { ok: true, value: requirements };
}

/** A field that an object lacks reads as the empty text. */
export function matchesFields(requirements: readonly FieldRequirement[], object: unknown): boolean {
  return requirements.every(({ field, isEqual, value }) => (fieldText(object, field) === value) === isEqual);
}

function isSupported(field: string, kind: string): boolean {
  if ((EVERY_KIND as readonly string[]).includes(field)) return true;
  return FIELDS_BY_KIND.get(kind)?.includes(field) ?? false;
}

function splitTerms(text: string): string[] {
  return text.match(/(?:\\.|[^,\\])+/g) ?? [];
}

function fieldText(object: unknown, field: string): string {
  let value: unknown = object;
  for (const step of field.split(".")) {
    if (typeof value !== "object" || value === null) return defaultText(field);
    value = (value as Record<string, unknown>)[step];
  }
  if (Array.isArray(value)) return value.map((item: { ip?: unknown }) => String(item.ip ?? "")).join(",");
  return value === undefined || value === null ? defaultText(field) : String(value);
}

function defaultText(field: string): string {
  return field === "spec.unschedulable" || field === "spec.hostNetwork" ? "false" : "";
}
