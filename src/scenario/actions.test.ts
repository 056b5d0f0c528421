import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadScenario } from "./index.ts";

/** Loads a scenario of two nodes with these actions; returns what was found wrong, and the plan's actions. */
async function load(actions: readonly object[]) {
  const folder = mkdtempSync(join(tmpdir(), "orrery-"));
  try {
    const file = join(folder, "actions.yaml");
    const spec = {
      duration: "1h",
      cluster: { nodePools: [{ name: "main", count: 2, capacity: { cpu: "4", memory: "8Gi" } }] },
      actions,
    };
    const scenario = { apiVersion: "kube-orrery/v1alpha1", kind: "Scenario", metadata: { name: "actions" }, spec };
    writeFileSync(file, JSON.stringify(scenario));
    const { plan, problems } = await loadScenario(file, { version: "test" });
    return { found: problems.map(({ code, message }) => `${code} ${message}`), actions: plan?.actions ?? [] };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("a drain is a node's name, a selector or a kubectl line", async () => {
  const { found, actions } = await load([
    { at: "1m", drain: "main-01", gracePeriod: "5s" },
    { at: "2m", drain: { pool: "main" } },
    { at: "3m", kubectl: "drain main-02 --ignore-daemonsets --grace-period=9" },
  ]);
  expect(found).toEqual([]);
  expect(actions).toMatchObject([
    {
      kind: "drain",
      nodes: ["main-01"],
      gracePeriodSeconds: 5,
      text: "kubectl drain main-01 --ignore-daemonsets --delete-emptydir-data --force --grace-period=5",
    },
    {
      kind: "drain",
      nodes: ["main-01", "main-02"],
      later: { pool: "main", zone: null, labels: null },
      text: "kubectl drain -l kube-orrery/pool=main --ignore-daemonsets --delete-emptydir-data --force",
    },
    { kind: "drain", nodes: ["main-02"], gracePeriodSeconds: 9 },
  ]);
});

test("nodes that are chosen by what they are may join later; nodes that are named are those", async () => {
  const { found, actions } = await load([
    { at: "1m", cordon: { names: ["main-02", "main-01"] } },
    { at: "2m", uncordon: { matchLabels: { "kubernetes.io/os": "linux" } } },
    { at: "3m", restartKubelet: { pool: "main" } },
  ]);
  expect(found).toEqual([]);
  const pool = { pool: "main", zone: null, labels: null };
  const linux = { pool: null, zone: null, labels: { matchLabels: { "kubernetes.io/os": "linux" } } };
  expect(actions.map(({ text }) => text)).toEqual([
    "kubectl cordon main-02 main-01",
    "kubectl uncordon -l kubernetes.io/os=linux",
    "systemctl restart kubelet on -l kube-orrery/pool=main",
  ]);
  expect(actions.map((one) => ("later" in one ? one.later : null))).toEqual([null, linux, pool]);
});

test("kubectl chooses nodes by a selector too", async () => {
  const { found, actions } = await load([
    { at: "1m", kubectl: "kubectl drain -l kube-orrery/pool=main --ignore-daemonsets" },
    { at: "2m", kubectl: "uncordon --selector='tier notin (a,b),!old'" },
  ]);
  expect(found).toEqual([]);
  expect(actions).toMatchObject([
    {
      kind: "drain",
      nodes: ["main-01", "main-02"],
      later: { labels: { matchLabels: { "kube-orrery/pool": "main" } } },
    },
    {
      kind: "uncordon",
      nodes: ["main-01", "main-02"],
      later: {
        labels: {
          matchExpressions: [
            { key: "old", operator: "DoesNotExist" },
            { key: "tier", operator: "NotIn", values: ["a", "b"] },
          ],
        },
      },
    },
  ]);
  const wrong = await load([
    { at: "1m", kubectl: "cordon main-01 -l a=b" },
    { at: "2m", kubectl: "cordon -l kube-orrery/pool=mian" },
    { at: "3m", kubectl: "cordon -l a=(" },
    { at: "4m", kubectl: "cordon -l 'a>1'" },
  ]);
  expect(wrong.found).toEqual([
    "E0409 cannot specify both a node name and a --selector option",
    expect.stringMatching(/^E0401 kube-orrery\/pool=mian matches no nodes/),
    expect.stringMatching(/^E0409 .*found/),
    'E0409 labels of nodes are not compared as numbers; got "a>1"',
  ]);
});

test("a drain of a node that is not there is refused", async () => {
  const { found } = await load([{ at: "1m", drain: "main-03" }]);
  expect(found).toEqual([expect.stringMatching(/^E0401 there is no node "main-03" — did you mean/)]);
});

test("machines are ordered by their pool, and taken away by pool or name; what joins may be named", async () => {
  const { found, actions } = await load([
    { at: "1m", addNodes: "main", count: 2 },
    { at: "5m", drain: "main-04" },
    { at: "6m", removeNodes: "main-04" },
    { at: "7m", removeNodes: "main" },
    { at: "8m", restartKubelet: "main-03" },
  ]);
  expect(found).toEqual([]);
  expect(actions).toMatchObject([
    { kind: "addNodes", pool: "main", count: 2, text: "add 2 to node pool main" },
    { kind: "drain", nodes: ["main-04"] },
    { kind: "removeNodes", nodes: ["main-04"], text: "remove main-04" },
    { kind: "removeNodes", pool: "main", count: 1 },
    { kind: "restartKubelet", nodes: ["main-03"] },
  ]);
});

test("machines of no pool are refused", async () => {
  const { found } = await load([
    { at: "1m", addNodes: "mian" },
    { at: "2m", removeNodes: "main-09" },
  ]);
  expect(found).toEqual([
    'E0401 there is no node pool "mian" — did you mean "main"?',
    expect.stringMatching(/^E0401 there is no node or node pool "main-09" — did you mean/),
  ]);
});

test("a rolling update says what takes whose place", async () => {
  const rc = (name: string) => ({ at: "0s", apply: controller(name) });
  const controller = (name: string) => ({
    apiVersion: "v1",
    kind: "ReplicationController",
    metadata: { name },
    spec: { selector: { app: name }, template: { metadata: { labels: { app: name } }, spec: POD } },
  });
  const { found, actions } = await load([
    rc("web"),
    { at: "1m", kubectl: "kubectl rolling-update web web-2 --image=web:2 --update-period=10s" },
    { at: "2m", kubectl: "rolling-update web" },
    { at: "2m", kubectl: "rolling-update web --image=web:2 --timeout=soon" },
    { at: "2m", kubectl: "rolling-update wbe --image=web:2" },
    { at: "2m", kubectl: "rolling-update web --image=web:2 --rollback" },
  ]);
  expect(found).toEqual([
    "E0409 rolling-update needs either --filename or --image",
    expect.stringMatching(/^E0409 --timeout: /),
    expect.stringMatching(/^E0403 there is no replicationcontroller/i),
    expect.stringMatching(/^E0409 unknown flag "--rollback" for rolling-update/),
  ]);
  expect(actions).toEqual([]);
});

const POD = { containers: [{ name: "c", image: "web:1" }] };
