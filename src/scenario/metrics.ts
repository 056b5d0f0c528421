import type { LabelSelector } from "../kube/index.ts";
import type { LoadMeasure, MetricOrigin, PlannedMetric } from "../world/plan.ts";
import { readCurve } from "./curves.ts";
import type { Field } from "./field.ts";
import { type LoadContext, readNoise, reportIfNothing } from "./loads.ts";
import { kindOfWord, kindWords } from "./objects.ts";
import { didYouMean } from "./spelling.ts";

const ORIGINS = ["value", "load", "queue"] as const;

export interface MetricContext extends LoadContext {
  /** Names of the loads on Services. */
  readonly serviceLoads: readonly string[];
  /** Window of rates that do not say their own. */
  readonly rateWindowMicros: number;
}

/** Reads `spec.metrics`. */
export function readMetrics(fields: readonly Field[], context: MetricContext): PlannedMetric[] {
  const metrics: PlannedMetric[] = [];
  for (const field of fields) {
    const metric = readMetric(field, context);
    if (metric !== null) metrics.push(metric);
  }
  return metrics;
}

function readMetric(field: Field, context: MetricContext): PlannedMetric | null {
  const origin = readOrigin(field, context);
  if (origin === null) return null;
  const kind = field.get("kind").text() as PlannedMetric["kind"];
  const namespace = field.get("namespace").textOrNull();
  const selectorField = field.get("selector");
  const needsSelector = origin.kind === "queue" || (kind === "pods" && origin.kind === "curve");
  if (needsSelector && !selectorField.isPresent) {
    field.report(
      "E0111",
      `"selector" is missing in ${field.label}: it says which pods ${kind === "pods" ? "have the metric" : "empty the queue"}`,
    );
  }
  if (!needsSelector && selectorField.isPresent) {
    selectorField.reportKey(
      "E0110",
      `"selector" goes with a queue, or with the value of a pods metric, in ${field.label}`,
    );
  }
  if (kind === "pods" && origin.kind === "queue") {
    field.get("kind").report("E0110", `${field.label}: a queue is an object's or an external metric`);
  }
  const selector = needsSelector && selectorField.isPresent ? (selectorField.value as LabelSelector) : null;
  if (selector !== null) {
    const sources = context.index.podSources.filter((one) => namespace === null || one.namespace === namespace);
    reportIfNothing(selectorField, selector, sources, "the selector");
  }
  const isRate = origin.kind === "load" && origin.measure === "requests_per_second";
  return {
    name: field.get("name").text(),
    kind,
    namespace: kind === "object" ? (namespace ?? "default") : namespace,
    labels: field.get("labels").textMap(),
    selector,
    object: readObject(field, kind, context, namespace ?? "default"),
    windowMicros: field.get("window").micros(isRate ? context.rateWindowMicros : 0),
    from: origin,
    gaps: field.get("gaps").items().map(readGap),
  };
}

function readGap(field: Field): { fromMicros: number; toMicros: number } {
  const gap = { fromMicros: field.get("from").micros(), toMicros: field.get("to").micros() };
  if (gap.toMicros <= gap.fromMicros) field.get("to").report("E0405", `${field.label}: to is not after from`);
  return gap;
}

function readOrigin(field: Field, context: MetricContext): MetricOrigin | null {
  const given = ORIGINS.filter((key) => field.get(key).isPresent);
  if (given.length !== 1) {
    const found = given.length === 0 ? "none of them" : given.join(" and ");
    field.report("E0110", `${field.label}: expected exactly one of ${ORIGINS.join(", ")}; got ${found}`);
    return null;
  }
  const noise = readNoise(field.get("noise"));
  const curves = {
    unit: "number",
    csv: context.csv,
    noise,
    isPerContainer: field.get("kind").text() === "pods",
  } as const;
  if (given[0] === "value") return { kind: "curve", value: readCurve(field.get("value"), curves) };
  if (given[0] === "load") return readLoadOrigin(field, context);
  const queue = field.get("queue");
  return {
    kind: "queue",
    queue: {
      arrivalsPerSecond: readCurve(queue.get("arrivals"), { ...curves, isPerContainer: false }),
      takenPerSecond: queue.get("perPod").number(),
      initialLength: queue.get("initial").number(),
    },
  };
}

function readLoadOrigin(field: Field, { serviceLoads }: MetricContext): MetricOrigin {
  const load = field.get("load").text();
  if (!serviceLoads.includes(load)) {
    const near = didYouMean(load, serviceLoads);
    const known = serviceLoads.length === 0 ? "there are none" : `there are ${serviceLoads.join(", ")}`;
    field
      .get("load")
      .report("E0401", `there is no load on a Service called "${load}"${near === "" ? ` — ${known}` : near}`);
  }
  return { kind: "load", load, measure: field.get("measure").text("requests_per_second") as LoadMeasure };
}

function readObject(
  field: Field,
  kind: PlannedMetric["kind"],
  { index }: MetricContext,
  namespace: string,
): PlannedMetric["object"] {
  const object = field.get("object");
  if (kind !== "object") {
    if (object.isPresent) object.reportKey("E0110", `"object" does not go with kind ${kind} in ${field.label}`);
    return null;
  }
  const [word = "", name = "", ...rest] = object.text().split("/");
  const found = kindOfWord(word);
  if (!object.isPresent) field.report("E0111", `"object" is missing in ${field.label}`);
  else if (name === "" || rest.length > 0) {
    object.report("E0110", `${object.label}: expected a kind and a name such as service/web; got "${object.text()}"`);
  } else if (found === null) {
    object.report("E0110", `there is no kind "${word}"${didYouMean(word, kindWords())}`);
  } else if (index.find({ kind: found, namespace, name }) === null) {
    object.report("E0402", `there is no ${found} "${namespace}/${name}"${index.suggest(found, namespace, name)}`);
  }
  return { kind: found ?? word, name };
}
