import { describe, expect, test } from "vitest";
import { withDefaults } from "./defaults.ts";
import { at, invalid, invalidMessage, kubectlInvalidMessage, ROOT_PATH, required } from "./field-errors.ts";
import { findKindByName } from "./kinds.ts";
import type { KubeObject } from "./types.ts";
import { validateObject } from "./validation.ts";

type Spec = Record<string, unknown>;

/** The complaints about a defaulted object. */
function complaints(kind: string, rest: Spec): string[] {
  const object = {
    apiVersion: findKindByName(kind)?.apiVersion,
    kind,
    metadata: { name: "x" },
    ...rest,
  } as unknown as KubeObject;
  return validateObject(withDefaults(object)).map(({ text }) => text);
}

const check = (kind: string, title: string, rest: Spec, expected: readonly string[]) =>
  test(`${kind}: ${title}`, () => expect(complaints(kind, rest)).toEqual(expected));

const LABEL_RULE =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const container = (more: Spec = {}): Spec => ({ name: "a", image: "nginx", ...more });
const podWith = (...containers: Spec[]): Spec => ({ spec: { containers } });

describe("pod", () => {
  const c = "spec.containers[0]";
  check("Pod", "fine", podWith(container()), []);
  check("Pod", "no containers", { spec: {} }, ["spec.containers: Required value"]);
  check("Pod", "no name, no image", podWith({}), [`${c}.name: Required value`, `${c}.image: Required value`]);
  check("Pod", "same name", podWith(container(), container()), ['spec.containers[1].name: Duplicate value: "a"']);
  check("Pod", "port", podWith(container({ ports: [{}, { containerPort: 70000 }] })), [
    `${c}.ports[0].containerPort: Required value`,
    `${c}.ports[1].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive`,
  ]);
  check("Pod", "port name", podWith(container({ ports: [{ containerPort: 1, name: "far-too-long-a-name" }] })), [
    `${c}.ports[0].name: Invalid value: "far-too-long-a-name": must be no more than 15 characters`,
  ]);
  check("Pod", "request above limit", podWith(container({ resources: { requests: { cpu: 2 }, limits: { cpu: 1 } } })), [
    `${c}.resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1`,
  ]);
  check("Pod", "unknown resource", podWith(container({ resources: { limits: { foo: 1 }, requests: { foo: 1 } } })), [
    `${c}.resources.limits[foo]: Invalid value: "foo": must be a standard resource type or fully qualified`,
    `${c}.resources.limits[foo]: Invalid value: "foo": must be a standard resource for containers`,
    `${c}.resources.requests[foo]: Invalid value: "foo": must be a standard resource type or fully qualified`,
    `${c}.resources.requests[foo]: Invalid value: "foo": must be a standard resource for containers`,
  ]);
  check("Pod", "negative", podWith(container({ resources: { requests: { memory: "-1" } } })), [
    `${c}.resources.requests[memory]: Invalid value: "-1": must be greater than or equal to 0`,
  ]);
  check("Pod", "extended resources", podWith(container({ resources: { requests: { "a.com/gpu": 1 } } })), [
    `${c}.resources.limits: Required value: Limit must be set for non overcommitable resources`,
  ]);
  check("Pod", "pull policy", podWith(container({ imagePullPolicy: "X" })), [
    `${c}.imagePullPolicy: Unsupported value: "X": supported values: "Always", "IfNotPresent", "Never"`,
  ]);
  check("Pod", "probes", podWith(container({ livenessProbe: {}, startupProbe: { exec: {}, successThreshold: 2 } })), [
    `${c}.livenessProbe: Required value: must specify a handler type`,
    `${c}.startupProbe.successThreshold: Invalid value: 2: must be 1`,
  ]);
  check("Pod", "volume mounts", podWith(container({ volumeMounts: [{ name: "v", mountPath: "/v" }] })), [
    `${c}.volumeMounts[0].name: Not found: "v"`,
  ]);
  check("Pod", "restart policy", { spec: { containers: [container()], restartPolicy: "Sometimes" } }, [
    'spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"',
  ]);
  check("Pod", "name", { metadata: {}, ...podWith(container()) }, [
    "metadata.name: Required value: name or generateName is required",
  ]);
  check("Pod", "generated name", { metadata: { generateName: "web-" }, ...podWith(container()) }, []);
  check(
    "Pod",
    "tolerations",
    {
      spec: {
        containers: [container()],
        tolerations: [{ operator: "Equal" }, { key: "a", effect: "NoSchedule", tolerationSeconds: 1 }],
      },
    },
    [
      'spec.tolerations[0].operator: Invalid value: "Equal": operator must be Exists when `key` is empty, which means "match all values and all keys"',
      "spec.tolerations[1].effect: Invalid value: \"NoSchedule\": effect must be 'NoExecute' when `tolerationSeconds` is set",
    ],
  );
  const affinity = {
    nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] } },
    podAntiAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [
        {
          labelSelector: {
            matchExpressions: [
              { key: "a", operator: "In" },
              { key: "a", operator: "X" },
            ],
          },
        },
      ],
    },
  };
  check("Pod", "affinity", { spec: { containers: [container()], affinity } }, [
    "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms: Required value: must have at least one node selector term",
    "spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].labelSelector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
    'spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].labelSelector.matchExpressions[1].operator: Invalid value: "X": not a valid selector operator',
    "spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Required value: can not be empty",
  ]);
  check("Pod", "spread", { spec: { containers: [container()], topologySpreadConstraints: [{ maxSkew: 0 }] } }, [
    "spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero",
    "spec.topologySpreadConstraints[0].topologyKey: Required value: can not be empty",
    'spec.topologySpreadConstraints[0].whenUnsatisfiable: Unsupported value: "": supported values: "DoNotSchedule", "ScheduleAnyway"',
  ]);
});

