import { expect, test } from "vitest";
import { Engine } from "../engine/index.ts";
import type { KubeObject } from "../kube/index.ts";
import { CHANGE, CONDITION, controllerReference, POD_PHASE, Store } from "./index.ts";

const template = { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "web", image: "web:1" }] } };
const deployment = (name: string, replicas: number): KubeObject =>
  ({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace: "default" },
    spec: { replicas },
  }) as KubeObject;

function world() {
  const engine = new Engine({ seed: 1 });
  const store = new Store(engine, { epochMicros: 0 });
  const seen: string[] = [];
  const cursor = store.watch("reader", ["Pod", "Deployment"], () => {
    while (cursor.next())
      seen.push(`${engine.now} ${cursor.kindId === store.kindIdOf("Pod") ? "pod" : "doc"} ${cursor.flags}`);
  });
  const at = (time: number, act: () => void) => {
    acts.push(act);
    engine.at(time, kind, acts.length - 1);
  };
  const acts: (() => void)[] = [];
  const kind = engine.define("test.act", 3, (index) => acts[index]?.());
  return { engine, store, seen, at };
}
const created = (result: { ok: boolean; row?: number }): number => {
  if (!result.ok || result.row === undefined) throw new Error("not created");
  return result.row;
};

test("a document gets what the server gives, and only changes of the spec move its generation", () => {
  const { store } = world();
  const table = store.documents("Deployment");
  const row = created(store.writer.create(deployment("web", 1)));
  expect(table.get(row).metadata).toMatchObject({
    name: "web",
    generation: 1,
    creationTimestamp: "1970-01-01T00:00:00Z",
  });
  expect(store.writer.create(deployment("web", 1))).toEqual({
    ok: false,
    status: { code: 409, reason: "AlreadyExists", message: 'deployments.apps "web" already exists' },
  });
  expect(store.writer.updateStatus(table, row, { replicas: 1 })).toBe(true);
  expect(store.writer.updateStatus(table, row, { replicas: 1 })).toBe(false);
  expect(table.get(row).metadata.generation).toBe(1);
  store.writer.update(table, row, { ...deployment("web", 2), status: { replicas: 1 } } as KubeObject);
  expect(table.get(row).metadata.generation).toBe(2);
  const { uid } = table.get(row).metadata;
  store.writer.remove(table, row);
  expect(table.rowOf("default", "web")).toBe(-1);
  expect(table.get(created(store.writer.create(deployment("web", 1)))).metadata.uid).not.toBe(uid);
});

test("a cursor is woken once an instant, in order, and a deleted row is released when all have read", () => {
  const { engine, store, seen, at } = world();
  let pod = -1;
  at(5, () => {
    store.writer.create(deployment("web", 1));
    pod = created(
      store.podWriter.create({ namespace: "default", generateName: "web-", template: store.templateOf(template) }),
    );
    store.podWriter.bind(pod, "n1");
  });
  at(7, () => {
    expect(store.pods.rowOf("default", store.pods.name.get(pod))).toBe(pod);
    store.podWriter.remove(pod);
    expect(store.pods.rows.isLive(pod)).toBe(true);
    expect(store.pods.isPresent(pod)).toBe(false);
  });
  engine.run(10);
  expect(seen).toEqual([
    `5 doc ${CHANGE.added}`,
    `5 pod ${CHANGE.added}`,
    `5 pod ${CHANGE.bound}`,
    `7 pod ${CHANGE.deleted}`,
  ]);
  expect(store.pods.rows.isLive(pod)).toBe(false);
});

