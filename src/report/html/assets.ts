import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { ASSETS } from "../assets-folder.ts";

/** What the page carries in itself, so that it needs no network. */
export interface Assets {
  readonly css: string;
  readonly scripts: readonly string[];
  /** The licence that the inlined plotting library asks to be kept. */
  readonly notice: string;
}

const SCRIPTS = ["theme.js", "time.js", "cursor.js", "charts.js", "heat.js", "page.js"];

/** The page of an experiment draws its charts without a library. */
export function readExperimentAssets(): Assets {
  return {
    css: `${own("report.css")}\n${own("experiment.css")}`,
    scripts: [own("theme.js"), own("experiment.js")],
    notice: "",
  };
}

function own(name: string): string {
  return readFileSync(new URL(name, ASSETS), "utf8").trimEnd();
}

/** Reads the page's own files and uPlot's from the installed packages. */
export function readAssets(): Assets {
  // The package has no exports of its files; they are beside its entry, dist/uPlot.cjs.js.
  const dist = dirname(createRequire(import.meta.url).resolve("uplot"));
  const uplot = (name: string): string => readFileSync(join(dist, name), "utf8").trimEnd();
  return {
    css: `${uplot("uPlot.min.css")}\n${own("report.css")}`,
    scripts: [uplot("uPlot.iife.min.js"), ...SCRIPTS.map(own)],
    notice: uplot("../LICENSE").replaceAll("--", "—"),
  };
}
