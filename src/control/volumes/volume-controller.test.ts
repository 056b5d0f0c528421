import { expect, test } from "vitest";
import { Engine } from "../../engine/index.ts";
import { type KubeObject, type PersistentVolume, type PersistentVolumeClaim, withDefaults } from "../../kube/index.ts";
import { Store } from "../../store/index.ts";
import { seconds } from "../../units/index.ts";
import { VolumeController } from "./volume-controller.ts";

const requests = { storage: "5Gi" };
const claim = (spec: object = {}, annotations: object = {}): KubeObject =>
  ({
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name: "data", namespace: "default", annotations },
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests }, storageClassName: "", ...spec },
  }) as KubeObject;
const volume = (spec: object = {}): KubeObject =>
  ({
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: { name: "pv" },
    spec: { accessModes: ["ReadWriteOnce"], capacity: { storage: "10Gi" }, nfs: { server: "s", path: "/" }, ...spec },
  }) as KubeObject;
const storageClass = (provisioner: string, volumeBindingMode = "Immediate"): KubeObject =>
  ({
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: { name: "c" },
    provisioner,
    volumeBindingMode,
  }) as KubeObject;

const ofClass = { storageClassName: "c" };
const named = { volumeName: "pv" };
const mismatch = (why: string) => `VolumeMismatch: Cannot bind to requested volume "pv": ${why}`;
const completed = { "pv.kubernetes.io/bind-completed": "yes" };
const foreign = { claimRef: { namespace: "default", name: "other", uid: "u" } };

test.each<[string, KubeObject[], string, string[]]>([
  ["a volume that fits", [volume(), claim()], "Bound Bound", []],
  ["a volume by name", [volume(), claim(named)], "Bound Bound", []],
  [
    "too small a one by name",
    [volume({ capacity: { storage: "1Gi" } }), claim(named)],
    "Pending Available",
    [mismatch("requested PV is too small")],
  ],
  [
    "one of another class by name",
    [volume(ofClass), claim(named)],
    "Pending Available",
    [mismatch("storageClassName does not match")],
  ],
  [
    "one with other access modes by name",
    [volume({ accessModes: ["ReadOnlyMany"] }), claim(named)],
    "Pending Available",
    [mismatch("incompatible accessMode")],
  ],
  [
    "another claim's volume by name",
    [volume(foreign), claim(named)],
    "Pending Released",
    ['FailedBinding: volume "pv" already bound to a different claim.'],
  ],
  ["a volume by name that is not there", [claim(named)], "Pending -", []],
  [
    "a volume that is gone",
    [claim(named, completed)],
    "Lost -",
    ["ClaimLost: Bound claim has lost its PersistentVolume. Data on the volume is lost!"],
  ],
  [
    "another claim's volume, though bound",
    [volume(foreign), claim(named, completed)],
    "Lost Released",
    ["ClaimMisbound: Two claims are bound to the same volume, this one is bound incorrectly"],
  ],
  [
    "no volume and no class",
    [claim()],
    "Pending -",
    ["FailedBinding: no persistent volumes available for this claim and no storage class is set"],
  ],
  [
    "a class that is not there",
    [claim(ofClass)],
    "Pending -",
    ['ProvisioningFailed: storageclass.storage.k8s.io "c" not found'],
  ],
  [
    "a class of local volumes",
    [storageClass("kubernetes.io/no-provisioner"), claim(ofClass)],
    "Pending -",
    ["ProvisioningFailed: no volume plugin matched name: kubernetes.io/no-provisioner"],
  ],
  [
    "a class that waits for a pod",
    [storageClass("p", "WaitForFirstConsumer"), claim(ofClass)],
    "Pending -",
    ["WaitForFirstConsumer: waiting for first consumer to be created before binding"],
  ],
])("what becomes of a claim: %s", (_title, objects, phases, said) => {
  const engine = new Engine({ seed: 1 });
  const store = new Store(engine, { epochMicros: 0 });
  new VolumeController(store);
  const kind = engine.define("test.create", 3, () => {
    for (const object of objects) store.writer.create(withDefaults(object));
  });
  engine.at(0, kind);
  engine.run(seconds(1));
  const data = store.documents<PersistentVolumeClaim>("PersistentVolumeClaim").find("default", "data");
  const pv = store.documents<PersistentVolume>("PersistentVolume").find("", "pv");
  expect(`${data?.status?.phase ?? "-"} ${pv?.status?.phase ?? "-"}`).toBe(phases);
  expect(store.events.kept().map(({ reason, message }) => `${reason}: ${message}`)).toEqual(said);
});
