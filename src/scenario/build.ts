import { parseRfc3339 } from "../units/index.ts";
import { nodeOfPool } from "../world/index.ts";
import type {
  Assertion,
  ImagePlan,
  Plan,
  PlannedNode,
  PlannedObject,
  PlannedPool,
  SchedulerPlan,
  SeriesName,
} from "../world/plan.ts";
import { readActions } from "./actions.ts";
import { readArrivals } from "./arrivals.ts";
import { checkMatchers, readAssertion } from "./assertions.ts";
import { checkAutoscalers } from "./autoscalers.ts";
import { DEFAULT_POOL, nodeFromManifest, readPools } from "./cluster.ts";
import type { CsvTable } from "./csv.ts";
import type { SourceDocument } from "./documents.ts";
import { readFailures } from "./failures.ts";
import { Field } from "./field.ts";
import { exposedBy } from "./kubectl-make.ts";
import { readLoads } from "./loads.ts";
import { readMetrics } from "./metrics.ts";
import { readClusterAutoscaler } from "./node-groups.ts";
import { ObjectIndex } from "./objects.ts";
import type { Problem } from "./problem.ts";
import { checkClaims, withStandardClass } from "./storage.ts";
import { readTiming } from "./timing.ts";

export interface PlanInput {
  /** The scenario, valid by the schema and with every default written out. */
  readonly document: SourceDocument;
  /** The objects of its manifests. */
  readonly objects: readonly PlannedObject[];
  /** The objects of its `apply` actions, by key (see `applyKey`). */
  readonly applied: ReadonlyMap<string, readonly PlannedObject[]>;
  /** The objects of the files of arrivals, by path. */
  readonly templates: ReadonlyMap<string, readonly PlannedObject[]>;
  readonly csv: ReadonlyMap<string, CsvTable>;
  readonly run: number;
  /** null for kube-scheduler's defaults. */
  readonly scheduler: SchedulerPlan | null;
}

export interface BuiltPlan {
  readonly plan: Plan;
  readonly problems: readonly Problem[];
}

/** Turns a valid scenario and its objects into a plan; what does not fit together is reported. */
export function buildPlan(input: PlanInput): BuiltPlan {
  const problems: Problem[] = [];
  const root = new Field(problems, input.document, [], input.document.value);
  const spec = root.get("spec");
  const timing = readTiming(spec.get("timing"));
  const pools = readPools(spec.get("cluster").get("nodePools").items(), timing.nodeBoot);
  const nodes = readNodes(spec, input.objects, pools);
  const applied = [...input.applied.values()].flat();
  const cluster = spec.get("cluster");
  const given = withNamespaces(input.objects.filter(({ object }) => object.kind !== "Node"));
  const objects = cluster.get("defaultStorageClass").isTrue(true)
    ? withStandardClass(given, applied, cluster.place)
    : given;
  const index = new ObjectIndex(objects);
  const lines = spec
    .get("actions")
    .items()
    .map((action) => action.get("kubectl"));
  const known = [...objects, ...applied];
  const later = new ObjectIndex([...known, ...exposedBy(lines, new ObjectIndex(known))]);
  const durationMicros = readSpan(spec);
  const context = { index: later, nodes, pools, durationMicros, csv: input.csv, manifests: input.applied };
  const currency = spec.get("currency").text("USD");
  checkAutoscalers(index, problems);
  checkClaims(objects, applied, problems);
  const loads = readLoads(spec.get("loads").items(), context);
  const arrivals = readArrivals(spec.get("arrivals").items(), { ...context, templates: input.templates });
  const plan: Plan = {
    name: root.get("metadata").get("name").text(),
    seed: spec.get("seed").value as string | number,
    run: input.run,
    durationMicros,
    warmupMicros: spec.get("warmup").micros(),
    startEpochMicros: parseRfc3339(spec.get("start").text()),
    kubernetesVersion: spec.get("kubernetesVersion").text(),
    objects,
    nodes,
    pools,
    ...(pools.some(({ autoscale }) => autoscale !== undefined) && {
      clusterAutoscaler: readClusterAutoscaler(spec.get("cluster").get("autoscaler")),
    }),
    images: readImages(spec.get("images")),
    timing,
    loads,
    metrics: readMetrics(spec.get("metrics").items(), {
      ...context,
      serviceLoads: loads.filter(({ kind }) => kind === "service").map(({ name }) => name),
      rateWindowMicros: timing.customMetricsWindowMicros,
    }),
    failures: readFailures(spec.get("failures").items(), context),
    actions: readActions(spec.get("actions").items(), context),
    assertions: readAssertions(spec.get("assertions"), currency, later, nodes),
    fidelity: {
      periodic: spec.get("fidelity").get("periodic").text() === "explicit" ? "explicit" : "chain",
      hpaFormula: spec.get("fidelity").get("hpaFormula").text() === "before-1.16" ? "before-1.16" : "current",
      ...(spec.get("fidelity").get("cpuContention").isTrue() && { cpuContention: true }),
    },
    record: {
      sampleMicros: spec.get("record").get("sample").micros(),
      events: spec.get("record").get("events").isTrue(true),
      decisions: spec.get("record").get("decisions").isTrue(true),
      schedulerResults: spec.get("record").get("schedulerResults").isTrue(false),
      ...(spec.get("record").get("series").isPresent && {
        series: spec.get("record").get("series").texts() as SeriesName[],
      }),
    },
    ...(arrivals.length === 0 ? {} : { arrivals }),
    ...(input.scheduler === null ? {} : { scheduler: input.scheduler }),
    currency,
  };
  if (plan.record.sampleMicros === 0)
    spec.get("record").get("sample").report("E0405", "record.sample must be greater than 0");
  return { plan: deepFreeze(plan), problems };
}

