import { describe, expect, test } from "vitest";
import { adviceOn, type Topic } from "../../src/answers/index.ts";
import { autoscaler, deployment, planOf, pod } from "../../src/testing/index.ts";

const cpu = (milli: number) => ({ resources: { requests: { cpu: `${milli}m` } } });

function found(topic: Topic, nodes: number, ...objects: object[]): string[] {
  return adviceOn(topic, { plan: planOf({ nodes, objects }) }).map(({ code, message }) => `${code} ${message}`);
}

function budget(name: string, spec: object, app = "web"): object {
  const selector = { matchLabels: { app } };
  return { apiVersion: "policy/v1", kind: "PodDisruptionBudget", metadata: { name }, spec: { selector, ...spec } };
}

describe("rollouts", () => {
  test("a surge that finds no room, and none may be unavailable", () => {
    expect(found("rollouts", 3, deployment("web", { replicas: 3, ...cpu(2500) }))).toEqual([
      expect.stringMatching(
        /^W0223 Deployment default\/web: a rollout cannot finish \(maxSurge 25% is 1, maxUnavailable 25% is 0 of 3\): 0\/3 nodes are available: 3 Insufficient cpu\./,
      ),
    ]);
  });

  test.each([
    ["there is room", 4, deployment("web", { replicas: 3, ...cpu(2500) })],
    ["one may be away", 4, deployment("web", { replicas: 4, ...cpu(2500) })],
    [
      "all are replaced at once",
      3,
      deployment("web", { replicas: 3, ...cpu(2500), spec: { strategy: { type: "Recreate" } } }),
    ],
    ["nothing runs", 1, deployment("web", { replicas: 0, ...cpu(9000) })],
  ])("no complaint when %s", (_why, nodes, object) => {
    expect(found("rollouts", nodes, object)).toEqual([]);
  });
});

describe("rollouts of sets", () => {
  const as = (kind: string, object: object, spec: object): object => {
    const { spec: own, ...rest } = object as { spec: Record<string, unknown> };
    const { strategy: _strategy, ...kept } = own;
    return { ...rest, kind, spec: { ...kept, ...spec } };
  };
  const daemons = (milli: number, update: object): object => {
    const { spec, ...rest } = as("DaemonSet", deployment("agent", cpu(milli)), {}) as { spec: Record<string, unknown> };
    const { replicas: _replicas, ...kept } = spec;
    return { ...rest, spec: { ...kept, updateStrategy: { type: "RollingUpdate", rollingUpdate: update } } };
  };
  const set = (milli: number, spec: object = {}): object =>
    as("StatefulSet", deployment("db", { replicas: 2, ...cpu(milli) }), { serviceName: "db", ...spec });

  test("a DaemonSet that surges on nodes without room for two", () => {
    expect(found("rollouts", 2, daemons(2500, { maxSurge: 1, maxUnavailable: 0 }))).toEqual([
      expect.stringMatching(
        /^W0223 DaemonSet default\/agent: a rollout cannot finish \(maxSurge 1, maxUnavailable 0 of the nodes\): .*Insufficient cpu/,
      ),
    ]);
    expect(found("rollouts", 2, daemons(2500, { maxUnavailable: 1 }))).toEqual([]);
    expect(found("rollouts", 2, daemons(1500, { maxSurge: 1, maxUnavailable: 0 }))).toEqual([]);
  });

  test("a StatefulSet goes one by one, where its pods were", () => {
    expect(found("rollouts", 1, set(1900))).toEqual([]);
    expect(
      found("rollouts", 1, set(1900, { updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 1 } } })),
    ).toEqual([]);
    expect(found("rollouts", 1, set(2500))).toEqual([
      expect.stringMatching(
        /^W0223 StatefulSet default\/db: .*one after the other, from the last\): .*Insufficient cpu/,
      ),
    ]);
    expect(found("rollouts", 1, set(2500, { updateStrategy: { type: "OnDelete" } }))).toEqual([]);
  });
});

