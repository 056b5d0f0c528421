import { execFileSync } from "node:child_process";
import { cpus, loadavg } from "node:os";
import { appendRows } from "../record.ts";

/** One measured workload. */
export interface Row {
  readonly bench: string;
  readonly size: number;
  readonly operations: number;
  /** Millions of operations a second, by CPU time of the process (user and system). */
  readonly mopsCpu: number;
  readonly mopsWall: number;
  readonly rssMib: number;
  /** What the workload computed: a faster run with another one is another program. */
  readonly check: string;
}

const FILE = "results/bench/micro.csv";

/** Runs `work` several times and keeps the median by CPU time. `work` returns its check, the same each time. */
export function measure(bench: string, size: number, operations: number, prepare: () => () => string): Row {
  const samples: { cpu: number; wall: number; check: string }[] = [];
  for (let i = 0; i < 5; i += 1) {
    const work = prepare();
    const cpu = process.cpuUsage();
    const wall = performance.now();
    const check = work();
    const used = process.cpuUsage(cpu);
    samples.push({ cpu: used.user + used.system, wall: (performance.now() - wall) * 1000, check });
  }
  const checks = new Set(samples.map((sample) => sample.check));
  if (checks.size !== 1) throw new Error(`${bench} ${size}: not reproducible: ${[...checks].join(", ")}`);
  samples.sort((a, b) => a.cpu - b.cpu);
  const median = samples[2] as { cpu: number; wall: number; check: string };
  return {
    bench,
    size,
    operations,
    mopsCpu: round(operations / median.cpu),
    mopsWall: round(operations / median.wall),
    rssMib: Math.round(process.memoryUsage.rss() / 2 ** 20),
    check: median.check,
  };
}

/** Prints the rows and, with --record on the command line, appends them to results/bench/micro.csv. */
export async function report(rows: readonly Row[]): Promise<void> {
  const commit = execFileSync(
    "git",
    ["log", "-1", "--format=%h", "--", "src/engine", "src/tables", "src/random", "bench"],
    { encoding: "utf8" },
  ).trim();
  const version = process.version;
  for (const row of rows) {
    const { bench, size, mopsCpu, mopsWall, rssMib, check } = row;
    console.log(
      `${bench.padEnd(16)} ${String(size).padStart(8)}  ${mopsCpu.toFixed(2).padStart(7)} M/s cpu  ${mopsWall.toFixed(2).padStart(7)} M/s wall  ${rssMib} MiB  ${check}`,
    );
  }
  const cpu = `${cpus().length} × ${cpus()[0]?.model ?? "unknown cpu"}`;
  console.log(`Node ${version}, commit ${commit}, ${cpu}, load ${round(loadavg()[0] ?? 0)}`);
  if (!process.argv.includes("--record")) return;
  const script = (process.argv[1] ?? "").replace(`${process.cwd()}/`, "");
  const facts = {
    commit,
    node: version,
    load: round(loadavg()[0] ?? 0),
    cpu,
    command: `npx tsc -p bench && node ${script}`,
  };
  await appendRows(
    FILE,
    rows.map((row) => ({ ...row, ...facts })),
  );
}

function round(x: number): number {
  return Math.round(x * 100) / 100;
}
