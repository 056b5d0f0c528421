import { describe, expect, test } from "vitest";
import type {
  Deployment,
  HorizontalPodAutoscaler,
  Job,
  KubeObject,
  PodDisruptionBudget,
  Service,
} from "../../src/kube/index.ts";
import { deployment, podSpec } from "../../src/testing/index.ts";
import { loaded, played } from "./kubectl-lines.ts";

/** kubectl's commands that make objects: from the line to the object, and what is refused. */

const WEB = deployment("web", { replicas: 2, container: { ports: [{ containerPort: 8080 }] } });

describe("run", () => {
  test("makes a pod with its label, and a Service in front of it", async () => {
    const { world, find } = await played({
      lines: ["run cache --image=redis:7 --port=6379 --expose --env A=1 --env B=2 -- --save 60"],
    });
    const row = world.store.pods.rowOf("default", "cache");
    const pod = world.store.pod(row);
    expect(pod.metadata.labels).toEqual({ run: "cache" });
    expect(pod.spec).toMatchObject({ restartPolicy: "Always", dnsPolicy: "ClusterFirst" });
    expect(pod.spec.containers[0]).toMatchObject({
      name: "cache",
      image: "redis:7",
      args: ["--save", "60"],
      ports: [{ containerPort: 6379 }],
      env: [
        { name: "A", value: "1" },
        { name: "B", value: "2" },
      ],
    });
    expect(pod.status?.phase).toBe("Running");
    expect(find<Service>("Service", "cache").spec).toMatchObject({
      selector: { run: "cache" },
      ports: [{ port: 6379 }],
    });
  });

  test("is refused the second time", async () => {
    const { refusals } = await played({ lines: ["run a --image=a", "run a --image=a"] });
    expect(refusals).toEqual(['pods "a" already exists']);
  });
});

describe("create", () => {
  test("a deployment, a cron job and a job of it, a budget, a quota that holds", async () => {
    const { find, refusals } = await played({
      lines: [
        "create namespace shop",
        "create quota small --hard=pods=3 -n shop",
        "create deployment my-dep --image=nginx:1 --replicas=3 --port=80 -n shop",
        "create cronjob backup --image=tar --schedule='0 3 * * *' -- tar c /data",
        "create job now --from=cronjob/backup",
        "create pdb two --selector=app=my-dep --min-available=2 -n shop",
        "create job now --image=tar",
        "create deployment other --image=nginx -n nowhere",
        "run more --image=nginx -n shop",
      ],
      everySeconds: 5,
    });
    const made = find<Deployment>("Deployment", "my-dep", "shop");
    expect(made.metadata.labels).toEqual({ app: "my-dep" });
    expect(made.status).toMatchObject({ readyReplicas: 3 });
    expect(made.spec.template.spec.containers[0]).toMatchObject({ name: "nginx", ports: [{ containerPort: 80 }] });
    const job = find<Job>("Job", "now");
    expect(job.metadata.annotations).toMatchObject({ "cronjob.kubernetes.io/instantiate": "manual" });
    expect(job.metadata.ownerReferences).toMatchObject([{ kind: "CronJob", name: "backup", controller: true }]);
    expect(job.spec.template.spec).toMatchObject({
      restartPolicy: "OnFailure",
      containers: [{ command: ["tar", "c", "/data"] }],
    });
    expect(find<PodDisruptionBudget>("PodDisruptionBudget", "two", "shop").status).toMatchObject({
      disruptionsAllowed: 1,
    });
    expect(refusals).toEqual([
      'jobs.batch "now" already exists',
      'namespaces "nowhere" not found',
      'pods "more" is forbidden: exceeded quota: small, requested: pods=1, used: pods=3, limited: pods=3',
    ]);
  });

  test("from a file or an object, refused when it is there", async () => {
    const { find, refusals } = await played({
      files: { "web.yaml": WEB },
      lines: ["create -f web.yaml"],
      actions: [
        { at: "20s", create: "web.yaml" },
        {
          at: "21s",
          create: { apiVersion: "v1", kind: "Service", metadata: { name: "web" }, spec: { ports: [{ port: 1 }] } },
        },
      ],
    });
    expect(find<Deployment>("Deployment", "web").status?.readyReplicas).toBe(2);
    expect(find<Service>("Service", "web").spec.clusterIP).toMatch(/^10\./);
    expect(refusals).toEqual(['deployments.apps "web" already exists']);
  });
});

