import { join } from "node:path";

/** One variant of an experiment's scenario: what is changed, and how it is called. */
export interface Variation {
  /** `minReplicas=2,policy=packing`; `base` for the scenario as it is. */
  readonly name: string;
  /** Name of its folder: the name itself where a file system takes it. */
  readonly folder: string;
  /** The value of each axis as text, for tables. */
  readonly values: Readonly<Record<string, string>>;
  /** `path=value` settings. */
  readonly settings: readonly string[];
  /** Paths of patch files. */
  readonly overlays: readonly string[];
}

export interface RawOption {
  readonly name: string;
  readonly set: Readonly<Record<string, unknown>>;
  readonly overlays: readonly string[];
}

export type RawAxis =
  | readonly unknown[]
  | { readonly from?: number; readonly to?: number; readonly step?: number; readonly options?: readonly RawOption[] };

export interface Axis {
  /** As short as it can be said: the end of the path, or the whole of it where two axes end alike. */
  readonly name: string;
  readonly options: readonly (RawOption & { readonly label: string })[];
}

const MOST_VARIATIONS = 1_000_000;
const MOST_VALUES = 100_000;
/** Longer names are numbered as folders. */
const LONGEST_FOLDER = 120;

/** Reads the axes; what does not fit is reported at its place. */
export function axesOf(
  given: Readonly<Record<string, RawAxis>>,
  report: (path: readonly (string | number)[], message: string) => void,
): Axis[] {
  const names = shortNames(Object.keys(given));
  const axes = Object.entries(given).map(([path, axis]): Axis => {
    const tell = (message: string): void => report(["axes", path], message);
    const options = optionsOf(path, axis, tell);
    const labels = options.map(({ label }) => label);
    if (new Set(labels).size < labels.length) tell("the same value twice");
    return { name: names.get(path) ?? path, options };
  });
  const count = axes.reduce((product, { options }) => product * options.length, 1);
  if (count > MOST_VARIATIONS) report(["axes"], `the axes make ${count} variants`);
  return count > MOST_VARIATIONS ? [] : axes;
}

function optionsOf(path: string, axis: RawAxis, tell: (message: string) => void): Axis["options"] {
  if (Array.isArray(axis)) return axis.map((value: unknown, index) => settingOption(path, value, index));
  const { from, to, step = 1, options } = axis as Exclude<RawAxis, readonly unknown[]>;
  if (options !== undefined && from === undefined && to === undefined) {
    return options.map((option) => ({ ...option, label: option.name }));
  }
  if (options !== undefined || from === undefined || to === undefined) {
    tell("expected a list of values, or from and to, or options");
    return [];
  }
  const count = Math.floor((to - from) / step + 1e-9) + 1;
  if (count < 1 || count > MOST_VALUES) {
    tell(count < 1 ? "to is below from" : "the step is too small");
    return [];
  }
  return Array.from({ length: count }, (_, index) => settingOption(path, rounded(from + index * step), index));
}

function settingOption(path: string, value: unknown, index: number): Axis["options"][number] {
  const isScalar = typeof value !== "object" || value === null;
  const label = isScalar ? String(value) : `#${index + 1}`;
  return { name: label, label, set: { [path]: value }, overlays: [] };
}

function shortNames(paths: readonly string[]): Map<string, string> {
  const short = (path: string): string => /([^.:[\]]+)(?:\[\w+\])*$/.exec(path)?.[1] ?? path;
  const all = paths.map(short);
  return new Map(
    paths.map((path, index) => {
      const name = all[index] as string;
      return [path, all.indexOf(name) === all.lastIndexOf(name) ? name : path];
    }),
  );
}

/** Every option of every axis with every one of the others, the last axis turning fastest. */
export function variationsOf(axes: readonly Axis[], folder: string): Variation[] {
  let chosen: (readonly { readonly axis: string; readonly option: Axis["options"][number] }[])[] = [[]];
  for (const { name, options } of axes) {
    chosen = chosen.flatMap((one) => options.map((option) => [...one, { axis: name, option }]));
  }
  return chosen.map((one, index) => {
    const name = one.length === 0 ? "base" : one.map(({ axis, option }) => `${axis}=${option.label}`).join(",");
    return {
      name,
      folder: folderName(name, index),
      values: Object.fromEntries(one.map(({ axis, option }) => [axis, option.label])),
      settings: one.flatMap(({ option }) =>
        Object.entries(option.set).map(([path, value]) => settingText(path, value)),
      ),
      overlays: one.flatMap(({ option }) => option.overlays.map((overlay) => join(folder, overlay))),
    };
  });
}

/** The variation that sets some paths to some numbers. */
export function variationAt(parameters: readonly { readonly path: string; readonly value: number }[]): Variation {
  const names = shortNames(parameters.map(({ path }) => path));
  const pairs = parameters.map(({ path, value }) => [names.get(path) ?? path, String(value)] as const);
  const name = pairs.map(([axis, value]) => `${axis}=${value}`).join(",");
  return {
    name,
    folder: folderName(name, null),
    values: Object.fromEntries(pairs),
    settings: parameters.map(({ path, value }) => settingText(path, value)),
    overlays: [],
  };
}

function settingText(path: string, value: unknown): string {
  return `${path}=${JSON.stringify(value)}`;
}

function folderName(name: string, index: number | null): string {
  const safe = name.replace(/[^A-Za-z0-9=,._-]/g, (character) => encodeURIComponent(character).replaceAll("*", "%2A"));
  return index === null || safe.length <= LONGEST_FOLDER ? safe.slice(0, 250) : `variant-${index + 1}`;
}

/** 0.1 + 2 · 0.1 is meant to be 0.3. */
export function rounded(value: number): number {
  return Number(value.toPrecision(12));
}
