import { parse } from "yaml";
import { formatClock, formatDuration } from "../../units/index.ts";
import type { Failure, Plan } from "../../world/plan.ts";
import { plural } from "../text.ts";
import { html, type Markup } from "./markup.ts";

/** What the scenario asked for, in words and lists; its whole text is folded away below. */
export function askedSection(plan: Plan | null, resolved: string, base: string | null): Markup {
  const lists = plan === null ? [] : askedLists(plan);
  const changes = base === null ? null : changesTable(changesBetween(base, resolved));
  return html`${changes}<div class="cards two">${lists}</div>
<details class="source"><summary>The whole scenario, every default written out</summary><pre>${resolved}</pre></details>`;
}

function askedLists(plan: Plan): (Markup | null)[] {
  const zones = new Set(plan.nodes.map(({ zone }) => zone).filter((zone) => zone !== null));
  const pools = new Map<string, number>();
  for (const { pool } of plan.nodes) pools.set(pool, (pools.get(pool) ?? 0) + 1);
  const poolTexts = [...pools].map(
    ([pool, count]) => `${pool === "" ? "from manifests" : pool}: ${plural(count, "node")}`,
  );
  const kinds = new Map<string, string[]>();
  for (const { object } of plan.objects) {
    if (!SHOWN_KINDS.includes(object.kind)) continue;
    const replicas = (object as { readonly spec?: { readonly replicas?: number } }).spec?.replicas;
    const name = `${object.metadata.name ?? ""}${typeof replicas === "number" ? ` × ${replicas}` : ""}`;
    kinds.set(object.kind, [...(kinds.get(object.kind) ?? []), name]);
  }
  const objects = [...kinds].map(([kind, names]) => `${kind}: ${listed(names)}`);
  const ofServices = plan.loads.filter((load) => "service" in load).map(({ name }) => name);
  const ofPods = plan.loads.filter((load) => !("service" in load)).map(({ name }) => name);
  const loads = [
    ...(ofServices.length === 0 ? [] : [`on Services: ${listed(ofServices)}`]),
    ...(ofPods.length === 0 ? [] : [`on pods: ${listed(ofPods)}`]),
  ];
  const time = [
    `${formatDuration(plan.durationMicros)} simulated, the first ${formatDuration(plan.warmupMicros)} not in the summaries`,
    `Kubernetes ${plan.kubernetesVersion} rules, seed ${plan.seed}`,
  ];
  return [
    list("Cluster", [
      `${plural(plan.nodes.length, "node")}${zones.size === 0 ? "" : ` in ${plural(zones.size, "zone")}`}`,
      ...poolTexts,
      ...time,
    ]),
    list("Objects", objects),
    list("Load", loads),
    list("Failures and actions", [
      ...plan.failures.map(failureText),
      ...plan.actions.map(({ atMicros, text }) => `${formatClock(atMicros)}  ${text}`),
    ]),
  ];
}

const SHOWN_KINDS = [
  "Deployment",
  "StatefulSet",
  "DaemonSet",
  "ReplicaSet",
  "ReplicationController",
  "Job",
  "CronJob",
  "HorizontalPodAutoscaler",
  "PodDisruptionBudget",
  "Service",
];
const NAMES_SHOWN = 12;

function listed(names: readonly string[]): string {
  const more = names.length - NAMES_SHOWN;
  return `${names.slice(0, NAMES_SHOWN).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

function list(title: string, items: readonly string[]): Markup | null {
  if (items.length === 0) return null;
  return html`<article class="card"><h3>${title}</h3><ul>${items.map((item) => html`<li>${item}</li>`)}</ul></article>`;
}

const FAILURE_NAMES: Readonly<Record<string, string>> = {
  containerExit: "container exit",
  controlPlaneDown: "control plane down",
};

function failureText(failure: Failure): string {
  const when = "at" in failure.schedule ? formatClock(failure.schedule.at) : "again and again";
  const what = FAILURE_NAMES[failure.kind] ?? failure.kind;
  const where = "nodes" in failure ? ` of ${listed(failure.nodes)}` : "";
  return `${when}  ${what}${where} (${failure.name})`;
}

/** A difference between two scenarios, by path. */
export interface Change {
  readonly path: string;
  readonly from: string | null;
  readonly to: string | null;
}

/** Compares two resolved scenarios value by value. */
export function changesBetween(base: string, other: string): Change[] {
  const [left, right] = [valuesOf(parse(base)), valuesOf(parse(other))];
  const paths = [...new Set([...left.keys(), ...right.keys()])];
  return paths
    .map((path) => ({ path, from: left.get(path) ?? null, to: right.get(path) ?? null }))
    .filter(({ from, to }) => from !== to);
}

function valuesOf(document: unknown): Map<string, string> {
  const values = new Map<string, string>();
  const open: [path: string, value: unknown][] = [["", document]];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const [path, value] = at;
    if (typeof value !== "object" || value === null) {
      values.set(path, String(value));
      continue;
    }
    const inner = Array.isArray(value)
      ? value.map((one, index): [string, unknown] => [`${path}[${index}]`, one])
      : Object.entries(value).map(([key, one]): [string, unknown] => [path === "" ? key : `${path}.${key}`, one]);
    open.push(...inner.reverse());
  }
  return values;
}

const CHANGES_SHOWN = 60;

function changesTable(changes: readonly Change[]): Markup {
  if (changes.length === 0) return html`<p>Nothing differs from the base.</p>`;
  const rows = changes
    .slice(0, CHANGES_SHOWN)
    .map(
      ({ path, from, to }) =>
        html`<tr><td><code>${path}</code></td><td class="old">${from ?? "—"}</td><td class="new">${to ?? "—"}</td></tr>`,
    );
  const more = changes.length - rows.length;
  return html`<h3>Changed against the base</h3><div class="scroll"><table><thead><tr><th>path</th><th>base</th><th>this run</th></tr></thead><tbody>${rows}</tbody></table></div>${more > 0 ? html`<p class="muted">${more} more.</p>` : null}`;
}
