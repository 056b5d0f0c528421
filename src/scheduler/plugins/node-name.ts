import type { Plugin } from "../framework.ts";
import { unresolvable } from "../status.ts";

/** A pod that names its node goes there or nowhere.
 *  @source kubernetes 1.37 nodename plugin */
export function nodeName(): Plugin {
  const name = "NodeName";
  const mismatch = unresolvable(name, "node(s) didn't match the requested node name");
  return {
    name,
    preFilter: (_state, pod) => (pod.nodeName === "" ? null : { nodes: new Set([pod.nodeName]) }),
    passesAll: (pod) => pod.nodeName === "",
    filter: (_state, pod, node) => (pod.nodeName === "" || pod.nodeName === node.name ? null : mismatch),
    memoKey: () => "",
    hints: [{ events: ["Node/Add"], hint: () => true }],
  };
}
