import { compileSelector, type LabelSelector } from "../kube/index.ts";
import type { Load, Micros, Noise, PodLoad, ServiceLoad } from "../world/plan.ts";
import type { CsvTable } from "./csv.ts";
import { readCurve } from "./curves.ts";
import { type Field, isRecord } from "./field.ts";
import type { ObjectIndex, PodSource } from "./objects.ts";
import { nearestFew } from "./spelling.ts";

export interface LoadContext {
  readonly index: ObjectIndex;
  readonly csv: ReadonlyMap<string, CsvTable>;
  readonly durationMicros: Micros;
}

/** Reads `spec.loads`. */
export function readLoads(fields: readonly Field[], context: LoadContext): Load[] {
  const loads: Load[] = [];
  const seen = new Set<string>();
  for (const field of fields) {
    const load = readLoad(field, context, seen);
    if (load === null) continue;
    if (seen.has(load.name)) field.get("name").report("E0406", `there are two loads "${load.name}"`);
    seen.add(load.name);
    loads.push(load);
  }
  return loads;
}

function readLoad(field: Field, context: LoadContext, seen: ReadonlySet<string>): Load | null {
  const isService = field.get("service").isPresent;
  if (isService === field.get("selector").isPresent) {
    field.report("E0110", `${field.label}: expected either service or selector; got ${isService ? "both" : "neither"}`);
    return null;
  }
  const foreign = isService
    ? ["container", "cpu", "memory", "startup", "stop", "runFor", "exitCode", "namespace"]
    : ["demand", "perRequest", "clients"];
  for (const key of foreign) {
    if (!field.get(key).isPresent) continue;
    field
      .get(key)
      .reportKey("E0110", `"${key}" does not go with "${isService ? "service" : "selector"}" in ${field.label}`);
  }
  const startMicros = field.get("start").micros();
  const endMicros = field.get("end").micros(context.durationMicros);
  if (endMicros <= startMicros) field.get("end").report("E0405", `${field.label}: end is not after start`);
  const name = field.get("name").text(freeName(isService ? field.get("service").text() : "pods", seen));
  const base = { name, source: field.place, startMicros, endMicros };
  return isService ? { ...base, ...readServiceLoad(field, context) } : { ...base, ...readPodLoad(field, context) };
}

/** `wanted`, or with the first number behind it that makes it unique. */
function freeName(wanted: string, seen: ReadonlySet<string>): string {
  if (!seen.has(wanted)) return wanted;
  let number = 2;
  while (seen.has(`${wanted}-${number}`)) number++;
  return `${wanted}-${number}`;
}

type Own<T> = Omit<T, "name" | "source" | "startMicros" | "endMicros">;

function readServiceLoad(field: Field, context: LoadContext): Own<ServiceLoad> {
  const [namespace, service] = splitName(field.get("service").text());
  checkService(field, context.index, namespace, service);
  for (const key of ["demand", "perRequest"]) {
    if (!field.get(key).isPresent) field.report("E0111", `"${key}" is missing in ${field.label}`);
  }
  const cost = field.get("perRequest");
  const options = {
    unit: "number",
    csv: context.csv,
    noise: readNoise(field.get("noise")),
    isPerContainer: false,
  } as const;
  return {
    kind: "service",
    namespace,
    service,
    requestsPerSecond: readCurve(field.get("demand").get("rps"), options),
    perRequest: { cpuMicros: cost.get("cpu").micros(), latencyMicros: cost.get("latency").micros() },
    ...(field.get("clients").isPresent && {
      clients: {
        count: field.get("clients").get("count").number(1),
        keepAliveMicros: field.get("clients").get("keepAlive").micros(),
      },
    }),
  };
}

export function splitName(text: string): [namespace: string, name: string] {
  const slash = text.indexOf("/");
  return slash < 0 ? ["default", text] : [text.slice(0, slash), text.slice(slash + 1)];
}

