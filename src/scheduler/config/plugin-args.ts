import { type NodeSelectorTerm, ROOT_PATH, type TopologySpreadConstraint, validateAffinity } from "../../kube/index.ts";
import { seconds } from "../../units/index.ts";
import type { ConfigField } from "./config-field.ts";
import type {
  FitArgs,
  NodeAffinityArgs,
  PodAffinityArgs,
  PreemptionArgs,
  ProfileArgs,
  ShapePoint,
  SpreadArgs,
  VolumeBindingArgs,
  WeightedResource,
} from "./types.ts";

const CPU_AND_MEMORY: readonly WeightedResource[] = [
  { name: "cpu", weight: 1 },
  { name: "memory", weight: 1 },
];
/** Scores of a shape go to 10; those of nodes to 100. */
const SHAPE_SCALE = 10;
/** From full marks for an empty volume to none for a full one. */
const ROOM_SHAPE: readonly ShapePoint[] = [
  { utilization: 0, score: 100 },
  { utilization: 100, score: 0 },
];
const STRATEGIES = ["LeastAllocated", "MostAllocated", "RequestedToCapacityRatio"] as const;
const OPERATORS = ["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"] as const;

/** @source kubernetes 1.37 scheduler apis/config/v1 defaults.go */
export const DEFAULT_ARGS: ProfileArgs = {
  fit: {
    strategy: "LeastAllocated",
    resources: CPU_AND_MEMORY,
    shape: [],
    ignoredResources: [],
    ignoredResourceGroups: [],
  },
  balanced: ["cpu", "memory"],
  spread: { defaultingType: "System", defaultConstraints: [] },
  nodeAffinity: { required: null, preferred: [] },
  podAffinity: { hardPodAffinityWeight: 1, ignorePreferredTermsOfExistingPods: false },
  preemption: { minCandidateNodesPercentage: 10, minCandidateNodesAbsolute: 100 },
  volumes: { bindTimeoutMicros: seconds(600), shape: ROOM_SHAPE },
  others: {},
};

type ArgsReader = (args: ConfigField) => Partial<ProfileArgs>;

/** Readers of `args`, by plugin name; each gives the part of the parameters that the plugin has. */
export const ARGS_READERS: ReadonlyMap<string, ArgsReader> = new Map<string, ArgsReader>([
  ["NodeResourcesFit", (args) => ({ fit: readFit(args) })],
  ["NodeResourcesBalancedAllocation", (args) => ({ balanced: readBalanced(args) })],
  ["PodTopologySpread", (args) => ({ spread: readSpread(args) })],
  ["NodeAffinity", (args) => ({ nodeAffinity: readNodeAffinity(args) })],
  ["InterPodAffinity", (args) => ({ podAffinity: readPodAffinity(args) })],
  ["DefaultPreemption", (args) => ({ preemption: readPreemption(args) })],
  ["VolumeBinding", (args) => ({ volumes: readVolumeBinding(args) })],
  ["DynamicResources", (args) => keep(args, ["filterTimeout", "bindingTimeout"])],
]);

const TYPE_FIELDS = ["apiVersion", "kind"];

function readFit(args: ConfigField): FitArgs {
  args.only([...TYPE_FIELDS, "ignoredResources", "ignoredResourceGroups", "scoringStrategy"]);
  const strategy = args.get("scoringStrategy");
  strategy.only(["type", "resources", "requestedToCapacityRatio"]);
  const type = strategy.get("type").oneOf(STRATEGIES, "LeastAllocated");
  const ratio = strategy.get("requestedToCapacityRatio");
  ratio.only(["shape"]);
  const shape = type === "RequestedToCapacityRatio" ? readShape(ratio.get("shape")) : [];
  const groups = args.get("ignoredResourceGroups").items();
  for (const group of groups) {
    if (group.text("").includes("/")) group.error(`${group.label}: a group is the part before the "/"`);
  }
  return {
    strategy: type,
    resources: readResources(strategy.get("resources"), 100),
    shape,
    ignoredResources: args
      .get("ignoredResources")
      .items()
      .map((one) => one.text("")),
    ignoredResourceGroups: groups.map((one) => one.text("")),
  };
}

