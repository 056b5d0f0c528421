import type { PlannedPool } from "../world/plan.ts";
import { readPools } from "./cluster.ts";
import { Field } from "./field.ts";
import { scenarioSchema } from "./load.ts";
import { hasErrors, type Problem } from "./problem.ts";
import type { JsonSchema } from "./schema.ts";
import { readTypedFile } from "./typed-file.ts";

/** Makes of nodes that can be had, and what they cost. */
export interface Catalogue {
  readonly types: readonly PlannedPool[];
  readonly currency: string;
}

export interface ReadCatalogue {
  /** null when there are errors. */
  readonly catalogue: Catalogue | null;
  readonly problems: readonly Problem[];
  readonly texts: ReadonlyMap<string, string>;
  readonly folder: string;
}

/** A machine that is not said to boot at a pace of its own. Nothing of a catalogue boots while somebody watches. */
const BOOT = { constant: 0 } as const;

/**
 * Reads a catalogue of node types: `kind: Catalogue` with `spec.types`, each as a node pool of a scenario is written, without
 * a count. Problems are returned, never thrown.
 */
export function readCatalogue(file: string): ReadCatalogue {
  const typed = readTypedFile(file, catalogueSchema());
  const { texts, folder, document } = typed;
  if (document === null) return { catalogue: null, problems: typed.problems, texts, folder };
  const found: Problem[] = [];
  const spec = new Field(found, document, [], document.value).get("spec");
  const types = readPools(spec.get("types").items(), BOOT).map((pool) => ({ ...pool, count: 0 }));
  const problems = [...typed.problems, ...found];
  const catalogue = hasErrors(problems) ? null : { types, currency: spec.get("currency").text("USD") };
  return { catalogue, problems, texts, folder };
}

type Word = Record<string, unknown>;

let schemaMade: JsonSchema | undefined;

/** A type is what a scenario's schema calls a node pool; how many there are is the question. */
function catalogueSchema(): JsonSchema {
  if (schemaMade !== undefined) return schemaMade;
  const scenario = scenarioSchema();
  const spec = ((scenario.properties as Word).spec as Word).properties as Word;
  const pool = (((spec.cluster as Word).properties as Word).nodePools as Word).items as Word;
  const { count: _count, autoscale: _autoscale, boot: _boot, ...properties } = pool.properties as Word;
  schemaMade = {
    type: "object",
    required: ["apiVersion", "kind", "spec"],
    additionalProperties: false,
    properties: {
      apiVersion: { const: "kube-orrery/v1alpha1" },
      kind: { const: "Catalogue" },
      metadata: { type: "object" },
      spec: {
        type: "object",
        required: ["types"],
        additionalProperties: false,
        properties: {
          currency: { type: "string", default: "USD" },
          types: { type: "array", minItems: 1, items: { ...pool, properties } },
        },
      },
    },
    $defs: scenario.$defs,
  };
  return schemaMade;
}
