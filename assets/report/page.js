"use strict";
// Puts the page together: reads the data, draws, and listens to keys, marks and clicks.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const byId = new Map(data.charts.map((chart) => [chart.id, chart]));
  shared.start(Math.max(1, data.end));
  const now = document.getElementById("now");
  const views = new Map();

  /** A chart in a folded part has no width: it is drawn when the part is opened. */
  function draw(figure) {
    if (views.has(figure) || figure.querySelector(".plot").clientWidth === 0) return;
    const isHeat = figure.dataset.heat !== undefined;
    const view = isHeat
      ? heatMap.create(figure, data.heat)
      : charts.create(figure, byId.get(figure.dataset.chart), data.marks);
    views.set(figure, view);
    figure.dataset.drawn = "";
    listen(figure, view, isHeat);
  }
  const figures = [...document.querySelectorAll("figure.chart")];
  const drawAll = () => figures.forEach(draw);

  function say(view) {
    const { at } = shared.state;
    if (at === null) now.textContent = "";
    else {
      const entries = [...view.figure.querySelectorAll(".entry")].map((entry) => entry.textContent.trim());
      now.textContent = `${time.clock(at)}: ${entries.filter((text) => text !== "").join(", ")}`;
    }
  }

  function explainAt(view, at) {
    const key = view.chart?.explains;
    if (key === null || key === undefined || at === null) return;
    const list = data.explain[key] ?? [];
    let found = list[0];
    for (const one of list) if (one.at <= at + view.step() * 3) found = one;
    const place = [...document.querySelectorAll("[data-explain]")].find((one) => one.dataset.explain === key);
    if (found === undefined || place === undefined) return;
    const text = document.createElement("pre");
    text.textContent = found.text;
    place.replaceChildren(text);
    now.textContent = found.text;
  }

  function nextMark(direction) {
    const at = shared.state.at ?? (direction > 0 ? -1 : Number.POSITIVE_INFINITY);
    const times = data.marks.map((mark) => mark.at);
    const ahead = times.filter((one) => (direction > 0 ? one > at + 1e-6 : one < at - 1e-6));
    if (ahead.length > 0) shared.setCursor(direction > 0 ? Math.min(...ahead) : Math.max(...ahead), null);
  }

  function onKey(event, view) {
    const { state } = shared;
    if (event.ctrlKey || event.metaKey || event.altKey || event.target !== view.figure) return;
    const start = state.at ?? (event.key === "ArrowLeft" ? state.to : state.from);
    const move = (by) => shared.setCursor(start + by * view.step() * (event.shiftKey ? 10 : 1), null);
    const actions = {
      ArrowLeft: () => move(-1),
      ArrowRight: () => move(1),
      ArrowUp: view.moveRow === undefined ? undefined : () => view.moveRow(-1),
      ArrowDown: view.moveRow === undefined ? undefined : () => view.moveRow(1),
      Home: () => shared.setCursor(state.from, null),
      End: () => shared.setCursor(state.to, null),
      n: () => nextMark(1),
      p: () => nextMark(-1),
      "+": () => shared.zoom(0.5),
      "=": () => shared.zoom(0.5),
      "-": () => shared.zoom(2),
      0: () => shared.setRange(0, state.end),
      Escape: () => shared.setCursor(null, null),
      Enter: () => explainAt(view, state.at),
    };
    const action = actions[event.key];
    if (action === undefined) return;
    event.preventDefault();
    action();
    if (event.key !== "Enter") say(view);
  }

  function fill(details, figure) {
    const place = details.querySelector(".scroll");
    const measure = document.querySelector('input[name="heat"]:checked')?.value;
    const isHeat = figure.dataset.heat !== undefined;
    const { head, body } = isHeat ? heatMap.table(data.heat, measure) : charts.table(byId.get(figure.dataset.chart));
    const table = document.createElement("table");
    const row = (cells, tag, parent) => {
      const line = parent.insertRow();
      for (const [i, text] of cells.entries()) {
        const cell = document.createElement(tag);
        cell.textContent = text;
        if (i > 0) cell.className = "num";
        line.append(cell);
      }
    };
    row(head, "th", table.createTHead());
    const rows = table.createTBody();
    for (const cells of body) row(cells, "td", rows);
    place.replaceChildren(table);
  }

  function listen(figure, view, isHeat) {
    figure.addEventListener("keydown", (event) => onKey(event, view));
    if (!isHeat) figure.querySelector(".u-over").addEventListener("click", () => explainAt(view, shared.state.at));
    const details = figure.querySelector("details.data");
    details.addEventListener("toggle", () => {
      if (details.open) fill(details, figure);
    });
  }

  // Marks, instants in the text, folded parts, colours, width.
  const lane = document.getElementById("lane");
  if (lane !== null) {
    shared.add({
      onCursor: () => {},
      onRange: (from, to) => {
        for (const mark of lane.children) {
          const share = (Number(mark.dataset.at) - from) / (to - from);
          mark.hidden = share < 0 || share > 1;
          mark.style.left = `${share * 100}%`;
        }
      },
    });
  }
  for (const place of document.querySelectorAll("[data-at]")) {
    place.addEventListener("click", () => {
      const at = Number(place.dataset.at);
      if (at < shared.state.from || at > shared.state.to) shared.setRange(0, shared.state.end);
      shared.setCursor(at, null);
    });
  }
  for (const details of document.querySelectorAll("details.object")) details.addEventListener("toggle", drawAll);
  theme.onChange(() => {
    for (const view of views.values()) view.redraw();
  });
  let waiting = 0;
  addEventListener("resize", () => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(() => {
      drawAll();
      for (const view of views.values()) view.resize();
    });
  });
  const keys = document.getElementById("keys-button");
  keys.addEventListener("click", () => {
    const box = document.getElementById("keys");
    box.hidden = !box.hidden;
    keys.setAttribute("aria-expanded", String(!box.hidden));
  });
  const links = new Map([...document.querySelectorAll("nav li a")].map((link) => [link.hash.slice(1), link]));
  const seen = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting) continue;
        for (const link of links.values()) link.removeAttribute("aria-current");
        links.get(target.id)?.setAttribute("aria-current", "true");
      }
    },
    { rootMargin: "-10% 0px -75% 0px" },
  );
  for (const section of document.querySelectorAll("main > section")) seen.observe(section);
  drawAll();
  document.documentElement.dataset.ready = "";
})();