/** Weights 1 to `most`; none given is cpu and memory alike. */
function readResources(field: ConfigField, most: number): readonly WeightedResource[] {
  const items = field.items();
  if (items.length === 0) return CPU_AND_MEMORY;
  const seen = new Set<string>();
  return items.map((item) => {
    item.only(["name", "weight"]);
    const name = item.get("name").text("");
    if (name === "") item.error(`${item.label}: a resource needs a name`);
    if (seen.has(name)) item.error(`${item.label}: resource "${name}" is named twice`);
    seen.add(name);
    const weight = item.get("weight");
    // 0 is "not given" in the original.
    return { name, weight: weight.value === 0 ? 1 : weight.integer(1, { min: 1, max: most }) };
  });
}

function readShape(field: ConfigField): ShapePoint[] {
  const items = field.items();
  if (items.length === 0) field.error(`${field.label}: at least one point must be specified`);
  let last = -1;
  return items.map((item) => {
    item.only(["utilization", "score"]);
    const utilization = item.get("utilization").integer(0, { min: 0, max: 100 });
    const score = item.get("score").integer(0, { min: 0, max: 10 });
    if (utilization <= last) item.error(`${item.label}: utilization values must be sorted in increasing order`);
    last = utilization;
    return { utilization, score: score * SHAPE_SCALE };
  });
}

function readBalanced(args: ConfigField): string[] {
  args.only([...TYPE_FIELDS, "resources"]);
  return readResources(args.get("resources"), 1).map(({ name }) => name);
}

function readSpread(args: ConfigField): SpreadArgs {
  args.only([...TYPE_FIELDS, "defaultConstraints", "defaultingType"]);
  const defaultingType = args.get("defaultingType").oneOf(["List", "System"] as const, "System");
  const field = args.get("defaultConstraints");
  const seen = new Set<string>();
  const defaultConstraints = field.items().map((item) => {
    const constraint = readConstraint(item);
    const key = `${constraint.topologyKey} ${constraint.whenUnsatisfiable}`;
    if (seen.has(key))
      item.error(`${item.label}: there is another constraint with this topologyKey and whenUnsatisfiable`);
    seen.add(key);
    return constraint;
  });
  if (defaultingType === "System" && defaultConstraints.length > 0) {
    field.error(`${field.label}: only with defaultingType: List; the system's own constraints would be used`);
  }
  return { defaultingType, defaultConstraints };
}

const POLICIES = ["Honor", "Ignore"] as const;

function readConstraint(item: ConfigField): TopologySpreadConstraint {
  item.only([
    "maxSkew",
    "topologyKey",
    "whenUnsatisfiable",
    "labelSelector",
    "minDomains",
    "nodeAffinityPolicy",
    "nodeTaintsPolicy",
    "matchLabelKeys",
  ]);
  const topologyKey = item.get("topologyKey");
  if (topologyKey.text("") === "") item.error(`${item.label}: a constraint needs a topologyKey`);
  const selector = item.get("labelSelector");
  if (selector.isPresent) selector.error(`${selector.label}: must not be given: selectors follow from the pod`);
  const maxSkew = item.get("maxSkew");
  if (!maxSkew.isPresent) item.error(`${item.label}: a constraint needs a maxSkew`);
  const minDomains = item.get("minDomains");
  const affinityPolicy = item.get("nodeAffinityPolicy");
  const taintsPolicy = item.get("nodeTaintsPolicy");
  return {
    maxSkew: maxSkew.integer(1, { min: 1 }),
    topologyKey: topologyKey.text(""),
    whenUnsatisfiable: item
      .get("whenUnsatisfiable")
      .oneOf(["DoNotSchedule", "ScheduleAnyway"] as const, "DoNotSchedule"),
    ...(minDomains.isPresent ? { minDomains: minDomains.integer(1, { min: 1 }) } : {}),
    ...(affinityPolicy.isPresent ? { nodeAffinityPolicy: affinityPolicy.oneOf(POLICIES, "Honor") } : {}),
    ...(taintsPolicy.isPresent ? { nodeTaintsPolicy: taintsPolicy.oneOf(POLICIES, "Ignore") } : {}),
  };
}

