import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { stringify } from "yaml";
import { main } from "../../src/cli/main.ts";
import { loadScenario } from "../../src/scenario/index.ts";
import { World } from "../../src/world/index.ts";
import { asList, kubectlDump } from "./kubectl-dump.ts";

const folder = mkdtempSync(join(tmpdir(), "orrery-dump-"));
afterAll(() => rmSync(folder, { recursive: true }));

let notes = "";
async function orrery(...words: string[]): Promise<{ readonly exit: number; readonly out: string }> {
  let out = "";
  notes = "";
  const exit = await main(words, {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      notes += text;
    },
    ...{ outHasColour: false, errHasColour: false, hasProgress: false },
  });
  return { exit, out };
}

const made: Record<string, string> = {};
beforeAll(async () => {
  for (const [name, items] of Object.entries(kubectlDump())) {
    const file = join(folder, `${name}.yaml`);
    writeFileSync(file, stringify(asList(items), { aliasDuplicateObjects: false }));
    expect((await orrery("import", "-f", file, "--format", "kubectl", "--out", join(folder, name))).exit).toBe(0);
    made[name] = notes;
  }
}, 60_000);

const scenarioOf = (name: string): string => join(folder, name, "scenario.yaml");

test("nodes and pods alone become a cluster with the controllers that the pods name", () => {
  expect(made.small).toContain("left out: 1 × Pod (being deleted)\nleft out: 1 × Pod (finished: Succeeded)\n");
  expect(made.small).toContain(
    "of these made from the pods that name them as their controllers: 3 DaemonSet, 24 ReplicaSet, 6 StatefulSet\n",
  );
  expect(made.whole).not.toContain("of these made");
});

test.each(["small", "whole"])("%s: every pod stays what and where it is", async (name) => {
  const { plan, problems } = await loadScenario(scenarioOf(name), { version: "0" });
  expect(problems).toEqual([]);
  if (plan === null) throw new Error("no plan");
  const world = World.from(plan);
  const places = (): string[] => {
    const { pods } = world.store;
    const all: string[] = [];
    for (let row = pods.first(); row !== -1; row = pods.after(row))
      all.push(`${pods.namespaceOf(row)}/${pods.name.get(row)} ${pods.nodeNameOf(row)}`);
    return all.sort();
  };
  const before = places();
  expect(before).toHaveLength(392);
  world.run(600_000_000);
  expect(places()).toEqual(before);
});

test.each(["small", "whole"])("%s: capacity counts what is free, and says what waits already", async (name) => {
  const { exit, out } = await orrery("capacity", "-f", scenarioOf(name), "--fit", "examples/zookeeper/web.yaml");
  expect(exit).toBe(0);
  expect(out).toContain(
    "data/huge  0/40 nodes are available: 31 Insufficient cpu, 9 node(s) had untolerated taint(s).",
  );
  // 31 workers of 3920m less 170m of daemons and 250m for each web pod; 9 nodes keep others away.
  expect(out).toContain("The cluster can schedule 101 instance(s) of web.");
});

test("survive does not mourn pods that belong to their nodes", async () => {
  const words = ["survive", "-f", scenarioOf("small"), "--zones", "1", "--seeds", "1", "-j", "1", "-q", "-o", "json"];
  const { out } = await orrery(...words);
  const { losses } = JSON.parse(out) as { losses: { never: { workload: string }[]; podsDown: number }[] };
  const never = new Set(losses.flatMap((loss) => loss.never.map(({ workload }) => workload.split("/")[0])));
  // Pods of a dead node's StatefulSets stay Terminating; a pod of its own is gone.
  expect([...never].sort()).toEqual(["Pod", "StatefulSet"]);
  expect(
    losses.flatMap((loss) => loss.never.map(({ workload }) => workload)).filter((one) => one.startsWith("Pod/")),
  ).toEqual(["Pod/shop/debug"]);
});
