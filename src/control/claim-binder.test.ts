import { expect, test } from "vitest";
import { Engine } from "../engine/index.ts";
import type { KubeObject } from "../kube/index.ts";
import { Store } from "../store/index.ts";
import { ClaimBinder } from "./claim-binder.ts";

test("a claim is bound in the instant in which it is made, with what it asks for", () => {
  const engine = new Engine({ seed: 1 });
  const store = new Store(engine, { epochMicros: 0 });
  new ClaimBinder(store);
  const spec = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } };
  const metadata = { name: "data", namespace: "default" };
  store.writer.create({ apiVersion: "v1", kind: "PersistentVolumeClaim", metadata, spec } as KubeObject);
  engine.run(0);
  expect(store.documents("PersistentVolumeClaim").find("default", "data")).toMatchObject({
    status: { phase: "Bound", accessModes: ["ReadWriteOnce"], capacity: { storage: "1Gi" } },
  });
});
