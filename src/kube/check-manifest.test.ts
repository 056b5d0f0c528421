import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { checkManifest, expandList } from "./check-manifest.ts";
import { MANIFEST_CODES } from "./codes.ts";
import type { Deployment, HorizontalPodAutoscaler, Pod } from "./types.ts";

const POD = `
apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  containers:
  - name: web
    image: nginx
`;
const DEPLOYMENT = `
apiVersion: apps/v1
kind: Deployment
metadata:
  name: frontend
spec:
  replicas: 3
  selector:
    matchLabels:
      tier: frontend
  template:
    metadata:
      labels:
        tier: frontend
    spec:
      containers:
      - name: php
        image: php:8
        resources:
          requests:
            cpu: 100m
            memory: 100Mi
        ports:
        - containerPort: 80
`;
const HPA = `
apiVersion: autoscaling/v1
kind: HorizontalPodAutoscaler
metadata:
  name: php-apache
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: php-apache
  minReplicas: 1
  maxReplicas: 10
  targetCPUUtilizationPercentage: 50
`;

/** The problems of one severity as `code path (key) message — hint`. */
function told(text: string, severity = "error"): string[] {
  return checkManifest(parse(text))
    .problems.filter((one) => one.severity === severity)
    .map(({ code, path, onKey, message, hint }) => {
      const place = path.join("/") + (onKey ? " (key)" : "");
      return `${code} ${place} ${message}${hint === undefined ? "" : ` — ${hint}`}`;
    });
}

describe("what a tutorial's reader mistypes gives one error each", () => {
  const check = (title: string, text: string, expected: string) =>
    test(title, () => {
      expect(told(text)).toEqual([expected]);
      expect(checkManifest(parse(text)).object).toBeUndefined();
    });
  check(
    "apiSerdion",
    POD.replace("apiVersion", "apiSerdion"),
    'E0101 apiSerdion (key) apiVersion is missing, and there is an unknown field "apiSerdion" — did you mean "apiVersion"?',
  );
  check(
    "matadata",
    POD.replace("metadata", "matadata"),
    'E0104 matadata (key) unknown field "matadata" — did you mean "metadata"?',
  );
  check(
    "templete",
    DEPLOYMENT.replace("template", "templete"),
    'E0104 spec/templete (key) unknown field "templete" in spec — did you mean "template"?',
  );
  check(
    "replica",
    DEPLOYMENT.replace("replicas", "replica"),
    'E0104 spec/replica (key) unknown field "replica" in spec — did you mean "replicas"?',
  );
  check(
    "maxReplica",
    HPA.replace("maxReplicas", "maxReplica"),
    'E0104 spec/maxReplica (key) unknown field "maxReplica" in spec — did you mean "maxReplicas"?',
  );
  check(
    "spec under metadata",
    "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\n  spec:\n    containers:\n    - {name: web, image: nginx}\n",
    "E0105 metadata/spec (key) spec stands one level too deep, in metadata — indent it less, so that it stands at the top of the document, beside metadata",
  );
  check(
    "extension/v1beta1",
    DEPLOYMENT.replace("apps/v1", "extension/v1beta1"),
    'E0102 apiVersion there is no API version "extension/v1beta1" — did you mean "extensions/v1beta1"? It was removed in 1.16; write apiVersion: apps/v1',
  );
  check(
    "kind",
    DEPLOYMENT.replace("Deployment", "Deploymnet"),
    'E0103 kind no kind "Deploymnet" in apps/v1 — did you mean "Deployment"?',
  );
  check(
    "group",
    DEPLOYMENT.replace("apps/v1", "app/v1"),
    'E0102 apiVersion there is no API version "app/v1" — did you mean "apps/v1"?',
  );
  check(
    "wrong group",
    DEPLOYMENT.replace("apps/v1", "v1"),
    "E0102 apiVersion v1 has no kind Deployment — write apiVersion: apps/v1",
  );
  check("no kind", POD.replace("kind: Pod\n", ""), "E0101 kind kind is missing — write for example kind: Deployment");
  check(
    "unknown group",
    POD.replace("v1", "zzzzzz"),
    'E0102 apiVersion there is no API version "zzzzzz" — Pod is in v1',
  );
  check(
    "no object",
    "just a text",
    "E0108  the document is not a Kubernetes object — begin with apiVersion, kind and metadata",
  );
  check(
    "containers too high",
    DEPLOYMENT.replace(/ {4}spec:\n {6}containers:\n(.|\n)*/, "").concat("  containers: []\n"),
    "E0105 spec/containers (key) containers stands too high, in spec — move it under spec.template.spec",
  );
  check(
    "nodeSelector in a container",
    POD.concat("    nodeSelector: {zone: a}\n"),
    "E0105 spec/containers/0/nodeSelector (key) nodeSelector stands one level too deep, in spec.containers[0] — indent it less, so that it stands under spec, beside containers",
  );
});

