import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { KubeObject } from "../../src/kube/index.ts";
import { type LoadedScenario, loadScenario } from "../../src/scenario/index.ts";
import { World } from "../../src/world/index.ts";

/** Scenarios of kubectl lines: what they make of the objects, and what is refused. */

export interface Lines {
  /** The manifests of the start. */
  readonly objects?: readonly object[];
  /** Further files beside the scenario, by name. */
  readonly files?: Readonly<Record<string, unknown>>;
  /** One every so many seconds, the first after 10 s; further actions as they are. */
  readonly lines?: readonly string[];
  readonly everySeconds?: number;
  readonly actions?: readonly object[];
  readonly duration?: string;
  /** Further fields of the scenario's spec. */
  readonly spec?: Readonly<Record<string, unknown>>;
}

export async function loaded(parts: Lines): Promise<LoadedScenario> {
  const { objects = [], files = {}, lines = [], everySeconds = 1, actions = [], duration = "2m" } = parts;
  const folder = mkdtempSync(join(tmpdir(), "orrery-lines-"));
  try {
    const spec = {
      duration,
      objects,
      cluster: { nodePools: [{ name: "main", count: 2 }] },
      actions: [...lines.map((kubectl, index) => ({ at: `${10 + index * everySeconds}s`, kubectl })), ...actions],
      ...parts.spec,
    };
    const scenario = { apiVersion: "kube-orrery/v1alpha1", kind: "Scenario", metadata: { name: "lines" }, spec };
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), JSON.stringify(content));
    writeFileSync(join(folder, "s.yaml"), JSON.stringify(scenario));
    return await loadScenario(join(folder, "s.yaml"), { version: "0" });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The world after the lines, what was refused, and what kubectl said of lines that had nothing to do. */
export async function played(parts: Lines) {
  const { plan, problems } = await loaded(parts);
  if (plan === null) throw new Error(problems.map(({ message }) => message).join("\n"));
  const refusals: unknown[] = [];
  const said: unknown[] = [];
  const world = World.from(plan, {
    event: () => undefined,
    sample: () => undefined,
    decision: (one) => {
      if (one.by !== "action") return;
      said.push(one.notable);
      if (one.what === "refused") refusals.push((one as { readonly error?: unknown }).error);
    },
  });
  world.run();
  const find = <T extends KubeObject>(kind: string, name: string, namespace = "default"): T =>
    world.store.documents<T>(kind as "Other").find(namespace, name) as T;
  return { world, refusals, said, find };
}
