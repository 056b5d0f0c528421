import { expect, test } from "vitest";
import { withDefaults } from "./defaults.ts";
import type { KubeObject } from "./types.ts";
import { validateObject } from "./validation.ts";

type Fields = Readonly<Record<string, unknown>>;

function complaints(apiVersion: string, kind: string, fields: Fields): string[] {
  const object = { apiVersion, kind, metadata: { name: "x" }, ...fields };
  return validateObject(withDefaults(object as unknown as KubeObject)).map(({ text }) => text);
}

const capacity = { storage: "1Gi" };
const csi = { driver: "d.example.com", volumeHandle: "h" };
const accessModes = ["ReadWriteOnce"];
const MODES = '"ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"';

test("a volume is refused with the server's words", () => {
  const check = (name: string, spec: Fields, expected: string[]) =>
    expect(complaints("v1", "PersistentVolume", { spec }), name).toEqual(expected);
  check("a good one", { capacity, accessModes, csi }, []);
  check("an empty one", {}, [
    "spec.accessModes: Required value",
    "spec.capacity: Required value",
    'spec.capacity: Unsupported value: {}: supported values: "storage"',
    "spec: Required value: must specify a volume type",
  ]);
  check("no room", { capacity: { storage: "0" }, accessModes, csi }, [
    'spec.capacity[storage]: Invalid value: "0": must be greater than zero',
  ]);
  check("a local volume that is everywhere", { capacity, accessModes, local: { path: "/mnt" } }, [
    "spec.nodeAffinity: Required value: Local volume requires node affinity",
  ]);
  check("two kinds at once", { capacity, accessModes, csi, hostPath: { path: "/a/../b" } }, [
    "spec.hostPath.path: Invalid value: \"/a/../b\": must not contain '..'",
    "spec.csi: Forbidden: may not specify more than 1 volume type",
  ]);
  check("a driver without a handle", { capacity, accessModes, csi: { driver: "d_" } }, [
    "spec.csi.driver: Invalid value: \"d_\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
    "spec.csi.volumeHandle: Required value",
  ]);
  check("affinity without terms", { capacity, accessModes, csi, nodeAffinity: { required: {} } }, [
    "spec.nodeAffinity.required.nodeSelectorTerms: Required value: must have at least one node selector term",
  ]);
  check("unknown words", { capacity, accessModes, csi, persistentVolumeReclaimPolicy: "Keep", volumeMode: "Raw" }, [
    'spec.persistentVolumeReclaimPolicy: Unsupported value: "Keep": supported values: "Delete", "Recycle", "Retain"',
    'spec.volumeMode: Unsupported value: "Raw": supported values: "Block", "Filesystem"',
  ]);
});

test("a claim is refused with the server's words", () => {
  const resources = { requests: capacity };
  const check = (name: string, spec: Fields, expected: string[]) =>
    expect(complaints("v1", "PersistentVolumeClaim", { spec }), name).toEqual(expected);
  check("a good one", { accessModes, resources, storageClassName: "" }, []);
  check("one that asks for nothing", {}, [
    "spec.accessModes: Required value: at least 1 access mode is required",
    "spec.resources[storage]: Required value",
  ]);
  check("one that goes alone", { accessModes: ["ReadWriteOncePod", "ReadWriteMany"], resources }, [
    "spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes",
  ]);
  check("an unknown mode", { accessModes: ["Twice"], resources: { requests: { storage: "-1" } } }, [
    `spec.accessModes: Unsupported value: "Twice": supported values: ${MODES}`,
    'spec.resources[storage]: Invalid value: "-1": must be greater than zero',
  ]);
});

test("a class is refused with the server's words", () => {
  const check = (name: string, fields: Fields, expected: string[]) =>
    expect(complaints("storage.k8s.io/v1", "StorageClass", fields), name).toEqual(expected);
  check("a good one", { provisioner: "kubernetes.io/no-provisioner" }, []);
  check("an empty one", {}, ["provisioner: Required value"]);
  check("unknown words", { provisioner: "p", reclaimPolicy: "Recycle", volumeBindingMode: "Later" }, [
    'reclaimPolicy: Unsupported value: "Recycle": supported values: "Delete", "Retain"',
    'volumeBindingMode: Unsupported value: "Later": supported values: "Immediate", "WaitForFirstConsumer"',
  ]);
  const matchLabelExpressions = [{ key: "zone", values: [] }];
  check("a topology without values", { provisioner: "p", allowedTopologies: [{ matchLabelExpressions }] }, [
    "allowedTopologies[0].matchLabelExpressions[0].values: Required value",
  ]);
});

test("a CSINode is refused with the server's words", () => {
  const drivers = [{ name: "d", nodeID: "n", allocatable: { count: -1 } }, { name: "d" }];
  expect(complaints("storage.k8s.io/v1", "CSINode", { spec: { drivers } })).toEqual([
    "spec.drivers[0].allocatable.count: Invalid value: -1: must be greater than or equal to 0",
    "spec.drivers[1].nodeID: Required value",
    'spec.drivers[1].name: Duplicate value: "d"',
  ]);
});

test("what is left out gets the server's defaults", () => {
  const made = (kind: string, fields: Fields, apiVersion = "v1") =>
    withDefaults({ apiVersion, kind, metadata: { name: "x" }, ...fields } as unknown as KubeObject);
  expect(made("PersistentVolume", { spec: { capacity: { storage: "1024Mi" } } })).toMatchObject({
    spec: { persistentVolumeReclaimPolicy: "Retain", volumeMode: "Filesystem", capacity },
    status: { phase: "Pending" },
  });
  expect(made("PersistentVolumeClaim", { spec: {} })).toMatchObject({
    spec: { volumeMode: "Filesystem" },
    status: { phase: "Pending" },
  });
  expect(made("StorageClass", { provisioner: "p" }, "storage.k8s.io/v1")).toMatchObject({
    reclaimPolicy: "Delete",
    volumeBindingMode: "Immediate",
  });
});
