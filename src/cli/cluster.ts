import { type LoadedScenario, loadScenario, severityOf } from "../scenario/index.ts";
import type { Plan } from "../world/plan.ts";
import { problemLines, refuse } from "./problems.ts";
import type { Terminal } from "./terminal.ts";
import { packageVersion } from "./version.ts";

export interface ClusterFiles {
  /** The first may be a scenario; the others are manifests. */
  readonly files: readonly string[];
  readonly settings: readonly string[];
  readonly overlays: readonly string[];
}

/** A scenario without errors. */
export type Cluster = LoadedScenario & { readonly plan: Plan };

/** The cluster that files describe; null when there are errors, which have been printed. Warnings go to stderr, if at all. */
export async function loadCluster(given: ClusterFiles, terminal: Terminal, warns = true): Promise<Cluster | null> {
  const [first = "", ...manifests] = given.files;
  const { settings, overlays } = given;
  const loaded = await loadScenario(first, { version: packageVersion(), settings, overlays, manifests });
  const { plan } = loaded;
  if (plan === null) {
    refuse(terminal, loaded);
    return null;
  }
  if (!warns) return { ...loaded, plan };
  const warnings = loaded.problems.filter((problem) => severityOf(problem) === "warning");
  const lines = problemLines(loaded, warnings, { notes: false, hasColour: terminal.errHasColour });
  for (const line of lines) terminal.err(`${line}\n`);
  return { ...loaded, plan };
}
