import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import type { DecisionRecord } from "../world/plan.ts";

/** The decisions of a file, one at a time and in order. What follows a line that was cut off by a kill is not read. */
export async function* decisionsOf(file: string): AsyncGenerator<DecisionRecord> {
  const input = createReadStream(file, "utf8");
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    const decision = parsed(line);
    if (decision === null) return;
    yield decision;
  }
}

function parsed(line: string): DecisionRecord | null {
  try {
    return JSON.parse(line) as DecisionRecord;
  } catch {
    return null;
  }
}