describe("types", () => {
  const check = (title: string, text: string, ...expected: string[]) =>
    test(title, () => expect(told(text)).toEqual(expected));
  check(
    "quoted number",
    DEPLOYMENT.replace("replicas: 3", 'replicas: "3"'),
    'E0106 spec/replicas spec.replicas: expected a whole number, got the text "3" — leave the quotes out: 3',
  );
  check(
    "number as label",
    DEPLOYMENT.replace("tier: frontend\n    spec", "tier: frontend\n        version: 2\n    spec"),
    'E0106 spec/template/metadata/labels/version spec.template.metadata.labels.version: expected a text, got the number 2 — put it in quotes: "2"',
  );
  check(
    "no list",
    POD.replace("  - name: web\n    image: nginx", "    name: web"),
    "E0106 spec/containers spec.containers: expected a list, got a map — begin each item with a dash",
  );
  check(
    "no quantity",
    DEPLOYMENT.replace("100Mi", "100MB"),
    "E0106 spec/template/spec/containers/0/resources/requests/memory spec.template.spec.containers[0].resources.requests.memory: \"100MB\" is no quantity: quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$' — write 250m, 2, 128Mi or 1Gi",
  );
  check(
    "several at once, in the order of the document",
    DEPLOYMENT.replace("metadata:", "matadata:")
      .replace("containerPort: 80", "containerPorts: 80")
      .replace("image:", "imag:"),
    'E0104 matadata (key) unknown field "matadata" — did you mean "metadata"?',
    'E0104 spec/template/spec/containers/0/imag (key) unknown field "imag" in spec.template.spec.containers[0] — did you mean "image"?',
    'E0104 spec/template/spec/containers/0/ports/0/containerPorts (key) unknown field "containerPorts" in spec.template.spec.containers[0].ports[0] — did you mean "containerPort"?',
  );
});

describe("what the API server would refuse", () => {
  const check = (title: string, text: string, ...expected: string[]) =>
    test(title, () => expect(told(text)).toEqual(expected));
  check(
    "labels",
    DEPLOYMENT.replace("matchLabels:\n      tier: frontend", "matchLabels:\n      tier: backend"),
    'E0109 spec/template/metadata/labels spec.template.metadata.labels: Invalid value: {"tier":"frontend"}: `selector` does not match template `labels`',
  );
  check(
    "bounds",
    HPA.replace("minReplicas: 1", "minReplicas: 11"),
    "E0109 spec/maxReplicas spec.maxReplicas: Invalid value: 10: must be greater than or equal to `minReplicas`",
  );
  check(
    "no name",
    POD.replace("name: web\n", "labels: {}\n"),
    "E0109 metadata/name metadata.name: Required value: name or generateName is required",
  );
});

describe("remarks", () => {
  const check = (title: string, text: string, severity: string, ...expected: string[]) =>
    test(title, () => {
      expect(told(text)).toEqual([]);
      expect(told(text, severity)).toEqual(expected);
    });
  check(
    "unknown field",
    POD.concat("    quux: 1\n"),
    "note",
    "N0302 spec/containers/0/quux (key) spec.containers[0].quux is unknown; it is kept but not simulated",
  );
  check(
    "kept kind",
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {a: b}\n",
    "note",
    "N0303 kind ConfigMap is kept but not simulated",
  );
  check(
    "custom kind with a familiar name",
    "apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: x}\nspec: {template: {}}\n",
    "note",
    "N0303 kind serving.knative.dev/v1 Service is a custom kind; it is kept but not simulated",
  );
  check(
    "old version",
    DEPLOYMENT.replace("apps/v1", "apps/v1beta1").replace(/ {2}selector:\n.*\n.*\n/, ""),
    "warning",
    "W0201 apiVersion apps/v1beta1 Deployment was removed in 1.16; read as apps/v1 — write apiVersion: apps/v1",
    "W0202 spec spec.selector is required now; set to the labels of the template",
    "W0202 spec spec.revisionHistoryLimit set to 2, the default of apps/v1beta1",
  );
  check(
    "thousandths of a byte",
    DEPLOYMENT.replace("100Mi", "100m"),
    "warning",
    'W0204 spec/template/spec/containers/0/resources/requests/memory fractional byte value "100m" is invalid, must be an integer — write 128Mi, not 128m',
  );
  check(
    "endpoints",
    "apiVersion: v1\nkind: Endpoints\nmetadata: {name: x}\nsubsets: []\n",
    "warning",
    "W0205 apiVersion v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
  );
});

