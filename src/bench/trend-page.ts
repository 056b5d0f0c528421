import type { HistoryRow } from "./history.ts";

const [WIDTH, HEIGHT, MARGIN] = [640, 140, 10];

/** One HTML file, without network or script: for every scenario its events per CPU second over all measurements. */
export function trendPage(rows: readonly HistoryRow[]): string {
  const scenarios = [...new Set(rows.map(({ scenario }) => scenario))].sort();
  const sections = scenarios.map((name) =>
    section(
      name,
      rows.filter(({ scenario }) => scenario === name),
    ),
  );
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>orrery bench</title>
<style>
  :root { color-scheme: light dark; --line: light-dark(#1f5fbf, #7db0ff); --changed: light-dark(#b35900, #ffb366); }
  body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 44rem; padding: 0 1rem; }
  svg { width: 100%; height: auto; border-bottom: 1px solid; }
  polyline { fill: none; stroke: var(--line); stroke-width: 2; }
  circle { fill: var(--line); }
  circle.changed { fill: var(--changed); }
  table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
  td, th { text-align: right; padding: 0 .8em 0 0; font-weight: normal; }
  th { opacity: .7; }
</style>
<h1>orrery bench</h1>
<p>Events a second of CPU time, one point a measurement. An orange point is of another program: its digest differs from that of the
one before it. Measurements of different machines do not compare.</p>
${sections.join("\n")}
`;
}

const SHOWN_ROWS = 8;

function section(name: string, rows: readonly HistoryRow[]): string {
  const speeds = rows.map((row) => Number(row.events_per_cpu_second));
  const high = Math.max(...speeds);
  const x = (index: number): number =>
    MARGIN + (rows.length === 1 ? 0.5 : index / (rows.length - 1)) * (WIDTH - 2 * MARGIN);
  // From zero: a curve that fills the height makes noise look like news.
  const y = (speed: number): number => HEIGHT - MARGIN - (high === 0 ? 0 : (speed / high) * (HEIGHT - 2 * MARGIN));
  const at = (index: number): string => `${x(index).toFixed(1)},${y(speeds[index] ?? 0).toFixed(1)}`;
  const points = rows.map((row, index) => {
    const isChanged = index > 0 && rows[index - 1]?.digest !== row.digest;
    const [cx, cy] = at(index).split(",");
    const title = `${row.measured_at} ${row.version} ${row.commit}: ${count(row.events_per_cpu_second)}/s`;
    return `<circle${isChanged ? ' class="changed"' : ""} cx="${cx}" cy="${cy}" r="4"><title>${escaped(title)}</title></circle>`;
  });
  const lines = rows
    .slice(-SHOWN_ROWS)
    .reverse()
    .map((row) =>
      [
        row.measured_at.slice(0, 16).replace("T", " "),
        row.commit || row.version,
        `${count(row.events_per_cpu_second)}/s`,
        `${row.cpu_ms} ms`,
        `${(Number(row.allocated_bytes) / 2 ** 20).toFixed(0)} MiB`,
        row.digest.slice(0, 8),
      ]
        .map((cell) => `<td>${escaped(cell)}</td>`)
        .join(""),
    );
  return `<h2>${escaped(name)}</h2>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(`Speed of ${name}`)}"><polyline points="${rows.map((_, index) => at(index)).join(" ")}"/>${points.join("")}</svg>
<table><tr><th>measured</th><th>commit</th><th>events</th><th>CPU</th><th>allocated</th><th>digest</th></tr>${lines.map((line) => `<tr>${line}</tr>`).join("")}</table>`;
}

function count(text: string): string {
  const value = Number(text);
  return value >= 1e6 ? `${(value / 1e6).toFixed(2)}M` : value >= 1e4 ? `${(value / 1e3).toFixed(0)}k` : String(value);
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
