import { expect, test } from "vitest";
import type { KubeNode, PodSpec } from "../../kube/index.ts";
import { SchedulerCache } from "../cache.ts";
import type { ClusterEvent } from "../cluster-events.ts";
import { CycleState } from "../cycle-state.ts";
import { PodCompiler, type PodInfo } from "../pod-info.ts";
import { CODE, SKIP } from "../status.ts";
import { nodeDeclaredFeatures } from "./node-declared-features.ts";

const compiler = new PodCompiler();

function podOf(spec: object): PodInfo {
  const whole = { containers: [{ name: "c" }], ...spec } as PodSpec;
  const source = { namespace: "default", name: "p", uid: "p", labels: {}, spec: whole, nodeName: "" };
  return compiler.compile({ ...source, nominatedNodeName: "", isTerminating: false, startAt: -1 });
}

function nodesWith(...features: (readonly string[] | undefined)[]) {
  const cache = new SchedulerCache();
  for (const [index, declaredFeatures] of features.entries()) {
    const status = declaredFeatures === undefined ? {} : { declaredFeatures };
    cache.addNode({ apiVersion: "v1", kind: "Node", metadata: { name: `n${index}` }, status } as KubeNode);
  }
  return cache.snapshot();
}

const RESTART = "RestartAllContainersOnContainerExits";
const restarts = { name: "c", restartPolicyRules: [{ action: "RestartAllContainers" }] };
const mounts = { name: "c", volumeMounts: [{ name: "v", mountPath: "/v", bindMountOptions: ["noexec"] }] };

test.each<[string, object, string]>([
  ["restarts all containers", { containers: [restarts] }, RESTART],
  ["in an init container", { initContainers: [restarts] }, RESTART],
  ["host network in a user namespace", { hostNetwork: true, hostUsers: false }, "UserNamespacesHostNetworkSupport"],
  ["options of a bind mount", { containers: [mounts] }, "VolumeBindMountOptions"],
])("a pod that needs a feature goes where it is declared: %s", (_title, spec, feature) => {
  const plugin = nodeDeclaredFeatures();
  const state = new CycleState();
  const pod = podOf(spec);
  expect(plugin.preFilter?.(state, pod)).toBeNull();
  const statuses = nodesWith([feature, "Another"], ["Another"], undefined).map((node) =>
    plugin.filter?.(state, pod, node),
  );
  const lacking = {
    code: CODE.unschedulableAndUnresolvable,
    plugin: "NodeDeclaredFeatures",
    reasons: ["node(s) didn't match Pod's required features"],
  };
  expect(statuses).toEqual([null, lacking, lacking]);
});

test.each<[string, object]>([
  ["nothing", {}],
  ["a rule that restarts one container", { containers: [{ name: "c", restartPolicyRules: [{ action: "Restart" }] }] }],
  ["host network alone", { hostNetwork: true }],
  ["mounts without options", { containers: [{ name: "c", volumeMounts: [{ name: "v", mountPath: "/v" }] }] }],
])("other pods go anywhere: %s", (_title, spec) => {
  expect(nodeDeclaredFeatures().preFilter?.(new CycleState(), podOf(spec))).toEqual({ status: SKIP });
});

test.each<[string, ClusterEvent, boolean]>([
  ["a node comes", { name: "Node/Add" } as ClusterEvent, true],
  ["a node declares more", { name: "Node/UpdateDeclaredFeature" } as ClusterEvent, true],
  ["a node changes its labels", { name: "Node/UpdateLabel" } as ClusterEvent, false],
  [
    "the pod needs less",
    { name: "TargetPod/Update", oldPod: podOf({ containers: [restarts] }), newPod: podOf({}) },
    true,
  ],
  ["the pod needs the same", { name: "TargetPod/Update", oldPod: podOf({}), newPod: podOf({ priority: 1 }) }, false],
])("hints: %s", (_title, event, expected) => {
  const hints = nodeDeclaredFeatures().hints ?? [];
  const isHelpful = hints.some(({ events, hint }) => events.includes(event.name) && hint(podOf({}), event));
  expect(isHelpful).toBe(expected);
});
