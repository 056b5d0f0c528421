import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { loadScenario } from "../../../src/scenario/index.ts";
import { CONDITION } from "../../../src/store/index.ts";
import { type Micros, seconds } from "../../../src/units/index.ts";
import { type DecisionRecord, type Plan, World } from "../../../src/world/index.ts";
import { MeteredPods } from "./metered-pods.ts";
import type { Mark, Recording, TraceEntry } from "./recording.ts";
import { type ScenarioDocument, scenarioOf, scriptOf } from "./scenario.ts";
import { Tracer } from "./tracer.ts";

export interface Played {
  readonly entries: readonly TraceEntry[];
  /** What kubectl would have said to a drain. */
  readonly drainLines: readonly string[];
  /** The node that took the part of the one that the marks name. */
  readonly node: string;
}

/** The fake metrics API answers by its own second hand. */
const SECOND = seconds(1);
const ANY_NODE = "node-001";

/** Plays the scenario of a recording with the whole simulator: scenario file, plan, world. @throws Error where the scenario is refused */
export async function playControlPlane(recording: Recording): Promise<Played> {
  const node = await nodeForPart(recording);
  const plan = await planOf(scenarioOf(recording, node));
  const drainLines: string[] = [];
  const world = World.from(plan, {
    event: () => undefined,
    decision: (decision) => drainLines.push(...kubectlLines(decision)),
    sample: () => undefined,
  });
  const tracer = new Tracer(world.store);
  const metered = scriptOf(recording.name)?.isMetered === true ? new MeteredPods(world, recording) : null;
  if (metered === null) world.run();
  else {
    for (let at: Micros = 0; at <= plan.durationMicros; at += SECOND) {
      world.run(at);
      metered.answer();
    }
  }
  return { entries: tracer.finish(), drainLines, node };
}

async function planOf(document: ScenarioDocument): Promise<Plan> {
  const folder = await mkdtemp(join(tmpdir(), "orrery-control-plane-"));
  try {
    const file = join(folder, "scenario.yaml");
    await writeFile(file, stringify(document));
    const { plan, problems } = await loadScenario(file, { version: "test" });
    if (plan === null) throw new Error(problems.map(({ message }) => message).join("\n"));
    return plan;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/**
 * Which pods a node got is chance. The part of the node that the marks name is given to the first of its kind that bears
 * as many pods at that instant as it did.
 */
async function nodeForPart(recording: Recording): Promise<string> {
  const part = scriptOf(recording.name)?.nodePart;
  if (part === undefined) return ANY_NODE;
  const { t, do: what } = recording.marks[part.mark] as Mark;
  const named = /node-\d{4}/.exec(what)?.[0] ?? "";
  const wanted = podsOn(recording.entries, named, t);
  const world = World.from(await planOf(scenarioOf(recording, ANY_NODE)));
  world.run(seconds(t) - 1);
  const { pods } = world.store;
  const isPresent = (name: string): boolean => {
    const rows = pods.byNode.rows(pods.nodeNames.idOf(name));
    return rows.filter((row) => pods.ready.get(row) === CONDITION.true).length === wanted;
  };
  const candidates = world.plan.nodes.filter(({ labels }) => labels[part.label] === part.value);
  const found = candidates.find(({ name }) => isPresent(name));
  if (found === undefined) throw new Error(`no node of ${part.label} ${part.value} bears ${wanted} pods`);
  return found.name;
}

function podsOn(entries: readonly TraceEntry[], node: string, until: number): number {
  const bound = entries.filter((entry) => entry.k === "Pod" && entry.t < until && entry.node === node);
  return new Set(bound.map(({ n }) => n)).size;
}

/** @source kubectl 1.37 pkg/drain, pkg/cmd/drain */
function kubectlLines(decision: DecisionRecord): string[] {
  const { by, what, object = "" } = decision;
  const [kind = "", namespace = "", name = ""] = String(object).split("/");
  if (by === "drain" && what === "drained") return [`node/${namespace} drained`];
  if (by === "action" && String(decision.text).includes("drain")) return [`node/${namespace} cordoned`];
  if (by !== "eviction" || kind !== "pod") return [];
  const attempt = `evicting pod ${namespace}/${name}`;
  if (what === "evict") return [attempt, `pod/${name} evicted`];
  return [attempt, `error when evicting pods/"${name}" -n "${namespace}" (will retry after 5s): ${decision.message}`];
}
