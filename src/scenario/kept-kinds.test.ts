import { expect, test } from "vitest";
import { readDocuments } from "./documents.ts";
import { readManifests } from "./manifests.ts";

/** The notes on one document a kind. */
function notes(...types: readonly string[]): string[] {
  const text = types.map((type, index) => {
    const [apiVersion, kind] = type.split(" ");
    return `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: { name: x${index} }`;
  });
  const { documents } = readDocuments("a.yaml", text.join("\n---\n"), "kubernetes");
  const { problems } = readManifests(documents);
  return problems.map(({ line, code, message }) => `${line} ${code} ${message}`);
}

test.each([
  [["v1 ConfigMap"], ["2 N0303 ConfigMap has no effect on a simulation"]],
  [
    ["v1 Secret", "v1 ServiceAccount", "v1 Secret", "rbac.authorization.k8s.io/v1 Role"],
    ["2 N0303 Secret (2), ServiceAccount, Role have no effect on a simulation"],
  ],
  [
    ["networking.k8s.io/v1 NetworkPolicy", "v1 Secret", "acme.io/v1 Widget", "acme.io/v1 Widget"],
    [
      "6 N0303 Secret has no effect on a simulation",
      "2 N0303 NetworkPolicy is kept but not simulated",
      "10 N0303 acme.io/v1 Widget (2) is kept but not simulated",
    ],
  ],
  [
    ["v1 Event", "v1 Event", "coordination.k8s.io/v1 Lease"],
    ["1 N0305 Event (2), Lease are left out: the simulation makes its own"],
  ],
])("%j", (types, expected) => expect(notes(...types)).toEqual(expected));
