// npm run docs: writes docs/scenario.md and docs/experiment.md from the schemas and the list of metrics, and the departures in docs/fidelity.md
// from the DEVIATION comments in the code.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ensureBuilt, ensureInstalled, ROOT } from "./prepare.mjs";

ensureInstalled();
ensureBuilt();
const { experimentReference, scenarioReference, scenarioSchema } = await import("../dist/scenario/index.js");
const { experimentSchema } = await import("../dist/experiment/index.js");
writeFileSync(join(ROOT, "docs", "scenario.md"), scenarioReference(scenarioSchema()));
writeFileSync(join(ROOT, "docs", "experiment.md"), experimentReference(experimentSchema()));

const fidelity = join(ROOT, "docs", "fidelity.md");
const rows = deviations().map(({ name, room, text }) => `| \`${name}\` | ${room} | ${text} |`);
const table = ["| name | room | what |", "|---|---|---|", ...rows].join("\n");
const between = /(<!-- deviations:begin -->\n)[\s\S]*?(<!-- deviations:end -->)/;
writeFileSync(fidelity, readFileSync(fidelity, "utf8").replace(between, `$1${table}\n$2`));

/** A DEVIATION comment goes on until the comment ends, or until the next tag, deviation or empty line in it. */
function deviations() {
  const found = [];
  const files = readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" }).filter((f) => f.endsWith(".ts"));
  for (const file of files.sort()) {
    const lines = readFileSync(join(ROOT, "src", file), "utf8").split("\n");
    for (const [index, line] of lines.entries()) {
      const start = /DEVIATION\(([\w-]+)\):\s*(.*)/.exec(line);
      if (start === null) continue;
      const parts = [start[2]];
      for (const next of lines.slice(index + 1)) {
        const text = /^\s*(?:\*|\/\/)\s?(?!\/)(.*)$/.exec(next)?.[1]?.trim();
        if (text === undefined || text === "" || text.startsWith("@") || text.startsWith("DEVIATION(")) break;
        parts.push(text);
      }
      const text = parts.join(" ").replace(/\s*\*\/$/, "");
      found.push({ name: start[1], room: file.split(/[\\/]/)[0], text: text.replaceAll("|", "\\|") });
    }
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}
