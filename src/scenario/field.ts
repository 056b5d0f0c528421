import { parseDuration, parseQuantity, quantityMilliValue, quantityValue, UnitError } from "../units/index.ts";
import type { Distribution, Micros, SourceLocation } from "../world/plan.ts";
import type { Path, SourceDocument } from "./documents.ts";
import type { Problem } from "./problem.ts";

/** A value in a document, knowing where it stands, and the list that collects what is wrong with it. */
export class Field {
  readonly value: unknown;
  private readonly problems: Problem[];
  private readonly document: SourceDocument;
  private readonly path: Path;

  constructor(problems: Problem[], document: SourceDocument, path: Path, value: unknown) {
    this.problems = problems;
    this.document = document;
    this.path = path;
    this.value = value;
  }

  /** The field `key` of a map, absent (value undefined) when there is none. */
  get(key: string): Field {
    const value = isRecord(this.value) && Object.hasOwn(this.value, key) ? this.value[key] : undefined;
    return new Field(this.problems, this.document, [...this.path, key], value);
  }

  items(): Field[] {
    if (!Array.isArray(this.value)) return [];
    return this.value.map((value, index) => new Field(this.problems, this.document, [...this.path, index], value));
  }

  /** The entries of a map, in the order of the file. */
  keys(): string[] {
    return isRecord(this.value) ? Object.keys(this.value) : [];
  }

  get isPresent(): boolean {
    return this.value !== undefined && this.value !== null;
  }

  /** `loads[1].demand`: the path without the leading `spec`. */
  get label(): string {
    return pathLabel(this.path);
  }

  get place(): SourceLocation {
    const { file, line, column } = this.document.locate(this.path);
    return { file, line, column };
  }

  report(code: string, message: string): void {
    this.problems.push({ code, ...this.document.locate(this.path), message });
  }

  /** Reports at the key instead of the value. */
  reportKey(code: string, message: string): void {
    this.problems.push({ code, ...this.document.locateKey(this.path), message });
  }

  text(otherwise = ""): string {
    return typeof this.value === "string" ? this.value : otherwise;
  }

  textOrNull(): string | null {
    return typeof this.value === "string" ? this.value : null;
  }

  number(otherwise = 0): number {
    return typeof this.value === "number" ? this.value : otherwise;
  }

  numberOrNull(): number | null {
    return typeof this.value === "number" ? this.value : null;
  }

  isTrue(otherwise = false): boolean {
    return typeof this.value === "boolean" ? this.value : otherwise;
  }

  texts(): string[] {
    return this.items().map((item) => item.text());
  }

  /** A map of strings; what is not a string is left out (the schema has complained). */
  textMap(): Record<string, string> {
    const entries = isRecord(this.value) ? Object.entries(this.value) : [];
    return Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === "string"));
  }

  micros(otherwise: Micros = 0): Micros {
    if (!this.isPresent) return otherwise;
    return this.parsed(() => parseDuration(this.value === 0 ? 0 : this.text()), otherwise);
  }

  /** Milli-units of a quantity, rounded up: milli-CPU of a cpu quantity. */
  milli(otherwise = 0): number {
    return this.quantity((text) => quantityMilliValue(parseQuantity(text)), otherwise);
  }

  /** Whole units of a quantity, rounded up: bytes of a memory quantity. */
  whole(otherwise = 0): number {
    return this.quantity((text) => quantityValue(parseQuantity(text)), otherwise);
  }

  private quantity(read: (text: string) => number, otherwise: number): number {
    if (!this.isPresent) return otherwise;
    return this.parsed(() => {
      const value = read(String(this.value));
      if (value < 0) throw new UnitError(`expected a quantity of at least 0; got ${String(this.value)}`);
      return value;
    }, otherwise);
  }

  /** `5%` or `0.05` as 0.05. */
  share(otherwise = 0): number {
    if (typeof this.value === "number") return this.value;
    const percent = /^([0-9.]+)%$/.exec(this.text());
    return percent === null ? otherwise : Number(percent[1]) / 100;
  }

  distribution(): Distribution | null {
    if (!this.isPresent) return null;
    if (!isRecord(this.value)) return { constant: this.micros() };
    const of = (kind: string, key: string): Micros => this.get(kind).get(key).micros();
    if (this.get("uniform").isPresent) return this.uniform();
    if (this.get("exponential").isPresent) return { exponential: { mean: of("exponential", "mean") } };
    if (this.get("lognormal").isPresent) return this.lognormal();
    if (this.get("normal").isPresent)
      return { normal: { mean: of("normal", "mean"), deviation: of("normal", "deviation") } };
    if (this.get("weibull").isPresent) {
      return { weibull: { scale: of("weibull", "scale"), shape: this.get("weibull").get("shape").number() } };
    }
    if (this.get("pareto").isPresent) {
      return { pareto: { minimum: of("pareto", "minimum"), shape: this.get("pareto").get("shape").number() } };
    }
    return { constant: this.get("constant").micros() };
  }

  private uniform(): Distribution {
    const [min, max] = [this.get("uniform").get("min").micros(), this.get("uniform").get("max").micros()];
    if (max < min) this.get("uniform").report("E0405", "max is below min");
    return { uniform: { min, max } };
  }

  private lognormal(): Distribution {
    const [median, p95] = [this.get("lognormal").get("median").micros(), this.get("lognormal").get("p95").micros()];
    if (p95 < median || median === 0) this.get("lognormal").report("E0405", "needs 0 < median ≤ p95");
    return { lognormal: { median, p95 } };
  }

  private parsed(read: () => number, otherwise: number): number {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof UnitError)) throw error;
      this.report("E0110", error.message);
      return otherwise;
    }
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** `spec.loads[1].demand` as `loads[1].demand`; the top as `the scenario`. */
export function pathLabel(path: Path): string {
  let label = "";
  for (const step of path[0] === "spec" && path.length > 1 ? path.slice(1) : path) {
    label += typeof step === "number" ? `[${step}]` : label === "" ? step : `.${step}`;
  }
  return label === "" ? "the scenario" : label;
}