function readNodeAffinity(args: ConfigField): NodeAffinityArgs {
  args.only([...TYPE_FIELDS, "addedAffinity"]);
  const added = args.get("addedAffinity");
  const [hard, soft] = [
    "requiredDuringSchedulingIgnoredDuringExecution",
    "preferredDuringSchedulingIgnoredDuringExecution",
  ] as const;
  added.only([hard, soft]);
  const required = added.get(hard);
  required.only(["nodeSelectorTerms"]);
  const terms = required.get("nodeSelectorTerms").items().map(readTerm);
  const preferred = added
    .get(soft)
    .items()
    .map((item) => {
      item.only(["weight", "preference"]);
      return {
        weight: item.get("weight").integer(1, { min: 1, max: 100 }),
        preference: readTerm(item.get("preference")),
      };
    });
  const nodeAffinity = {
    ...(required.isPresent ? { [hard]: { nodeSelectorTerms: terms } } : {}),
    ...(preferred.length > 0 ? { [soft]: preferred } : {}),
  };
  for (const { path, type, detail } of validateAffinity({ nodeAffinity }, ROOT_PATH)) {
    let field = added;
    for (const step of path.slice(1))
      field = typeof step === "number" ? (field.items()[step] ?? field) : field.get(step);
    field.error(`${field.label}: ${detail ?? type}`);
  }
  return { required: required.isPresent ? terms : null, preferred };
}

function readTerm(field: ConfigField): NodeSelectorTerm {
  field.only(["matchExpressions", "matchFields"]);
  const requirements = (key: string) =>
    field
      .get(key)
      .items()
      .map((item) => {
        item.only(["key", "operator", "values"]);
        const values = item.get("values");
        return {
          key: item.get("key").text(""),
          operator: item.get("operator").oneOf(OPERATORS, "In"),
          ...(values.isPresent ? { values: values.items().map((one) => one.text("")) } : {}),
        };
      });
  const [expressions, fields] = [requirements("matchExpressions"), requirements("matchFields")];
  return {
    ...(expressions.length > 0 ? { matchExpressions: expressions } : {}),
    ...(fields.length > 0 ? { matchFields: fields } : {}),
  };
}

function readPodAffinity(args: ConfigField): PodAffinityArgs {
  args.only([...TYPE_FIELDS, "hardPodAffinityWeight", "ignorePreferredTermsOfExistingPods"]);
  return {
    hardPodAffinityWeight: args.get("hardPodAffinityWeight").integer(1, { min: 0, max: 100 }),
    ignorePreferredTermsOfExistingPods: args.get("ignorePreferredTermsOfExistingPods").isTrue(false),
  };
}

function readPreemption(args: ConfigField): PreemptionArgs {
  args.only([...TYPE_FIELDS, "minCandidateNodesPercentage", "minCandidateNodesAbsolute"]);
  const percentage = args.get("minCandidateNodesPercentage").integer(10, { min: 0, max: 100 });
  const absolute = args.get("minCandidateNodesAbsolute").integer(100, { min: 0 });
  if (percentage === 0 && absolute === 0) {
    args
      .get("minCandidateNodesPercentage")
      .error("minCandidateNodesPercentage and minCandidateNodesAbsolute cannot both be 0");
  }
  return { minCandidateNodesPercentage: percentage, minCandidateNodesAbsolute: absolute };
}

function readVolumeBinding(args: ConfigField): VolumeBindingArgs {
  args.only([...TYPE_FIELDS, "bindTimeoutSeconds", "shape"]);
  const shape = args.get("shape");
  return {
    bindTimeoutMicros: seconds(args.get("bindTimeoutSeconds").integer(600, { min: 0 })),
    shape: shape.isPresent ? readShape(shape) : ROOM_SHAPE,
  };
}

/** Parameters of a plugin whose subject is not simulated. */
function keep(args: ConfigField, keys: readonly string[]): Partial<ProfileArgs> {
  args.only([...TYPE_FIELDS, ...keys]);
  return {};
}
