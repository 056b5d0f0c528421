import { join } from "node:path";
import { summaryDocument } from "../report/index.ts";
import { type LoadedScenario, loadScenario } from "../scenario/index.ts";
import type { Plan } from "../world/plan.ts";
import { PluginFault } from "./compare.ts";
import type { Seed } from "./comparison.ts";
import { type Conclusion, conclude } from "./conclusion.ts";
import type { Experiment } from "./definition.ts";
import { type ExperimentDocument, ExperimentFolder, hashedInputs, sha256 } from "./experiment-folder.ts";
import { asAssertion } from "./measures.ts";
import { pluginFilesOf, type Runner, type RunRequest, withSeed } from "./request.ts";
import { runAll } from "./run-all.ts";
import { type Trial, tuned } from "./tune.ts";
import type { Variation } from "./variations.ts";

/** One of so many parts of an experiment, from 1. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

export interface ExperimentOptions {
  readonly experiment: Experiment;
  /** The folder that holds the results of all experiments. */
  readonly out: string;
  readonly version: string;
  /** `start` refuses to replace an unfinished experiment, `resume` goes on with it, `restart` throws it away. */
  readonly mode: "start" | "resume" | "restart";
  readonly shard: Shard | null;
  readonly makeRunner: () => Promise<Runner>;
  readonly signal?: AbortSignal;
  /** Before the first run: how many there are, and how many of them are done already. */
  readonly onStart?: (total: number, done: number) => Promise<void>;
  readonly onRun?: () => void;
}

export interface ExperimentResult {
  readonly folder: string;
  /** Runs that were made now. */
  readonly made: number;
  /** null while runs are missing: this was a part. */
  readonly conclusion: Conclusion | null;
}

/** The folder and the experiment do not fit: what is there, and what to do. */
export class ExperimentRefusal extends Error {
  override readonly name = "ExperimentRefusal";
}

/** A variant's scenario has errors. */
export class VariantError extends Error {
  override readonly name = "VariantError";
  readonly loaded: LoadedScenario;
  constructor(variant: string, loaded: LoadedScenario) {
    super(`variant ${variant} cannot be run`);
    this.loaded = loaded;
  }
}

type Loaded = LoadedScenario & { readonly plan: Plan };

/**
 * Makes all runs of an experiment that are not there yet and sums them up. A run that is there is never made again, and a
 * process that is killed loses only what was going on.
 * @throws ExperimentRefusal, VariantError, PluginFault, OutputError, the signal's reason
 */
export async function runExperiment(options: ExperimentOptions): Promise<ExperimentResult> {
  return new ExperimentRun(options).run();
}

class ExperimentRun {
  readonly #options: ExperimentOptions;
  readonly #experiment: Experiment;
  readonly #folder: ExperimentFolder;
  #made = 0;

  constructor(options: ExperimentOptions) {
    this.#options = options;
    this.#experiment = options.experiment;
    this.#folder = new ExperimentFolder(join(options.out, options.experiment.name));
  }

