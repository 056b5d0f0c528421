import { shortNumber, sparkline } from "./text.ts";

type Row = { readonly [column: string]: string | number };

/** One small curve of the screen. */
interface Tracked {
  readonly label: string;
  readonly unit: string;
  /** The highest value of each stretch of samples; the last stretch may be still to be filled. */
  values: number[];
  /** Samples a stretch; a power of two. */
  stretch: number;
  count: number;
  low: number;
  high: number;
}

/** A curve of a month takes no more room than one of hours: beyond this, each two stretches become one. */
const VALUES_LIMIT = 4096;

/** More curves than this are not kept: the screen shows six. */
const TRACKED_LIMIT = 200;
const SHOWN_PAIRS = 3;
const BAR_WIDTH = 16;

/** Gathers the curves for the screen from the series of a run. */
export class Curves {
  private readonly tracked = new Map<string, Tracked>();

  add(series: string, row: Row): void {
    if (series === "hpa") {
      this.push(`replicas ${String(row.name)}`, "", row.current);
      this.push(`cpu ${String(row.name)}`, "%", row.utilization_percent);
    } else if (series === "pods") {
      this.push("pending pods", "", row.pending);
      this.push("cpu used", " cores", row.cpu_used_cores);
    } else if (series === "nodes") {
      this.push("ready nodes", "", row.ready);
    } else if (series === "workloads") {
      this.push(`ready ${String(row.name)}`, "", row.ready);
    }
  }

  private push(label: string, unit: string, value: string | number | undefined): void {
    // A cell is empty while nothing is known, such as the utilisation before the first sample.
    if (typeof value !== "number") return;
    let curve = this.tracked.get(label);
    if (curve === undefined) {
      if (this.tracked.size >= TRACKED_LIMIT) return;
      curve = { label, unit, values: [], stretch: 1, count: 0, low: value, high: value };
      this.tracked.set(label, curve);
    }
    append(curve, value);
  }

  /** Lines of two curves each: those of autoscalers, pending pods and nodes, and the workloads that moved most. */
  lines(): string[] {
    const cells = this.chosen().map(cellOf);
    const lines: string[] = [];
    for (let index = 0; index < cells.length; index += 2) {
      const [left = "", right = ""] = [cells[index], cells[index + 1]];
      lines.push(`  ${left.padEnd(LABEL_WIDTH + BAR_WIDTH + 22)}${right}`.trimEnd());
    }
    return lines;
  }

  private chosen(): Tracked[] {
    const all = [...this.tracked.values()];
    const ofAutoscalers = all
      .filter(({ label }) => label.startsWith("replicas "))
      .sort(byMovement)
      .slice(0, 1);
    const name = ofAutoscalers[0]?.label.slice("replicas ".length);
    const chosen = [
      ...ofAutoscalers,
      ...all.filter(({ label }) => label === "pending pods"),
      ...all.filter(({ label }) => label === `cpu ${name ?? ""}`),
      ...all.filter(({ label }) => label === "ready nodes"),
      ...all.filter(({ label }) => label === "cpu used"),
    ];
    const workloads = all.filter(
      (curve) => curve.label.startsWith("ready ") && curve.label !== "ready nodes" && moved(curve) > 0,
    );
    return [...chosen, ...workloads.sort(byMovement)].slice(0, SHOWN_PAIRS * 2);
  }
}

const LABEL_WIDTH = 22;

function append(curve: Tracked, value: number): void {
  curve.low = Math.min(curve.low, value);
  curve.high = Math.max(curve.high, value);
  const { values, stretch } = curve;
  if (curve.count % stretch === 0) values.push(value);
  else values[values.length - 1] = Math.max(values.at(-1) ?? value, value);
  curve.count++;
  if (values.length < VALUES_LIMIT || curve.count % stretch !== 0) return;
  curve.values = Array.from({ length: VALUES_LIMIT / 2 }, (_, index) =>
    Math.max(values[2 * index] ?? value, values[2 * index + 1] ?? value),
  );
  curve.stretch = stretch * 2;
}

function cellOf({ label, unit, values, low, high }: Tracked): string {
  const name = label.length > LABEL_WIDTH ? `${label.slice(0, LABEL_WIDTH - 1)}…` : label.padEnd(LABEL_WIDTH);
  const from = `${shortNumber(low)}${unit === "%" ? unit : ""}`.padStart(6);
  return `${name} ${from} ${sparkline(values, BAR_WIDTH).padEnd(BAR_WIDTH)} ${shortNumber(high)}${unit}`;
}

function moved({ low, high }: Tracked): number {
  return high - low;
}

/** The most moved first; the labels decide between equals. */
function byMovement(left: Tracked, right: Tracked): number {
  return moved(right) - moved(left) || (left.label < right.label ? -1 : left.label > right.label ? 1 : 0);
}