describe("workloads", () => {
  const template = (labels: Spec = { app: "a" }, spec: Spec = {}): Spec => ({
    metadata: { labels },
    spec: { containers: [container()], ...spec },
  });
  const deployment = (more: Spec): Spec => ({
    spec: { selector: { matchLabels: { app: "a" } }, template: template(), ...more },
  });
  check("Deployment", "fine", deployment({}), []);
  check("Deployment", "replicas", deployment({ replicas: -1 }), [
    "spec.replicas: Invalid value: -1: must be greater than or equal to 0",
  ]);
  check("Deployment", "no selector", { spec: { template: template() } }, ["spec.selector: Required value"]);
  check("Deployment", "empty selector", deployment({ selector: {} }), [
    "spec.selector: Invalid value: {}: empty selector is invalid for deployment",
  ]);
  check("Deployment", "other labels", deployment({ template: template({ app: "b" }) }), [
    'spec.template.metadata.labels: Invalid value: {"app":"b"}: `selector` does not match template `labels`',
  ]);
  check("Deployment", "restart policy", deployment({ template: template({ app: "a" }, { restartPolicy: "Never" }) }), [
    'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
  ]);
  const rolling = (rollingUpdate: Spec): Spec => deployment({ strategy: { type: "RollingUpdate", rollingUpdate } });
  const unavailable = "spec.strategy.rollingUpdate.maxUnavailable";
  check("Deployment", "both zero", rolling({ maxSurge: 0, maxUnavailable: 0 }), [
    `${unavailable}: Invalid value: 0: may not be 0 when \`maxSurge\` is 0`,
  ]);
  check("Deployment", "above 100 %", rolling({ maxUnavailable: "101%" }), [
    `${unavailable}: Invalid value: "101%": must not be greater than 100%`,
  ]);
  check("Deployment", "recreate", deployment({ strategy: { type: "Recreate", rollingUpdate: {} } }), [
    "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'",
  ]);
  check("Deployment", "deadline", deployment({ progressDeadlineSeconds: 5, minReadySeconds: 5 }), [
    "spec.progressDeadlineSeconds: Invalid value: 5: must be greater than minReadySeconds",
  ]);
  check("ReplicationController", "no template", { spec: {} }, [
    "spec.selector: Required value",
    "spec.template: Required value",
  ]);
  check("ReplicaSet", "other labels", { spec: { selector: { matchLabels: { app: "b" } }, template: template() } }, [
    'spec.template.metadata.labels: Invalid value: {"app":"a"}: `selector` does not match template `labels`',
  ]);
  check("PodDisruptionBudget", "both", { spec: { minAvailable: 1, maxUnavailable: "x" } }, [
    'spec: Invalid value: {"minAvailable":1,"maxUnavailable":"x"}: minAvailable and maxUnavailable cannot be both set',
    "spec.maxUnavailable: Invalid value: \"x\": a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
  ]);
});

