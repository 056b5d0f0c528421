// npm run docs: writes docs/scenario.md from the schema and the list of metrics.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ensureBuilt, ensureInstalled, ROOT } from "./prepare.mjs";

ensureInstalled();
ensureBuilt();
const { scenarioReference, scenarioSchema } = await import("../dist/scenario/index.js");
writeFileSync(join(ROOT, "docs", "scenario.md"), scenarioReference(scenarioSchema()));
