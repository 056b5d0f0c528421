import { createReadStream, existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parse } from "fast-csv";
import type { DecisionRecord, ResultSink } from "../world/plan.ts";

/** What a screen draws its curves from. */
const SERIES = ["hpa", "pods", "nodes", "workloads"] as const;

/** Hands what a result folder holds to a sink that has not seen the run so far: decisions, then the series that a screen shows. */
export async function refill(sink: ResultSink, folder: string): Promise<void> {
  const decisions = join(folder, "decisions.jsonl");
  if (existsSync(decisions)) {
    for await (const line of createInterface({ input: createReadStream(decisions) })) {
      sink.decision(JSON.parse(line) as DecisionRecord);
    }
  }
  for (const name of SERIES) {
    const file = join(folder, "series", `${name}.csv`);
    if (!existsSync(file)) continue;
    for await (const row of createReadStream(file).pipe(parse({ headers: true }))) {
      sink.sample(name, withNumbers(row as Record<string, string>));
    }
  }
}

function withNumbers(row: Record<string, string>): Record<string, string | number> {
  const entries = Object.entries(row).map(([column, text]): [string, string | number] => {
    const isText = column === "name" || text === "" || Number.isNaN(Number(text));
    return [column, isText ? text : Number(text)];
  });
  return Object.fromEntries(entries);
}