function readSpan(spec: Field): number {
  const duration = spec.get("duration").micros();
  if (duration === 0) spec.get("duration").report("E0405", "duration must be greater than 0");
  if (spec.get("warmup").micros() >= duration && duration > 0) {
    spec.get("warmup").report("E0405", "warmup must be shorter than duration");
  }
  return duration;
}

function readNodes(spec: Field, objects: readonly PlannedObject[], planned: readonly PlannedPool[]): PlannedNode[] {
  const pools = spec.get("cluster").get("nodePools");
  const fromPools = planned.flatMap((pool) =>
    Array.from({ length: pool.count }, (_, index) => nodeOfPool(pool, index)),
  );
  const fromManifests = objects.filter(({ object }) => object.kind === "Node").map(nodeFromManifest);
  const nodes = [...fromManifests, ...fromPools];
  if (nodes.length === 0) spec.get("cluster").report("E0410", "the cluster has no nodes");
  const seen = new Set<string>();
  for (const node of nodes) {
    if (seen.has(node.name)) pools.report("E0406", `there are two nodes "${node.name}"`);
    seen.add(node.name);
  }
  return nodes;
}

/** The pools of a scenario that has neither pools nor nodes among its manifests. */
export function defaultPools(): unknown[] {
  return [{ ...DEFAULT_POOL }];
}

function readImages(field: Field): ImagePlan {
  const preloaded = field.get("preloaded").isTrue();
  const defaultSizeBytes = field.get("defaultSize").whole();
  const images = field
    .get("list")
    .items()
    .map((item) => ({
      name: item.get("name").text(),
      sizeBytes: item.get("size").whole(defaultSizeBytes),
      preloaded: item.get("preloaded").isTrue(preloaded),
      missing: item.get("missing").isTrue(),
    }));
  return { defaultSizeBytes, preloaded, images };
}

function readAssertions(
  field: Field,
  currency: string,
  index: ObjectIndex,
  nodes: readonly PlannedNode[],
): Assertion[] {
  const names = nodes.map((node) => node.name);
  const assertions: Assertion[] = [];
  for (const item of field.items()) {
    const assertion = readAssertion(item, currency);
    if (assertion === null) continue;
    checkMatchers(item, assertion, index, names);
    assertions.push(assertion);
  }
  return assertions;
}

const BUILT_IN_NAMESPACES = ["default", "kube-system", "kube-public", "kube-node-lease"];

/** The objects, headed by a Namespace for each namespace that they use and nobody declares. */
function withNamespaces(objects: readonly PlannedObject[]): PlannedObject[] {
  const declared = new Set(BUILT_IN_NAMESPACES);
  for (const { object } of objects) if (object.kind === "Namespace") declared.add(object.metadata.name ?? "");
  const made: PlannedObject[] = [];
  for (const { object, source } of objects) {
    const name = object.metadata.namespace ?? "default";
    if (declared.has(name)) continue;
    declared.add(name);
    const metadata = { name, labels: { "kubernetes.io/metadata.name": name } };
    made.push({ object: { apiVersion: "v1", kind: "Namespace", metadata }, source, simulated: true });
  }
  return [...made, ...objects];
}

function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}
