import { expect, test } from "vitest";
import { sameData } from "../tables/index.ts";
import { withDefaults } from "./defaults.ts";
import { formatFieldError } from "./field-errors.ts";
import type { KubeObject } from "./types.ts";
import { validateUpdate } from "./validation-update.ts";

const template = (app: string, more: object = {}) => ({
  metadata: { labels: { app } },
  spec: { restartPolicy: "Never", containers: [{ name: "c", image: "i:1" }], ...more },
});
const of = (kind: string, spec: object, rest: object = {}): KubeObject =>
  withDefaults({
    apiVersion: VERSIONS[kind] ?? "v1",
    kind,
    metadata: { name: "x" },
    spec,
    ...rest,
  } as KubeObject);
const VERSIONS: Readonly<Record<string, string>> = {
  Deployment: "apps/v1",
  StatefulSet: "apps/v1",
  Job: "batch/v1",
  PriorityClass: "scheduling.k8s.io/v1",
};
const selecting = (app: string, more: object = {}) => ({
  selector: { matchLabels: { app } },
  template: { ...template(app), spec: { containers: [{ name: "c", image: "i:1" }] } },
  ...more,
});

test.each<[string, KubeObject, KubeObject, string[]]>([
  ["replicas may change", of("Deployment", selecting("a")), of("Deployment", selecting("a", { replicas: 3 })), []],
  [
    "a selector may not",
    of("Deployment", selecting("a")),
    of("Deployment", selecting("b")),
    ['spec.selector: Invalid value: {"matchLabels":{"app":"b"}}: field is immutable'],
  ],
  [
    "a set's service may not",
    of("StatefulSet", selecting("a", { serviceName: "s" })),
    of("StatefulSet", selecting("a", { serviceName: "t" })),
    [
      "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
    ],
  ],
  ["a set's template may", of("StatefulSet", selecting("a")), of("StatefulSet", selecting("a", { replicas: 2 })), []],
  [
    "a job's completions may not",
    of("Job", { template: template("a"), completions: 2 }),
    of("Job", { template: template("a"), completions: 3 }),
    ["spec.completions: Invalid value: 3: field is immutable"],
  ],
  [
    "a job's parallelism may",
    of("Job", { template: template("a"), completions: 2 }),
    of("Job", { template: template("a"), completions: 2, parallelism: 2 }),
    [],
  ],
  [
    "where a suspended job's pods go may",
    of("Job", { template: template("a"), suspend: true }),
    of("Job", { template: template("a", { nodeSelector: { a: "b" } }), suspend: true }),
    [],
  ],
  [
    "an address may not",
    of("Service", { clusterIP: "10.96.0.5", ports: [{ port: 80 }] }),
    of("Service", { clusterIP: "10.96.0.6", ports: [{ port: 80 }] }),
    ['spec.clusterIPs[0]: Invalid value: ["10.96.0.6"]: may not change once set'],
  ],
  [
    "a claim may not",
    of("PersistentVolumeClaim", { storageClassName: "a" }),
    of("PersistentVolumeClaim", { storageClassName: "b" }),
    [
      "spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims",
    ],
  ],
  [
    "a priority may not",
    of("PriorityClass", {}, { value: 1 }),
    of("PriorityClass", {}, { value: 2 }),
    ["value: Forbidden: may not be changed in an update."],
  ],
])("%s", (_name, live, next, expected) => {
  expect(validateUpdate(next, live, sameData).map(formatFieldError)).toEqual(expected);
});
