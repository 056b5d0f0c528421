import { expect, test } from "vitest";
import { seconds } from "../../units/index.ts";
import { DEFAULT_CONFIG, readSchedulerConfig } from "./read-config.ts";
import type { ExtensionPoint, PluginPoints } from "./types.ts";

const OWN: PluginPoints = new Map([
  ["Mine", ["filter", "score"]],
  ["Yours", ["score"]],
]);

function config(fields: object) {
  return { apiVersion: "kubescheduler.config.k8s.io/v1", kind: "KubeSchedulerConfiguration", ...fields };
}

function read(fields: object) {
  return readSchedulerConfig(config(fields), OWN);
}

function namesAt(plugins: object, point: ExtensionPoint): string[] {
  const { config: made, problems } = read({ profiles: [{ plugins }] });
  expect(problems).toEqual([]);
  return (made.profiles[0]?.points[point] ?? []).map(({ name, weight }) => (weight === 1 ? name : `${name}*${weight}`));
}

const SCORES = [
  "TaintToleration*3",
  "NodeAffinity*2",
  "NodeResourcesFit",
  "VolumeBinding",
  "PodTopologySpread*2",
  "InterPodAffinity*2",
  "DynamicResources*2",
  "NodeResourcesBalancedAllocation",
  "ImageLocality",
];

test.each<[string, object, ExtensionPoint, readonly string[]]>([
  ["defaults", {}, "score", SCORES],
  [
    "an own plugin comes last",
    { multiPoint: { enabled: [{ name: "Mine", weight: 4 }] } },
    "score",
    [...SCORES, "Mine*4"],
  ],
  [
    "a default enabled again keeps its place",
    { multiPoint: { enabled: [{ name: "NodeResourcesFit", weight: 7 }] } },
    "score",
    SCORES.map((name) => (name === "NodeResourcesFit" ? "NodeResourcesFit*7" : name)),
  ],
  [
    "a weight at the point wins, and the plugin goes first",
    {
      multiPoint: { enabled: [{ name: "ImageLocality", weight: 7 }] },
      score: { enabled: [{ name: "ImageLocality", weight: 5 }] },
    },
    "score",
    ["ImageLocality*5", ...SCORES.slice(0, -1)],
  ],
  ["only at the point: last", { score: { enabled: [{ name: "Yours", weight: 2 }] } }, "score", [...SCORES, "Yours*2"]],
  [
    "overriding, then multiPoint, then the others, in this order",
    {
      multiPoint: { enabled: [{ name: "Mine" }] },
      score: { enabled: [{ name: "Yours" }, { name: "ImageLocality" }, { name: "TaintToleration", weight: 3 }] },
    },
    "score",
    ["ImageLocality", "TaintToleration*3", ...SCORES.slice(1, -1), "Mine", "Yours"],
  ],
  ["disabled at a point", { score: { disabled: [{ name: "ImageLocality" }] } }, "score", SCORES.slice(0, -1)],
  ["star at a point", { score: { disabled: [{ name: "*" }], enabled: [{ name: "Yours" }] } }, "score", ["Yours"]],
  [
    "star at another point",
    { score: { disabled: [{ name: "*" }] } },
    "postFilter",
    ["DynamicResources*2", "DefaultPreemption"],
  ],
  [
    "star in multiPoint",
    {
      multiPoint: {
        disabled: [{ name: "*" }],
        enabled: [{ name: "DefaultBinder" }, { name: "PrioritySort" }, { name: "NodeName" }],
      },
    },
    "filter",
    ["NodeName"],
  ],
  [
    "disabled in multiPoint",
    { multiPoint: { disabled: [{ name: "DefaultPreemption" }] } },
    "preEnqueue",
    ["SchedulingGates", "DynamicResources*2"],
  ],
])("plugins: %s", (_title, plugins, point, expected) => {
  expect(namesAt(plugins, point)).toEqual(expected);
});

test("numbers: of the file, else the defaults", () => {
  expect(DEFAULT_CONFIG).toMatchObject({ podInitialBackoffMicros: seconds(1), podMaxBackoffMicros: seconds(10) });
  expect(DEFAULT_CONFIG.profiles).toMatchObject([{ schedulerName: "default-scheduler", percentageOfNodesToScore: 0 }]);
  const { config: made, problems } = read({
    percentageOfNodesToScore: 40,
    podInitialBackoffSeconds: 2,
    podMaxBackoffSeconds: 60,
    profiles: [{ schedulerName: "a" }, { schedulerName: "b", percentageOfNodesToScore: 0 }],
  });
  expect(problems).toEqual([]);
  expect(made).toMatchObject({ podInitialBackoffMicros: seconds(2), podMaxBackoffMicros: seconds(60) });
  expect(made.profiles.map((profile) => profile.percentageOfNodesToScore)).toEqual([40, 0]);
});

