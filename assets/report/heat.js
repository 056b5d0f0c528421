"use strict";
// The heat map of nodes over time: one canvas, rows of nodes, the shared cursor across it.
// biome-ignore lint/correctness/noUnusedVariables: the scripts of the page share one scope.
const heatMap = (() => {
  const LABELS = 118;
  function mix(stops, share) {
    const at = Math.min(1, Math.max(0, share)) * (stops.length - 1);
    const i = Math.min(stops.length - 2, Math.floor(at));
    const channel = (text, k) => Number.parseInt(text.slice(1 + 2 * k, 3 + 2 * k), 16);
    const part = at - i;
    const mixed = [0, 1, 2].map((k) => Math.round(channel(stops[i], k) * (1 - part) + channel(stops[i + 1], k) * part));
    return `rgb(${mixed.join(",")})`;
  }
  function create(figure, heat) {
    const canvas = figure.querySelector("canvas");
    const place = document.getElementById("heat-now");
    const rowHeight = heat.rows.length <= 12 ? 22 : heat.rows.length <= 40 ? 15 : 8;
    const view = { figure, measure: "cpu_requested", row: 0, at: null, plot: null };
    const columnAt = (at) => {
      let column = 0;
      while (column + 1 < heat.x.length && heat.x[column + 1] <= at) column++;
      return column;
    };
    const width = () => canvas.clientWidth - LABELS - charts.RIGHT;
    const xOf = (at) => LABELS + ((at - shared.state.from) / (shared.state.to - shared.state.from)) * width();
    const timeAt = (x) => shared.state.from + ((x - LABELS) / width()) * (shared.state.to - shared.state.from);

    function draw() {
      const ratio = devicePixelRatio || 1;
      const height = heat.rows.length * rowHeight + 22;
      canvas.style.height = `${height}px`;
      canvas.width = Math.round(canvas.clientWidth * ratio);
      canvas.height = Math.round(height * ratio);
      const c = canvas.getContext("2d");
      c.scale(ratio, ratio);
      c.font = "11px ui-monospace, monospace";
      c.textBaseline = "middle";
      const stops = theme.colour("heat").split(",").map((stop) => stop.trim());
      const grid = heat.measures[view.measure];
      for (const [row, name] of heat.rows.entries()) drawRow(c, row, name, grid[row], stops);
      drawAxis(c, heat.rows.length * rowHeight);
      if (view.at !== null) drawCursor(c);
    }
    function drawRow(c, row, name, cells, stops) {
      const top = row * rowHeight;
      if (rowHeight >= 12 || row % 2 === 0) {
        c.fillStyle = theme.colour(row === view.row && view.at !== null ? "ink" : "soft");
        c.textAlign = "left";
        c.fillText(name.length > 17 ? `${name.slice(0, 16)}…` : name, 0, top + rowHeight / 2);
      }
      c.save();
      c.beginPath();
      c.rect(LABELS, top, width(), rowHeight);
      c.clip();
      for (const [column, value] of cells.entries()) {
        if (value === null) continue;
        const left = xOf(heat.x[column]);
        const right = xOf(heat.x[column + 1] ?? shared.state.end);
        c.fillStyle = mix(stops, value / 100);
        c.fillRect(left, top, right - left + 0.6, rowHeight - 1);
        if (heat.notReady[row][column] === 1) hatch(c, left, top, right - left);
      }
      c.restore();
    }
    function hatch(c, left, top, wide) {
      c.save();
      c.beginPath();
      c.rect(left, top, wide + 0.6, rowHeight - 1);
      c.clip();
      // Pale ground first: lines alone would be lost on the darkest cells.
      c.globalAlpha = 0.6;
      c.fillStyle = theme.colour("card");
      c.fillRect(left, top, wide + 0.6, rowHeight - 1);
      c.globalAlpha = 1;
      c.strokeStyle = theme.colour("t3");
      c.lineWidth = 1.4;
      // Lines at fixed places of the canvas, so that neighbours join.
      const first = Math.floor((left - rowHeight) / 5) * 5;
      for (let x = first; x < left + wide + rowHeight; x += 5) {
        c.beginPath();
        c.moveTo(x, top + rowHeight);
        c.lineTo(x + rowHeight, top);
        c.stroke();
      }
      c.restore();
    }
    function drawAxis(c, top) {
      const span = shared.state.to - shared.state.from;
      const step = time.increments.find((one) => (one / span) * width() >= 70) ?? span;
      c.fillStyle = theme.colour("soft");
      c.font = "11px system-ui, sans-serif";
      c.textAlign = "center";
      for (let at = Math.ceil(shared.state.from / step) * step; at <= shared.state.to; at += step) {
        c.fillText(time.tick(at, step), xOf(at), top + 13);
      }
    }
    function drawCursor(c) {
      const x = Math.round(xOf(view.at)) + 0.5;
      c.strokeStyle = theme.colour("ink");
      c.globalAlpha = 0.7;
      c.beginPath();
      c.moveTo(x, 0);
      c.lineTo(x, heat.rows.length * rowHeight);
      c.stroke();
      c.globalAlpha = 1;
    }
    function say() {
      if (view.at === null) {
        place.textContent = "";
        return;
      }
      const column = columnAt(view.at);
      const value = heat.measures[view.measure][view.row][column];
      const down = heat.notReady[view.row][column] === 1 ? ", not ready" : "";
      place.textContent = `${heat.rows[view.row]}: ${value === null ? "–" : `${value}%`}${down}`;
    }
    view.onCursor = (at) => {
      view.at = at;
      draw();
      say();
    };
    view.onRange = draw;
    view.redraw = draw;
    view.resize = draw;
    view.step = () => (shared.state.to - shared.state.from) / Math.max(1, heat.x.length);
    view.moveRow = (by) => {
      view.row = Math.min(heat.rows.length - 1, Math.max(0, view.row + by));
      draw();
      say();
    };
    canvas.addEventListener("mousemove", (event) => {
      const box = canvas.getBoundingClientRect();
      view.row = Math.min(heat.rows.length - 1, Math.max(0, Math.floor((event.clientY - box.top) / rowHeight)));
      const at = timeAt(event.clientX - box.left);
      shared.setCursor(at < shared.state.from ? null : at, null);
    });
    canvas.addEventListener("mouseleave", () => shared.setCursor(null, null));
    for (const input of document.getElementsByName("heat")) {
      input.addEventListener("change", () => {
        view.measure = input.value;
        draw();
        say();
      });
    }
    draw();
    shared.add(view);
    return view;
  }
  function table(heat, measure) {
    const head = ["time", ...heat.rows];
    const body = heat.x.map((at, column) => [
      time.clock(at),
      ...heat.rows.map((_, row) => `${heat.measures[measure][row][column] ?? "–"}`),
    ]);
    return { head, body };
  }
  return { create, table };
})();
