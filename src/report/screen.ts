import { WORKLOAD_KINDS } from "../kube/index.ts";
import { formatDuration } from "../units/index.ts";
import type { DecisionRecord, JsonObject, Plan, ResultSink } from "../world/plan.ts";
import { Curves } from "./curves.ts";
import type { SummaryAssertion, SummaryDocument } from "./summary.ts";
import { atText, formatCount, formatValue, plural } from "./text.ts";
import { type Happening, Timeline, timelineLines } from "./timeline.ts";

export type Paint = (style: "good" | "bad" | "dim", text: string) => string;

/** Takes what the screen needs from a run, besides the result folder. */
export class Screen implements ResultSink {
  private readonly timeline = new Timeline();
  private readonly curves = new Curves();

  event(_line: JsonObject): void {}

  decision(record: DecisionRecord): void {
    this.timeline.add(record);
  }

  sample(series: string, row: { readonly [column: string]: string | number }): void {
    this.curves.add(series, row);
  }

  happenings(): readonly Happening[] {
    return this.timeline.all();
  }

  /** Happenings beyond those that are kept. */
  get leftOut(): number {
    return this.timeline.leftOut;
  }

  /** What happened and how it came out; the same for the same run. */
  lines(summary: SummaryDocument, folder: string | null, paint: Paint): string[] {
    const lines: string[] = [];
    const block = (title: string | null, body: readonly string[]): void => {
      if (body.length > 0) lines.push("", ...(title === null ? [] : [title]), ...body);
    };
    block(null, this.curves.lines());
    block(null, timelineLines(this.happenings(), this.leftOut));
    block("ASSERTIONS", assertionLines(summary, paint));
    lines.push("", ...this.closing(summary, folder, paint));
    return lines;
  }

  private closing(summary: SummaryDocument, folder: string | null, paint: Paint): string[] {
    const failed = summary.assertions.filter((assertion) => !assertion.holds).length;
    const total = summary.assertions.length;
    const verdict =
      total === 0
        ? "No assertions."
        : failed === 0
          ? total === 1
            ? "The assertion holds."
            : `All ${total} assertions hold.`
          : `${failed} of ${total} assertions failed.`;
    const stopped = `Stopped at ${formatDuration(summary.endSeconds * 1_000_000)} of ${formatDuration(summary.durationSeconds * 1_000_000)}: the result is partial.`;
    const place = folder === null ? "" : `   ${folder}`;
    const head = `${summary.partial ? paint("bad", stopped) : paint(failed > 0 ? "bad" : "good", verdict)}${place}   digest ${shortDigest(summary.digest ?? "")}`;
    const why = this.hint(folder);
    return why === null ? [head] : [head, paint("dim", why)];
  }

  /** The command that explains the most interesting thing that happened. */
  private hint(folder: string | null): string | null {
    if (folder === null) return null;
    const explainable = this.happenings().filter(({ object }) => /^(pod|hpa|node)\//.test(object));
    const chosen = explainable.find(({ isWarning }) => isWarning) ?? explainable[0];
    return chosen === undefined
      ? null
      : `why: orrery explain ${chosen.object} --at ${atText(chosen.t + 1_000_000)} --run ${folder}`;
  }
}

function shortDigest(digest: string): string {
  return digest.length <= 12 ? digest : `${digest.slice(0, 4)}…${digest.slice(-4)}`;
}

function assertionLines(summary: SummaryDocument, paint: Paint): string[] {
  const width = Math.max(0, ...summary.assertions.map(({ text }) => text.length));
  return summary.assertions.map((assertion) => {
    const mark = assertion.holds ? paint("good", "✓") : paint("bad", "✗");
    const { file, line, column } = assertion.source;
    const place = assertion.holds ? "" : `     ${file}:${line}:${column}`;
    return `  ${mark} ${assertion.text.padEnd(width)}   ${found(assertion, summary.currency)}${place}`;
  });
}

function found({ value, unit }: SummaryAssertion, currency: string): string {
  return value === null ? "nothing was observed" : formatValue(value, unit, currency);
}

/** The two lines above a run: what is simulated. */
export function headerLines(plan: Plan, version: string, noteCount: number): string[] {
  const zones = new Set(plan.nodes.map((node) => node.zone).filter((zone) => zone !== null));
  const workloads = plan.objects.filter(
    ({ object }) => (WORKLOAD_KINDS as readonly string[]).includes(object.kind) && !isOwned(object),
  );
  const pods = workloads.reduce((sum, { object }) => sum + replicasOf(object), 0);
  const bare = plan.objects.filter(({ object }) => object.kind === "Pod").length;
  const notes = noteCount === 0 ? "" : ` · ${plural(noteCount, "thing")} not simulated (orrery check)`;
  return [
    `orrery ${version} · scenario ${plan.name} · Kubernetes ${plan.kubernetesVersion} rules · seed ${plan.seed}`,
    `${plural(plan.nodes.length, "node")}${zones.size > 0 ? ` (${plural(zones.size, "zone")})` : ""} · ${plural(workloads.length, "workload")} · ${plural(pods + bare, "pod")} · ${formatDuration(plan.durationMicros)} simulated${notes}`,
  ];
}

function isOwned(object: { readonly metadata: { readonly ownerReferences?: readonly unknown[] } }): boolean {
  return (object.metadata.ownerReferences ?? []).length > 0;
}

function replicasOf(object: object): number {
  const spec: unknown = "spec" in object ? object.spec : undefined;
  const replicas: unknown = typeof spec === "object" && spec !== null && "replicas" in spec ? spec.replicas : undefined;
  return typeof replicas === "number" ? replicas : 1;
}

/** What stderr says after a run: facts of this machine, which do not belong on stdout. */
export function speedLine(events: number, wallSeconds: number): string {
  return `${formatCount(events)} events in ${wallSeconds.toFixed(1)}s`;
}
