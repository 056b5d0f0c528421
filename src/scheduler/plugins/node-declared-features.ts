import type { PodSpec } from "../../kube/index.ts";
import { sameData } from "../../tables/index.ts";
import { StateKey } from "../cycle-state.ts";
import type { Plugin } from "../framework.ts";
import { SKIP, unresolvable } from "../status.ts";

const NAME = "NodeDeclaredFeatures";

type LooseContainer = {
  readonly restartPolicyRules?: readonly { readonly action?: string }[];
  readonly volumeMounts?: readonly { readonly bindMountOptions?: readonly string[] }[];
};

/** Features of the kubelet that a pod cannot do without, and how its spec shows it.
 *  @source kubernetes 1.37 component-helpers nodedeclaredfeatures/features */
const FEATURES: readonly (readonly [name: string, isNeeded: (spec: PodSpec) => boolean])[] = [
  [
    "RestartAllContainersOnContainerExits",
    (spec) =>
      someContainer(spec, (one) => one.restartPolicyRules?.some((rule) => rule.action === "RestartAllContainers")),
  ],
  [
    "UserNamespacesHostNetworkSupport",
    (spec) => {
      const { hostNetwork, hostUsers } = spec as { readonly hostNetwork?: boolean; readonly hostUsers?: boolean };
      return hostNetwork === true && hostUsers === false;
    },
  ],
  [
    "VolumeBindMountOptions",
    (spec) =>
      someContainer(spec, (one) => one.volumeMounts?.some((mount) => (mount.bindMountOptions ?? []).length > 0)),
  ],
];

/**
 * Pods that need a feature of the kubelet go only where `status.declaredFeatures` lists it.
 * @source kubernetes 1.37 nodedeclaredfeatures plugin
 */
export function nodeDeclaredFeatures(): Plugin {
  const key = new StateKey<readonly string[]>(NAME);
  const lacking = unresolvable(NAME, "node(s) didn't match Pod's required features");
  return {
    name: NAME,
    memoKey: ({ spec }) => featuresOf(spec).join(","),
    preFilter: (state, { spec }) => {
      const needed = featuresOf(spec);
      if (needed.length === 0) return { status: SKIP };
      state.write(key, needed);
      return null;
    },
    filter: (state, _pod, { node }) => {
      const declared = node.status?.declaredFeatures ?? [];
      return (state.read(key) ?? []).every((feature) => declared.includes(feature)) ? null : lacking;
    },
    hints: [
      { events: ["Node/Add", "Node/UpdateDeclaredFeature"], hint: () => true },
      {
        events: ["TargetPod/Update", "TargetPod/UpdateLabel", "TargetPod/UpdateScaleDown", "TargetPod/UpdateScaleUp"],
        hint: (_pod, { oldPod, newPod }) =>
          oldPod !== undefined && newPod !== undefined && !sameData(featuresOf(oldPod.spec), featuresOf(newPod.spec)),
      },
    ],
  };
}

function featuresOf(spec: PodSpec): string[] {
  return FEATURES.flatMap(([name, isNeeded]) => (isNeeded(spec) ? [name] : []));
}

function someContainer(spec: PodSpec, has: (container: LooseContainer) => boolean | undefined): boolean {
  return [...(spec.initContainers ?? []), ...spec.containers].some((one) => has(one as LooseContainer) === true);
}
