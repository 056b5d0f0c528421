/** Something to tell the user about a manifest; `path` leads from the root of the document. */
export interface Problem {
  /** Stable, see `codes.ts`. */
  readonly code: string;
  readonly severity: "error" | "warning" | "note";
  readonly path: readonly (string | number)[];
  /** Whether the key at the path is meant, rather than its value. A path may end where the document has nothing yet. */
  readonly onKey: boolean;
  readonly message: string;
  /** The next step. */
  readonly hint?: string;
}

export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function problem(
  code: string,
  path: readonly (string | number)[],
  message: string,
  more: { readonly hint?: string | undefined; readonly onKey?: boolean } = {},
): Problem {
  const severity = code.startsWith("E") ? "error" : code.startsWith("W") ? "warning" : "note";
  const { hint, onKey = false } = more;
  return { code, severity, path, onKey, message, ...(hint !== undefined && { hint }) };
}