describe("horizontal pod autoscaler", () => {
  const hpa = (more: Spec): Spec => ({
    spec: { scaleTargetRef: { kind: "Deployment", name: "x" }, maxReplicas: 5, ...more },
  });
  const target = "spec.metrics[0].resource.target";
  const cpu = (spec: Spec): Spec => hpa({ metrics: [{ type: "Resource", resource: { name: "cpu", target: spec } }] });
  check("HorizontalPodAutoscaler", "fine", hpa({}), []);
  check("HorizontalPodAutoscaler", "no maximum", hpa({ maxReplicas: 0 }), [
    "spec.maxReplicas: Required value: must be set and greater than 0",
    "spec.maxReplicas: Invalid value: 0: must be greater than or equal to `minReplicas`",
  ]);
  check("HorizontalPodAutoscaler", "below minimum", hpa({ minReplicas: 3, maxReplicas: 1 }), [
    "spec.maxReplicas: Invalid value: 1: must be greater than or equal to `minReplicas`",
  ]);
  check("HorizontalPodAutoscaler", "negative", hpa({ minReplicas: -1 }), [
    "spec.minReplicas: Invalid value: -1: must be greater than or equal to 0",
  ]);
  check("HorizontalPodAutoscaler", "to zero", hpa({ minReplicas: 0 }), [
    "spec.metrics: Forbidden: must specify at least one Object or External metric to support scaling to zero replicas",
  ]);
  check("HorizontalPodAutoscaler", "no target", cpu({ type: "Utilization" }), [
    `${target}.averageUtilization: Required value: must set either a target raw value or a target utilization`,
  ]);
  check("HorizontalPodAutoscaler", "zero target", cpu({ type: "Utilization", averageUtilization: 0 }), [
    `${target}.averageUtilization: Invalid value: 0: must be greater than 0`,
  ]);
  const policies = [{ type: "Pods", value: 0, periodSeconds: 1801 }];
  check(
    "HorizontalPodAutoscaler",
    "behavior",
    hpa({ behavior: { scaleDown: { stabilizationWindowSeconds: 3601, policies } } }),
    [
      "spec.behavior.scaleDown.stabilizationWindowSeconds: Invalid value: 3601: must be less than or equal to 3600",
      "spec.behavior.scaleDown.policies[0].value: Invalid value: 0: must be greater than zero",
      "spec.behavior.scaleDown.policies[0].periodSeconds: Invalid value: 1801: must be less than or equal to 1800",
    ],
  );
});

