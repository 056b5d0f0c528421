import { join, resolve } from "node:path";
import { type Conclusion, conclude } from "./conclusion.ts";
import { ExperimentRefusal } from "./experiment.ts";
import { type ExperimentDocument, ExperimentFolder } from "./experiment-folder.ts";
import type { Variation } from "./variations.ts";

export interface MergeResult {
  readonly folder: string;
  /** Runs that none of the folders has. */
  readonly missing: readonly string[];
  readonly missingCount: number;
  /** null while runs are missing. */
  readonly conclusion: Conclusion | null;
}

/** How many missing runs are named. */
const NAMED = 5;

/**
 * Puts the shards of an experiment together; when no run is missing, the result is that of one undivided start, byte for byte.
 * @param folders `results/<experiment>` of each shard
 * @param out the folder that holds the results of all experiments
 * @throws ExperimentRefusal when they are not of one experiment
 */
export async function mergeExperiments(folders: readonly string[], out: string): Promise<MergeResult> {
  const parts = folders.map((path) => {
    const part = new ExperimentFolder(path);
    const document = part.document();
    if (document === null) throw new ExperimentRefusal(`${path} holds no experiment: there is no experiment.json`);
    return { part, document };
  });
  const [first] = parts;
  if (first === undefined) throw new ExperimentRefusal("nothing to merge");
  const { document } = first;
  for (const other of parts) {
    if (other.document.identity === document.identity) continue;
    throw new ExperimentRefusal(`${other.part.path} holds another experiment than ${first.part.path}`);
  }
  const target = new ExperimentFolder(join(out, document.experiment));
  const found = target.document();
  if (found === null) target.create(document);
  else if (found.identity === document.identity) target.resume();
  else throw new ExperimentRefusal(`${target.path} holds another experiment: give another folder with --out`);
  const missing = collect(
    target,
    document,
    parts.map(({ part }) => part),
  );
  const conclusion = missing.length > 0 ? null : await conclude(target, optionsOf(document));
  return { folder: target.path, missing: missing.slice(0, NAMED), missingCount: missing.length, conclusion };
}

function collect(target: ExperimentFolder, document: ExperimentDocument, parts: readonly ExperimentFolder[]): string[] {
  const missing: string[] = [];
  for (const { folder, name } of document.variants) {
    for (const seed of document.seeds) {
      if (target.hasRun(folder, seed)) continue;
      const source = parts.find((part) => resolve(part.path) !== resolve(target.path) && part.hasRun(folder, seed));
      if (source === undefined) missing.push(`${name}, seed ${seed}`);
      else target.copyRun(source, folder, seed);
    }
  }
  return missing;
}

function optionsOf(document: ExperimentDocument): Parameters<typeof conclude>[1] {
  const { experiment: name, version, identity, seeds, baseline, measures, variants } = document;
  const variations = variants.map((variant): Variation => ({ ...variant, settings: [], overlays: [] }));
  return { name, version, identity, seeds, baseline, measures, variations, tune: null, best: null };
}
