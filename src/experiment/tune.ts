import { formatValue, type SummaryDocument } from "../report/index.ts";
import type { MetricUnit } from "../world/plan.ts";
import type { Parameter, Tune } from "./definition.ts";
import { assertionParts, measuresOf } from "./measures.ts";
import { type Variation, variationAt } from "./variations.ts";

/** A variant that was tried, and its runs. */
export interface Trial {
  readonly variation: Variation;
  readonly runs: readonly SummaryDocument[];
}

export interface Search {
  /** In the order in which they were tried. */
  readonly tried: readonly Variation[];
  readonly best: Trial | null;
}

/** A point of the grid: the position of each parameter's value. */
type Point = readonly number[];

/**
 * Looks for the grid point that breaks the fewest constraints and then has the best objective.
 *
 * A grid within the budget is tried as a whole. Of a larger one, points spread over it take a third of the budget; from the best
 * of them the search goes step by step along each parameter, halving its steps where no neighbour is better, and takes up the
 * next best start when it has come to an end. It depends on the outcomes alone: resumed, it goes the same way.
 */
export async function tuned(
  tune: Tune,
  attempt: (variations: readonly Variation[]) => Promise<readonly Trial[]>,
): Promise<Search> {
  const search = new GridSearch(tune, attempt);
  await search.run();
  return search.result();
}

interface Rated extends Trial {
  readonly point: Point;
  readonly order: number;
  /** Share of (constraint, seed) that does not hold, and the objective to be minimised. */
  readonly cost: readonly [broken: number, objective: number];
}

class GridSearch {
  readonly #tune: Tune;
  readonly #attempt: (variations: readonly Variation[]) => Promise<readonly Trial[]>;
  readonly #known = new Map<string, Rated>();
  #used = 0;

  constructor(tune: Tune, attempt: (variations: readonly Variation[]) => Promise<readonly Trial[]>) {
    this.#tune = tune;
    this.#attempt = attempt;
  }

  async run(): Promise<void> {
    const { parameters, budget } = this.#tune;
    const size = parameters.reduce((product, { values }) => product * values.length, 1);
    if (size <= budget) {
      await this.#rate(everyPoint(parameters));
      return;
    }
    await this.#rate(spreadPoints(parameters, Math.max(1, Math.floor(budget / 3))));
    for (const start of this.#ranking()) {
      if (this.#left === 0) return;
      await this.#descend(start);
    }
  }

  result(): Search {
    const tried = [...this.#known.values()].map(({ variation }) => variation);
    return { tried, best: this.#ranking()[0] ?? null };
  }

  get #left(): number {
    return this.#tune.budget - this.#used;
  }

  #ranking(): Rated[] {
    return [...this.#known.values()].sort(compareRated);
  }

  async #descend(start: Rated): Promise<void> {
    const { parameters } = this.#tune;
    let at = start;
    let step = Math.max(1, Math.floor(Math.max(...parameters.map(({ values }) => values.length)) / 4));
    while (this.#left > 0) {
      const around = await this.#rate(neighbours(at.point, parameters, step));
      const [next] = [...around].sort(compareRated);
      if (next !== undefined && compareRated(next, at) < 0) at = next;
      else if (step === 1) return;
      else step = Math.floor(step / 2);
    }
  }

  /** Tries the points that are new, as far as the budget goes; gives all of them that are known then. */
  async #rate(points: readonly Point[]): Promise<Rated[]> {
    const fresh = points.filter((point) => !this.#known.has(point.join())).slice(0, this.#left);
    this.#used += fresh.length;
    const trials = await this.#attempt(fresh.map((point) => this.#variationOf(point)));
    for (const [index, trial] of trials.entries()) {
      const point = fresh[index] as Point;
      this.#known.set(point.join(), { ...trial, point, order: this.#known.size, cost: costOf(trial, this.#tune) });
    }
    return points.flatMap((point) => this.#known.get(point.join()) ?? []);
  }

  #variationOf(point: Point): Variation {
    const { parameters } = this.#tune;
    return variationAt(
      parameters.map(({ path, values }, index) => ({ path, value: values[point[index] as number] as number })),
    );
  }
}

function compareRated(a: Rated, b: Rated): number {
  return a.cost[0] - b.cost[0] || a.cost[1] - b.cost[1] || a.order - b.order;
}

function everyPoint(parameters: readonly Parameter[]): Point[] {
  let points: Point[] = [[]];
  for (const { values } of parameters) points = points.flatMap((point) => [...values.keys()].map((k) => [...point, k]));
  return points;
}

/** Points of a Halton sequence: few, and yet spread over the whole grid. */
function spreadPoints(parameters: readonly Parameter[], count: number): Point[] {
  const points = new Map<string, Point>();
  for (let index = 1; points.size < count && index < 20 * count; index++) {
    const point = parameters.map(({ values }, axis) =>
      Math.floor(halton(index, PRIMES[axis % PRIMES.length]!) * values.length),
    );
    points.set(point.join(), point);
  }
  return [...points.values()];
}

const PRIMES = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37] as const;

