import { formatClock } from "../units/index.ts";
import { type NetworkView, podNetwork, serviceNetwork } from "../world/index.ts";
import { type RecordedRun, ViewRefusal, worldAt } from "./rerun.ts";

const MICROS_PER_SECOND = 1_000_000;

/**
 * Makes a run again up to an instant (its end by default) and looks at the network of a pod or a Service there.
 * `dns` is a name that the pod looks up.
 * @throws ViewRefusal
 */
export async function networkView(
  run: RecordedRun,
  target: string,
  at: number | null,
  dns?: string,
): Promise<NetworkView> {
  const [kind = "", ...rest] = target.split("/");
  const [namespace = "", name = ""] = rest.length === 1 ? ["default", rest[0]] : rest;
  if (kind !== "pod" && kind !== "service") {
    throw new ViewRefusal(`"${target}" has no network: write pod/NAME or service/NAME`);
  }
  if (kind === "service" && dns !== undefined) throw new ViewRefusal("names are looked up by pods: write pod/NAME");
  const { store } = await worldAt(run, at);
  const isPod = kind === "pod";
  const row = isPod ? store.pods.rowOf(namespace, name) : store.documents("Service").rowOf(namespace, name);
  if (row === -1) throw new ViewRefusal(`there is no ${kind} ${namespace}/${name} at ${formatClock(store.engine.now)}`);
  return isPod ? podNetwork(store, row, dns) : serviceNetwork(store, row);
}

/** The view as lines. */
export function networkLines(view: NetworkView): string[] {
  const lines = [
    `${view.object} at ${formatClock(Math.floor(view.atMicros / MICROS_PER_SECOND) * MICROS_PER_SECOND)} — network`,
  ];
  const width = Math.max(...view.addresses.map(([what]) => what.length));
  for (const [what, value] of view.addresses) lines.push(`  ${what.padEnd(width)}  ${value}`);
  for (const { container, variables } of view.containers) {
    lines.push("", `ENVIRONMENT of ${container}`, ...variables.map(({ name, value }) => `  ${name}=${value}`));
  }
  const { resolver } = view;
  if (resolver !== undefined) {
    lines.push("", "RESOLV.CONF", `  nameserver ${resolver.nameservers.join(" ") || "(the node's)"}`);
    if (resolver.searches.length > 0) lines.push(`  search ${resolver.searches.join(" ")}`);
    lines.push(`  options ndots:${resolver.ndots}`);
  }
  if (view.lookups.length > 0) lines.push("", "NAMES");
  for (const { name, answer } of view.lookups) {
    const none = answer.code === "NOERROR" ? "no such record" : answer.code;
    if (answer.records.length === 0) lines.push(`  ${name} ${none}`);
    for (const record of answer.records) lines.push(`  ${record.name} ${record.type} ${record.value}`);
  }
  if (view.routes.length > 0) lines.push("", "FROM OUTSIDE, BY NODE");
  for (const { node, address, to } of view.routes) lines.push(`  ${node.padEnd(16)} ${address.padEnd(15)} → ${to}`);
  return lines;
}