test("a pod row reads as the API's object", () => {
  const { store } = world();
  const owner = controllerReference({ ...deployment("web", 1), metadata: { name: "web", uid: "u" } });
  const creation = { namespace: "default", name: "web-1", template: store.templateOf(template), owner };
  const row = created(store.podWriter.create(creation));
  expect(store.podWriter.create(creation)).toMatchObject({
    ok: false,
    status: { message: 'pods "web-1" already exists' },
  });
  store.podWriter.setUnschedulable(row, "Unschedulable", "0/0 nodes");
  expect(store.pod(row).status?.conditions).toMatchObject([
    { type: "PodScheduled", status: "False", message: "0/0 nodes" },
  ]);
  store.podWriter.bind(row, "n1");
  store.podWriter.updateStatus(row, {
    phase: POD_PHASE.running,
    ip: 0x0af40102,
    conditions: { Ready: CONDITION.true },
  });
  const pod = store.pod(row);
  expect(pod.metadata).toMatchObject({ labels: { app: "web" }, ownerReferences: [owner], generation: 1 });
  expect(pod.spec.nodeName).toBe("n1");
  expect(pod.spec.tolerations?.map((t) => t.key)).toEqual([
    "node.kubernetes.io/not-ready",
    "node.kubernetes.io/unreachable",
  ]);
  expect(pod.status).toMatchObject({ phase: "Running", podIP: "10.244.1.2", qosClass: "BestEffort" });
  expect(pod.status?.conditions?.map((c) => `${c.type}=${c.status}`)).toEqual(["Ready=True", "PodScheduled=True"]);
});

test("deleting waits for the kubelet only where one has the pod", () => {
  const { store } = world();
  const make = (name: string) =>
    created(store.podWriter.create({ namespace: "d", name, template: store.templateOf(template) }));
  const pending = make("pending");
  store.podWriter.requestDeletion(pending);
  expect(store.pods.isPresent(pending)).toBe(false);
  const bound = make("bound");
  store.podWriter.bind(bound, "n1");
  store.podWriter.requestDeletion(bound);
  expect([store.pods.isPresent(bound), store.pods.isDeleting(bound), store.pods.deletionAt.get(bound)]).toEqual([
    true,
    true,
    30e6,
  ]);
  store.podWriter.requestDeletion(bound, 60);
  expect(store.pods.deletionAt.get(bound)).toBe(30e6);
  store.podWriter.requestDeletion(bound, 5);
  expect(store.pods.deletionAt.get(bound)).toBe(5e6);
});

test("events repeat as counts, and many different ones are combined", () => {
  const { engine, store } = world();
  const row = created(store.podWriter.create({ namespace: "d", name: "p", template: store.templateOf(template) }));
  for (let i = 0; i < 3; i++) store.podEvent(row, "kubelet", "Warning", "BackOff", "Back-off");
  for (let i = 0; i < 12; i++) store.podEvent(row, "kubelet", "Normal", "Pulled", `image ${i}`);
  const kept = store.events.kept();
  expect(kept.filter((e) => e.reason === "BackOff").map((e) => e.count)).toEqual([3]);
  expect(kept.filter((e) => e.reason === "Pulled").map((e) => `${e.count} ${e.message}`)).toEqual([
    ...Array.from({ length: 9 }, (_, i) => `1 image ${i}`),
    "3 (combined from similar events): image 11",
  ]);
  for (let i = 0; i < 40; i++) store.podEvent(row, "scheduler", "Warning", `R${i}`, "x");
  expect(store.events.kept().filter((e) => e.source === "scheduler")).toHaveLength(25);
  expect(engine.now).toBe(0);
});

test("a fork goes on as its origin does", () => {
  const build = () => {
    const made = world();
    const acts = [1, 2, 3, 4, 5, 6];
    for (const second of acts) {
      made.at(second * 1e6, () => {
        created(
          made.store.podWriter.create({
            namespace: "d",
            generateName: "p-",
            template: made.store.templateOf(template),
          }),
        );
        if (second % 2 === 0) made.store.podWriter.bind(made.store.pods.first(), `n${second}`);
        if (second === 4) made.store.podWriter.remove(made.store.pods.first());
      });
    }
    return made;
  };
  const origin = build();
  origin.engine.run(3_500_000);
  const checkpoint = origin.engine.checkpoint();
  origin.engine.run(10e6);
  const fork = build();
  fork.engine.restore(checkpoint);
  fork.engine.run(10e6);
  const names = ({ store }: ReturnType<typeof world>) => {
    const found: string[] = [];
    for (let row = store.pods.first(); row !== -1; row = store.pods.after(row))
      found.push(`${store.pods.name.get(row)} ${store.pods.nodeNameOf(row)}`);
    return found;
  };
  expect(names(fork)).toEqual(names(origin));
  expect(names(fork)).toHaveLength(5);
  expect(fork.engine.unseed()).toBe(origin.engine.unseed());
});
