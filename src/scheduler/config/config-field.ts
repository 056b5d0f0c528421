import { editDistance } from "../../kube/index.ts";
import type { ConfigProblem } from "./types.ts";

type Path = readonly (string | number)[];

export interface Range {
  readonly min?: number;
  readonly max?: number;
}

/** A value in a configuration, knowing where it stands, and the list that collects what is wrong with it. */
export class ConfigField {
  readonly value: unknown;
  readonly path: Path;
  readonly #problems: ConfigProblem[];

  constructor(problems: ConfigProblem[], path: Path, value: unknown) {
    this.#problems = problems;
    this.path = path;
    this.value = value ?? undefined;
  }

  get isPresent(): boolean {
    return this.value !== undefined;
  }

  /** The field `key` of a map; absent when there is none. */
  get(key: string): ConfigField {
    const value = isMap(this.value) && Object.hasOwn(this.value, key) ? this.value[key] : undefined;
    return new ConfigField(this.#problems, [...this.path, key], value);
  }

  /** The items of a list; none, with a complaint, when it is not one. */
  items(): ConfigField[] {
    if (!this.isPresent) return [];
    if (!Array.isArray(this.value)) {
      this.#expected("a list");
      return [];
    }
    return this.value.map((item: unknown, index) => new ConfigField(this.#problems, [...this.path, index], item));
  }

  /** Complains about what is not a map, and about its fields that are not among `keys`. */
  only(keys: readonly string[]): void {
    if (!this.isPresent) return;
    if (!isMap(this.value)) {
      this.#expected("a map");
      return;
    }
    for (const key of Object.keys(this.value)) {
      if (keys.includes(key)) continue;
      const inside = this.path.length === 0 ? "of a KubeSchedulerConfiguration" : `in ${this.label}`;
      this.get(key).#report("error", `unknown field "${key}" ${inside}${meant(key, keys)}`, true);
    }
  }

  text(otherwise: string): string {
    if (!this.isPresent) return otherwise;
    if (typeof this.value === "string") return this.value;
    this.#expected("a string");
    return otherwise;
  }

  oneOf<T extends string>(words: readonly T[], otherwise: T): T {
    const word = this.text(otherwise);
    const found = words.find((one) => one === word);
    if (found !== undefined) return found;
    this.error(`${this.label}: expected ${words.join(", ")}; got ${shown(word)}${meant(word, words)}`);
    return otherwise;
  }

  integer(otherwise: number, { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY }: Range = {}): number {
    if (!this.isPresent) return otherwise;
    const { value } = this;
    if (typeof value === "number" && Number.isInteger(value) && value >= min && value <= max) return value;
    const bounds =
      min === Number.NEGATIVE_INFINITY
        ? ""
        : max === Number.POSITIVE_INFINITY
          ? ` of at least ${min}`
          : ` from ${min} to ${max}`;
    this.#expected(`a whole number${bounds}`);
    return otherwise;
  }

  isTrue(otherwise: boolean): boolean {
    if (!this.isPresent) return otherwise;
    if (typeof this.value === "boolean") return this.value;
    this.#expected("true or false");
    return otherwise;
  }

  /** `profiles[0].pluginConfig[1].args`. */
  get label(): string {
    let label = "";
    for (const step of this.path) label += typeof step === "number" ? `[${step}]` : label === "" ? step : `.${step}`;
    return label === "" ? "the configuration" : label;
  }

  error(message: string): void {
    this.#report("error", message, false);
  }

  /** A word that names nothing: says what was probably meant. */
  unknown(word: string, message: string, known: readonly string[]): void {
    this.error(`${message}${meant(word, known)}`);
  }

  warning(message: string): void {
    this.#report("warning", message, true);
  }

  note(message: string): void {
    this.#report("note", message, true);
  }

  #expected(what: string): void {
    this.error(`${this.label}: expected ${what}; got ${shown(this.value)}`);
  }

  #report(kind: ConfigProblem["kind"], message: string, isKey: boolean): void {
    this.#problems.push({ kind, path: this.path, isKey, message });
  }
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const SHOWN_LENGTH = 60;

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH - 3)}…` : text;
}

/** ` — did you mean "x"?`, or nothing. */
function meant(word: string, known: readonly string[]): string {
  const reach = Math.max(1, Math.floor(word.length / 3));
  let best: string | undefined;
  let least = reach + 1;
  for (const one of known) {
    const distance = editDistance(word.toLowerCase(), one.toLowerCase());
    if (distance < least) [best, least] = [one, distance];
  }
  return best === undefined ? "" : ` — did you mean "${best}"?`;
}
