import { expect, test } from "vitest";
import { checkManifest } from "./check-manifest.ts";
import { validateObject } from "./validation.ts";

const pod = (...containers: readonly (readonly object[])[]): object => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "web" },
  spec: { containers: containers.map((ports, index) => ({ name: `c${index}`, image: "web", ports })) },
});
const warned = (manifest: object): string[] =>
  checkManifest(manifest).problems.map(({ code, message }) => `${code} ${message}`);

const http = { containerPort: 80 };
const first = "spec.containers[0].ports[0]";

test.each([
  ["one port twice", pod([http, http]), [`W0245 duplicate port definition with ${first}`]],
  ["in two containers", pod([http], [http]), [`W0245 duplicate port definition with ${first}`]],
  ["of two protocols", pod([http, { ...http, protocol: "UDP" }]), []],
  [
    "with and without a port of the host",
    pod([http, { ...http, hostPort: 80 }]),
    [`W0245 overlapping port definition with ${first}`],
  ],
  [
    "with and without an address of the host",
    pod([
      { ...http, hostPort: 80 },
      { ...http, hostPort: 80, hostIP: "10.0.0.1" },
    ]),
    [`W0245 dangerously ambiguous port definition with ${first}`],
  ],
  [
    "at two addresses of the host",
    pod([
      { ...http, hostPort: 80, hostIP: "10.0.0.1" },
      { ...http, hostPort: 80, hostIP: "10.0.0.2" },
    ]),
    [],
  ],
])("ports: %s", (_, manifest, expected) => expect(warned(manifest)).toEqual(expected));

test("the pods of a CronJob are looked at too", () => {
  const template = { spec: { ...(pod([http, http]) as { spec: object }).spec, restartPolicy: "Never" } };
  const spec = { schedule: "0 0 30 2 *", jobTemplate: { spec: { template } } };
  expect(warned({ apiVersion: "batch/v1", kind: "CronJob", metadata: { name: "a" }, spec })).toEqual([
    "W0245 duplicate port definition with spec.jobTemplate.spec.template.spec.containers[0].ports[0]",
    'W0213 schedule "0 0 30 2 *" never comes',
  ]);
});

test.each([
  ["requests.hugepages-2Mi", []],
  ["hugepages-1Gi", []],
  ["limits.ephemeral-storage", []],
  ["count/deployments.apps", []],
  ["gold.storageclass.storage.k8s.io/requests.storage", []],
  ["storage", ["must be a standard resource for quota"]],
  ["limits.storage", ["must be a standard resource type or fully qualified", "must be a standard resource for quota"]],
])("a quota of %s", (name, said) => {
  const quota = { apiVersion: "v1", kind: "ResourceQuota", metadata: { name: "q" }, spec: { hard: { [name]: "1" } } };
  expect(validateObject(quota).map(({ text }) => text)).toEqual(
    said.map((text) => `spec.hard[${name}]: Invalid value: "${name}": ${text}`),
  );
});

test.each([
  [{ apiVersion: "v1", kind: "ResourceQuota" }, []],
  [{ apiVersion: "policy/v1", kind: "PodDisruptionBudget" }, []],
  [{ apiVersion: "v1", kind: "LimitRange" }, []],
  [{ apiVersion: "batch/v1", kind: "CronJob", spec: {} }, [expect.stringMatching(/^E0109 spec\.schedule: /)]],
  [
    { apiVersion: "v1", kind: "LimitRange", spec: { limits: [{ max: { cpu: "1" } }] } },
    [expect.stringMatching(/^E0109 spec\.limits\[0\]\.type: Invalid value: ""/)],
  ],
])("what is left out of %j", (manifest, expected) => {
  const said = warned({ ...manifest, metadata: { name: "a" } });
  expect(said).toEqual(expected.length === 0 ? [] : expect.arrayContaining(expected));
});
