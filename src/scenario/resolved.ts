import { stringify } from "yaml";
import { OF_MANIFESTS } from "./actions.ts";
import type { SourceDocument } from "./documents.ts";
import { isRecord } from "./field.ts";

export interface ResolvedInput {
  /** The scenario with every default, setting and pool written out. */
  readonly document: SourceDocument;
  /** Where the copy of a file or folder of the scenario lies, relative to the resolved scenario. */
  readonly copyOf: (path: string) => string;
  /** Patches that came from the command line. */
  readonly overlays: readonly SourceDocument[];
  /** Version of kube-orrery. */
  readonly version: string;
}

/** The text of scenario.resolved.yaml: run beside its `inputs/`, it gives the same run again. */
export function renderResolved(input: ResolvedInput): string {
  const value = structuredClone(input.document.value);
  const spec = isRecord(value) ? value.spec : undefined;
  if (isRecord(spec)) redirect(spec, input);
  const head = `# Every default written out by kube-orrery ${input.version}. With inputs/ beside it, this gives the same run.\n`;
  return head + stringify(value, { lineWidth: 120, aliasDuplicateObjects: false });
}

function redirect(spec: Record<string, unknown>, { copyOf, overlays }: ResolvedInput): void {
  const moved = (path: unknown): unknown => (typeof path === "string" ? copyOf(path) : path);
  redirectLists(spec, moved);
  spec.overlays = [...listOf(spec.overlays).map(moved), ...overlays.map((overlay) => overlay.value)];
  for (const group of listOf(spec.repeat)) if (isRecord(group)) redirectLists(group, moved);
  for (const one of listOf(spec.arrivals)) {
    if (isRecord(one)) Object.assign(one, { templates: moved(one.templates), csv: moved(one.csv) });
  }
  if (typeof spec.scheduler === "string") spec.scheduler = moved(spec.scheduler);
  else if (isRecord(spec.scheduler)) redirectScheduler(spec.scheduler, moved);
}

function redirectLists(lists: Record<string, unknown>, moved: (path: unknown) => unknown): void {
  if (lists.manifests !== undefined) lists.manifests = listOf(lists.manifests).map(moved);
  for (const action of listOf(lists.actions)) if (isRecord(action)) redirectAction(action, moved);
  for (const load of [...listOf(lists.loads), ...listOf(lists.metrics)]) if (isRecord(load)) redirectLoad(load, moved);
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function redirectAction(action: Record<string, unknown>, moved: (path: unknown) => unknown): void {
  for (const verb of OF_MANIFESTS) if (action[verb] !== undefined) action[verb] = moved(action[verb]);
  if (typeof action.kubectl !== "string") return;
  action.kubectl = action.kubectl.replace(
    /(\s-f[ =]?|\s--filename[ =])(\S+)/,
    (_whole, flag: string, path: string) => `${flag}${String(moved(path))}`,
  );
}

function redirectScheduler(scheduler: Record<string, unknown>, moved: (path: unknown) => unknown): void {
  if (scheduler.config !== undefined) scheduler.config = moved(scheduler.config);
  const plugins: unknown[] = Array.isArray(scheduler.plugins) ? scheduler.plugins : [];
  for (const plugin of plugins) if (isRecord(plugin)) plugin.path = moved(plugin.path);
}

function redirectLoad(load: Record<string, unknown>, moved: (path: unknown) => unknown): void {
  const { demand, queue } = load;
  const inner = [isRecord(demand) ? demand.rps : undefined, isRecord(queue) ? queue.arrivals : undefined];
  for (const curve of [...inner, load.cpu, load.memory, load.value]) {
    if (isRecord(curve) && typeof curve.csv === "string") curve.csv = moved(curve.csv);
  }
}
