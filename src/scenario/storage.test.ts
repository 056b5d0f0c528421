import { expect, test } from "vitest";
import type { KubeObject } from "../kube/index.ts";
import type { PlannedObject } from "../world/plan.ts";
import type { Problem } from "./problem.ts";
import { checkClaims } from "./storage.ts";

function planned(kind: string, spec: object, name = "data"): PlannedObject {
  const object = { apiVersion: "v1", kind, metadata: { name, namespace: "shop" }, spec } as KubeObject;
  return { object, source: { file: "shop.yaml", line: 7, column: 1 }, simulated: true };
}

const claim = (spec: object) => planned("PersistentVolumeClaim", spec);
const fast = planned("StorageClass", {}, "fast");
const missing = (label: string, end: string) =>
  `shop.yaml:7 W0214 ${label} asks for StorageClass "fsat", which does not exist: its claims stay Pending${end}`;

test.each<[string, PlannedObject[], PlannedObject[], string[]]>([
  ["a class that is there", [claim({ storageClassName: "fast" }), fast], [], []],
  ["one that comes later", [claim({ storageClassName: "fast" })], [fast], []],
  ["none", [claim({ storageClassName: "" })], [], []],
  ["a volume by name", [claim({ storageClassName: "fsat", volumeName: "pv" })], [], []],
  [
    "volumes of the class",
    [claim({ storageClassName: "fsat" }), planned("PersistentVolume", { storageClassName: "fsat" })],
    [],
    [],
  ],
  [
    "a misspelt class",
    [fast, claim({ storageClassName: "fsat" })],
    [],
    [missing("PersistentVolumeClaim shop/data", ' — did you mean "fast"?')],
  ],
  [
    "one in a template, and no class at all",
    [planned("StatefulSet", { volumeClaimTemplates: [{ metadata: {}, spec: { storageClassName: "fsat" } }] }, "db")],
    [],
    [missing("StatefulSet shop/db", "")],
  ],
])("claims are warned of when their class does not exist: %s", (_title, objects, applied, expected) => {
  const problems: Problem[] = [];
  checkClaims(objects, applied, problems);
  expect(problems.map(({ file, line, code, message }) => `${file}:${line} ${code} ${message}`)).toEqual(expected);
});
