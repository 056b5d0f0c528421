/**
 * The known fields of the kinds, to tell a misspelt field from one that is merely not simulated. A field list is as
 * complete as the API's down to containers; below `any` nothing is looked at.
 *
 * @source kubernetes 1.37 API reference
 */
export type Leaf = "any" | "string" | "integer" | "number" | "boolean" | "quantity" | "intOrString";
export type Shape = Leaf | ObjectShape | ListShape | MapShape;
export interface ObjectShape {
  readonly type: "object";
  readonly fields: Readonly<Record<string, Shape>>;
  /** There are fields beside the listed ones, which are not looked at. */
  readonly isOpen?: true;
}
export interface ListShape {
  readonly type: "list";
  readonly item: Shape;
}
/** Keys are the user's own. */
export interface MapShape {
  readonly type: "map";
  readonly item: Shape;
}

/** Leaf fields by their type, names separated by blanks, and fields with a shape of their own. */
export function shape(
  leaves: Partial<Record<Leaf, string>>,
  nested: Readonly<Record<string, Shape>> = {},
): ObjectShape {
  const fields: Record<string, Shape> = {};
  for (const [leaf, names] of Object.entries(leaves)) {
    for (const name of names.split(" ")) fields[name] = leaf as Leaf;
  }
  return { type: "object", fields: { ...fields, ...nested } };
}

export function listOf(item: Shape): ListShape {
  return { type: "list", item };
}

export function mapOf(item: Shape): MapShape {
  return { type: "map", item };
}

export const STRINGS = listOf("string");
export const STRING_MAP = mapOf("string");
export const QUANTITIES = mapOf("quantity");

export const METADATA = shape(
  {
    string: "name generateName namespace uid resourceVersion creationTimestamp deletionTimestamp selfLink clusterName",
    integer: "generation deletionGracePeriodSeconds",
    any: "managedFields initializers",
  },
  {
    labels: STRING_MAP,
    annotations: STRING_MAP,
    finalizers: STRINGS,
    ownerReferences: listOf(shape({ string: "apiVersion kind name uid", boolean: "controller blockOwnerDeletion" })),
  },
);

export const LABEL_SELECTOR = shape(
  {},
  {
    matchLabels: STRING_MAP,
    matchExpressions: listOf(shape({ string: "key operator" }, { values: STRINGS })),
  },
);

/** An object with the given fields beside apiVersion, kind, metadata and status. */
export function kindShape(fields: Readonly<Record<string, Shape>>): ObjectShape {
  return shape({ string: "apiVersion kind", any: "status" }, { metadata: METADATA, ...fields });
}

/** A kind of which nothing but the metadata is looked at. */
export const KEPT_KIND: ObjectShape = { ...kindShape({ spec: "any" }), isOpen: true };