describe("selectors that overlap", () => {
  const web = deployment("web", cpu(100));
  const withLabels = (name: string, labels: Record<string, string>, selector = labels, ports: object[] = []): object =>
    deployment(name, {
      ...cpu(100),
      container: { ports },
      spec: {
        selector: { matchLabels: selector },
        template: { metadata: { labels }, spec: { containers: [{ name: "app", image: "app:1", ports }] } },
      },
    });
  const service = (targetPort: number | string): object => ({
    ...{ apiVersion: "v1", kind: "Service", metadata: { name: "shop" } },
    spec: { selector: { app: "shop" }, ports: [{ port: 80, targetPort }] },
  });

  test("two workloads select each other's pods, or one the other's", () => {
    expect(found("rollouts", 1, web, withLabels("other", { app: "web" }))).toEqual([
      "W0255 Deployment default/other and Deployment default/web select each other's pods: orphans, autoscalers and budgets take them for one — give each a label of its own in selector and template",
    ]);
    expect(found("rollouts", 1, web, withLabels("canary", { app: "web", track: "canary" }))).toEqual([
      expect.stringMatching(/^W0255 Deployment default\/web selects the pods of Deployment default\/canary too/),
    ]);
    expect(found("rollouts", 1, web, withLabels("api", { app: "api" }))).toEqual([]);
  });

  test("a Service over pods that do not all listen; over a canary it is as meant", () => {
    const http = [{ name: "http", containerPort: 8080 }];
    const stable = withLabels("web", { app: "shop", part: "web" }, undefined, http);
    const canary = withLabels("canary", { app: "shop", part: "canary" }, undefined, http);
    const worker = withLabels("worker", { app: "shop", part: "worker" }, undefined, [
      { name: "metrics", containerPort: 9000 },
    ]);
    for (const port of ["http", 8080]) {
      expect(found("rollouts", 1, stable, canary, service(port))).toEqual([]);
      expect(found("rollouts", 1, stable, worker, service(port))).toEqual([
        `W0256 Service default/shop selects the pods of Deployment default/web, Deployment default/worker, and those of Deployment default/worker have no port ${port} — narrow its selector, or give them the port`,
      ]);
    }
    expect(found("rollouts", 1, stable, withLabels("plain", { app: "shop", part: "plain" }), service(8080))).toEqual(
      [],
    );
  });
});

describe("hpa", () => {
  const web = deployment("web", { replicas: 3, ...cpu(100) });

  test("never scales, two of one target, replicas in the manifest", () => {
    const second = { ...autoscaler("web", 50, 5, 5), metadata: { name: "other" } };
    expect(found("hpa", 1, web, autoscaler("web", 60, 2, 4), second).map((line) => line.slice(0, 50))).toEqual([
      "W0224 HorizontalPodAutoscaler default/other has mi",
      "W0225 HorizontalPodAutoscaler default/other and Ho",
      "W0226 HorizontalPodAutoscaler default/other allows",
    ]);
  });

  test("a sound one", () => {
    expect(found("hpa", 1, web, autoscaler("web", 60, 2, 4))).toEqual([]);
  });
});

describe("pdb", () => {
  const web = deployment("web", { replicas: 2, ...cpu(100) });

  test.each([
    ["lets nobody go", [budget("all", { minAvailable: 2 })], [/^W0228 .* lets no pod go: 2 of 2 have to be healthy/]],
    ["percent that rounds to all", [budget("all", { minAvailable: "51%" })], [/^W0228 /]],
    ["selects nothing", [budget("none", { maxUnavailable: 1 }, "wbe")], [/^W0227 /]],
    [
      "two for one pod",
      [budget("a", { maxUnavailable: 1 }), budget("b", { maxUnavailable: 1 })],
      [/^W0229 .* select the pods of web/],
    ],
    ["sound", [budget("a", { maxUnavailable: 1 })], []],
  ])("%s", (_what, budgets, expected) => {
    expect(found("pdb", 2, web, ...budgets)).toEqual(expected.map((pattern) => expect.stringMatching(pattern)));
  });

  test("of a bare pod", () => {
    expect(found("pdb", 1, pod("web", cpu(100)), budget("a", { minAvailable: 1 }))).toEqual([
      expect.stringMatching(/^W0228 /),
    ]);
  });
});