  async run(): Promise<ExperimentResult> {
    const { shard, onStart } = this.#options;
    const { variations, seeds, tune } = this.#experiment;
    if (tune !== null && shard !== null) throw new ExperimentRefusal("a tuning experiment cannot be split into shards");
    const document = await this.#document();
    this.#open(document);
    const { total, done } = this.#count(variations);
    await (tune === null ? onStart?.(total, done) : onStart?.((tune.budget + 1) * seeds.length, done));
    const runner = await this.#options.makeRunner();
    let conclusion: Conclusion | null = null;
    try {
      await this.#play(variations, runner);
      const search = tune === null ? null : await tuned(tune, (more) => this.#try(more, runner));
      const all = [...variations, ...(search?.tried ?? [])];
      if (all.every((variation) => this.#isWhole(variation))) {
        conclusion = await this.#conclude(all, document, search?.best ?? null);
      }
    } finally {
      await runner.close();
    }
    return { folder: this.#folder.path, made: this.#made, conclusion };
  }

  #isWhole({ folder }: Variation): boolean {
    return this.#experiment.seeds.every((seed) => this.#folder.hasRun(folder, seed));
  }

  async #conclude(all: readonly Variation[], document: ExperimentDocument, best: Trial | null): Promise<Conclusion> {
    const { version, identity } = document;
    return conclude(this.#folder, { ...this.#experiment, variations: all, best, version, identity });
  }

  /** Loads every variant once, so that nothing runs when one of them is wrong. */
  async #document(): Promise<ExperimentDocument> {
    const { name, seeds, variations, tune, measures, baseline } = this.#experiment;
    const { version } = this.#options;
    const hashes: string[] = [];
    for (const variation of variations) {
      const { resolved, inputs } = await this.#load(variation);
      hashes.push(sha256(JSON.stringify([variation.name, resolved, hashedInputs(inputs)])));
    }
    const identity = sha256(JSON.stringify({ version, name, seeds, hashes, tune, measures, baseline }));
    return {
      schema: "kube-orrery/experiment.v1",
      version,
      experiment: name,
      identity,
      seeds,
      baseline,
      measures,
      variants: variations.map(({ name: variant, folder, values }) => ({ name: variant, folder, values })),
    };
  }

  #open(document: ExperimentDocument): void {
    const { mode } = this.#options;
    const found = mode === "restart" ? null : this.#folder.document();
    const where = this.#folder.path;
    if (mode === "start" && found !== null && this.#folder.isPartial) {
      throw new ExperimentRefusal(
        `${where} holds an unfinished experiment: go on with --resume, or give it up with --restart`,
      );
    }
    if (found === null || mode !== "resume") {
      this.#folder.create(document);
      return;
    }
    if (found.identity !== document.identity) {
      const why =
        found.version === document.version ? "its files have changed" : `it was begun by version ${found.version}`;
      throw new ExperimentRefusal(`${where} holds another experiment (${why}): begin anew with --restart`);
    }
    this.#folder.resume();
  }

  /** The runs of this shard. */
  *#share(variations: readonly Variation[]): Generator<readonly [Variation, Seed]> {
    const { shard } = this.#options;
    let number = 0;
    for (const variation of variations) {
      for (const seed of this.#experiment.seeds) {
        if (shard === null || number % shard.count === shard.index - 1) yield [variation, seed];
        number++;
      }
    }
  }

  #count(variations: readonly Variation[]): { readonly total: number; readonly done: number } {
    let total = 0;
    let done = 0;
    for (const [{ folder }, seed] of this.#share(variations)) {
      total++;
      if (this.#folder.hasRun(folder, seed)) done++;
    }
    return { total, done };
  }

  async #play(variations: readonly Variation[], runner: Runner): Promise<void> {
    const { signal, onRun, version } = this.#options;
    await runAll(
      runner,
      this.#requests(variations),
      ({ plan, variation, inputs, id }, { summary, fault }) => {
        if (fault !== null) throw new PluginFault(`${id}: ${fault}`);
        const document = summaryDocument({ plan, version, summary, isPartial: false, inputs });
        this.#folder.putRun(variation.folder, plan.seed, document);
        this.#made++;
        onRun?.();
      },
      signal,
    );
  }

  async *#requests(variations: readonly Variation[]): AsyncGenerator<ExperimentRequest> {
    let of: Variation | undefined;
    let loaded: Loaded | undefined;
    for (const [variation, seed] of this.#share(variations)) {
      if (this.#folder.hasRun(variation.folder, seed)) continue;
      if (loaded === undefined || of !== variation) {
        of = variation;
        loaded = await this.#load(variation);
        this.#folder.putVariant(variation.folder, loaded);
      }
      const record = { ...loaded.plan.record, events: false, decisions: false };
      const plan = { ...withSeed(loaded.plan, seed), record };
      const id = `${variation.name}, seed ${seed}`;
      yield { id, plan, plugins: pluginFilesOf(loaded), variation, inputs: hashedInputs(loaded.inputs) };
    }
  }

  async #load({ name, settings, overlays }: Variation): Promise<Loaded> {
    const { base, measures, tune } = this.#experiment;
    const assertions = [...measures.map(asAssertion), ...(tune?.constraints ?? [])];
    const loaded = await loadScenario(base, { version: this.#options.version, settings, overlays, assertions });
    if (loaded.plan === null) throw new VariantError(name, loaded);
    return loaded as Loaded;
  }

  /** Makes the runs of some variants and says how they came out. */
  async #try(variations: readonly Variation[], runner: Runner): Promise<Trial[]> {
    await this.#play(variations, runner);
    return variations.map((variation) => {
      const runs = this.#experiment.seeds.map((seed) => this.#folder.run(variation.folder, seed));
      return { variation, runs };
    });
  }
}

interface ExperimentRequest extends RunRequest {
  readonly variation: Variation;
  readonly inputs: readonly { readonly path: string; readonly sha256: string }[];
}
