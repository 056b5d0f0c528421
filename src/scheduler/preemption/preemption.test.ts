import { expect, test } from "vitest";
import { decodeCheckpoint, Engine, encodeCheckpoint, fingerprint } from "../../engine/index.ts";
import type { KubeNode, PodDisruptionBudget, PodSpec, PriorityClass } from "../../kube/index.ts";
import { type LoggedDecision, POD_PHASE, Store } from "../../store/index.ts";
import { seconds } from "../../units/index.ts";
import { Scheduler, type SchedulerOptions } from "../scheduler.ts";

const SECOND = seconds(1);

/** A cluster whose kubelets start pods at once and end them exactly when their grace is over. */
function world(options: SchedulerOptions = {}, seed = 1) {
  const engine = new Engine({ seed });
  const store = new Store(engine, { epochMicros: 0 });
  const acts: (() => void)[] = [];
  const kind = engine.define("test.act", 3, (index) => acts[index]?.());
  const gone = engine.define("test.gone", 2, (row) => store.podWriter.remove(row), { rows: store.pods.rows });
  const scheduler = new Scheduler(store, options);
  const { pods } = store;
  const kubelets = store.watch("test.kubelets", ["Pod"], () => {
    while (kubelets.next()) {
      const { row } = kubelets;
      if (!pods.isPresent(row) || pods.nodeId.get(row) === -1) continue;
      if (pods.isDeleting(row)) engine.at(Math.max(engine.now, pods.deletionAt.get(row)), gone, row);
      else store.podWriter.updateStatus(row, { phase: POD_PHASE.running, startTime: engine.now });
    }
  });
  const decisions: LoggedDecision[] = [];
  store.decisions.sink = (decision) => decisions.push(decision);
  const at = (time: number, act: () => void) => {
    acts.push(act);
    engine.at(time * SECOND, kind, acts.length - 1);
  };
  const node = (name: string, cpu: string) => {
    const status = { allocatable: { cpu, memory: "8Gi", pods: "110" } };
    store.writer.create({ apiVersion: "v1", kind: "Node", metadata: { name }, spec: {}, status } as KubeNode);
  };
  const classOf = (value: number, preemptionPolicy: "Never" | "PreemptLowerPriority") => {
    const name = `p${value}-${preemptionPolicy}`.toLowerCase();
    const identity = { apiVersion: "scheduling.k8s.io/v1", kind: "PriorityClass", metadata: { name } };
    if (store.documents("PriorityClass").find("", name) === undefined) {
      store.writer.create({ ...identity, value, preemptionPolicy } as PriorityClass);
    }
    return name;
  };
  const pod = (name: string, cpu: string, priority: number, spec: Partial<PodSpec> = {}) => {
    const containers = [{ name: "c", image: "web:1", resources: { requests: { cpu } } }];
    const priorityClassName = classOf(priority, spec.preemptionPolicy ?? "PreemptLowerPriority");
    const template = store.templateOf({
      metadata: { labels: { app: name } },
      spec: { containers, priorityClassName, ...spec },
    });
    const result = store.podWriter.create({ namespace: "default", name, template });
    if (!result.ok) throw new Error(result.status.message);
  };
  const budget = (app: string) => {
    const spec = { selector: { matchLabels: { app } } };
    const metadata = { name: app, namespace: "default" };
    const status = { disruptionsAllowed: 0 };
    const object: PodDisruptionBudget = {
      apiVersion: "policy/v1",
      kind: "PodDisruptionBudget",
      metadata,
      spec,
      status,
    };
    store.writer.create(object);
  };
  const read = (name: string) => store.pod(pods.rowOf("default", name));
  const nodeOf = (name: string) => {
    const row = pods.rowOf("default", name);
    return row === -1 ? "gone" : pods.nodeNameOf(row);
  };
  const nominationOf = (name: string) => read(name).status?.nominatedNodeName ?? "";
  const told = (what: string) =>
    decisions.filter((one) => one.what === what).map(({ t, object }) => [t / SECOND, object]);
  return { engine, store, scheduler, decisions, at, node, pod, budget, read, nodeOf, nominationOf, told };
}

