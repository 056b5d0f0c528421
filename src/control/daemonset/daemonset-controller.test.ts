import { describe, expect, test } from "vitest";
import { Engine } from "../../engine/index.ts";
import { type DaemonSet, type KubeNode, type KubeObject, PHASE, type Taint, withDefaults } from "../../kube/index.ts";
import { CHANGE, CONDITION, type DocumentKind, type LoggedDecision, POD_PHASE, Store } from "../../store/index.ts";
import { mergePatch } from "../../tables/index.ts";
import { millis, seconds } from "../../units/index.ts";
import { GarbageCollector } from "../garbage-collector.ts";
import { pinnedNode } from "./daemon-template.ts";
import { DaemonSetController } from "./daemonset-controller.ts";

/** A store with the controller, where a pod is bound to its node at once and ready 2 s later. */
class Fixture {
  readonly engine = new Engine({ seed: 1 });
  readonly store = new Store(this.engine, { epochMicros: 0 });
  readonly events: string[] = [];
  readonly decisions: LoggedDecision[] = [];

  constructor() {
    const { store, engine } = this;
    const { pods, podWriter } = store;
    const { rows } = pods;
    const remove = engine.define("fixture.remove", PHASE.node, (row) => podWriter.requestDeletion(row, 0), { rows });
    const ready = engine.define(
      "fixture.ready",
      PHASE.node,
      (row) => podWriter.updateStatus(row, { phase: POD_PHASE.running, conditions: { Ready: CONDITION.true } }),
      { rows },
    );
    const cursor = store.watch("fixture", ["Pod"], () => {
      while (cursor.next()) {
        const { row, flags } = cursor;
        if (!pods.isPresent(row)) continue;
        if ((flags & CHANGE.added) !== 0) {
          podWriter.bind(row, pinnedNode(pods.templateOf(row)));
          engine.after(seconds(2) + millis(row % 50), ready, row);
        }
        if ((flags & CHANGE.deleting) !== 0) engine.after(seconds(1), remove, row);
      }
    });
    new DaemonSetController(store);
    new GarbageCollector(store);
    store.events.sink = {
      written: ({ reason, message }) => this.events.push(`${engine.now / 1_000_000} ${reason} ${message}`),
    };
    store.decisions.sink = (decision) => this.decisions.push(decision);
  }

  create(object: KubeObject): number {
    const result = this.store.writer.create(withDefaults(object));
    if (!result.ok) throw new Error(result.status.message);
    return result.row;
  }

  node(name: string, labels: Record<string, string> = {}, taints: readonly Taint[] = []): void {
    const spec = taints.length === 0 ? {} : { taints };
    this.create({ apiVersion: "v1", kind: "Node", metadata: { name, labels }, spec } as KubeNode);
  }

  patch(kind: DocumentKind, name: string, patch: unknown): void {
    const table = this.store.documents(kind);
    const row = table.rowOf(kind === "Node" ? "" : "default", name);
    this.store.writer.update(table, row, withDefaults(mergePatch(table.get(row), patch) as KubeObject));
  }

  run(untilSecond: number): void {
    this.engine.run(seconds(untilSecond));
  }

  status() {
    return this.store.documents<DaemonSet>("DaemonSet").find("default", "agent")?.status;
  }

  /** `node:image` of the present pods by node, those being deleted in brackets. */
  pods(): string[] {
    const { pods } = this.store;
    const found: string[] = [];
    for (let row = pods.first(); row !== -1; row = pods.after(row)) {
      const text = `${pods.nodeNameOf(row)}:${pods.templateOf(row).spec.containers[0]?.image ?? ""}`;
      found.push(pods.isDeleting(row) ? `[${text}]` : text);
    }
    return found.sort();
  }
}

function agent(spec: object = {}, pod: object = {}): KubeObject {
  const template = {
    metadata: { labels: { app: "agent" } },
    spec: { containers: [{ name: "app", image: "agent:1" }], ...pod },
  };
  const selector = { matchLabels: { app: "agent" } };
  const metadata = { name: "agent", namespace: "default" };
  return { apiVersion: "apps/v1", kind: "DaemonSet", metadata, spec: { selector, template, ...spec } } as KubeObject;
}