function halton(index: number, prime: number): number {
  let [rest, share, sum] = [index, 1, 0];
  while (rest > 0) {
    share /= prime;
    sum += share * (rest % prime);
    rest = Math.floor(rest / prime);
  }
  return sum;
}

/** One step down and up along each parameter, kept within the grid. */
function neighbours(point: Point, parameters: readonly Parameter[], step: number): Point[] {
  const found = parameters.flatMap(({ values }, axis) =>
    [-step, step].map((by) => {
      const moved = Math.min(values.length - 1, Math.max(0, (point[axis] as number) + by));
      return point.map((position, index) => (index === axis ? moved : position));
    }),
  );
  return found.filter(
    (one, index) => one.join() !== point.join() && found.findIndex((o) => o.join() === one.join()) === index,
  );
}

/** The assertions that the constraints became: the last ones of each run. */
function constraintsOf(run: SummaryDocument, { constraints }: Tune): SummaryDocument["assertions"] {
  return constraints.length === 0 ? [] : run.assertions.slice(-constraints.length);
}

function costOf({ runs }: Trial, tune: Tune): readonly [number, number] {
  const held = runs.flatMap((run) => constraintsOf(run, tune).map(({ holds }) => holds));
  const broken = held.length === 0 ? 0 : held.filter((holds) => !holds).length / held.length;
  const objective = objectiveOf(runs, tune);
  // A variant that has not been observed at all is no candidate.
  if (objective === null) return [2, 0];
  return [broken, tune.objective.isMinimized ? objective.mean : -objective.mean];
}

function objectiveOf(
  runs: readonly SummaryDocument[],
  { objective }: Tune,
): { readonly mean: number; readonly unit: MetricUnit } | null {
  const wanted = assertionParts(objective.measure).measure;
  const found = runs.flatMap((run) => measuresOf(run).find(({ measure }) => measure === wanted) ?? []);
  const values = found.map(({ value }) => value).filter((value): value is number => value !== null);
  const unit = found[0]?.unit;
  if (unit === undefined || values.length < runs.length) return null;
  return { mean: values.reduce((sum, value) => sum + value, 0) / values.length, unit };
}

/** The best trial in words: `Best: count=4 with cost sum 3.2 USD; all constraints hold with every seed.` */
export function trialText(
  trial: Trial,
  tune: Tune,
  currency: string,
): { readonly name: string; readonly isFeasible: boolean; readonly text: string } {
  const { name } = trial.variation;
  const [broken] = costOf(trial, tune);
  const objective = objectiveOf(trial.runs, tune);
  const value = objective === null ? "" : ` ${formatValue(objective.mean, objective.unit, currency)}`;
  const failing = tune.constraints.filter((_, index) =>
    trial.runs.some((run) => !constraintsOf(run, tune)[index]?.holds),
  );
  const isFeasible = broken === 0;
  const constraints =
    tune.constraints.length === 0
      ? ""
      : isFeasible
        ? "; the constraints hold with every seed"
        : `; nothing tried meets the constraints, and this breaks ${failing.join(" and ")}`;
  return { name, isFeasible, text: `Best: ${name} with ${tune.objective.measure}${value}${constraints}.` };
}
