import { loadPlugins } from "../scenario/index.ts";
import { formatClock } from "../units/index.ts";
import { type NetworkView, podNetwork, serviceNetwork, World } from "../world/index.ts";
import type { RecordedRun } from "./rerun.ts";

/** There is nothing to show: what was asked for is not there, or has no network. */
export class NetworkRefusal extends Error {
  override readonly name = "NetworkRefusal";
}

const MICROS_PER_SECOND = 1_000_000;

/**
 * Makes a run again up to an instant (its end by default) and looks at the network of a pod or a Service there.
 * `dns` is a name that the pod looks up.
 * @throws NetworkRefusal
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
    throw new NetworkRefusal(`"${target}" has no network: write pod/NAME or service/NAME`);
  }
  if (kind === "service" && dns !== undefined) throw new NetworkRefusal("names are looked up by pods: write pod/NAME");
  const world = World.from(run.plan, undefined, await loadPlugins(run.plugins));
  const atMicros = Math.min(at ?? run.plan.durationMicros, run.plan.durationMicros);
  world.run(atMicros);
  const { store } = world;
  const isPod = kind === "pod";
  const row = isPod ? store.pods.rowOf(namespace, name) : store.documents("Service").rowOf(namespace, name);
  if (row === -1) throw new NetworkRefusal(`there is no ${kind} ${namespace}/${name} at ${formatClock(atMicros)}`);
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
