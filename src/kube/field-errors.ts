/** A place in an object: `segments` to walk there, `text` as the API server writes it (`spec.ports[0].name`). */
export interface FieldPath {
  readonly segments: readonly (string | number)[];
  readonly text: string;
}

export type FieldErrorType =
  | "Required value"
  | "Invalid value"
  | "Unsupported value"
  | "Duplicate value"
  | "Forbidden"
  | "Not found"
  | "Too long";

/** What the API server would refuse about one field. */
export interface FieldError {
  readonly path: readonly (string | number)[];
  readonly field: string;
  readonly type: FieldErrorType;
  readonly value?: unknown;
  readonly detail?: string;
  /** The whole complaint: `spec.replicas: Invalid value: -1: must be greater than or equal to 0`. */
  readonly text: string;
}

export const ROOT_PATH: FieldPath = { segments: [], text: "" };

/** A field or list item below a path: names are joined with dots, numbers are indices. */
export function at(path: FieldPath, ...steps: readonly (string | number)[]): FieldPath {
  let { text } = path;
  for (const step of steps) {
    if (typeof step === "number") text += `[${step}]`;
    else text += text === "" ? step : `.${step}`;
  }
  return { segments: [...path.segments, ...steps], text };
}

/** An entry of a map below a path: `requests[cpu]`. */
export function atKey(path: FieldPath, key: string): FieldPath {
  return { segments: [...path.segments, key], text: `${path.text}[${key}]` };
}

export function required(path: FieldPath, detail = ""): FieldError {
  return make(path, "Required value", detail);
}
export function forbidden(path: FieldPath, detail: string): FieldError {
  return make(path, "Forbidden", detail);
}
export function tooLong(path: FieldPath, bytesMax: number): FieldError {
  return make(path, "Too long", `may not be more than ${bytesMax} bytes`);
}
export function invalid(path: FieldPath, value: unknown, detail: string): FieldError {
  return make(path, "Invalid value", detail, { value });
}
export function duplicate(path: FieldPath, value: unknown): FieldError {
  return make(path, "Duplicate value", "", { value });
}
export function notFound(path: FieldPath, value: unknown): FieldError {
  return make(path, "Not found", "", { value });
}
export function unsupported(path: FieldPath, value: unknown, supported: readonly string[]): FieldError {
  const list = supported.map((one) => JSON.stringify(one)).join(", ");
  return make(path, "Unsupported value", `supported values: ${list}`, { value });
}

function make(path: FieldPath, type: FieldErrorType, detail: string, given?: { readonly value: unknown }): FieldError {
  const parts = [path.text, type as string];
  if (given !== undefined) parts.push(JSON.stringify(given.value) ?? "null");
  if (detail !== "") parts.push(detail);
  return {
    path: path.segments,
    field: path.text,
    type,
    ...(given !== undefined && { value: given.value }),
    ...(detail !== "" && { detail }),
    text: parts.join(": "),
  };
}

export function formatFieldError(error: FieldError): string {
  return error.text;
}

/** The API server's 422 message: `Deployment.apps "x" is invalid: …`, several complaints in brackets. */
export function invalidMessage(object: InvalidObject, errors: readonly FieldError[]): string {
  const texts = uniqueTexts(errors);
  const kind = object.group === "" ? object.kind : `${object.kind}.${object.group}`;
  const list = texts.length === 1 ? (texts[0] ?? "") : `[${texts.join(", ")}]`;
  return `${kind} ${JSON.stringify(object.name)} is invalid: ${list}`;
}

/** kubectl's rendering of a 422: `The Deployment "x" is invalid: …`, several complaints a line each. */
export function kubectlInvalidMessage(object: InvalidObject, errors: readonly FieldError[]): string {
  const texts = uniqueTexts(errors);
  const head = `The ${object.kind} ${JSON.stringify(object.name)} is invalid: `;
  return texts.length === 1 ? head + (texts[0] ?? "") : `${head}\n${texts.map((text) => `* ${text}`).join("\n")}`;
}

export interface InvalidObject {
  readonly kind: string;
  /** Empty for the core group. */
  readonly group: string;
  readonly name: string;
}

function uniqueTexts(errors: readonly FieldError[]): string[] {
  return [...new Set(errors.map(({ text }) => text))];
}
