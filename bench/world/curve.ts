/**
 * How cost grows with the cluster: `scenarios/scale/quiet-5000.yaml` with 100, 1,000, 5,000 and 20,000 nodes (30 pods a node, 100 pods a
 * Deployment), each in a process of its own. What it takes to fill the cluster is told apart from what the hours at rest take.
 *
 *   npm run bench -- world/curve [hours] [nodes…] [--record]
 */
import { spawnSync } from "node:child_process";
import { loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";
import { loadScenario } from "../../src/scenario/index.ts";
import { hours, minutes } from "../../src/units/index.ts";
import { World } from "../../src/world/index.ts";
import { appendRows, machineFacts } from "../record.ts";

const SCENARIO = "scenarios/scale/quiet-5000.yaml";
/** Every pod runs and every autoscaler has seen it by then. */
const FILLED = minutes(10);
const NODES_A_DEPLOYMENT = 100 / 30;

interface Point {
  readonly nodes: number;
  readonly pods: number;
  readonly hours: number;
  readonly readCpuSeconds: number;
  readonly fillCpuSeconds: number;
  readonly restCpuSeconds: number;
  readonly cpuMillisPerNodeHour: number;
  readonly peakRssMib: number;
  readonly rssKibPerPod: number;
  readonly events: number;
  readonly digest: string;
}

const words = process.argv.slice(2);
if (words[0] === "--point") {
  process.stdout.write(JSON.stringify(await point(Number(words[1]), Number(words[2]))));
} else {
  const [long = 2, ...sizes] = words.filter((word) => !word.startsWith("--")).map(Number);
  await curve(long, sizes.length > 0 ? sizes : [100, 1000, 5000, 20_000]);
}

async function curve(long: number, sizes: readonly number[]): Promise<void> {
  const points = sizes.map((nodes) => {
    const { stdout, stderr, status } = spawnSync(
      process.execPath,
      ["--max-old-space-size=12288", fileURLToPath(import.meta.url), "--point", String(nodes), String(long)],
      { encoding: "utf8", maxBuffer: 1 << 26 },
    );
    if (status !== 0) throw new Error(`${nodes} nodes: ${stderr}`);
    const made = JSON.parse(stdout) as Point;
    console.log(
      `${String(nodes).padStart(6)} nodes ${String(made.pods).padStart(7)} pods  filled in ${made.fillCpuSeconds} s, ` +
        `${long} h at rest ${made.restCpuSeconds} s CPU = ${made.cpuMillisPerNodeHour} ms a node and hour  ` +
        `${made.peakRssMib} MiB = ${made.rssKibPerPod} KiB a pod`,
    );
    return made;
  });
  if (!words.includes("--record")) return;
  const command = `npm run bench -- world/curve ${long} ${sizes.join(" ")}`;
  const load = Math.round((loadavg()[0] ?? 0) * 10) / 10;
  const rows = points.map((made) => ({ bench: "curve", ...made, load, ...machineFacts(), command }));
  await appendRows("results/bench/curve.csv", rows);
}

async function point(nodes: number, long: number): Promise<Point> {
  // As `orrery run` does.
  setFlagsFromString("--heap-growing-percent=20");
  const cpu = stopwatch();
  const deployments = Math.max(1, Math.round(nodes / NODES_A_DEPLOYMENT));
  const settings = [
    `spec.cluster.nodePools[0].count=${nodes}`,
    `spec.repeat[0].count=${deployments}`,
    `spec.duration=${long * 60 + 10}m`,
    "spec.warmup=10m",
    "spec.assertions=[]",
  ];
  const { plan, problems } = await loadScenario(SCENARIO, { version: "bench", settings });
  if (plan === null) throw new Error(problems.map(({ message }) => message).join("\n"));
  const readCpuSeconds = cpu();
  const world = World.from(plan);
  world.run(FILLED);
  const pods = world.store.pods.count;
  const fillCpuSeconds = cpu();
  world.run(FILLED + hours(long));
  const restCpuSeconds = cpu();
  if (world.store.pods.count !== pods)
    throw new Error(`the cluster is not at rest: ${world.store.pods.count} pods of ${pods}`);
  const peakRssMib = process.resourceUsage().maxRSS / 1024;
  return {
    nodes,
    pods,
    hours: long,
    readCpuSeconds,
    fillCpuSeconds,
    restCpuSeconds,
    cpuMillisPerNodeHour: Number(((restCpuSeconds * 1000) / (nodes * long)).toPrecision(3)),
    peakRssMib: Math.round(peakRssMib),
    rssKibPerPod: Number(((peakRssMib * 1024) / pods).toPrecision(3)),
    events: world.engine.eventCount,
    digest: world.engine.digest(),
  };
}

/** CPU seconds since the last look. */
function stopwatch(): () => number {
  let before = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(before);
    before = process.cpuUsage();
    return Math.round((user + system) / 1e4) / 100;
  };
}
