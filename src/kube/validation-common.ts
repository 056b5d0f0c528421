import {
  at,
  type FieldError,
  type FieldPath,
  forbidden,
  invalid,
  ROOT_PATH,
  required,
  tooLong,
} from "./field-errors.ts";
import { parsePercent } from "./int-or-percent.ts";
import { dnsSubdomainProblems, labelKeyProblems, labelValueProblems } from "./labels.ts";
import type { IntOrString, LabelSelector, ObjectMeta, StringMap } from "./types.ts";

export const NOT_NEGATIVE = "must be greater than or equal to 0";
const PORT_RANGE = "must be between 1 and 65535, inclusive";
const ANNOTATION_BYTES_MAX = 256 * 1024;

export type NameRule = (name: string) => readonly string[];

/** Complaints about metadata. @source kubernetes 1.37 apimachinery api/validation ValidateObjectMeta */
export function validateMetadata(metadata: ObjectMeta, nameRule: NameRule = dnsSubdomainProblems): FieldError[] {
  const path = at(ROOT_PATH, "metadata");
  const { name, generateName } = metadata;
  const errors: FieldError[] = [];
  if (generateName !== undefined && generateName !== "") {
    // A trailing dash is fine: random characters follow it.
    const problems = nameRule(generateName.replace(/-$/, "a"));
    errors.push(...problems.map((text) => invalid(at(path, "generateName"), generateName, text)));
  }
  if (name === undefined || name === "") {
    if (!generateName) errors.push(required(at(path, "name"), "name or generateName is required"));
  } else {
    errors.push(...nameRule(name).map((text) => invalid(at(path, "name"), name, text)));
  }
  return [...errors, ...validateMetadataMaps(metadata, path)];
}

/** Complaints about labels, annotations and owners: the part of metadata that templates have too. */
export function validateMetadataMaps(metadata: ObjectMeta, path: FieldPath): FieldError[] {
  const errors = validateLabels(metadata.labels, at(path, "labels"));
  const annotations = at(path, "annotations");
  let bytes = 0;
  for (const [key, value] of Object.entries(metadata.annotations ?? {})) {
    bytes += key.length + value.length;
    errors.push(...labelKeyProblems(key.toLowerCase()).map((text) => invalid(annotations, key, text)));
  }
  if (bytes > ANNOTATION_BYTES_MAX) errors.push(tooLong(annotations, ANNOTATION_BYTES_MAX));
  const controllers = (metadata.ownerReferences ?? []).filter(({ controller }) => controller === true);
  if (controllers.length > 1) {
    const [first, second] = controllers.map(({ kind, name }) => `${kind}/${name}`);
    const owners = at(path, "ownerReferences");
    const detail = `Only one reference can have Controller set to true. Found "true" in references for ${first} and ${second}`;
    errors.push(invalid(owners, metadata.ownerReferences, detail));
  }
  return errors;
}

export function validateLabels(labels: StringMap | undefined, path: FieldPath): FieldError[] {
  return Object.entries(labels ?? {}).flatMap(([key, value]) => [
    ...labelKeyProblems(key).map((text) => invalid(path, key, text)),
    ...labelValueProblems(value).map((text) => invalid(path, value, text)),
  ]);
}

/** @source kubernetes 1.37 apimachinery metav1/validation ValidateLabelSelector */
export function validateLabelSelector(selector: LabelSelector | undefined, path: FieldPath): FieldError[] {
  const errors = validateLabels(selector?.matchLabels, at(path, "matchLabels"));
  (selector?.matchExpressions ?? []).forEach(({ key, operator, values }, i) => {
    const here = at(path, "matchExpressions", i);
    if (operator === "In" || operator === "NotIn") {
      if ((values ?? []).length === 0) {
        errors.push(required(at(here, "values"), "must be specified when `operator` is 'In' or 'NotIn'"));
      }
    } else if (operator === "Exists" || operator === "DoesNotExist") {
      if ((values ?? []).length > 0) {
        errors.push(
          forbidden(at(here, "values"), "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"),
        );
      }
    } else {
      errors.push(invalid(at(here, "operator"), operator ?? "", "not a valid selector operator"));
    }
    errors.push(...labelKeyProblems(key ?? "").map((text) => invalid(at(here, "key"), key ?? "", text)));
    (values ?? []).forEach((value, n) => {
      errors.push(...labelValueProblems(value).map((text) => invalid(at(here, "values", n), value, text)));
    });
  });
  return errors;
}

export function isEmptySelector(selector: LabelSelector): boolean {
  return Object.keys(selector.matchLabels ?? {}).length === 0 && (selector.matchExpressions ?? []).length === 0;
}

export function validateNotNegative(value: number | undefined, path: FieldPath): FieldError[] {
  return value !== undefined && value < 0 ? [invalid(path, value, NOT_NEGATIVE)] : [];
}

export function validatePort(port: number, path: FieldPath): FieldError[] {
  return port >= 1 && port <= 65_535 ? [] : [invalid(path, port, PORT_RANGE)];
}

/** @source kubernetes 1.37 pkg/apis/apps/validation ValidatePositiveIntOrPercent */
export function validateIntOrPercent(value: IntOrString | undefined, path: FieldPath): FieldError[] {
  if (value === undefined) return [];
  if (typeof value === "number") return validateNotNegative(value, path);
  const rule =
    "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')";
  return parsePercent(value) === undefined ? [invalid(path, value, rule)] : [];
}

export function validateAtMostWhole(value: IntOrString | undefined, path: FieldPath): FieldError[] {
  const percent = typeof value === "string" ? parsePercent(value) : undefined;
  return percent !== undefined && percent > 100 ? [invalid(path, value, "must not be greater than 100%")] : [];
}
