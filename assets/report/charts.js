"use strict";
/* global uPlot */
// Draws the charts with uPlot, with marks, shades of failures, and the shared cursor.
// biome-ignore lint/correctness/noUnusedVariables: the scripts of the page share one scope.
const charts = (() => {
  const DASHES = [[], [9, 4], [], [2, 3], [12, 3, 2, 3], [5, 3]];
  const AXIS_WIDTH = 56;
  const RIGHT = 20;

  function stacked(chart) {
    const sums = chart.x.map(() => 0);
    const layers = chart.lines.map(({ values }) => values.map((value, i) => (sums[i] += value ?? 0)));
    return layers;
  }

  const WHOLE = [1, 2, 5].flatMap((first) => [1, 10, 100, 1000, 10000, 100000].map((ten) => first * ten));
  WHOLE.sort((a, b) => a - b);
  function axes({ unit, lines }) {
    const isWhole = lines.every(({ values }) => values.every((value) => value === null || Number.isInteger(value)));
    const axis = {
      stroke: () => theme.colour("soft"),
      font: "11px system-ui, sans-serif",
      ticks: { show: false },
    };
    return [
      {
        ...axis,
        incrs: time.increments,
        size: 26,
        gap: 4,
        space: 64,
        grid: { show: false },
        values: (_u, splits, _axis, _space, step) => splits.map((at) => time.tick(at, step)),
      },
      {
        ...axis,
        size: AXIS_WIDTH,
        gap: 6,
        space: 26,
        incrs: unit === "" && isWhole ? WHOLE : undefined,
        grid: { stroke: () => theme.colour("grid"), width: 1 },
        values: (_u, splits) => splits.map((value) => `${time.short(value)}${unit === "%" ? "%" : ""}`),
      },
    ];
  }

  function series(chart) {
    const paths = chart.isStep ? uPlot.paths.stepped({ align: 1 }) : uPlot.paths.linear();
    const lines = chart.lines.map(({ label, tone, fill }) => ({
      label,
      paths,
      stroke: () => theme.colour(`t${tone}`),
      fill: fill ? () => `${theme.colour(`t${tone}`)}${chart.isStacked ? "55" : "1c"}` : undefined,
      width: 1.75,
      dash: DASHES[tone],
      points: { show: chart.x.length === 1 },
      spanGaps: false,
    }));
    // The topmost layer of a stack is drawn first.
    return [{}, ...(chart.isStacked ? lines.reverse() : lines)];
  }

  const MARK_TONES = { failure: "t3", recovery: "t2", action: "t0", rollout: "t5" };
  function drawMarks(marks) {
    return (u) => {
      const { ctx, bbox } = u;
      const ratio = devicePixelRatio || 1;
      ctx.save();
      ctx.beginPath();
      ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
      ctx.clip();
      ctx.lineWidth = ratio;
      ctx.setLineDash([3 * ratio, 3 * ratio]);
      ctx.globalAlpha = 0.6;
      for (const { at, kind } of marks) {
        const x = Math.round(u.valToPos(at, "x", true)) + 0.5;
        ctx.strokeStyle = theme.colour(MARK_TONES[kind]);
        ctx.beginPath();
        ctx.moveTo(x, bbox.top);
        ctx.lineTo(x, bbox.top + bbox.height);
        ctx.stroke();
      }
      ctx.restore();
    };
  }

  function create(figure, chart, marks) {
    const plot = figure.querySelector(".plot");
    const values = [...figure.querySelectorAll("[data-value]")];
    const inStack = figure.closest(".stack") !== null;
    const height = inStack ? 124 : 168;
    const data = [chart.x, ...(chart.isStacked ? stacked(chart).reverse() : chart.lines.map((line) => line.values))];
    let quiet = false;
    const view = { figure, chart, onCursor: () => {}, onRange: () => {}, plot: null };

    function show(index) {
      for (const [i, place] of values.entries()) {
        place.textContent = index === null ? "" : time.short(chart.lines[i].values[index]);
      }
    }
    /** The last row at or before an instant. */
    function indexAt(at) {
      let [low, high] = [0, chart.x.length - 1];
      while (low < high) {
        const middle = Math.ceil((low + high) / 2);
        if (chart.x[middle] <= at) low = middle;
        else high = middle - 1;
      }
      return low;
    }
    const options = {
      width: Math.max(120, plot.clientWidth),
      height,
      padding: [6, RIGHT, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: true, y: false, setScale: false }, points: { size: 6 } },
      scales: {
        x: { time: false, range: () => [shared.state.from, shared.state.to] },
        y: { range: (_u, low, high) => [Math.min(0, low ?? 0), high === null || high <= 0 ? 1 : high * 1.08] },
      },
      axes: axes(chart),
      series: series(chart),
      hooks: {
        draw: [drawMarks(marks)],
        setCursor: [
          (u) => {
            if (quiet) return;
            const { left } = u.cursor;
            const at = left === undefined || left < 0 ? null : u.posToVal(left, "x");
            shared.setCursor(at, view);
            show(at === null ? null : indexAt(at));
          },
        ],
        setSelect: [
          (u) => {
            const { left, width } = u.select;
            if (width < 4) return;
            const [from, to] = [u.posToVal(left, "x"), u.posToVal(left + width, "x")];
            u.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
            shared.setRange(from, to);
          },
        ],
      },
    };
    const u = new uPlot(options, data, plot);
    u.over.addEventListener("dblclick", () => shared.setRange(0, shared.state.end));
    view.plot = u;
    view.onCursor = (at) => {
      quiet = true;
      if (at === null) u.setCursor({ left: -10, top: -10 });
      else u.setCursor({ left: u.valToPos(at, "x"), top: 10 });
      quiet = false;
      show(at === null ? null : indexAt(at));
    };
    view.onRange = (from, to) => u.setScale("x", { min: from, max: to });
    view.redraw = () => u.redraw(false, true);
    view.resize = () => {
      if (plot.clientWidth > 0) u.setSize({ width: Math.max(120, plot.clientWidth), height });
    };
    view.step = () => u.posToVal(1, "x") - u.posToVal(0, "x");
    shared.add(view);
    return view;
  }

  function table(chart) {
    const head = ["time", ...chart.lines.map(({ label }) => label)];
    const body = chart.x.map((at, i) => [time.clock(at), ...chart.lines.map(({ values }) => time.short(values[i]))]);
    return { head, body };
  }
  return { create, table, AXIS_WIDTH, RIGHT };
})();
