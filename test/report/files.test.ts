import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readFinishedRun } from "../../src/report/finished-run.ts";
import { type MadeRun, makeRun } from "./finished-run.ts";
import { type Family, readOpenMetrics } from "./open-metrics-reader.ts";

let made: MadeRun;
beforeAll(async () => {
  made = await makeRun("--parquet", "--trace", "--openmetrics");
}, 60_000);
afterAll(() => rmSync(made.root, { recursive: true }));

it("names the files that were written", () => {
  expect(made.exit).toBe(3);
  const lines = made.stdout.trim().split("\n");
  for (const name of ["series/nodes.parquet", "trace.json", "metrics.om"])
    expect(lines).toContain(join(made.folder, name));
});

describe("Parquet", () => {
  it("holds each series to the last cell, with types", async () => {
    const { series } = await readFinishedRun(made.folder);
    expect([...series.keys()]).toEqual(["hpa", "node_usage", "nodes", "pods", "services", "workloads"]);
    for (const [name, table] of series) {
      const file = await asyncBufferFromFile(join(made.folder, "series", `${name}.parquet`));
      const rows = await parquetReadObjects({ file });
      expect(rows).toHaveLength(table.rowCount);
      expect(Object.keys(rows[0] ?? {})).toEqual(table.names);
      for (const column of table.names) {
        const found = rows.map((row) => row[column]);
        const texts = table.texts(column);
        if (typeof found.find((value) => value !== null) === "string") expect(found).toEqual(texts);
        else expect(found.map((value) => (value === null ? "" : String(value)))).toEqual(texts);
      }
    }
  });
});

interface TraceEvent {
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts?: number;
  readonly dur?: number;
  readonly name: string;
  readonly args?: { readonly name?: string };
}

describe("trace.json", () => {
  const END = 20 * 60 * 1e6;
  let events: readonly TraceEvent[];
  beforeAll(() => {
    events = (JSON.parse(readFileSync(join(made.folder, "trace.json"), "utf8")) as { traceEvents: TraceEvent[] })
      .traceEvents;
  });
  const tracks = (pid: number): Map<number, string> =>
    new Map(
      events
        .filter((event) => event.name === "thread_name" && event.pid === pid)
        .map(({ tid, args }) => [tid, args?.name ?? ""]),
    );
  const slicesOf = (pid: number, name: string): TraceEvent[] => {
    const tid = [...tracks(pid)].find(([, one]) => one === name)?.[0];
    return events.filter((event) => event.ph === "X" && event.pid === pid && event.tid === tid);
  };

  it("has a named track for everything that it shows, within the run", () => {
    const names = events.filter(({ name }) => name === "process_name").map(({ args }) => args?.name);
    expect(names).toEqual(["nodes", "pods", "controllers", "cluster"]);
    for (const { ph, pid, tid, ts, dur } of events) {
      expect("MXiC").toContain(ph);
      if (ph === "M") continue;
      expect(ts).toSatisfy((at: number) => Number.isInteger(at) && at >= 0 && at <= END);
      if (ph === "X") expect((ts ?? 0) + (dur ?? -1e9)).toSatisfy((end: number) => end >= (ts ?? 0) && end <= END);
      if (ph !== "C") expect(tracks(pid).has(tid)).toBe(true);
    }
  });

  it("tells the life of a node and of a pod on it", () => {
    expect(slicesOf(1, "general-02").map(({ name }) => name)).toEqual(["crash", "NotReady"]);
    const lives = [...tracks(2).values()].map((pod) =>
      slicesOf(2, pod)
        .map(({ name }) => name)
        .join(" "),
    );
    expect(lives).toContain("pending starting running terminating");
    expect(lives.some((life) => life.startsWith("pending unschedulable starting running"))).toBe(true);
  });

  it("never lets two states of a pod overlap", () => {
    for (const pod of tracks(2).values()) {
      let end = 0;
      for (const { ts = 0, dur = 0 } of slicesOf(2, pod)) {
        expect(ts).toBeGreaterThanOrEqual(end);
        end = ts + dur;
      }
    }
  });

  it("has a track for each controller that decided", () => {
    const controllers = [...tracks(3).values()];
    for (const name of ["scheduler", "kubelet", "hpa", "deployment", "node-lifecycle", "fault", "action"]) {
      expect(controllers).toContain(name);
    }
  });
});

describe("metrics.om", () => {
  let families: readonly Family[];
  beforeAll(() => {
    families = readOpenMetrics(readFileSync(join(made.folder, "metrics.om"), "utf8"));
  });
  const family = (name: string): Family | undefined => families.find((one) => one.name === name);

  it("has a family for each column, with its type and unit", () => {
    expect(family("orrery_nodes_ready")).toMatchObject({ type: "gauge", unit: "" });
    expect(family("orrery_pods_cpu_used_cores")).toMatchObject({ type: "gauge", unit: "cores" });
    expect(family("orrery_services_unserved_requests")).toMatchObject({ type: "counter" });
  });

  it("holds the values of the series at simulated instants", async () => {
    const { series } = await readFinishedRun(made.folder);
    const table = series.get("nodes");
    const start = Date.UTC(2026, 0, 1) / 1000;
    expect(family("orrery_nodes_ready")?.samples).toEqual(
      table?.numbers("at_s").map((at, row) => ({
        name: "orrery_nodes_ready",
        labels: {},
        value: table.numbers("ready")[row],
        timestamp: start + at,
      })),
    );
    const labels = { namespace: "default", name: "web" };
    expect(family("orrery_hpa_current")?.samples.at(-1)?.labels).toEqual(labels);
  });
});

describe("the reader that the test uses", () => {
  it.each([
    ["# TYPE a gauge\na 1\n", /# EOF/],
    ["# TYPE a gauge\na 1 5\na 1 4\n# EOF\n", /order/],
    ['# TYPE a gauge\na 1\n# TYPE b gauge\nb 1\na{x="1"} 1\n# EOF\n', /interleaved|belongs/],
    ["# TYPE a counter\na 1\n# EOF\n", /belongs/],
    ["# TYPE a gauge\n# UNIT a seconds\na 1\n# EOF\n", /unit/],
    ["# TYPE a gauge\na{x=1} 1\n# EOF\n", /malformed/],
    ["# TYPE a gauge\na  1\n# EOF\n", /malformed/],
    ["# TYPE a gauge\na 1\n# EOF\nmore\n", /# EOF/],
  ])("refuses %j", (text, message) => {
    expect(() => readOpenMetrics(text)).toThrow(message);
  });
});
