"use strict";
// Which palette the page wears: the system's, or the one that was chosen; on paper always the light one.
// biome-ignore lint/correctness/noUnusedVariables: the scripts of the page share one scope.
const theme = (() => {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const choices = ["system", "light", "dark"];
  let choice = "system";
  let onPaper = false;
  const listeners = [];
  function apply() {
    const isDark = !onPaper && (choice === "dark" || (choice === "system" && dark.matches));
    const wanted = isDark ? "dark" : "light";
    if (root.dataset.theme === wanted) return;
    root.dataset.theme = wanted;
    for (const listener of listeners) listener();
  }
  const paper = (isPrinting) => () => {
    onPaper = isPrinting;
    apply();
  };
  apply();
  dark.addEventListener("change", apply);
  addEventListener("beforeprint", paper(true));
  addEventListener("afterprint", paper(false));
  const button = document.getElementById("theme");
  button.addEventListener("click", () => {
    choice = choices[(choices.indexOf(choice) + 1) % choices.length];
    button.textContent = `Colours: ${choice}`;
    apply();
  });
  const colour = (name) => getComputedStyle(root).getPropertyValue(`--${name}`).trim();
  return { colour, onChange: (listener) => listeners.push(listener) };
})();