function checkService(field: Field, index: ObjectIndex, namespace: string, name: string): void {
  const service = index.find({ kind: "Service", namespace, name });
  const place = field.get("service");
  if (service === null) {
    place.report("E0402", `there is no Service "${namespace}/${name}"${index.suggest("Service", namespace, name)}`);
    return;
  }
  const spec: unknown = "spec" in service.object ? service.object.spec : undefined;
  const selector: unknown = isRecord(spec) ? spec.selector : undefined;
  if (!isRecord(selector)) {
    place.report("E0402", `Service "${namespace}/${name}" has no selector: its demand has nowhere to go`);
    return;
  }
  const matchLabels = selector as Record<string, string>;
  reportIfNothing(
    place,
    { matchLabels },
    inNamespace(index.podSources, namespace),
    `the selector of Service "${name}"`,
  );
}

function inNamespace(sources: readonly PodSource[], namespace: string | null): PodSource[] {
  return sources.filter((source) => namespace === null || source.namespace === namespace);
}

function readPodLoad(field: Field, context: LoadContext): Own<PodLoad> {
  const selector = field.get("selector").value as LabelSelector;
  const namespace = field.get("namespace").textOrNull();
  const sources = inNamespace(context.index.podSources, namespace);
  const matched = reportIfNothing(field.get("selector"), selector, sources, "the selector");
  checkContainer(field.get("container"), matched);
  const curves = { csv: context.csv, noise: readNoise(field.get("noise")), isPerContainer: true };
  const [cpu, memory, startup] = [field.get("cpu"), field.get("memory"), field.get("startup")];
  const runFor = field.get("runFor").distribution();
  const isEmpty = [cpu, memory, startup, field.get("stop"), field.get("runFor")].every((part) => !part.isPresent);
  if (isEmpty) field.report("E0111", `${field.label} needs cpu, memory, startup, stop or runFor`);
  if (runFor === null && field.get("exitCode").isPresent) {
    field.get("exitCode").reportKey("E0110", `"exitCode" does not go without "runFor" in ${field.label}`);
  }
  return {
    kind: "pods",
    namespace,
    selector,
    container: field.get("container").textOrNull(),
    cpuMilli: cpu.isPresent ? readCurve(cpu, { ...curves, unit: "milli" }) : null,
    memoryBytes: memory.isPresent ? readCurve(memory, { ...curves, unit: "bytes" }) : null,
    startup: startup.isPresent
      ? {
          cpuMilli: startup.get("cpu").milli(),
          forMicros: startup.get("for").micros(),
          readyAfterMicros: startup.get("readyAfter").micros(),
        }
      : null,
    stop: field.get("stop").distribution(),
    ...(runFor === null ? {} : { run: { forMicros: runFor, exitCode: field.get("exitCode").number(0) } }),
  };
}

function checkContainer(field: Field, matched: readonly PodSource[]): void {
  const name = field.textOrNull();
  if (name === null || matched.length === 0) return;
  const names = [...new Set(matched.flatMap((source) => source.containers))];
  if (!names.includes(name))
    field.report("E0403", `no selected pod has a container "${name}" — they have ${names.join(", ")}`);
}

export function readNoise(field: Field): Noise | null {
  if (!field.isPresent) return null;
  const everyMicros = field.get("every").micros();
  if (everyMicros === 0) field.get("every").report("E0405", "every must be greater than 0");
  return { relativeSd: field.get("spread").share(), everyMicros };
}

/** The sources that a selector matches; when there are none, an error with the nearest labels. */
export function reportIfNothing(
  field: Field,
  selector: LabelSelector,
  sources: readonly PodSource[],
  what: string,
): PodSource[] {
  const matcher = compileSelector(selector);
  const matched = sources.filter((source) => matcher.matches(source.labels));
  if (matched.length > 0) return matched;
  const labels = sources.flatMap((source) => Object.entries(source.labels).map(([key, value]) => `${key}=${value}`));
  field.report("E0401", `${what} ${matcher.text} matches no pods${nearestLabels(matcher.text, labels)}`);
  return [];
}

/** ` — the nearest labels are a=b, c=d, e=f`; the first three when none is near. */
export function nearestLabels(wanted: string, pairs: readonly string[]): string {
  const near = nearestFew(wanted.split(",")[0] ?? "", pairs, 3);
  const shown = near.length > 0 ? near : [...new Set(pairs)].slice(0, 3);
  return shown.length === 0 ? "" : ` — the nearest labels are ${shown.join(", ")}`;
}