const newImage = { spec: { template: { spec: { containers: [{ name: "app", image: "agent:2" }] } } } };

function started(nodeCount: number, spec: object = {}, pod: object = {}): Fixture {
  const fixture = new Fixture();
  for (let i = 1; i <= nodeCount; i++) fixture.node(`n${i}`);
  fixture.create(agent(spec, pod));
  fixture.run(5);
  return fixture;
}

test("one pod on every node, also on one that comes later", () => {
  const fixture = started(3);
  expect(fixture.pods()).toEqual(["n1:agent:1", "n2:agent:1", "n3:agent:1"]);
  fixture.node("n4");
  fixture.run(10);
  expect(fixture.pods()).toHaveLength(4);
  expect(fixture.status()).toEqual({
    currentNumberScheduled: 4,
    numberMisscheduled: 0,
    desiredNumberScheduled: 4,
    numberReady: 4,
    observedGeneration: 1,
    updatedNumberScheduled: 4,
    numberAvailable: 4,
  });
});

describe("which nodes fit", () => {
  const check = (given: { labels?: Record<string, string>; taints?: Taint[]; pod?: object }, runs: boolean): void => {
    const fixture = new Fixture();
    fixture.node("n1", given.labels, given.taints);
    fixture.create(agent({}, given.pod));
    fixture.run(5);
    expect(fixture.pods()).toHaveLength(runs ? 1 : 0);
    expect(fixture.status()?.desiredNumberScheduled).toBe(runs ? 1 : 0);
  };
  const taint = (key: string, effect: Taint["effect"]): Taint => ({ key, effect });
  test("a node selector", () => {
    check({ labels: { disk: "ssd" }, pod: { nodeSelector: { disk: "ssd" } } }, true);
    check({ labels: { disk: "hdd" }, pod: { nodeSelector: { disk: "ssd" } } }, false);
  });
  test("a node name", () => {
    check({ pod: { nodeName: "n1" } }, true);
    check({ pod: { nodeName: "n2" } }, false);
  });
  test("taints that daemons tolerate", () => {
    check({ taints: [taint("node.kubernetes.io/not-ready", "NoExecute")] }, true);
    check({ taints: [taint("node.kubernetes.io/unschedulable", "NoSchedule")] }, true);
    check({ taints: [taint("node.kubernetes.io/network-unavailable", "NoSchedule")] }, false);
    const pod = { hostNetwork: true };
    check({ taints: [taint("node.kubernetes.io/network-unavailable", "NoSchedule")], pod }, true);
  });
  test("other taints", () => {
    check({ taints: [taint("dedicated", "NoSchedule")] }, false);
    check({ taints: [taint("dedicated", "PreferNoSchedule")] }, true);
    check({ taints: [taint("dedicated", "NoSchedule")], pod: { tolerations: [{ operator: "Exists" }] } }, true);
  });
});

test("NoSchedule leaves a pod where it is, misscheduled at the next sync; NoExecute deletes it", () => {
  const fixture = started(2);
  fixture.patch("Node", "n1", { spec: { taints: [{ key: "dedicated", effect: "NoSchedule" }] } });
  fixture.patch("Node", "n2", { spec: { taints: [{ key: "dedicated", effect: "NoExecute" }] } });
  fixture.run(5);
  expect(fixture.pods()).toEqual(["[n2:agent:1]", "n1:agent:1"]);
  fixture.run(10);
  expect(fixture.pods()).toEqual(["n1:agent:1"]);
  expect(fixture.status()).toMatchObject({ desiredNumberScheduled: 0, numberMisscheduled: 1 });
  expect(fixture.decisions.at(-1)).toMatchObject({
    by: "daemonset",
    what: "delete",
    reasons: ["the node does not fit"],
  });
});

test("pods of one node and revision share a template, and all share its containers", () => {
  const fixture = started(2);
  const { pods } = fixture.store;
  const [a, b] = [pods.first(), pods.after(pods.first())];
  const first = pods.templateOf(a);
  expect(first.spec).not.toBe(pods.templateOf(b).spec);
  expect(first.spec.containers).toBe(pods.templateOf(b).spec.containers);
  expect(first.labels).toBe(pods.templateOf(b).labels);
  fixture.store.podWriter.requestDeletion(a);
  fixture.run(10);
  const again = pods.templateOf(pods.rowOf("default", pods.name.get(pods.after(b))));
  expect(again).toBe(first);
});

