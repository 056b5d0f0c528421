import { describe, expect, test } from "vitest";
import type { Deployment, KubeNode } from "../../src/kube/index.ts";
import { deployment } from "../../src/testing/index.ts";
import { loaded as loadedLines, played as playedLines } from "./kubectl-lines.ts";

/** What kubectl's small verbs do, from the line in the scenario to the object in the store. */

const WEB = deployment("web", { replicas: 1, resources: { requests: { cpu: "100m" } } });

const loaded = (lines: readonly string[]) => loadedLines({ objects: [WEB], lines });

/** The objects after the lines, and what was refused. */
async function played(lines: readonly string[]) {
  const { refusals, world, find } = await playedLines({ objects: [WEB], lines });
  return {
    refusals,
    pods: world.store.pods.count,
    web: find<Deployment>("Deployment", "web"),
    node: find<KubeNode>("Node", "main-01", ""),
  };
}

describe("labels and annotations", () => {
  test("are set, replaced only when asked, and removed", async () => {
    const { refusals, web, node } = await played([
      "label deployment/web team=a stage=x",
      "label deploy web team=b",
      "label deploy web team=b stage=y",
      "label deploy web team=c stage- --overwrite",
      "annotate deployment/web note='a b' -n default",
      "annotate deployment/web note=c",
      "label nodes main-01 disk=ssd",
    ]);
    expect(web.metadata.labels).toEqual({ team: "c" });
    expect(web.metadata.annotations).toMatchObject({ note: "a b" });
    expect(node.metadata.labels).toMatchObject({ disk: "ssd" });
    expect(refusals).toEqual([
      "'team' already has a value (a), and --overwrite is false",
      "['team' already has a value (a), and --overwrite is false, 'stage' already has a value (x), and --overwrite is false]",
      "--overwrite is false but found the following declared annotation(s): 'note' already has a value (a b)",
    ]);
  });
});

describe("taints", () => {
  test("are set by key and effect, and evict", async () => {
    const { refusals, node } = await played([
      "taint nodes main-01 a=1:NoSchedule b:NoExecute",
      "taint node/main-01 a=2:NoSchedule",
      "taint node/main-01 a=3:NoSchedule b- --overwrite",
      "taint node/main-01 c:NoExecute-",
    ]);
    expect(node.spec?.taints).toEqual([{ key: "a", value: "3", effect: "NoSchedule" }]);
    expect(refusals).toEqual([
      "node main-01 already has a taint(s) with same effect(s) and --overwrite is false",
      'taint "c:NoExecute" not found',
    ]);
  });
});

describe("templates", () => {
  test("get variables and resources, container by container, and roll out", async () => {
    const { refusals, web, pods } = await played([
      "set env deployment/web A=1 B=2",
      "set env deployment/web A=3 B- C=4 -c app",
      "set resources deployment/web --limits=cpu=500m,memory=1Gi --requests=cpu=200m",
      "set env deployment/web A=1 -c side",
    ]);
    const [container] = web.spec.template.spec.containers;
    expect(container?.env).toEqual([
      { name: "A", value: "3" },
      { name: "C", value: "4" },
    ]);
    expect(container?.resources).toEqual({ requests: { cpu: "200m" }, limits: { cpu: "500m", memory: "1Gi" } });
    expect(refusals).toEqual(['unable to find container named "side"']);
    expect(web.status).toMatchObject({ updatedReplicas: 1, readyReplicas: 1 });
    expect(pods).toBe(1);
  });

  test("are not made what the API server would refuse", async () => {
    const { refusals, web } = await played([
      "set resources deployment/web --limits=cpu=50m",
      `patch deployment/web --type=merge -p '{"spec":{"selector":{"matchLabels":{"app":"other"}}}}'`,
      "scale deployment/web --replicas=2",
    ]);
    expect(refusals).toEqual([
      'The Deployment "web" is invalid: spec.template.spec.containers[0].resources.requests: Invalid value: "100m": must be less than or equal to cpu limit of 50m',
      expect.stringContaining("field is immutable"),
    ]);
    expect(web.spec.replicas).toBe(2);
  });
});

describe("patches", () => {
  test("merge containers by name when strategic, and replace lists when not", async () => {
    const patch = (containers: object[]) => JSON.stringify({ spec: { template: { spec: { containers } } } });
    const { web } = await played([
      `patch deployment web -p '${patch([{ name: "side", image: "side:1" }])}'`,
      `patch deployment/web -p '${patch([{ name: "app", image: "app:2" }])}'`,
    ]);
    const imagesOf = ({ spec }: Deployment) =>
      spec.template.spec.containers.map(({ name, image }) => `${name}=${image}`);
    expect(imagesOf(web)).toEqual(["side=side:1", "app=app:2"]);
    expect(web.spec.template.spec.containers[0]?.imagePullPolicy).toBe("IfNotPresent");
    const { web: replaced } = await played([
      `patch deployment web --type merge -p '${patch([{ name: "other", image: "other:1" }])}'`,
      "patch deployment web -p '{spec: {replicas: 3, minReadySeconds: null}}'",
    ]);
    expect(imagesOf(replaced)).toEqual(["other=other:1"]);
    expect(replaced.spec.replicas).toBe(3);
  });

  test("are refused when a directive is none", async () => {
    const { problems } = await loaded([`patch deployment web -p '{"spec":{"$patch":"swap"}}'`]);
    expect(problems.map(({ message }) => message)).toEqual(['unknown patch type found: "swap"']);
  });

  test("take away by name", async () => {
    const { web } = await played([
      `patch deployment web -p '{"spec":{"template":{"spec":{"containers":[{"name":"side","image":"side:1"}]}}}}'`,
      `patch deployment web -p '{"spec":{"template":{"spec":{"containers":[{"name":"app","$patch":"delete"}]}}}}'`,
    ]);
    expect(web.spec.template.spec.containers.map(({ name }) => name)).toEqual(["side"]);
  });
});

test("what cannot be played is said where it stands", async () => {
  const lines: readonly (readonly [string, string])[] = [
    ["label deployment/web", "expected key=value or key-; got nothing"],
    ["label deployment/web a='b c'", 'invalid label value: "a=b c": a valid label must be'],
    ["label deployment/wbe a=b", "there is no Deployment/default/wbe"],
    ["label pod/web-1 a=b", "label cannot be played on a running pod"],
    ["label node/main-09 a=b", 'there is no node "main-09"'],
    ["label deployment/web a=b --all", 'unknown flag "--all" for label'],
    ["taint nodes main-01 a=b", "invalid taint spec: a=b"],
    ["taint nodes main-01 a=b:NoRun", "invalid taint effect: NoRun, unsupported taint effect"],
    ["patch deployment/web --type=odd -p 1", `--type must be one of [json merge strategic], not "odd"`],
    ["patch deployment/web -p 'a b'", 'unable to parse "a b"'],
    ["set env node/main-01 A=b", "set env works on Deployment"],
    ["set resources deployment/web", "you must specify an update to requests or limits"],
    ["set resources deployment/web --limits=cpu=1x", "cpu=1x: "],
  ];
  const { problems, plan } = await loaded(lines.map(([line]) => line));
  expect(problems.map(({ message }) => message)).toEqual(lines.map(([, said]) => expect.stringContaining(said)));
  expect(problems.every(({ line }) => line > 0)).toBe(true);
  expect(plan).toBeNull();
});