test("arguments of the plugins", () => {
  const term = { matchExpressions: [{ key: "gpu", operator: "Exists" }] };
  const { config: made, problems } = read({
    profiles: [
      {
        pluginConfig: [
          {
            name: "NodeResourcesFit",
            args: {
              apiVersion: "kubescheduler.config.k8s.io/v1",
              kind: "NodeResourcesFitArgs",
              ignoredResourceGroups: ["example.com"],
              scoringStrategy: {
                type: "RequestedToCapacityRatio",
                resources: [{ name: "cpu", weight: 3 }, { name: "nvidia.com/gpu" }],
                requestedToCapacityRatio: {
                  shape: [
                    { utilization: 0, score: 0 },
                    { utilization: 100, score: 10 },
                  ],
                },
              },
            },
          },
          { name: "NodeResourcesBalancedAllocation", args: { resources: [{ name: "cpu", weight: 1 }] } },
          {
            name: "PodTopologySpread",
            args: {
              defaultingType: "List",
              defaultConstraints: [{ maxSkew: 1, topologyKey: "zone", whenUnsatisfiable: "ScheduleAnyway" }],
            },
          },
          {
            name: "NodeAffinity",
            args: { addedAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term] } } },
          },
          { name: "InterPodAffinity", args: { hardPodAffinityWeight: 0 } },
          { name: "DefaultPreemption", args: { minCandidateNodesPercentage: 20 } },
          { name: "VolumeBinding", args: { bindTimeoutSeconds: 60 } },
          { name: "Mine", args: { threshold: 3 } },
        ],
      },
    ],
  });
  expect(problems).toEqual([]);
  expect(made.profiles[0]?.args).toEqual({
    fit: {
      strategy: "RequestedToCapacityRatio",
      resources: [
        { name: "cpu", weight: 3 },
        { name: "nvidia.com/gpu", weight: 1 },
      ],
      shape: [
        { utilization: 0, score: 0 },
        { utilization: 100, score: 100 },
      ],
      ignoredResources: [],
      ignoredResourceGroups: ["example.com"],
    },
    balanced: ["cpu"],
    spread: {
      defaultingType: "List",
      defaultConstraints: [{ maxSkew: 1, topologyKey: "zone", whenUnsatisfiable: "ScheduleAnyway" }],
    },
    nodeAffinity: { required: [term], preferred: [] },
    podAffinity: { hardPodAffinityWeight: 0, ignorePreferredTermsOfExistingPods: false },
    preemption: { minCandidateNodesPercentage: 20, minCandidateNodesAbsolute: 100 },
    volumes: {
      bindTimeoutMicros: 60_000_000,
      shape: [
        { utilization: 0, score: 100 },
        { utilization: 100, score: 0 },
      ],
    },
    others: { Mine: { threshold: 3 } },
  });
});

const args = (name: string, value: object) => ({ profiles: [{ pluginConfig: [{ name, args: value }] }] });
const fitArgs = (scoringStrategy: object) => args("NodeResourcesFit", { scoringStrategy });
const ARGS = "profiles[0].pluginConfig[0].args";