describe("expose", () => {
  test("takes selector, labels and ports of what it exposes, and the load may name it", async () => {
    const { find, refusals } = await played({
      objects: [WEB],
      lines: [
        "expose deployment web --type=NodePort",
        "expose deployment web",
        "expose service web --port=443 --target-port=https --name=web-https --session-affinity=ClientIP",
        "label deployment/web tier=front",
        "expose deploy/web --name=headless --cluster-ip=None --port=1,2 --protocol=UDP",
        "delete service/headless",
      ],
      spec: { loads: [{ service: "web", demand: { rps: 1 }, perRequest: { cpu: "1ms" } }] },
    });
    expect(refusals).toEqual(['services "web" already exists']);
    const web = find<Service>("Service", "web");
    expect(web.spec).toMatchObject({
      type: "NodePort",
      selector: { app: "web" },
      ports: [{ port: 8080, targetPort: 8080, protocol: "TCP", nodePort: expect.any(Number) }],
    });
    expect(find<Service>("Service", "web-https").spec).toMatchObject({
      selector: { app: "web" },
      ports: [{ port: 443, targetPort: "https" }],
      sessionAffinity: "ClientIP",
    });
    expect(find("Service", "headless")).toBeUndefined();
  });

  test("is refused without ports, and where kubectl finds no selector", async () => {
    const spec = { selector: { matchLabels: { a: "b" }, matchExpressions: [{ key: "c", operator: "Exists" }] } };
    const template = { metadata: { labels: { a: "b", c: "d" } }, spec: podSpec() };
    const odd = { ...deployment("odd"), spec: { ...spec, template } };
    const { refusals } = await played({
      objects: [deployment("bare"), odd],
      lines: [
        "expose deployment bare",
        "expose deployment odd --port=80",
        "expose deployment bare --port=80 --type=Odd",
      ],
    });
    expect(refusals).toEqual([
      "couldn't find port via --port flag or introspection",
      `couldn't retrieve selectors via --selector flag or introspection: couldn't convert expressions - "[{Key:c Operator:Exists Values:[]}]" to map-based selector format`,
      expect.stringContaining('spec.type: Unsupported value: "Odd"'),
    ]);
  });
});

test("autoscale makes an autoscaler of autoscaling/v2", async () => {
  const { find, refusals } = await played({
    objects: [WEB],
    lines: [
      "autoscale deployment web --min=2 --max=5 --cpu=70%",
      "autoscale deployment web --max=5 --memory=200 --cpu=500m --name=other",
      "autoscale deployment web --max=5",
    ],
  });
  const metricsOf = (name: string) => find<HorizontalPodAutoscaler>("HorizontalPodAutoscaler", name).spec.metrics;
  const metric = (name: string, target: object) => ({ type: "Resource", resource: { name, target } });
  expect(find<HorizontalPodAutoscaler>("HorizontalPodAutoscaler", "web").spec).toMatchObject({
    scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "web" },
    minReplicas: 2,
    maxReplicas: 5,
  });
  expect(metricsOf("web")).toEqual([metric("cpu", { type: "Utilization", averageUtilization: 70 })]);
  expect(metricsOf("other")).toEqual([
    metric("cpu", { type: "AverageValue", averageValue: "500m" }),
    metric("memory", { type: "AverageValue", averageValue: "200Mi" }),
  ]);
  expect(refusals).toEqual(['horizontalpodautoscalers.autoscaling "web" already exists']);
});

test("replace takes away what the manifest does not say; forced, all is made anew", async () => {
  const spec = { ...(WEB as { spec: object }).spec, minReadySeconds: 3 };
  const manifest = { ...WEB, metadata: { name: "web", labels: { own: "1" } }, spec };
  const other = { ...deployment("other") };
  const uidOf = (object: KubeObject): string | undefined => object.metadata.uid;
  const before = await played({ objects: [WEB] });
  const { find, refusals } = await played({
    objects: [WEB],
    files: { "web.yaml": manifest, "other.yaml": other },
    lines: ["label deployment/web others=1", "replace -f web.yaml", "replace -f other.yaml"],
  });
  const web = find<Deployment>("Deployment", "web");
  expect(web.metadata.labels).toEqual({ own: "1" });
  expect(web.spec.minReadySeconds).toBe(3);
  expect(web.status?.readyReplicas).toBe(2);
  expect(uidOf(web)).toBe(uidOf(before.find("Deployment", "web")));
  expect(refusals).toEqual(['deployments.apps "other" not found']);
  const forced = await played({
    objects: [WEB],
    files: { "web.yaml": manifest },
    lines: ["replace --force -f web.yaml"],
  });
  const anew = forced.find<Deployment>("Deployment", "web");
  expect(uidOf(anew)).not.toBe(uidOf(web));
  expect(anew.status?.readyReplicas).toBe(2);
  expect(forced.world.store.pods.count).toBe(2);
});

