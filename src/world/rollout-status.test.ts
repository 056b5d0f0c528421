import { expect, test } from "vitest";
import type { KubeObject } from "../kube/index.ts";
import { rolloutStatus } from "./rollout-status.ts";

/** The sentences of `kubectl rollout status`, in the order in which it looks. */

function check(kind: string, spec: object, status: object): string | null {
  const metadata = { name: "web", generation: 2 };
  const object = {
    apiVersion: "apps/v1",
    kind,
    metadata,
    spec: { replicas: 3, ...spec },
    status: { observedGeneration: 2, ...status },
  };
  return rolloutStatus(object as unknown as KubeObject);
}

const timedOut = [{ type: "Progressing", status: "False", reason: "ProgressDeadlineExceeded" }];

test.each([
  [{ observedGeneration: 1 }, "Waiting for deployment spec update to be observed..."],
  [{ conditions: timedOut }, 'error: deployment "web" exceeded its progress deadline'],
  [
    { updatedReplicas: 1 },
    'Waiting for deployment "web" rollout to finish: 1 out of 3 new replicas have been updated...',
  ],
  [
    { updatedReplicas: 3, replicas: 4 },
    'Waiting for deployment "web" rollout to finish: 1 old replicas are pending termination...',
  ],
  [
    { updatedReplicas: 3, replicas: 3, availableReplicas: 2 },
    'Waiting for deployment "web" rollout to finish: 2 of 3 updated replicas are available...',
  ],
  [{ updatedReplicas: 3, replicas: 3, availableReplicas: 3 }, 'deployment "web" successfully rolled out'],
])("a Deployment with %j", (status, said) => expect(check("Deployment", {}, status)).toBe(said));

test.each([
  [
    { updateStrategy: { type: "OnDelete" } },
    {},
    "error: rollout status is only available for RollingUpdate strategy type",
  ],
  [{}, { observedGeneration: 1 }, "Waiting for daemon set spec update to be observed..."],
  [
    {},
    { desiredNumberScheduled: 4, updatedNumberScheduled: 1 },
    'Waiting for daemon set "web" rollout to finish: 1 out of 4 new pods have been updated...',
  ],
  [
    {},
    { desiredNumberScheduled: 4, updatedNumberScheduled: 4, numberAvailable: 3 },
    'Waiting for daemon set "web" rollout to finish: 3 of 4 updated pods are available...',
  ],
  [
    {},
    { desiredNumberScheduled: 4, updatedNumberScheduled: 4, numberAvailable: 4 },
    'daemon set "web" successfully rolled out',
  ],
])("a DaemonSet with %j, %j", (spec, status, said) => expect(check("DaemonSet", spec, status)).toBe(said));

const rolling = (more: object = {}) => ({ updateStrategy: { type: "RollingUpdate", ...more } });
const revisions = { currentRevision: "web-1", updateRevision: "web-2" };

test.each([
  [
    { updateStrategy: { type: "OnDelete" } },
    {},
    "error: rollout status is only available for RollingUpdate strategy type",
  ],
  [rolling(), { observedGeneration: 0 }, "Waiting for statefulset spec update to be observed..."],
  [rolling(), { readyReplicas: 1 }, "Waiting for 2 pods to be ready..."],
  [
    rolling({ rollingUpdate: { partition: 1 } }),
    { readyReplicas: 3, updatedReplicas: 1 },
    "Waiting for partitioned roll out to finish: 1 out of 2 new pods have been updated...",
  ],
  [
    rolling({ rollingUpdate: { partition: 1 } }),
    { readyReplicas: 3, updatedReplicas: 2 },
    "partitioned roll out complete: 2 new pods have been updated...",
  ],
  [
    rolling(),
    { readyReplicas: 3, updatedReplicas: 1, ...revisions },
    "waiting for statefulset rolling update to complete 1 pods at revision web-2...",
  ],
  [
    rolling(),
    { readyReplicas: 3, currentReplicas: 3, currentRevision: "web-2", updateRevision: "web-2" },
    "statefulset rolling update complete 3 pods at revision web-2...",
  ],
])("a StatefulSet with %j, %j", (spec, status, said) => expect(check("StatefulSet", spec, status)).toBe(said));

test("other kinds do not roll out", () => expect(check("ReplicaSet", {}, {})).toBeNull());
