/**
 * A strict reader of OpenMetrics text, written after the grammar of the specification and not after our writer.
 * @source https://prometheus.io/docs/specs/om/open_metrics_spec/ 1.0, sections ABNF, MetricFamily and Timestamps
 */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  readonly timestamp: number | null;
}

export interface Family {
  readonly name: string;
  type: string;
  unit: string;
  help: string;
  readonly samples: Sample[];
}

const NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*";
const LABEL = `[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\["\\\\n])*"`;
const REAL = "[+-]?(?:[0-9]+(?:\\.[0-9]*)?|\\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[+-]?Inf|NaN";
const DESCRIPTOR = new RegExp(`^# (TYPE|UNIT|HELP) (${NAME}) (.*)$`);
const SAMPLE = new RegExp(`^(${NAME})(?:\\{((?:${LABEL})(?:,${LABEL})*)?\\})? (${REAL})(?: (${REAL}))?$`);
const TYPES = ["unknown", "gauge", "counter", "stateset", "info", "histogram", "gaugehistogram", "summary"];
/** Of the types that the writer uses. */
const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  gauge: [""],
  unknown: [""],
  counter: ["_total", "_created"],
};

/** @throws Error at the first breach */
export function readOpenMetrics(text: string): Family[] {
  if (!text.endsWith("# EOF\n")) throw new Error("the text must end with # EOF");
  const lines = text.slice(0, -"# EOF\n".length).split("\n");
  if (lines.pop() !== "") throw new Error("the line before # EOF is not ended");
  const families = new Map<string, Family>();
  let current: Family | null = null;
  let key = "";
  const closed = new Set<string>();
  for (const line of lines) {
    const descriptor = DESCRIPTOR.exec(line);
    if (descriptor !== null) {
      current = describe(descriptor, families, current);
      continue;
    }
    const sample = sampleOf(line);
    if (
      current === null ||
      !(SUFFIXES[current.type] ?? []).some((suffix) => `${current?.name}${suffix}` === sample.name)
    ) {
      throw new Error(`${sample.name} belongs to no family that is open here`);
    }
    const itsKey = `${sample.name} ${JSON.stringify(sample.labels)}`;
    if (itsKey !== key) {
      if (closed.has(itsKey)) throw new Error(`${itsKey}: the samples of a metric are interleaved with others`);
      closed.add(itsKey);
      key = itsKey;
    } else {
      const before = current.samples.at(-1)?.timestamp ?? null;
      if (before === null || sample.timestamp === null || sample.timestamp <= before) {
        throw new Error(`${itsKey}: timestamps must be there and grow in order`);
      }
    }
    current.samples.push(sample);
  }
  return [...families.values()];
}

function describe(
  [, what = "", name = "", rest = ""]: RegExpExecArray,
  families: Map<string, Family>,
  current: Family | null,
): Family {
  let family = families.get(name);
  if (family === undefined) {
    family = { name, type: "unknown", unit: "", help: "", samples: [] };
    families.set(name, family);
  } else if (family !== current || family.samples.length > 0) throw new Error(`${name}: metadata after samples`);
  if (what === "TYPE") {
    if (!TYPES.includes(rest)) throw new Error(`${name}: no type ${rest}`);
    family.type = rest;
  } else if (what === "UNIT") {
    if (!name.endsWith(`_${rest}`)) throw new Error(`${name}: the unit ${rest} must end the name`);
    family.unit = rest;
  } else family.help = rest;
  return family;
}

function sampleOf(line: string): Sample {
  const match = SAMPLE.exec(line);
  if (match === null) throw new Error(`malformed line: ${line}`);
  const [, name = "", labelText = "", value = "", timestamp] = match;
  const labels: Record<string, string> = {};
  for (const [, label = "", escaped = ""] of labelText.matchAll(/([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"/g)) {
    if (label in labels) throw new Error(`${name}: label ${label} twice`);
    labels[label] = escaped.replace(/\\(.)/g, (_, one: string) => (one === "n" ? "\n" : one));
  }
  return { name, labels, value: realOf(value), timestamp: timestamp === undefined ? null : realOf(timestamp) };
}

function realOf(text: string): number {
  return Number(text.replace("Inf", "Infinity"));
}