test("a JSON patch is done whole or not at all", async () => {
  const { find, refusals } = await played({
    objects: [WEB],
    lines: [
      `patch deployment/web --type=json -p '[{"op":"replace","path":"/spec/replicas","value":3},{"op":"add","path":"/metadata/labels","value":{"a/b":"1"}}]'`,
      `patch deployment/web --type=json -p '[{"op":"test","path":"/metadata/labels/a~1b","value":"1"},{"op":"add","path":"/spec/template/spec/containers/-","value":{"name":"side","image":"side:1"}}]'`,
      `patch deployment/web --type=json -p '[{"op":"replace","path":"/spec/replicas","value":9},{"op":"remove","path":"/spec/nothing"}]'`,
      `patch deployment/web --type=json -p '[{"op":"test","path":"/spec/replicas","value":1}]'`,
    ],
  });
  const web = find<Deployment>("Deployment", "web");
  expect(web.spec.replicas).toBe(3);
  expect(web.metadata.labels).toEqual({ "a/b": "1" });
  expect(web.spec.template.spec.containers.map(({ name }) => name)).toEqual(["app", "side"]);
  const rejected = "The request is invalid: the server rejected our request due to an error in our request: ";
  expect(refusals).toEqual([
    `${rejected}remove operation does not apply: doc is missing path: "/spec/nothing": missing value`,
    `${rejected}testing value /spec/replicas failed: test failed`,
  ]);
});

test("a deletion leaves orphans when it is told to, and scaling may ask how many there are", async () => {
  const { world, find, refusals } = await played({
    objects: [WEB],
    lines: [
      "scale deployment/web --replicas=3 --current-replicas=5",
      "scale deployment/web --replicas=3 --current-replicas=2",
      "delete deployment/web --cascade=orphan",
    ],
    everySeconds: 20,
  });
  expect(find("Deployment", "web")).toBeUndefined();
  expect(world.store.documents("ReplicaSet").count).toBe(1);
  expect(world.store.pods.count).toBe(3);
  expect(refusals).toEqual(["Expected replicas to be 5, was 2"]);
});

test("what kubectl refuses before it asks anybody is said where it stands", async () => {
  const lines: readonly (readonly [string, string])[] = [
    ["run --image=a", "NAME is required for run"],
    ["run a", 'required flag(s) "image" not set'],
    ["run a --image=a --restart=Sometimes", "invalid restart policy: Sometimes"],
    ["run a --image=a --expose", "--port must be set when exposing a service"],
    ["run a --image=a --port=99999", "must be between 1 and 65535, inclusive"],
    ["create deployment --image=a", "exactly one NAME is required, got 0"],
    ["create cronjob a --image=a", 'required flag(s) "schedule" not set'],
    ["create cronjob a --image=a --schedule=never", "spec.schedule: Invalid value"],
    ["create job a", "either --image or --from must be specified"],
    ["create job a --from=deployment/web", "from must be an existing cronjob"],
    ["create pdb a --selector=app=web", "one of min-available or max-unavailable must be specified"],
    ["create service clusterip a", "at least one tcp port specifier must be provided"],
    ["create widget a", '"create widget" cannot be played'],
    ["create", "must specify one of -f and -k"],
    ["expose statefulset/web --port=80", "expose works on"],
    ["expose deployment/wbe --port=80", "there is no Deployment/default/wbe"],
    ["autoscale deployment/web", 'required flag(s) "max" not set'],
    ["autoscale deployment/web --max=0", "--max=MAXPODS is required and must be at least 1, max: 0"],
    [
      "autoscale deployment/web --max=1 --min=2",
      "--max=MAXPODS must be larger or equal to --min=MINPODS, max: 1, min: 2",
    ],
    ["autoscale deployment/web --max=2 --cpu=x", "invalid resource cpu value: x"],
    [
      "autoscale daemonset/web --max=2",
      "cannot autoscale a DaemonSet: could not find scale subresource for apps/v1, Resource=daemonsets in discovery information",
    ],
    [
      "delete deployment/web --cascade=true",
      'invalid cascade value (true). Must be "background", "foreground", or "orphan"',
    ],
    ["delete pod/a --force --grace-period=5", "--force and --grace-period greater than 0 cannot be specified together"],
    ["patch deployment/web --type=json -p '{}'", "expected a list of operations"],
    ["patch deployment/web --type=json -p '[{op: change, path: /a}]'", "[0].op: expected one of add, remove"],
    ["scale deployment/web --replicas=99999999999", "expected a whole number"],
  ];
  const { problems, plan } = await loaded({ objects: [WEB], lines: lines.map(([line]) => line) });
  expect(problems.map(({ message }) => message)).toEqual(lines.map(([, said]) => expect.stringContaining(said)));
  expect(problems.every(({ line, code }) => line > 0 && code.startsWith("E"))).toBe(true);
  expect(plan).toBeNull();
});

test("the copies of files take the place of their names, and flags stay as they are", async () => {
  const { resolved, inputs } = await loaded({
    objects: [WEB],
    files: { "web.yaml": WEB },
    lines: ["replace --force -f web.yaml", "drain main-01 --force --ignore-daemonsets", "create --filename=web.yaml"],
    actions: [{ at: "1m", create: "web.yaml" }],
  });
  expect(inputs.map(({ copy }) => copy)).toEqual(["inputs/web.yaml"]);
  for (const line of [
    "kubectl: replace --force -f inputs/web.yaml",
    "kubectl: drain main-01 --force --ignore-daemonsets",
    "kubectl: create --filename=inputs/web.yaml",
    "create: inputs/web.yaml",
  ]) {
    expect(resolved).toContain(line);
  }
});
