import { expect, test } from "vitest";
import { NodeTree, zoneKey } from "./node-tree.ts";

const inZone = (zone: string) => ({ "topology.kubernetes.io/zone": zone });

test("nodes are listed round the zones, in order of arrival", () => {
  const tree = new NodeTree();
  for (const [name, zone] of ["a1 a", "a2 a", "b1 b", "a3 a", "c1 c", "b2 b"].map((text) => text.split(" "))) {
    tree.add(name as string, inZone(zone as string));
  }
  expect(tree.list()).toEqual(["a1", "b1", "c1", "a2", "b2", "a3"]);
  tree.remove("c1");
  tree.update("a2", inZone("b"));
  expect(tree.list()).toEqual(["a1", "b1", "a3", "b2", "a2"]);
  tree.add("c2", inZone("c"));
  expect(tree.list()).toEqual(["a1", "b1", "c2", "a3", "b2", "a2"]);
  const copy = new NodeTree();
  copy.load(tree.save());
  expect(copy.list()).toEqual(tree.list());
});

test("the deprecated labels of a zone go first", () => {
  const check = (labels: Record<string, string>, expected: string) => expect(zoneKey(labels)).toBe(expected);
  check({}, "");
  check(inZone("a"), ":\u0000:a");
  check({ ...inZone("a"), "topology.kubernetes.io/region": "r" }, "r:\u0000:a");
  check({ ...inZone("a"), "failure-domain.beta.kubernetes.io/zone": "old" }, ":\u0000:old");
});
