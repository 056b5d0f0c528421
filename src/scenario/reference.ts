import { METRICS } from "../world/plan.ts";
import { CODES } from "./codes.ts";
import { isRecord } from "./field.ts";
import { type JsonSchema, resolve } from "./schema.ts";

/** docs/scenario.md: every field of a scenario, from the schema; the metrics; the codes of problems. */
export function scenarioReference(schema: JsonSchema): string {
  const writer = new Writer(schema);
  const lines = [
    "# Scenario reference",
    "",
    "Generated from `schema/scenario.v1alpha1.json` by `npm run docs`; do not edit by hand.",
    "",
    "A scenario is a YAML 1.2 file. Durations are written `90s`, `5m`, `2h30m`; quantities as Kubernetes writes them",
    "(`250m`, `1Gi`). Paths are relative to the scenario file. A field that is not listed here is an error.",
    "",
    ...writer.section("Scenario", "", schema),
    ...writer.shared(),
    "## Metrics",
    "",
    'An assertion is a line such as `pod_pending_seconds{app="web"} p99 < 60s`: a metric, labels it must (`=`) or must not',
    "(`!=`) have, a statistic (`p50 p90 p95 p99 max min mean sum last count`), a comparison and a threshold.",
    "",
    "| metric | unit | kind | labels | what |",
    "|---|---|---|---|---|",
    ...METRICS.map(
      ({ name, unit, shape, labels, podLabels, help }) =>
        `| \`${name}\` | ${unit} | ${shape} | ${[...labels, ...(podLabels ? ["any label of the pod"] : [])].join(", ")} | ${help} |`,
    ),
    "",
    "## Codes",
    "",
    "`orrery explain CODE` says more.",
    "",
    "| code | meaning |",
    "|---|---|",
    ...[...CODES].map(([code, { title }]) => `| ${code} | ${title} |`),
    "",
  ];
  return lines.join("\n");
}

/** docs/experiment.md: every field of an experiment, from its schema. */
export function experimentReference(schema: JsonSchema): string {
  const writer = new Writer(schema);
  const lines = [
    "# Experiment reference",
    "",
    "Generated from `schema/experiment.v1alpha1.json` by `npm run docs`; do not edit by hand. Examples: `examples/experiments`.",
    "",
    "An experiment runs one scenario in many variants, each with the same seeds, so that variants meet the same arrivals and",
    "the same faults. `orrery experiment FILE` writes `results/<name>/`: `report.html` (a page of charts), `summary.csv` (a row a run), `compare.md` (every variant",
    "against the baseline, with 95 % intervals), `index.json`, and below `variants/` each variant's resolved scenario and runs.",
    "",
    "A process that is stopped or killed loses only the runs that were going on: `--resume` makes the missing ones, and the",
    "result is the same to the byte. `--shard 2/4` makes a part, `orrery experiment merge DIR…` puts parts together. With",
    "`--redis URL` the runs go to every `orrery worker --redis URL`, on as many machines as there are (both need the packages",
    "`bullmq` and `ioredis`); the runs of a worker that is lost go to the others. Who can write to that Redis can run code on",
    "the workers, by way of scheduler plugins: keep it as private as a shell.",
    "",
    ...writer.section("Experiment", "", schema),
    ...writer.shared(),
  ];
  return lines.join("\n");
}

/** Definitions with a section of their own; smaller ones are explained where they are used. */
const SHARED: readonly (readonly [name: string, title: string])[] = [
  ["curve", "Curves"],
  ["distribution", "Distributions"],
  ["nodes", "Selecting nodes"],
  ["selector", "Selecting pods"],
  ["noise", "Noise"],
  ["axis", "Axes"],
  ["option", "Options"],
  ["range", "Ranges"],
];

class Writer {
  private readonly root: JsonSchema;

  constructor(root: JsonSchema) {
    this.root = root;
  }

  /** A map as a heading, its description and a table of its fields; maps in it follow as sections of their own. */
  section(title: string, path: string, schema: JsonSchema): string[] {
    const properties = fieldsOf(schema);
    if (properties.length === 0) return [];
    const required = Array.isArray(schema.required) ? schema.required : [];
    const description = text(schema.description);
    const rows = properties.map(([name, property]) => this.row(name, property, required.includes(name)));
    const inner = properties.flatMap(([name, property]) =>
      this.innerSection(path === "" ? name : `${path}.${name}`, property),
    );
    return [
      `## ${title}`,
      "",
      ...(description === "" ? [] : [description, ""]),
      "| field | value | default | what |",
      "|---|---|---|---|",
      ...rows,
      "",
      ...inner,
    ];
  }

  shared(): string[] {
    const definitions = isRecord(this.root.$defs) ? this.root.$defs : {};
    return SHARED.flatMap(([name, title]) => {
      const definition = definitions[name];
      return isRecord(definition) ? this.section(title, name, definition) : [];
    });
  }

  private innerSection(path: string, property: JsonSchema): string[] {
    if (sharedOf(property) !== null) return [];
    const own = resolve(property, this.root);
    const items = own.items;
    if (isRecord(items))
      return sharedOf(items) === null ? this.section(`\`${path}[]\``, `${path}[]`, resolve(items, this.root)) : [];
    return this.section(`\`${path}\``, path, own);
  }

  private row(name: string, property: JsonSchema, isRequired: boolean): string {
    const own = resolve(property, this.root);
    const isMap = fieldsOf(own).length > 0 || own["x-fill"] === true;
    const standard = own.default === undefined ? (isRequired ? "required" : "") : `\`${JSON.stringify(own.default)}\``;
    const description =
      isMap && sharedOf(property) === null ? text(own.description).split("\n")[0] : text(own.description);
    return `| \`${name}\` | ${this.kind(property)} | ${standard} | ${(description ?? "").replaceAll("|", "\\|")} |`;
  }

  private kind(property: JsonSchema): string {
    const shared = sharedOf(property);
    if (shared !== null) return shared;
    const own = resolve(property, this.root);
    if (own.const !== undefined) return `\`${String(own.const)}\``;
    if (Array.isArray(own.enum)) return own.enum.map((one) => `\`${String(one)}\``).join(" ");
    if (isRecord(own.items)) return `list of ${this.kind(own.items)}`;
    if (
      isRecord(own.additionalProperties) &&
      own.properties === undefined &&
      own.additionalProperties.$ref !== undefined
    )
      return `map of ${this.kind(own.additionalProperties)}`;
    const type = Array.isArray(own.type) ? own.type.join(" or ") : text(own.type);
    return type === "object" ? "map" : type;
  }
}

function fieldsOf(schema: JsonSchema): [string, JsonSchema][] {
  const properties = schema.properties;
  if (!isRecord(properties)) return [];
  return Object.entries(properties).filter((entry): entry is [string, JsonSchema] => isRecord(entry[1]));
}

/** The name of a definition that the reader knows by name: `duration`, `quantity`, or one with its own section. */
function sharedOf(property: JsonSchema): string | null {
  const reference = text(property.$ref).replace("#/$defs/", "");
  if (reference === "") return null;
  const section = SHARED.find(([name]) => name === reference);
  if (section !== undefined) return `[${reference}](#${section[1].toLowerCase().replaceAll(" ", "-")})`;
  return ["duration", "quantity", "name", "percent", "value"].includes(reference) ? reference : null;
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