describe("service", () => {
  const service = (spec: Spec): Spec => ({ spec });
  check("Service", "no ports", service({}), ["spec.ports: Required value"]);
  check("Service", "headless without ports", service({ clusterIP: "None" }), []);
  check("Service", "unnamed ports", service({ ports: [{ port: 80 }, { port: 81, name: "A" }] }), [
    "spec.ports[0].name: Required value",
    `spec.ports[1].name: Invalid value: "A": ${LABEL_RULE}`,
  ]);
  check(
    "Service",
    "same name",
    service({
      ports: [
        { port: 80, name: "http" },
        { port: 81, name: "http" },
      ],
    }),
    ['spec.ports[1].name: Duplicate value: "http"'],
  );
  check("Service", "node port", service({ ports: [{ port: 80, nodePort: 31002 }] }), [
    "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'",
  ]);
  check(
    "Service",
    "node port range",
    service({ type: "NodePort", ports: [{ port: 70000, targetPort: 80, nodePort: 80 }] }),
    [
      "spec.ports[0].port: Invalid value: 70000: must be between 1 and 65535, inclusive",
      "spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. The range of valid ports is 30000-32767",
    ],
  );
  check("Service", "external name", service({ type: "ExternalName" }), ["spec.externalName: Required value"]);
  check("Service", "headless node port", service({ type: "NodePort", clusterIP: "None" }), [
    "spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for NodePort services",
  ]);
  check("Service", "type and affinity", service({ type: "Foo", sessionAffinity: "X", ports: [{ port: 80 }] }), [
    'spec.sessionAffinity: Unsupported value: "X": supported values: "ClientIP", "None"',
    'spec.type: Unsupported value: "Foo": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"',
  ]);
  check("Service", "name", { metadata: { name: "My_Svc" }, spec: { ports: [{ port: 80 }] } }, [
    `metadata.name: Invalid value: "My_Svc": ${LABEL_RULE}`,
  ]);
});

describe("cluster objects", () => {
  check("Namespace", "dots", { metadata: { name: "a.b" } }, [
    'metadata.name: Invalid value: "a.b": must not contain dots',
  ]);
  check("Node", "taints", { spec: { taints: [{ key: "a" }, { key: "b", effect: "X" }] } }, [
    "spec.taints[0].effect: Required value",
    'spec.taints[1].effect: Unsupported value: "X": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
  ]);
  check("Node", "capacity", { status: { capacity: { cpu: "-1", pods: "1.5" }, allocatable: { cpu: "1" } } }, [
    'status.capacity[cpu]: Invalid value: "-1": must be greater than or equal to 0',
    'status.capacity[pods]: Invalid value: "1500m": must be an integer',
  ]);
  check("PriorityClass", "too high", { value: 1_000_000_001 }, [
    "value: Forbidden: maximum allowed value of a user defined priority is 1000000000",
  ]);
  check("ConfigMap", "labels", { metadata: { name: "x", labels: { a: "-" } } }, [
    "metadata.labels: Invalid value: \"-\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
  ]);
});

describe("messages of a refusal", () => {
  const deployment = { kind: "Deployment", group: "apps", name: "x" };
  const one = required(at(ROOT_PATH, "spec", "selector"));
  const two = invalid(at(ROOT_PATH, "spec", "replicas"), -1, "must be greater than or equal to 0");
  test("one", () => {
    expect(invalidMessage(deployment, [two])).toBe(
      'Deployment.apps "x" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0',
    );
    expect(kubectlInvalidMessage(deployment, [two])).toBe(
      'The Deployment "x" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0',
    );
  });
  test("several", () => {
    expect(invalidMessage({ ...deployment, kind: "Pod", group: "" }, [one, two, one])).toBe(
      'Pod "x" is invalid: [spec.selector: Required value, spec.replicas: Invalid value: -1: must be greater than or equal to 0]',
    );
    expect(kubectlInvalidMessage(deployment, [one, two])).toBe(
      'The Deployment "x" is invalid: \n* spec.selector: Required value\n* spec.replicas: Invalid value: -1: must be greater than or equal to 0',
    );
  });
  test("data", () => {
    expect(two).toMatchObject({ path: ["spec", "replicas"], field: "spec.replicas", type: "Invalid value", value: -1 });
  });
});