test("a pod of high priority evicts, waits out the grace of its victim, and takes the node that it was promised", () => {
  const { engine, store, at, node, pod, read, nodeOf, nominationOf, decisions } = world();
  at(0, () => node("n1", "1"));
  at(1, () => pod("low", "600m", 0, { terminationGracePeriodSeconds: 20 }));
  at(2, () => pod("kept", "300m", 5));
  at(10, () => pod("high", "700m", 100));
  at(12, () => pod("late", "500m", 50));
  engine.run(11 * SECOND);
  const text =
    "0/1 nodes are available: 1 Insufficient cpu. preemption: found a potential placement for pod on node n1, preempting 1 victims";
  expect(read("high").status).toMatchObject({
    nominatedNodeName: "n1",
    conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message: text }],
  });
  const low = read("low");
  expect(low.metadata.deletionTimestamp).toBe("1970-01-01T00:00:30Z");
  expect(low.status?.conditions?.find(({ type }) => type === "DisruptionTarget")).toMatchObject({
    status: "True",
    reason: "PreemptionByScheduler",
    message: "default-scheduler: preempting to accommodate a higher priority pod",
  });
  const events = store.events.kept().filter(({ reason }) => reason === "Preempted");
  expect(events.map(({ involvedObject, type, message }) => [involvedObject.name, type, message])).toEqual([
    ["low", "Normal", `Preempted by pod ${read("high").metadata.uid} on node n1`],
  ]);
  expect(decisions.filter(({ what }) => what === "preempt" || what === "evict")).toMatchObject([
    {
      t: 10 * SECOND,
      object: "pod/default/high",
      node: "n1",
      victims: ["default/low"],
      pdbViolations: 0,
      considered: 1,
      candidates: [{ node: "n1", victims: ["default/low (0)"], pdbViolations: 0 }],
    },
    { object: "pod/default/low", node: "n1", preemptor: "default/high" },
  ]);
  engine.run(29 * SECOND);
  expect(nodeOf("high")).toBe("");
  engine.run(31 * SECOND);
  expect([nodeOf("low"), nodeOf("kept"), nodeOf("high"), nodeOf("late")]).toEqual(["gone", "n1", "n1", ""]);
  expect(nominationOf("high")).toBe("");
  const bound = store.events
    .kept()
    .find(({ reason, involvedObject }) => reason === "Scheduled" && involvedObject.name === "high");
  expect(bound?.firstAt).toBe(30 * SECOND);
});

test("while its victims go, the preemptor asks for no others", () => {
  const { engine, store, at, node, pod, read, nodeOf, nominationOf, told } = world();
  at(0, () => node("n1", "1100m"));
  at(1, () => pod("victim", "600m", 0));
  at(2, () => pod("short", "100m", 1));
  at(3, () => pod("kept", "400m", 2));
  at(10, () => pod("high", "600m", 100));
  // Room for the queue to try it again, yet not enough.
  at(15, () => store.podWriter.requestDeletion(store.pods.rowOf("default", "short"), 0));
  engine.run(16 * SECOND);
  expect(told("unschedulable")).toEqual([
    [10, "pod/default/high"],
    [15, "pod/default/high"],
  ]);
  expect(read("high").status?.conditions?.[0]?.message).toBe(
    "0/1 nodes are available: 1 Insufficient cpu. preemption: not eligible due to a terminating pod on the nominated node.",
  );
  expect(nominationOf("high")).toBe("n1");
  engine.run(41 * SECOND);
  expect([told("evict"), nodeOf("high"), nodeOf("kept")]).toEqual([[[10, "pod/default/victim"]], "n1", "n1"]);
});

test("a budget is spared when another node will do; victims that go already are waited for, and nothing else", () => {
  const { engine, at, node, pod, budget, told, nodeOf, nominationOf } = world();
  at(0, () => node("n1", "1"));
  at(0, () => budget("guarded"));
  at(1, () => pod("guarded", "1", 0));
  at(2, () => node("n2", "1"));
  at(3, () => pod("open", "1", 50));
  at(10, () => pod("high", "1", 100));
  at(11, () => pod("higher", "1", 200));
  engine.run(12 * SECOND);
  expect(told("evict")).toEqual([[10, "pod/default/open"]]);
  expect([nominationOf("high"), nominationOf("higher")]).toEqual(["n2", "n2"]);
  engine.run(60 * SECOND);
  expect([nodeOf("higher"), nodeOf("guarded")]).toEqual(["n2", "n1"]);
});

test("a budget is broken when nothing else makes room", () => {
  const { engine, at, node, pod, budget, decisions } = world();
  at(0, () => node("n1", "1"));
  at(0, () => budget("guarded"));
  at(1, () => pod("guarded", "1", 0));
  at(10, () => pod("high", "1", 100));
  engine.run(11 * SECOND);
  expect(decisions.find(({ what }) => what === "preempt")).toMatchObject({
    victims: ["default/guarded"],
    pdbViolations: 1,
  });
});

