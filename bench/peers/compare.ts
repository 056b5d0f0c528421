/**
 * The same three workloads in this project's engine and in others that are easily had: SimPy (PyPI), flatqueue, tinyqueue and simjs
 * (npm), installed at fixed versions into a folder of their own. Fresh processes, the engines taking turns; medians of the CPU time of
 * the timed part.
 *
 *   npm run bench -- peers/compare [rounds] [--record]
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { median } from "../../src/statistics/index.ts";
import { appendRows, machineFacts } from "../record.ts";
import { delays, SIZES, type Timed, WORKLOADS, type Workload } from "./workloads.ts";

const NPM = { flatqueue: "3.1.0", tinyqueue: "3.0.0", simjs: "2.0.3" } as const;
const SIMPY = "4.1.1";

interface Peer {
  readonly name: string;
  readonly command: (workload: Workload) => readonly string[] | null;
}

const rounds = Number(process.argv.slice(2).find((word) => /^\d+$/.test(word)) ?? 3);
const scratch = mkdtempSync(join(tmpdir(), "orrery-peers-"));
try {
  const peers = install();
  const measured = measure(peers);
  await print(peers, measured);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

function install(): Peer[] {
  writeFileSync(join(scratch, "package.json"), JSON.stringify({ private: true, dependencies: NPM }));
  const quietly = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"];
  run(["npm", "install", ...quietly], scratch);
  const venv = join(scratch, "venv");
  run(["python3", "-m", "venv", venv]);
  const python = join(venv, "bin", "python");
  run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", `simpy==${SIMPY}`]);
  const given = join(scratch, "given.json");
  writeFileSync(given, JSON.stringify({ sizes: SIZES, delays: [...delays()] }));
  const script = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
  // Python is not compiled into the build: it lies with the sources.
  const simpy = join(process.cwd(), "bench", "peers", "simpy_peer.py");
  const node = (name: string, ...words: string[]): string[] => [process.execPath, script(name), ...words];
  return [
    { name: "orrery", command: (workload) => node("./orrery.js", workload) },
    {
      name: "orrery (chains)",
      command: (workload) => (workload === "beats" ? node("./orrery.js", "beats as chains") : null),
    },
    { name: `flatqueue ${NPM.flatqueue}`, command: (workload) => node("./queues.js", workload, "flatqueue", scratch) },
    { name: `tinyqueue ${NPM.tinyqueue}`, command: (workload) => node("./queues.js", workload, "tinyqueue", scratch) },
    { name: `simjs ${NPM.simjs}`, command: (workload) => node("./simjs.js", workload, scratch) },
    { name: `SimPy ${SIMPY}`, command: (workload) => [python, simpy, workload, given] },
  ];
}

function run([program = "", ...words]: readonly string[], cwd = process.cwd()): string {
  return execFileSync(program, words, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
}

type Figures = ReadonlyMap<string, readonly Timed[]>;

function measure(peers: readonly Peer[]): Figures {
  const figures = new Map<string, Timed[]>();
  for (let round = 0; round < rounds; round++) {
    for (const workload of WORKLOADS) {
      const done = new Set<string>();
      for (const { name, command } of peers) {
        const words = command(workload);
        if (words === null) continue;
        const timed = JSON.parse(run(words)) as Timed;
        const key = `${workload} ${name}`;
        figures.set(key, [...(figures.get(key) ?? []), timed]);
        done.add(`${timed.operations} operations up to ${timed.endMicros}`);
      }
      if (done.size > 1) throw new Error(`${workload}: the engines did not do the same: ${[...done].join("; ")}`);
    }
  }
  return figures;
}

async function print(peers: readonly Peer[], figures: Figures): Promise<void> {
  const load = Math.round((loadavg()[0] ?? 0) * 10) / 10;
  const rows = WORKLOADS.flatMap((workload) => {
    const own = speed(figures.get(`${workload} orrery`) ?? []);
    return peers.flatMap(({ name }) => {
      const samples = figures.get(`${workload} ${name}`);
      if (samples === undefined) return [];
      const mopsCpu = speed(samples);
      const operations = samples[0]?.operations ?? 0;
      return [
        {
          workload,
          engine: name,
          operations,
          mopsCpu: round3(mopsCpu),
          orreryRatio: round3(own / mopsCpu),
          rounds,
          load,
        },
      ];
    });
  });
  for (const { workload, engine, mopsCpu, orreryRatio } of rows) {
    console.log(
      `${workload.padEnd(6)} ${engine.padEnd(18)} ${mopsCpu.toFixed(3).padStart(9)} M/s   orrery × ${orreryRatio}`,
    );
  }
  if (!process.argv.includes("--record")) return;
  const command = `npm run bench -- peers/compare ${rounds} --record`;
  await appendRows(
    "results/bench/peers.csv",
    rows.map((row) => ({ ...row, ...machineFacts(), command })),
  );
}

/** Million operations a second of CPU time. */
function speed(samples: readonly Timed[]): number {
  return median(samples.map(({ operations, cpuSeconds }) => operations / cpuSeconds / 1e6));
}

function round3(value: number): number {
  return Number(value.toPrecision(3));
}
