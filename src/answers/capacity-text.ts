import { plural } from "../report/index.ts";
import { formatDuration, formatMilli } from "../units/index.ts";
import type { PlannedPool } from "../world/plan.ts";
import { type FewestAnswer, type Fleet, isBetter } from "./fewest-nodes.ts";
import type { FitAnswer } from "./fit.ts";
import type { Settled } from "./settle.ts";
import type { ShrinkAnswer } from "./shrink.ts";
import { columns } from "./text.ts";

export interface CapacityAnswer {
  readonly currency: string;
  /** Pods of the cluster itself that find no node. */
  readonly waiting: readonly WaitingPod[];
  readonly fit: FitAnswer | null;
  /** Pods wanted of each template; null when nobody said. */
  readonly wanted: readonly number[] | null;
  readonly fewest:
    | (FewestAnswer & { readonly objective: "cost" | "nodes"; readonly types: readonly PlannedPool[] })
    | null;
  readonly shrink: ShrinkAnswer | null;
}

export interface WaitingPod {
  readonly name: string;
  readonly why: string;
}

export function waitingPods({ world, pendingRows }: Settled): WaitingPod[] {
  const { pods } = world.store;
  return pendingRows.map((row) => ({
    name: `${pods.namespaceOf(row)}/${pods.name.get(row)}`,
    why: pods.extra.get(row).conditionTexts?.PodScheduled?.message ?? "",
  }));
}

/** The answer as lines of text. */
export function capacityLines(answer: CapacityAnswer): string[] {
  const { waiting } = answer;
  const blocks = [
    ...(waiting.length === 0 ? [] : [waitingLines(waiting)]),
    ...(answer.fit === null ? [] : [fitLines(answer.fit, answer.wanted)]),
    ...(answer.fewest === null ? [] : [fewestLines(answer)]),
    ...(answer.shrink === null ? [] : [shrinkLines(answer.shrink, answer.currency)]),
  ];
  return blocks.flatMap((lines, index) => (index === 0 ? lines : ["", ...lines]));
}

const WAITING_SHOWN = 3;

function waitingLines(waiting: readonly WaitingPod[]): string[] {
  const more = waiting.length - WAITING_SHOWN;
  return [
    `${plural(waiting.length, "pod")} of the cluster itself ${waiting.length === 1 ? "finds" : "find"} no node:`,
    ...waiting.slice(0, WAITING_SHOWN).map(({ name, why }) => `  ${name}  ${why}`),
    ...(more > 0 ? [`  and ${more} more`] : []),
  ];
}

function fitLines({ templates, reason, stoppedBy }: FitAnswer, wanted: readonly number[] | null): string[] {
  const parts = templates.map(({ name, count }, index) =>
    index === 0 ? `${count} instance(s) of ${name}` : `${count} of ${name}`,
  );
  const ratio = templates.length < 2 ? "" : ` (ratio ${templates.map((one) => one.ratio).join(":")})`;
  const of = templates.length < 2 || stoppedBy === null ? "" : `${stoppedBy}: `;
  const short = templates.flatMap(({ name, count }, index) => {
    const goal = wanted?.[index] ?? 0;
    return count < goal ? [`${goal - count} of ${goal} ${name}`] : [];
  });
  const isTold = templates.some(({ count }) => count > 0);
  return [
    `The cluster can schedule ${list(parts)}${ratio}.`,
    `Termination reason: ${reason === "" ? "the limit of this search" : `${of}${reason}`}`,
    ...(short.length === 0 ? [] : [`Not enough: ${short.join(" and ")} find no node.`]),
    ...(isTold ? ["Pod distribution among nodes:"] : []),
    ...columns(
      templates.flatMap(({ name, nodes }) => nodes.map((node) => [`  ${name}`, node.name, String(node.count)])),
      [false, false, true],
    ),
  ];
}

function list(parts: readonly string[]): string {
  return parts.length < 2 ? parts.join() : `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}`;
}

function fewestLines({ fit, wanted, fewest, currency }: CapacityAnswer): string[] {
  if (fewest === null) return [];
  const what = (fit?.templates ?? []).map(({ name }, index) => `${wanted?.[index] ?? 0} ${name}`).join(" + ");
  const { types, alone, mixed, objective } = fewest;
  const fleets = [...alone, ...(mixed === null ? [] : [mixed])];
  const best = fleets.reduce<Fleet | null>(
    (found, fleet) => (fleet !== null && (found === null || isBetter(fleet, found, objective)) ? fleet : found),
    null,
  );
  const mark =
    fleets.filter((fleet) => fleet !== null).length < 2 ? "" : objective === "cost" ? "← cheapest" : "← fewest";
  const row = (name: string, fleet: Fleet | null): string[] => {
    if (fleet === null) return [`  ${name}`, "none", "", "", "", "", ""];
    const { use, counts, nodes, costPerHour } = fleet;
    const shown = fleet === mixed ? counts.join("+") : String(nodes);
    const { cpuMilli, memoryBytes } = use.largestFree;
    return [
      `  ${name}`,
      shown,
      costPerHour.toFixed(2),
      percent(use.cpuRequestedRatio),
      percent(use.cpuStrandedRatio),
      `${formatMilli(cpuMilli)} / ${gibibytes(memoryBytes)}`,
      fleet === best ? mark : "",
    ];
  };
  return [
    `Fewest nodes for ${what === "" ? "everything in the cluster" : `${what}, beside what the cluster runs`}:`,
    ...columns(
      [
        ["  type", "nodes", `${currency}/h`, "cpu req.", "stranded cpu", "largest pod still fitting", ""],
        ...types.map(({ name }, index) => row(name, alone[index] ?? null)),
        ...(mixed === null ? [] : [row("mixed", mixed)]),
      ],
      [false, true, true, true, true, false, false],
    ),
    ...(best === null ? ["No number of these nodes will do."] : []),
    ...(fewest.isComplete ? [] : ["There are too many mixes to try them all: a better one may exist."]),
  ];
}

function shrinkLines({ nodes, staying, isExact, savedPerHour, tookMicros }: ShrinkAnswer, currency: string): string[] {
  const saved = savedPerHour > 0 ? `, saving ${savedPerHour.toFixed(2)} ${currency}/h` : "";
  const took = tookMicros === null ? "" : `; drained together, all is ready again after ${formatDuration(tookMicros)}`;
  return [
    nodes.length === 0 ? "No node can go." : `${plural(nodes.length, "node")} can go${saved}${took}:`,
    ...columns(
      nodes.map(({ name, pods }) => [`  ${name}`, `${plural(pods, "pod")} move${pods === 1 ? "s" : ""}`]),
      [false, false],
    ),
    ...(staying.length === 0 ? [] : ["To stay:"]),
    ...columns(
      staying.map(({ name, why }) => [`  ${name}`, why]),
      [false, false],
    ),
    ...(isExact || nodes.length === 0 ? [] : ["Chosen one by one: another choice may save more."]),
  ];
}

function percent(ratio: number): string {
  return `${Math.round(ratio * 100)}%`;
}

const GIBIBYTE = 1024 ** 3;

function gibibytes(bytes: number): string {
  return `${(bytes / GIBIBYTE).toFixed(1)}Gi`;
}
