/** Rows of measurements, kept as CSV under results/bench: the trend is a file, not a memory. */
import { execFileSync } from "node:child_process";
import { createReadStream, createWriteStream, existsSync, mkdirSync } from "node:fs";
import { cpus } from "node:os";
import { dirname } from "node:path";
import { parse, writeToStream } from "fast-csv";

/** Where and on what a row was measured. */
export function machineFacts(): { readonly commit: string; readonly node: string; readonly cpu: string } {
  const commit = execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim();
  return { commit, node: process.version, cpu: cpus()[0]?.model ?? "unknown" };
}

/** Appends rows to a CSV file, which is made with its folder where it is missing. */
export async function appendRows(file: string, rows: readonly object[]): Promise<void> {
  mkdirSync(dirname(file), { recursive: true });
  const old: object[] = [];
  if (existsSync(file)) {
    for await (const row of createReadStream(file).pipe(parse({ headers: true }))) old.push(row as object);
  }
  await new Promise<void>((resolve, reject) => {
    writeToStream(createWriteStream(file), [...old, ...rows], { headers: true, includeEndRowDelimiter: true })
      .on("finish", resolve)
      .on("error", reject);
  });
}
