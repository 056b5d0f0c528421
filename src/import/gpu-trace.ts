import { CellReader } from "./cells.ts";
import { csvRows } from "./csv-rows.ts";
import type { OutputFolder } from "./output.ts";
import { PodListWriter } from "./pod-list.ts";
import type { ImportReport } from "./report.ts";

/** The GPUs of a node or pod, each of 1,000, added up. */
const GPU_MILLI = "alibabacloud.com/gpu-milli";
const GPU_COUNT = "alibabacloud.com/gpu-count";
const GPU_MODEL = "alibabacloud.com/gpu-card-model";
const WHOLE_GPU = 1000;

const NODE_COLUMNS = ["sn", "cpu_milli", "memory_mib", "gpu", "model"];
const POD_COLUMNS = ["name", "cpu_milli", "memory_mib", "num_gpu", "gpu_milli", "gpu_spec"];
const TIME_COLUMNS = ["creation_time", "deletion_time"];

/**
 * Imports the public GPU cluster trace of 2023 (openb): a list of nodes and one of pods, told apart by their columns.
 * Nodes that are alike become a pool, pods that are alike a template.
 */
export async function importGpuTrace(
  files: readonly string[],
  output: OutputFolder,
  report: ImportReport,
): Promise<Record<string, unknown> | null> {
  const pools = new Map<string, NodePool>();
  const pods = new PodListWriter(output);
  const found = new Set<string>();
  for (const file of files) {
    const kind = await readList(file, { pools, pods, report });
    if (kind !== null) found.add(kind);
  }
  for (const kind of ["nodes", "pods"]) {
    if (found.has(kind) || report.hasErrors) continue;
    const columns = kind === "nodes" ? NODE_COLUMNS : POD_COLUMNS;
    report.add(
      "E0404",
      files[0] ?? "",
      0,
      `there is no list of ${kind}: give a file with the columns ${columns.join(", ")}`,
    );
  }
  if (report.hasErrors) return null;
  pods.finish();
  const nodes = [...pools.values()].reduce((sum, { count }) => sum + count, 0);
  report.note(`${nodes} nodes in ${pools.size} pools, ${pods.count} pods of ${pods.templateCount} kinds`);
  return {
    duration: `${Math.floor(pods.lastAt) + 60}s`,
    cluster: { nodePools: [...pools.values()] },
    images: { preloaded: true },
    arrivals: [{ templates: "templates.yaml", csv: "pods.csv" }],
  };
}

interface NodePool {
  readonly name: string;
  count: number;
  readonly capacity: Readonly<Record<string, string>>;
  readonly allocatable: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
}

interface Targets {
  readonly pools: Map<string, NodePool>;
  readonly pods: PodListWriter;
  readonly report: ImportReport;
}

async function readList(file: string, { pools, pods, report }: Targets): Promise<"nodes" | "pods" | null> {
  let kind: "nodes" | "pods" | null = null;
  let hasTimes = false;
  const rows = csvRows(file, report, (columns) => {
    const has = (wanted: readonly string[]): boolean => wanted.every((column) => columns.includes(column));
    kind = has(NODE_COLUMNS) ? "nodes" : has(POD_COLUMNS) ? "pods" : null;
    hasTimes = has(TIME_COLUMNS);
    if (kind !== null) return true;
    const wanted = `${NODE_COLUMNS.join(", ")} (nodes) or ${POD_COLUMNS.join(", ")} (pods)`;
    report.add("E0404", file, 1, `expected the columns ${wanted}; got ${columns.join(", ")}`);
    return false;
  });
  let firstAt: number | null = null;
  for await (const row of rows) {
    const cells = new CellReader(file, row, report);
    if (kind === "nodes") readNode(cells, pools);
    else {
      const created: number = hasTimes ? cells.number("creation_time") : 0;
      firstAt ??= created;
      const at = created - firstAt;
      if (at < 0) cells.fail("creation_time", "the rows are not in the order of their creation");
      const ends = hasTimes && cells.text("deletion_time") !== "" ? cells.number("deletion_time") : null;
      const isKept = await readPod(cells, pods, Math.max(0, at), ends === null ? null : ends - created);
      if (!isKept) cells.fail("name", "too many kinds of pods: the requests differ from pod to pod");
    }
    if (report.isFull) break;
  }
  return kind;
}

function readNode(cells: CellReader, pools: Map<string, NodePool>): void {
  const [cpu, memory, gpus] = ["cpu_milli", "memory_mib", "gpu"].map((column) => cells.whole(column)) as [
    number,
    number,
    number,
  ];
  const model = cells.text("model");
  const key = `${cpu}/${memory}/${gpus}/${model}`;
  const known = pools.get(key);
  if (known !== undefined) {
    known.count++;
    return;
  }
  const what = gpus === 0 ? "cpu" : `${model.toLowerCase().replaceAll(/[^a-z0-9]+/g, "")}x${gpus}`;
  const taken = [...pools.values()].filter(({ name }) => name === what || name.startsWith(`${what}-`)).length;
  const size = {
    cpu: `${cpu}m`,
    memory: `${memory}Mi`,
    pods: "1000",
    ...(gpus === 0 ? {} : { [GPU_MILLI]: String(gpus * WHOLE_GPU) }),
  };
  pools.set(key, {
    name: taken === 0 ? what : `${what}-${String.fromCharCode(97 + taken)}`,
    count: 1,
    capacity: size,
    allocatable: size,
    labels: gpus === 0 ? {} : { [GPU_MODEL]: model, [GPU_COUNT]: String(gpus) },
  });
}

function readPod(
  cells: CellReader,
  pods: PodListWriter,
  atSeconds: number,
  forSeconds: number | null,
): Promise<boolean> | boolean {
  const [cpu, memory, gpus, share] = ["cpu_milli", "memory_mib", "num_gpu", "gpu_milli"].map((column) =>
    cells.whole(column),
  ) as [number, number, number, number];
  if (gpus > 1 && share !== WHOLE_GPU) cells.fail("gpu_milli", "several GPUs are asked for whole: expected 1000");
  if (gpus > 0 && (share < 1 || share > WHOLE_GPU)) cells.fail("gpu_milli", "expected 1 to 1000");
  if (cells.hasFailed) return true;
  const models = cells
    .text("gpu_spec")
    .split("|")
    .filter((model) => model !== "");
  return pods.add(
    {
      requests: {
        cpu: `${cpu}m`,
        memory: `${memory}Mi`,
        ...(gpus === 0 ? {} : { [GPU_MILLI]: String(gpus * share) }),
      },
      labels: gpus === 0 ? {} : { [GPU_COUNT]: String(gpus), [GPU_MILLI]: String(share) },
      nodeLabel: GPU_MODEL,
      nodeValues: models,
    },
    atSeconds,
    forSeconds,
  );
}
