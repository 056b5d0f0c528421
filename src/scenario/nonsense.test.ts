import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { loadScenario } from "./load.ts";

/** Manifests that the API server would refuse: in its words, at their place, and nothing is run. */

const folder = mkdtempSync(join(tmpdir(), "orrery-nonsense-"));
afterAll(() => rmSync(folder, { recursive: true }));

const SCENARIO = `apiVersion: kube-orrery/v1alpha1
kind: Scenario
metadata: { name: nonsense }
spec:
  duration: 1m
  manifests: [it.yaml]
`;

const pods = (spec: string, more = ""): string =>
  `apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: a }\nspec:\n  selector: { matchLabels: { app: a } }\n${more}  template:\n    metadata: { labels: { app: a } }\n    spec:\n${spec
    .split("\n")
    .map((line) => `      ${line}\n`)
    .join("")}`;
const container = (more: string): string => pods(`containers:\n- name: a\n  image: a:1\n  ${more}`);
const CONTAINERS = "containers: [{ name: a, image: a:1 }]";
const object = (apiVersion: string, kind: string, spec: string): string =>
  `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: { name: a }\nspec:\n  ${spec.split("\n").join("\n  ")}\n`;
const hpa = (spec: string): string =>
  object(
    "autoscaling/v2",
    "HorizontalPodAutoscaler",
    `scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: a }\n${spec}`,
  );
const job = (kind: string, spec: string): string => object("batch/v1", kind, spec);
const priority = (name: string): string =>
  `apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: { name: ${name} }\nvalue: 5\nglobalDefault: true\n`;

