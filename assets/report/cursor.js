"use strict";
// One cursor and one stretch of time for everything on the page. Views register and are told.
// biome-ignore lint/correctness/noUnusedVariables: the scripts of the page share one scope.
const shared = (() => {
  const views = [];
  const state = { at: null, from: 0, to: 1, end: 1 };
  function start(end) {
    state.end = end;
    state.to = end;
  }
  function setCursor(at, source) {
    state.at = at === null ? null : Math.min(state.to, Math.max(state.from, at));
    for (const view of views) if (view !== source) view.onCursor(state.at);
  }
  function setRange(from, to) {
    const width = Math.min(state.end, Math.max(state.end / 2000, to - from));
    state.from = Math.max(0, Math.min(state.end - width, from));
    state.to = state.from + width;
    if (state.at !== null && (state.at < state.from || state.at > state.to)) state.at = null;
    for (const view of views) view.onRange(state.from, state.to);
    setCursor(state.at, null);
  }
  function zoom(factor) {
    const middle = state.at ?? (state.from + state.to) / 2;
    const share = (middle - state.from) / (state.to - state.from);
    const width = (state.to - state.from) * factor;
    setRange(middle - share * width, middle + (1 - share) * width);
  }
  return { state, start, setCursor, setRange, zoom, add: (view) => views.push(view), views };
})();
