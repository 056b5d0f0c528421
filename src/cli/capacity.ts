import {
  type CapacityAnswer,
  capacityLines,
  fewestNodes,
  fitPods,
  nodeTypesOf,
  type PodTemplate,
  podTemplates,
  settle,
  shrink,
  waitingPods,
  withObjects,
} from "../answers/index.ts";
import { loadScenario, readCatalogue } from "../scenario/index.ts";
import type { PlannedObject, PlannedPool } from "../world/plan.ts";
import { type Cluster, type ClusterFiles, loadCluster } from "./cluster.ts";
import { refuse } from "./problems.ts";
import type { RunContext } from "./run.ts";
import { EXIT, type Terminal, UsageError } from "./terminal.ts";
import { packageVersion } from "./version.ts";

export interface CapacityOptions extends ClusterFiles {
  readonly fits: readonly string[];
  readonly ratio: readonly number[] | null;
  readonly counts: readonly number[] | null;
  readonly minNodes: boolean;
  readonly keepNodes: boolean;
  readonly mostNodes: number;
  readonly catalogue: string | undefined;
  readonly objective: "cost" | "nodes";
  readonly shrink: boolean;
  readonly output: "table" | "json";
}

/** Pods of one --fit are no more than these. */
const MOST_PODS = 1_000_000;

/** `orrery capacity`: answers by simulated clusters. Exit code 3 when the answer is no. */
export async function capacity(options: CapacityOptions, { terminal }: RunContext): Promise<number> {
  if (options.fits.length === 0 && !options.minNodes && !options.shrink)
    throw new UsageError("capacity: ask for --fit POD.yaml, --min-nodes or --shrink");
  const cluster = await loadCluster(options, terminal);
  if (cluster === null) return EXIT.usage;
  const asked = await readTemplates(options.fits, terminal);
  if (asked === null) return EXIT.usage;
  const templates = asked.flatMap((one) => one.templates);
  checkNumbers(options, templates);
  const types = readTypes(options, cluster, terminal);
  if (types === null) return EXIT.usage;
  const plan = withObjects(
    cluster.plan,
    asked.flatMap(({ others }) => others),
  );
  const question = { plan, plugins: cluster.plugins };
  const ratio = options.ratio ?? templates.map(() => 1);
  const wanted = options.counts?.reduce((sum, count) => sum + count, 0);
  const settled = settle(plan, cluster.plugins);
  const answer: CapacityAnswer = {
    currency: types.currency,
    waiting: waitingPods(settled),
    fit: templates.length === 0 ? null : fitPods(settled, { templates, ratio, limit: MOST_PODS }),
    wanted: options.counts,
    fewest: !options.minNodes
      ? null
      : {
          objective: options.objective,
          types: types.types,
          ...fewestNodes({
            ...question,
            types: types.types,
            extra: templates.map((template, index) => ({ template, count: options.counts?.[index] ?? 0 })),
            objective: options.objective,
            keepsNodes: options.keepNodes,
            mostNodes: options.mostNodes,
          }),
        },
    shrink: options.shrink ? shrink(question) : null,
  };
  const exit = isNo(answer, wanted) ? EXIT.assertion : EXIT.done;
  if (options.output === "json") {
    const document = { schema: "kube-orrery/capacity.v1", version: packageVersion(), ...jsonOf(answer), exit };
    terminal.out(`${JSON.stringify(document, null, 2)}\n`);
  } else terminal.out(`${capacityLines(answer).join("\n")}\n`);
  return exit;
}

function isNo(
  { fit: fitted, fewest, shrink: shrunk, wanted: counts }: CapacityAnswer,
  wanted: number | undefined,
): boolean {
  const isTooFew =
    wanted !== undefined && fewest === null && fitted?.templates.some(({ count }, i) => count < (counts?.[i] ?? 0));
  const isImpossible = fewest !== null && fewest.mixed === null && fewest.alone.every((fleet) => fleet === null);
  return isTooFew === true || isImpossible || shrunk?.nodes.length === 0;
}

/** Node types by name and make, not as the plan has them. */
function jsonOf(answer: CapacityAnswer): object {
  const { fewest } = answer;
  if (fewest === null) return answer;
  const types = fewest.types.map(({ name, template: { allocatable, pricePerHour } }) => ({
    name,
    allocatable,
    pricePerHour,
  }));
  return { ...answer, fewest: { ...fewest, types } };
}

interface Asked {
  readonly templates: readonly PodTemplate[];
  /** What else is in the file: priority classes, services. */
  readonly others: readonly PlannedObject[];
}

async function readTemplates(files: readonly string[], terminal: Terminal): Promise<Asked[] | null> {
  const asked: Asked[] = [];
  let isBad = false;
  for (const file of files) {
    const loaded = await loadScenario(file, { version: packageVersion() });
    if (loaded.plan === null) {
      refuse(terminal, loaded);
      isBad = true;
      continue;
    }
    const templates = podTemplates(loaded.plan.objects);
    if (templates.length !== 1) {
      const what = templates.length === 0 ? "no pod and no workload" : `${templates.length} pods or workloads`;
      throw new UsageError(`--fit ${file}: there is ${what} in it — give one, in a file of its own`);
    }
    const [template] = templates;
    asked.push({ templates, others: loaded.plan.objects.filter((planned) => planned !== template?.planned) });
  }
  return isBad ? null : asked;
}

function checkNumbers({ ratio, counts, minNodes }: CapacityOptions, templates: readonly PodTemplate[]): void {
  for (const [name, numbers] of [["ratio", ratio] as const, ["count", counts] as const]) {
    if (numbers !== null && numbers.length !== templates.length)
      throw new UsageError(`--${name}: ${numbers.length} numbers for ${templates.length} --fit`);
  }
  if (minNodes && templates.length > 0 && counts === null)
    throw new UsageError("--min-nodes with --fit: say how many pods are wanted, such as --count 60");
}

function readTypes(
  { catalogue: file }: CapacityOptions,
  { plan }: Cluster,
  terminal: Terminal,
): { readonly types: readonly PlannedPool[]; readonly currency: string } | null {
  if (file === undefined) return { types: nodeTypesOf(plan), currency: plan.currency };
  const read = readCatalogue(file);
  if (read.catalogue !== null) return read.catalogue;
  refuse(terminal, { ...read, plan: null, inputs: [], resolved: "", plugins: new Map() });
  return null;
}