const TABLE: Readonly<Record<string, readonly [manifest: string, ...problems: string[]]>> = {
  "fewer at most than at least": [
    hpa("minReplicas: 5\nmaxReplicas: 2"),
    "7:16 E0109 spec.maxReplicas: Invalid value: 2: must be greater than or equal to `minReplicas`",
  ],
  "no most": [
    hpa("maxReplicas: 0"),
    "6:16 E0109 spec.maxReplicas: Invalid value: 0: must be greater than or equal to `minReplicas`",
    "6:16 E0109 spec.maxReplicas: Required value: must be set and greater than 0",
  ],
  "a target of no size": [
    hpa(
      "maxReplicas: 2\nmetrics: [{ type: Resource, resource: { name: cpu, target: { type: Utilization, averageUtilization: 0 } } }]",
    ),
    "7:103 E0109 spec.metrics[0].resource.target.averageUtilization: Invalid value: 0: must be greater than 0",
  ],
  "a selector beside its template": [
    pods(CONTAINERS).replace("matchLabels: { app: a }", "matchLabels: { app: b }"),
    '7:25 E0109 spec.template.metadata.labels: Invalid value: {"app":"a"}: `selector` does not match template `labels`',
  ],
  "a set's selector beside its template": [
    pods(CONTAINERS).replace("matchLabels: { app: a }", "matchLabels: { app: b }").replace("Deployment", "StatefulSet"),
    '7:25 E0109 spec.template.metadata.labels: Invalid value: {"app":"a"}: `selector` does not match template `labels`',
  ],
  "no selector": [
    pods(CONTAINERS).replace("{ matchLabels: { app: a } }", "{}"),
    "5:13 E0109 spec.selector: Invalid value: {}: empty selector is invalid for deployment",
  ],
  "negative replicas": [
    pods(CONTAINERS, "  replicas: -1\n"),
    "6:13 E0109 spec.replicas: Invalid value: -1: must be greater than or equal to 0",
  ],
  "neither surge nor unavailability": [
    pods(CONTAINERS, "  strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 0 } }\n"),
    "6:61 E0109 spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0",
  ],
  "a deadline that is over": [
    pods(CONTAINERS, "  minReadySeconds: 60\n  progressDeadlineSeconds: 30\n"),
    "7:28 E0109 spec.progressDeadlineSeconds: Invalid value: 30: must be greater than minReadySeconds",
  ],
  "a Deployment of pods that end": [
    pods(`restartPolicy: Never\n${CONTAINERS}`),
    '9:22 E0109 spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
  ],
  "no containers": [pods("containers: []"), "9:19 E0109 spec.template.spec.containers: Required value"],
  "two containers of one name": [
    pods("containers: [{ name: a, image: a:1 }, { name: a, image: b:1 }]"),
    '9:53 E0109 spec.template.spec.containers[1].name: Duplicate value: "a"',
  ],
  "a container's name": [
    pods("containers: [{ name: A_1, image: a:1 }]"),
    `9:28 E0109 spec.template.spec.containers[0].name: Invalid value: "A_1": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')`,
  ],
  "a probe with two handlers": [
    container("livenessProbe: { exec: { command: [a] }, tcpSocket: { port: 1 } }"),
    "12:61 E0109 spec.template.spec.containers[0].livenessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type",
  ],
  "a probe without a handler": [
    container("readinessProbe: { periodSeconds: 5 }"),
    "12:25 E0109 spec.template.spec.containers[0].readinessProbe: Required value: must specify a handler type",
  ],
  "a probe with a negative delay": [
    container("readinessProbe: { tcpSocket: { port: 1 }, initialDelaySeconds: -5 }"),
    "12:72 E0109 spec.template.spec.containers[0].readinessProbe.initialDelaySeconds: Invalid value: -5: must be greater than or equal to 0",
  ],
  "a port beyond the last": [
    container("ports: [{ containerPort: 70000 }]"),
    "12:34 E0109 spec.template.spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive",
  ],
  "ports of one name": [
    container("ports: [{ name: web, containerPort: 80 }, { name: web, containerPort: 81 }]"),
    '12:59 E0109 spec.template.spec.containers[0].ports[1].name: Duplicate value: "web"',
  ],
  "an unknown protocol": [
    container("ports: [{ containerPort: 80, protocol: HTTP }]"),
    '12:48 E0109 spec.template.spec.containers[0].ports[0].protocol: Unsupported value: "HTTP": supported values: "SCTP", "TCP", "UDP"',
  ],
  "limits below requests": [
    container("resources: { requests: { cpu: 2 }, limits: { cpu: 1 } }"),
    '12:32 E0109 spec.template.spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1',
  ],
  "a negative quantity": [
    container("resources: { requests: { memory: -1Gi } }"),
    '12:42 E0109 spec.template.spec.containers[0].resources.requests[memory]: Invalid value: "-1Gi": must be greater than or equal to 0',
  ],
  "no quantity": [
    container("resources: { requests: { memory: 1GB } }"),
    `12:42 E0106 spec.template.spec.containers[0].resources.requests.memory: "1GB" is no quantity: quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$' — write 250m, 2, 128Mi or 1Gi`,
  ],
  "a resource that is none": [
    container("resources: { requests: { gpu: 1 } }"),
    '12:39 E0109 spec.template.spec.containers[0].resources.requests[gpu]: Invalid value: "gpu": must be a standard resource for containers',
    '12:39 E0109 spec.template.spec.containers[0].resources.requests[gpu]: Invalid value: "gpu": must be a standard resource type or fully qualified',
  ],
  "a mount of nothing": [
    container("volumeMounts: [{ name: data, mountPath: /data }]"),
    '12:32 E0109 spec.template.spec.containers[0].volumeMounts[0].name: Not found: "data"',
  ],
  "a pull policy": [
    container("imagePullPolicy: Sometimes"),
    '12:26 E0109 spec.template.spec.containers[0].imagePullPolicy: Unsupported value: "Sometimes": supported values: "Always", "IfNotPresent", "Never"',
  ],
  "a toleration's effect": [
    pods(`tolerations: [{ key: a, operator: Exists, effect: NoRun }]\n${CONTAINERS}`),
    '9:57 E0109 spec.template.spec.tolerations[0].effect: Unsupported value: "NoRun": supported values: "NoExecute", "NoSchedule", "PreferNoSchedule"',
  ],
  "a spread without skew": [
    pods(
      `topologySpreadConstraints: [{ maxSkew: 0, topologyKey: a, whenUnsatisfiable: DoNotSchedule }]\n${CONTAINERS}`,
    ),
    "9:46 E0109 spec.template.spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero",
  ],
  "a label's value": [
    pods(CONTAINERS).replace("name: a }", 'name: a, labels: { app: "a b" } }'),
    `3:30 E0109 metadata.labels: Invalid value: "a b": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')`,
  ],
  "a label's key": [
    pods(CONTAINERS).replace("name: a }", "name: a, labels: { a/b/c: x } }"),
    `3:30 E0109 metadata.labels: Invalid value: "a/b/c": a valid label key must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
  ],
  "a name": [
    pods(CONTAINERS).replace("name: a }", "name: My_App }"),
    `3:19 E0109 metadata.name: Invalid value: "My_App": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`,
  ],
  "no name": [
    pods(CONTAINERS).replace("{ name: a }", "{}"),
    "3:11 E0109 metadata.name: Required value: name or generateName is required",
  ],
  "a budget with both bounds": [
    object(
      "policy/v1",
      "PodDisruptionBudget",
      "selector: { matchLabels: { app: a } }\nminAvailable: 1\nmaxUnavailable: 1",
    ),
    '5:3 E0109 spec: Invalid value: {"selector":{"matchLabels":{"app":"a"}},"minAvailable":1,"maxUnavailable":1}: minAvailable and maxUnavailable cannot be both set',
  ],
  "a budget of more than all": [
    object("policy/v1", "PodDisruptionBudget", "selector: { matchLabels: { app: a } }\nminAvailable: 120%"),
    '6:17 E0109 spec.minAvailable: Invalid value: "120%": must not be greater than 100%',
  ],
  "a schedule": [
    job(
      "CronJob",
      `schedule: "61 * * * *"\njobTemplate: { spec: { template: { spec: { restartPolicy: Never, ${CONTAINERS} } } } }`,
    ),
    '5:13 E0109 spec.schedule: Invalid value: "61 * * * *": end of range (61) above maximum (59): 61',
  ],
  "a schedule that never comes": [
    job(
      "CronJob",
      `schedule: "0 0 30 2 *"\njobTemplate: { spec: { template: { spec: { restartPolicy: Never, ${CONTAINERS} } } } }`,
    ),
    '5:13 W0213 schedule "0 0 30 2 *" never comes',
  ],
  "a Job that never ends": [
    job("Job", `template: { spec: { ${CONTAINERS} } }`),
    '5:21 E0109 spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"',
  ],
  "fewer than no completions": [
    job("Job", `completions: -1\ntemplate: { spec: { restartPolicy: Never, ${CONTAINERS} } }`),
    "5:16 E0109 spec.completions: Invalid value: -1: must be greater than or equal to 0",
  ],
  "a Service's port": [
    object("v1", "Service", "ports: [{ port: 0 }]"),
    "5:11 E0109 spec.ports[0].targetPort: Invalid value: 0: must be between 1 and 65535, inclusive",
    "5:19 E0109 spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive",
  ],
  "a Service's ports": [
    object("v1", "Service", "ports: [{ name: a, port: 80 }, { name: b, port: 80 }]"),
    '5:34 E0109 spec.ports[1]: Duplicate value: {"name":"","protocol":"TCP","appProtocol":null,"port":80,"targetPort":0,"nodePort":0}',
  ],
  "a Service's protocol": [
    object("v1", "Service", "ports: [{ port: 80, protocol: TPC }]"),
    '5:33 E0109 spec.ports[0].protocol: Unsupported value: "TPC": supported values: "SCTP", "TCP", "UDP"',
  ],
  "a Service's type": [
    object("v1", "Service", "type: Public\nports: [{ port: 80 }]"),
    '5:9 E0109 spec.type: Unsupported value: "Public": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"',
  ],
  "a default above the most": [
    object("v1", "LimitRange", "limits:\n- { type: Container, max: { cpu: 1 }, default: { cpu: 2 } }"),
    '6:5 E0109 spec.limits[0].defaultRequest[cpu]: Invalid value: "2": default request value 2 is greater than max value 1',
    '6:57 E0109 spec.limits[0].default[cpu]: Invalid value: "1": default value 2 is greater than max value 1',
  ],
  "a least above the most": [
    object("v1", "LimitRange", "limits:\n- { type: Pod, min: { cpu: 2 }, max: { cpu: 1 } }"),
    '6:30 E0109 spec.limits[0].min[cpu]: Invalid value: "2": min value 2 is greater than max value 1',
  ],
  "a default of a pod": [
    object("v1", "LimitRange", "limits:\n- { type: Pod, default: { cpu: 2 } }"),
    "6:27 E0109 spec.limits[0].default: Forbidden: may not be specified when `type` is 'Pod'",
  ],
  "a ratio below one": [
    object("v1", "LimitRange", "limits:\n- { type: Pod, maxLimitRequestRatio: { cpu: 500m } }"),
    '6:47 E0109 spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: "500m": ratio 500m is less than 1',
  ],
  "a limit's type": [
    object("v1", "LimitRange", "limits:\n- { type: Node, max: { cpu: 2 } }"),
    '6:13 E0109 spec.limits[0].type: Invalid value: "Node": must be a standard limit type or fully qualified',
  ],
  "limits of storage without any": [
    object("v1", "LimitRange", "limits:\n- { type: PersistentVolumeClaim, max: { cpu: 2 } }"),
    "6:5 E0109 spec.limits[0].limits: Required value: either minimum or maximum storage value is required, but neither was provided",
  ],
  "a quota's scope": [
    object("v1", "ResourceQuota", "hard: { pods: 2 }\nscopes: [Besteffort]"),
    '6:11 E0109 spec.scopes: Invalid value: ["Besteffort"]: unsupported scope',
  ],
  "scopes that exclude each other": [
    object("v1", "ResourceQuota", "hard: { pods: 2 }\nscopes: [BestEffort, NotBestEffort]"),
    '6:11 E0109 spec.scopes: Invalid value: ["BestEffort","NotBestEffort"]: conflicting scopes',
  ],
  "a scope that is not about this": [
    object("v1", "ResourceQuota", "hard: { services: 2 }\nscopes: [BestEffort]"),
    '6:11 E0109 spec.scopes: Invalid value: ["BestEffort"]: unsupported scope applied to resource',
  ],
  "a scope without classes": [
    object(
      "v1",
      "ResourceQuota",
      "hard: { pods: 2 }\nscopeSelector: { matchExpressions: [{ scopeName: PriorityClass, operator: In }] }",
    ),
    "6:38 E0109 spec.scopeSelector.matchExpressions.values: Required value: must be at least one value when `operator` is 'In' or 'NotIn' for scope selector",
  ],
  "a quota of less than nothing": [
    object("v1", "ResourceQuota", 'hard: { pods: "-1" }'),
    '5:17 E0109 spec.hard[pods]: Invalid value: "-1": must be greater than or equal to 0',
  ],
  "a quota of what is not counted": [
    object("v1", "ResourceQuota", "hard: { pod: 2 }"),
    '5:16 E0109 spec.hard[pod]: Invalid value: "pod": must be a standard resource for quota',
    '5:16 E0109 spec.hard[pod]: Invalid value: "pod": must be a standard resource type or fully qualified',
  ],
  "two default priorities": [
    `${priority("a")}---\n${priority("b")}`,
    '11:16 E0109 priorityclasses.scheduling.k8s.io "b" is forbidden: PriorityClass a is already marked as default. Only one default can exist',
  ],
  "a priority of the system's": [
    priority("a").replace("value: 5", "value: 2000000000"),
    "4:8 E0109 value: Forbidden: maximum allowed value of a user defined priority is 1000000000",
  ],
};

test.each(Object.entries(TABLE))("%s", async (_name, [manifest, ...expected]) => {
  const own = mkdtempSync(join(folder, "case-"));
  writeFileSync(join(own, "scenario.yaml"), SCENARIO);
  writeFileSync(join(own, "it.yaml"), manifest);
  const { problems, plan } = await loadScenario(join(own, "scenario.yaml"), { version: "0" });
  const said = problems.filter(({ code }) => code !== "N0304");
  expect(said.map(({ line, column, code, message }) => `${line}:${column} ${code} ${message}`)).toEqual(expected);
  expect(said.every(({ file }) => file.endsWith("it.yaml"))).toBe(true);
  expect(plan === null).toBe(expected.some((line) => / E\d/.test(line)));
});