describe("rolling update", () => {
  const watched = (spec: object): { most: number; least: number; fixture: Fixture } => {
    const fixture = started(6, spec);
    fixture.patch("DaemonSet", "agent", newImage);
    let [most, least] = [0, 6];
    for (let tenth = 50; tenth <= 600; tenth++) {
      fixture.run(tenth / 10);
      const { pods } = fixture.store;
      most = Math.max(most, fixture.pods().filter((pod) => !pod.startsWith("[")).length);
      let ready = 0;
      for (let row = pods.first(); row !== -1; row = pods.after(row)) {
        if (pods.isReady(row) && !pods.isDeleting(row)) ready++;
      }
      least = Math.min(least, ready);
    }
    expect(fixture.pods()).toEqual(["n1", "n2", "n3", "n4", "n5", "n6"].map((name) => `${name}:agent:2`));
    expect(fixture.status()).toMatchObject({ updatedNumberScheduled: 6, numberAvailable: 6, observedGeneration: 2 });
    return { most, least, fixture };
  };
  const rolling = (rollingUpdate: object) => ({ updateStrategy: { type: "RollingUpdate", rollingUpdate } });

  test("never more unavailable than allowed; percentages round up", () => {
    expect(watched({})).toMatchObject({ most: 6, least: 5 });
    expect(watched(rolling({ maxUnavailable: "34%" }))).toMatchObject({ most: 6, least: 3 });
  });
  test("with surge none is unavailable, and no more pods than allowed run beside", () => {
    expect(watched(rolling({ maxUnavailable: 0, maxSurge: 2 }))).toMatchObject({ most: 8, least: 6 });
  });
  test("each template has a revision, as many are kept as the limit says", () => {
    const { fixture } = watched({ revisionHistoryLimit: 0 });
    const revisions = fixture.store.documents("ControllerRevision").list() as { revision?: number }[];
    expect(revisions.map(({ revision }) => revision)).toEqual([2]);
  });
  test("OnDelete waits for the deletion", () => {
    const fixture = started(2, { updateStrategy: { type: "OnDelete" } });
    fixture.patch("DaemonSet", "agent", newImage);
    fixture.run(20);
    expect(fixture.pods()).toEqual(["n1:agent:1", "n2:agent:1"]);
    fixture.store.podWriter.requestDeletion(fixture.store.pods.first());
    fixture.run(30);
    expect(fixture.pods()).toEqual(["n1:agent:2", "n2:agent:1"]);
  });
});

test("failed pods are deleted at once the first time, then with doubling patience", () => {
  const fixture = started(1);
  const fail = (): void => {
    fixture.store.podWriter.updateStatus(fixture.store.pods.first(), { phase: POD_PHASE.failed });
  };
  fail();
  fixture.run(5);
  fail();
  fixture.run(5);
  const killed = (): string[] => fixture.events.filter((event) => event.includes("FailedDaemonPod"));
  expect(killed()).toHaveLength(1);
  expect(killed()[0]).toMatch(
    /^5 FailedDaemonPod Found failed daemon pod default\/agent-\w+ on node n1, will try to kill it$/,
  );
  fixture.run(6);
  expect(killed()).toHaveLength(2);
});

test("250 pods a sync, and one sync looks at what changed only", () => {
  const fixture = started(600);
  expect(fixture.decisions.map(({ pods }) => (pods as string[]).length)).toEqual([250, 250, 100]);
  expect(fixture.status()).toMatchObject({ desiredNumberScheduled: 600, numberAvailable: 600 });
});

test("a fork goes on as the original does", () => {
  const play = (fixture: Fixture): string => {
    fixture.patch("DaemonSet", "agent", newImage);
    fixture.node("n9");
    fixture.run(60);
    return JSON.stringify([fixture.engine.unseed(), fixture.status(), fixture.pods()]);
  };
  const original = started(4, { minReadySeconds: 3 });
  const checkpoint = original.engine.checkpoint();
  const fork = new Fixture();
  fork.engine.restore(checkpoint);
  expect(play(fork)).toBe(play(original));
});
