import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { runHpaCalc } from "./run.ts";

const recording = new URL("../recordings/control/hpa-calc.json.gz", import.meta.url);
const families = runHpaCalc(gunzipSync(readFileSync(recording)).toString("utf8"));

describe("replica calculator, recorded vectors", () => {
  it("plays all families", () => {
    expect(families.map(({ family, cases }) => [family, cases])).toEqual(
      [
        "resource-util",
        "resource-avg",
        "container-util",
        "container-avg",
        "pods",
        "object-value",
        "object-avg",
        "external-value",
        "external-avg",
        "edge",
      ].map((family) => [family, 40]),
    );
  });

  it.each(families)("agrees in every case of $family", ({ cases, agreed, differences }) => {
    expect(differences).toEqual([]);
    expect(agreed).toBe(cases);
  });
});
