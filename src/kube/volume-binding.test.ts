import { describe, expect, test } from "vitest";
import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from "./types.ts";
import {
  BOUND_BY_CONTROLLER,
  boundTo,
  DEFAULT_CLASS,
  defaultClassOf,
  findMatchingVolume,
  matchesTopologies,
  type VolumeSearch,
} from "./volume-binding.ts";

type ClaimSpec = NonNullable<PersistentVolumeClaim["spec"]>;
type VolumeSpec = Partial<PersistentVolume["spec"]>;

const claim = (spec: ClaimSpec = {}): PersistentVolumeClaim => ({
  apiVersion: "v1",
  kind: "PersistentVolumeClaim",
  metadata: { name: "data", namespace: "default", uid: "u1" },
  spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "5Gi" } }, ...spec },
});

const volume = (name: string, size: string, spec: VolumeSpec = {}, labels = {}): PersistentVolume => ({
  apiVersion: "v1",
  kind: "PersistentVolume",
  metadata: { name, labels },
  spec: { capacity: { storage: size }, accessModes: ["ReadWriteOnce"], ...spec },
  status: { phase: "Available" },
});

const inZone = (zone: string): VolumeSpec => ({
  nodeAffinity: {
    required: { nodeSelectorTerms: [{ matchExpressions: [{ key: "zone", operator: "In", values: [zone] }] }] },
  },
});

describe("the volume for a claim", () => {
  const node = { name: "n1", labels: { zone: "a" } };
  const cases: readonly (readonly [string, PersistentVolumeClaim, PersistentVolume[], VolumeSearch, string?])[] = [
    ["the smallest that fits", claim(), [volume("l", "20Gi"), volume("m", "6Gi"), volume("s", "4Gi")], {}, "m"],
    ["the first of two alike", claim(), [volume("a", "5Gi"), volume("b", "5Gi")], {}, "a"],
    ["not a taken one", claim(), [volume("a", "5Gi"), volume("b", "9Gi")], { taken: new Set(["a"]) }, "b"],
    ["of its class", claim({ storageClassName: "fast" }), [volume("a", "5Gi")], {}],
    [
      "that its selector takes",
      claim({ selector: { matchLabels: { tier: "x" } } }),
      [volume("a", "5Gi"), volume("b", "9Gi", {}, { tier: "x" })],
      {},
      "b",
    ],
    ["of its mode", claim({ volumeMode: "Block" }), [volume("a", "5Gi")], {}],
    ["usable on the node", claim(), [volume("a", "5Gi", inZone("b")), volume("b", "9Gi", inZone("a"))], { node }, "b"],
    ["of its access modes, for a node", claim({ accessModes: ["ReadWriteMany"] }), [volume("a", "5Gi")], { node }],
    ["not bound elsewhere", claim(), [volume("a", "5Gi", { claimRef: { name: "other", namespace: "default" } })], {}],
    [
      "kept for it, whatever is smaller",
      claim(),
      [volume("a", "5Gi"), volume("b", "9Gi", { claimRef: { name: "data", namespace: "default" } })],
      {},
      "b",
    ],
    ["none but a kept one, when the scheduler looks", claim(), [volume("a", "5Gi")], { onlyReserved: true }],
  ];
  for (const [name, wanted, volumes, search, expected] of cases) {
    test(name, () => expect(findMatchingVolume(wanted, volumes, search)?.metadata.name).toBe(expected));
  }
});

test("binding marks a volume that was not kept for the claim, and leaves a bound one alone", () => {
  const bound = boundTo(volume("a", "5Gi"), claim());
  expect(bound.metadata.annotations).toEqual({ [BOUND_BY_CONTROLLER]: "yes" });
  expect(bound.spec.claimRef).toMatchObject({ name: "data", namespace: "default", uid: "u1" });
  expect(boundTo(bound, claim())).toBe(bound);
  const kept = boundTo(volume("a", "5Gi", { claimRef: { name: "data", namespace: "default" } }), claim());
  expect([kept.metadata.annotations, kept.spec.claimRef?.uid]).toEqual([undefined, "u1"]);
});

test("topologies: none allow all, an empty term none", () => {
  const terms = [{ matchLabelExpressions: [{ key: "zone", values: ["a", "b"] }] }];
  expect(matchesTopologies(undefined, {})).toBe(true);
  expect(matchesTopologies([{}], { zone: "a" })).toBe(false);
  expect(matchesTopologies(terms, { zone: "b" })).toBe(true);
  expect(matchesTopologies(terms, {})).toBe(false);
});

test("of several default classes the newest counts, then the first by name", () => {
  const named = (name: string, creationTimestamp: string): StorageClass => ({
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: { name, creationTimestamp, annotations: { [DEFAULT_CLASS]: "true" } },
    provisioner: "p",
  });
  const classes = [
    named("c", "2026-01-02T00:00:00Z"),
    named("b", "2026-01-02T00:00:00Z"),
    named("a", "2026-01-01T00:00:00Z"),
  ];
  expect(defaultClassOf(classes)?.metadata.name).toBe("b");
});