test("pods of lower priority lose their nomination to the node and look elsewhere", () => {
  const { engine, at, node, pod, nodeOf, nominationOf } = world();
  at(0, () => node("n1", "1"));
  at(1, () => pod("a", "500m", 0, { terminationGracePeriodSeconds: 60 }));
  at(2, () => pod("b", "500m", 1, { terminationGracePeriodSeconds: 60 }));
  at(10, () => pod("mid", "500m", 50));
  at(20, () => pod("high", "1", 100));
  engine.run(11 * SECOND);
  expect(nominationOf("mid")).toBe("n1");
  engine.run(21 * SECOND);
  expect([nominationOf("mid"), nominationOf("high")]).toEqual(["", "n1"]);
  engine.run(90 * SECOND);
  expect([nodeOf("high"), nodeOf("mid")]).toEqual(["n1", ""]);
});

test("a pod that may not preempt, and one that would gain nothing, leave others alone", () => {
  const { engine, at, node, pod, read, told } = world();
  at(0, () => node("n1", "1"));
  at(1, () => pod("low", "1", 0));
  at(10, () => pod("polite", "1", 100, { preemptionPolicy: "Never" }));
  at(11, () => pod("equal", "1", 0));
  at(12, () => pod("giant", "2", 100));
  engine.run(13 * SECOND);
  const messageOf = (name: string) => read(name).status?.conditions?.[0]?.message?.replace(/.*preemption: /, "");
  expect(messageOf("polite")).toBe("not eligible due to preemptionPolicy=Never.");
  expect(messageOf("equal")).toBe("0/1 nodes are available: 1 No preemption victims found for incoming pod.");
  expect(messageOf("giant")).toBe("0/1 nodes are available: 1 Preemption is not helpful for scheduling.");
  expect(told("evict")).toEqual([]);
});

test("equal nodes are tried from an offset that the seed decides", () => {
  const victimOf = (seed: number) => {
    const { engine, at, node, pod, told } = world({}, seed);
    for (let i = 0; i < 120; i++) at(0, () => node(`n${i}`, "1"));
    for (let i = 0; i < 120; i++) at(1, () => pod(`low${i}`, "1", 0));
    at(10, () => pod("high", "1", 100));
    engine.run(11 * SECOND);
    expect(told("evict")).toHaveLength(1);
    return told("evict")[0]?.[1];
  };
  const victims = [1, 2, 3, 4].map(victimOf);
  expect([1, 2, 3, 4].map(victimOf)).toEqual(victims);
  expect(new Set(victims).size).toBeGreaterThan(1);
});

test("a preemption that takes time keeps its preemptor out of the queue until it is done", () => {
  const { engine, scheduler, at, node, pod, told } = world({ preemptionLatency: { constant: 5 * SECOND } });
  at(0, () => node("n1", "1"));
  at(1, () => pod("a", "600m", 0, { terminationGracePeriodSeconds: 1 }));
  at(2, () => pod("b", "200m", 200));
  at(10, () => pod("high", "700m", 100));
  engine.run(13 * SECOND);
  const { queue } = scheduler.core;
  const entry = [...queue.unschedulable][0];
  expect(told("evict")).toEqual([]);
  const victim = scheduler.core.cache.node("n1")?.pods.values().next().value;
  if (victim !== undefined) queue.move({ name: "AssignedPod/Delete", oldPod: victim }, 13 * SECOND);
  expect([entry?.pod.name, entry?.gatingPlugin, queue.isReady]).toEqual(["high", "DefaultPreemption", false]);
  engine.run(30 * SECOND);
  expect(told("evict")).toEqual([[15, "pod/default/a"]]);
  expect(told("bind").at(-1)).toEqual([16, "pod/default/high"]);
});

test("a world restored in the middle of a preemption goes on as the first one did", () => {
  const script = (w: ReturnType<typeof world>) => {
    for (const name of ["n1", "n2", "n3"]) w.at(0, () => w.node(name, "1"));
    for (let i = 0; i < 6; i++) w.at(1 + i, () => w.pod(`low${i}`, "450m", i % 3));
    for (let i = 0; i < 4; i++) w.at(10 + i, () => w.pod(`high${i}`, "700m", 100 + i));
  };
  const options = { preemptionLatency: { constant: 1.5 * SECOND } };
  const first = world(options);
  script(first);
  first.engine.run(12.25 * SECOND);
  const checkpoint = decodeCheckpoint(encodeCheckpoint(first.engine.checkpoint()));
  first.engine.run(200 * SECOND);
  const second = world(options);
  script(second);
  second.engine.run(0);
  second.engine.restore(checkpoint);
  second.engine.run(200 * SECOND);
  expect(first.told("evict").length).toBeGreaterThan(3);
  expect(second.engine.digest()).toBe(first.engine.digest());
  expect(second.scheduler.core.save()).toEqual(first.scheduler.core.save());
  expect(fingerprint(second.engine.cells.save())).toBe(fingerprint(first.engine.cells.save()));
});