test.each<[string, object, readonly string[]]>([
  [
    "unknown field",
    { profils: [] },
    ['error profils: unknown field "profils" of a KubeSchedulerConfiguration — did you mean "profiles"?'],
  ],
  [
    "other version",
    { apiVersion: "kubescheduler.config.k8s.io/v1beta3" },
    [
      'error apiVersion: apiVersion: expected kubescheduler.config.k8s.io/v1; got "kubescheduler.config.k8s.io/v1beta3"',
    ],
  ],
  [
    "percentage",
    { percentageOfNodesToScore: 101 },
    ["error percentageOfNodesToScore: percentageOfNodesToScore: expected a whole number from 0 to 100; got 101"],
  ],
  [
    "backoff",
    { podInitialBackoffSeconds: 20 },
    ["error podMaxBackoffSeconds: podMaxBackoffSeconds (10) is below podInitialBackoffSeconds (20)"],
  ],
  [
    "extenders",
    { extenders: [{ urlPrefix: "http://x" }] },
    ["warning extenders: extenders are not simulated: pods are placed as if there were none"],
  ],
  [
    "process",
    { parallelism: 8 },
    ["note parallelism: parallelism is about the scheduler's process and changes no decision"],
  ],
  [
    "nameless",
    { profiles: [{ schedulerName: "a" }, {}] },
    ["error profiles[1]: profiles[1]: a profile needs a schedulerName"],
  ],
  [
    "twice",
    { profiles: [{ schedulerName: "a" }, { schedulerName: "a" }] },
    ['error profiles[1].schedulerName: there is another profile for "a"'],
  ],
  [
    "unknown plugin",
    { profiles: [{ plugins: { score: { disabled: [{ name: "NodeResourceFit" }] } } }] },
    [
      'error profiles[0].plugins.score.disabled[0].name: there is no plugin "NodeResourceFit" — did you mean "NodeResourcesFit"?',
    ],
  ],
  [
    "wrong point",
    { profiles: [{ plugins: { filter: { enabled: [{ name: "ImageLocality" }] } } }] },
    ['error profiles[0].plugins.filter.enabled[0].name: plugin "ImageLocality" has no filter; it has score'],
  ],
  [
    "no binder",
    { profiles: [{ plugins: { bind: { disabled: [{ name: "*" }] } } }] },
    ["error profiles[0].plugins.bind: at least one bind plugin is needed; none is enabled"],
  ],
  [
    "no sort",
    { profiles: [{ plugins: { queueSort: { disabled: [{ name: "*" }] } } }] },
    ["error profiles[0].plugins.queueSort: exactly one queueSort plugin is needed; none is enabled"],
  ],
  [
    "filter without its preFilter",
    { profiles: [{ plugins: { preFilter: { disabled: [{ name: "NodePorts" }] } } }] },
    [
      'error profiles[0].plugins.preFilter: plugin "NodePorts" cannot filter without its preFilter: disable both or neither',
    ],
  ],
  [
    "strategy",
    fitArgs({ type: "leastAllocated" }),
    [
      `error ${ARGS}.scoringStrategy.type: ${ARGS}.scoringStrategy.type: expected LeastAllocated, MostAllocated, RequestedToCapacityRatio; got "leastAllocated" — did you mean "LeastAllocated"?`,
    ],
  ],
  [
    "no shape",
    fitArgs({ type: "RequestedToCapacityRatio" }),
    [
      `error ${ARGS}.scoringStrategy.requestedToCapacityRatio.shape: ${ARGS}.scoringStrategy.requestedToCapacityRatio.shape: at least one point must be specified`,
    ],
  ],
  [
    "weight",
    fitArgs({ resources: [{ name: "cpu", weight: 101 }] }),
    [
      `error ${ARGS}.scoringStrategy.resources[0].weight: ${ARGS}.scoringStrategy.resources[0].weight: expected a whole number from 1 to 100; got 101`,
    ],
  ],
  [
    "args of another",
    args("NodeResourcesFit", { kind: "NodeAffinityArgs" }),
    [`error ${ARGS}.kind: ${ARGS}.kind: expected NodeResourcesFitArgs`],
  ],
  ["no args", args("NodeName", {}), ['error profiles[0].pluginConfig[0].name: plugin "NodeName" has no args']],
  [
    "constraints of the system",
    args("PodTopologySpread", {
      defaultConstraints: [{ maxSkew: 1, topologyKey: "zone", whenUnsatisfiable: "ScheduleAnyway" }],
    }),
    [
      `error ${ARGS}.defaultConstraints: ${ARGS}.defaultConstraints: only with defaultingType: List; the system's own constraints would be used`,
    ],
  ],
  [
    "affinity",
    args("NodeAffinity", {
      addedAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: "a", operator: "In" }] }],
        },
      },
    }),
    [
      `error ${ARGS}.addedAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].values: ${ARGS}.addedAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].values: must be specified when \`operator\` is 'In' or 'NotIn'`,
    ],
  ],
])("problems: %s", (_title, fields, expected) => {
  const { problems } = read(fields);
  const place = (path: readonly (string | number)[]) =>
    path.map((step, index) => (typeof step === "number" ? `[${step}]` : index === 0 ? step : `.${step}`)).join("");
  expect(problems.map(({ kind, path, message }) => `${kind} ${place(path)}: ${message}`)).toEqual(expected);
});