test("a removed kind without a successor is an error", () => {
  expect(told("apiVersion: policy/v1beta1\nkind: PodSecurityPolicy\nmetadata: {name: x}\n")).toEqual([
    "E0102 apiVersion policy/v1beta1 PodSecurityPolicy was removed in 1.25 — nothing took its place: leave the object out",
  ]);
});

describe("objects that come back", () => {
  test("with defaults, in the stored version", () => {
    const hpa = checkManifest(parse(HPA)).object as HorizontalPodAutoscaler;
    expect(hpa.apiVersion).toBe("autoscaling/v2");
    expect(hpa.spec).toEqual({
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "php-apache" },
      minReplicas: 1,
      maxReplicas: 10,
      metrics: [
        { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 50 } } },
      ],
    });
    expect((checkManifest(parse(DEPLOYMENT)).object as Deployment).spec.progressDeadlineSeconds).toBe(600);
  });

  test("a dump of a live object", () => {
    const dump = POD.replace(
      "metadata:\n",
      `metadata:
  annotations: {kubernetes.io/config.seen: "x"}
  creationTimestamp: "2024-01-01T00:00:00Z"
  resourceVersion: "123"
  uid: 0b9e
  generation: 1
  managedFields: [{manager: kubectl, operation: Update, fieldsV1: {"f:spec": {}}}]
  ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web-1, uid: abc, controller: true, blockOwnerDeletion: true}]
`,
    ).concat(
      "    terminationMessagePath: /dev/termination-log\n  nodeName: n1\n  volumes: [{name: v, projected: {sources: []}}]\nstatus:\n  phase: Running\n  whatever: 1\n",
    );
    const { problems, object } = checkManifest(parse(dump));
    expect(problems).toEqual([]);
    expect((object as Pod).status).toEqual({ phase: "Running", whatever: 1 });
  });

  test("null is absent", () => {
    const text = POD.replace("metadata:\n", "metadata:\n  creationTimestamp: null\n").concat("  tolerations: null\n");
    const { problems, object } = checkManifest(parse(text));
    expect(problems).toEqual([]);
    expect((object as Pod).metadata).toEqual({ name: "web" });
  });
});

describe("lists", () => {
  const item = (name: string) => ({ metadata: { name } });
  test("items keep their paths", () => {
    expect(expandList({ apiVersion: "v1", kind: "List", items: [item("a"), item("b")] })).toEqual([
      { raw: item("a"), path: ["items", 0] },
      { raw: item("b"), path: ["items", 1] },
    ]);
  });
  test("a typed list says what its items are", () => {
    expect(expandList({ apiVersion: "v1", kind: "PodList", items: [item("a")] })).toEqual([
      { raw: { apiVersion: "v1", kind: "Pod", ...item("a") }, path: ["items", 0] },
    ]);
  });
  test("anything else is itself", () => expect(expandList(item("a"))).toEqual([{ raw: item("a"), path: [] }]));
});

test("codes are explained once each", () => {
  const codes = MANIFEST_CODES.map(({ code }) => code);
  expect(new Set(codes).size).toBe(codes.length);
  expect(codes).toEqual(
    [...codes].sort((a, b) => "EWN".indexOf(a.charAt(0)) - "EWN".indexOf(b.charAt(0)) || (a < b ? -1 : 1)),
  );
});

test("an empty item of a list is an error", () => {
  const { problems } = checkManifest({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "a" },
    spec: { containers: [null] },
  });
  expect(problems.map(({ code, message }) => `${code} ${message}`)).toEqual([
    "E0106 spec.containers[0]: there is nothing",
  ]);
});
