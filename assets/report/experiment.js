"use strict";
// The page of an experiment: one variant under the cursor in all charts and in the table, and a table that sorts.
(() => {
  const { variants } = JSON.parse(document.getElementById("data").textContent);
  const now = document.getElementById("now");
  const figures = [...document.querySelectorAll(".outcome-chart")];
  const table = document.querySelector("table.variants");
  let chosen = null;

  /** What a figure says of a variant. */
  const textIn = (figure, variant) => figure.querySelector(`.pt[data-v="${variant}"] title`)?.textContent ?? "";

  function choose(variant) {
    if (variant === chosen) return;
    chosen = variant;
    for (const on of document.querySelectorAll(".on")) on.classList.remove("on");
    if (variant !== null) for (const one of document.querySelectorAll(`[data-v="${variant}"]`)) one.classList.add("on");
    for (const figure of figures) {
      figure.querySelector(".cursor").textContent = variant === null ? " " : textIn(figure, variant);
    }
  }

  function onKey(event, figure) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target !== figure) return;
    const shown = [...figure.querySelectorAll(".pt")].map((one) => Number(one.dataset.v)).sort((a, b) => a - b);
    const place = shown.indexOf(chosen);
    const last = shown.length - 1;
    const places = {
      ArrowRight: Math.min(last, place + 1),
      ArrowLeft: place === -1 ? last : Math.max(0, place - 1),
      Home: 0,
      End: last,
      Escape: null,
    };
    const next = places[event.key];
    if (next === undefined) return;
    event.preventDefault();
    choose(next === null ? null : shown[next]);
    now.textContent = chosen === null ? "" : textIn(figure, chosen);
  }

  for (const figure of figures) {
    figure.addEventListener("keydown", (event) => onKey(event, figure));
    figure.addEventListener("pointermove", (event) => {
      const point = event.target.closest?.(".pt") ?? nearest(figure, event);
      if (point !== null) choose(Number(point.dataset.v));
    });
    figure.addEventListener("pointerleave", () => choose(null));
  }

  /** The point nearest to the pointer, when it is near. */
  function nearest(figure, { clientX, clientY }) {
    let [found, least] = [null, 40];
    for (const point of figure.querySelectorAll(".pt:not(.row)")) {
      const { left, right, top, bottom } = point.lastElementChild.getBoundingClientRect();
      const distance = Math.hypot(clientX - (left + right) / 2, clientY - (top + bottom) / 2);
      if (distance < least) [found, least] = [point, distance];
    }
    return found;
  }

  function sortBy(column) {
    const heads = [...table.tHead.rows[0].cells];
    const isRising = heads[column].ariaSort !== "ascending";
    for (const [index, head] of heads.entries()) {
      head.ariaSort = index === column ? (isRising ? "ascending" : "descending") : "none";
    }
    const valueOf = (row) => row.cells[column].dataset.value;
    const order = (a, b) => {
      const [left, right] = [valueOf(a), valueOf(b)];
      if (left === "" || right === "") return left === right ? 0 : left === "" ? 1 : -1;
      const by = column === 0 ? Number(a.dataset.v) - Number(b.dataset.v) : Number(left) - Number(right);
      return (isRising ? by : -by) || Number(a.dataset.v) - Number(b.dataset.v);
    };
    const body = table.tBodies[0];
    body.append(...[...body.rows].sort(order));
    now.textContent = `Sorted by ${heads[column].textContent}, ${isRising ? "least" : "most"} first`;
  }
  for (const [column, button] of [...table.querySelectorAll(".sort")].entries()) {
    button.addEventListener("click", () => sortBy(column));
  }
  for (const row of table.tBodies[0].rows) {
    row.addEventListener("pointerenter", () => choose(Number(row.dataset.v)));
    row.addEventListener("pointerleave", () => choose(null));
  }

  const keys = document.getElementById("keys-button");
  keys.addEventListener("click", () => {
    const box = document.getElementById("keys");
    box.hidden = !box.hidden;
    keys.setAttribute("aria-expanded", String(!box.hidden));
  });
  document.documentElement.dataset.ready = "";
  document.documentElement.dataset.variants = String(variants.length);
})();
