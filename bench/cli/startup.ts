/**
 * How long the command takes to start: to its version, and through one simulated millisecond of a small scenario, which is what comes
 * before the first event and a little more (result folder and summary included). Fresh processes, the two alternating with
 * a bare Node; medians. Needs a build (`npm run build`).
 *
 *   npm run bench -- cli/startup [samples] [--record]
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { appendRows, machineFacts } from "../record.ts";

const samples = Number(process.argv.slice(2).find((word) => /^\d+$/.test(word)) ?? 15);
const scratch = mkdtempSync(join(tmpdir(), "orrery-startup-"));
const probe = join(scratch, "probe.cjs");
const used = join(scratch, "cpu");
writeFileSync(
  probe,
  `process.on("exit", () => { const { user, system } = process.cpuUsage(); require("fs").writeFileSync(${JSON.stringify(used)}, String(user + system)); });`,
);
const run = ["run", "scenarios/quick/hpa-burst.yaml", "--until", "1ms", "--quiet", "--out", join(scratch, "out")];
const COMMANDS: readonly (readonly [name: string, words: readonly string[], limitMillis: number | ""])[] = [
  ["node", ["-e", "0"], ""],
  ["version", ["dist/cli/main.js", "--version"], 150],
  ["first-event", ["dist/cli/main.js", ...run], 400],
];

const measured = COMMANDS.map(() => ({ wall: [] as number[], cpu: [] as number[] }));
for (let sample = 0; sample < samples; sample += 1) {
  for (const [index, [name, words]] of COMMANDS.entries()) {
    const startedAt = performance.now();
    const { status, stderr } = spawnSync(process.execPath, ["--require", probe, ...words], { encoding: "utf8" });
    const wall = performance.now() - startedAt;
    // 3: an assertion of a scenario that was cut short.
    if (status !== 0 && status !== 3) throw new Error(`${name} ended with ${status}: ${stderr}`);
    measured[index]?.wall.push(wall);
    measured[index]?.cpu.push(Number(readFileSync(used, "utf8")) / 1000);
  }
}
rmSync(scratch, { recursive: true, force: true });

const rows = COMMANDS.map(([bench, , limitMillis], index) => {
  const { wall = [], cpu = [] } = measured[index] ?? {};
  const [wallMillis, cpuMillis, wallMillisMin] = [middle(wall), middle(cpu), Math.round(Math.min(...wall))];
  return { bench, samples, wallMillis, wallMillisMin, cpuMillis, limitMillis };
});
const load = Math.round((loadavg()[0] ?? 0) * 10) / 10;
for (const { bench, wallMillis, wallMillisMin, cpuMillis, limitMillis } of rows) {
  const limit = limitMillis === "" ? "" : `  limit ${limitMillis} ms`;
  console.log(`${bench.padEnd(12)} ${wallMillis} ms wall (least ${wallMillisMin})  ${cpuMillis} ms CPU${limit}`);
}
console.log(`load ${load}`);
if (process.argv.includes("--record")) {
  const command = `npm run bench -- cli/startup ${samples} --record`;
  await appendRows(
    "results/bench/startup.csv",
    rows.map((row) => ({ ...row, load, ...machineFacts(), command })),
  );
}

function middle(values: readonly number[]): number {
  return Math.round([...values].sort((a, b) => a - b)[values.length >> 1] ?? 0);
}
