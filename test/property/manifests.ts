import fc from "fast-check";

/** Random manifests of all kinds that controllers act on: valid ones over the range of their fields, and ones with something wrong. */

type Fields = Readonly<Record<string, unknown>>;

/** Leaves out fields that are undefined, as a person would. */
function fields(given: Fields): Fields {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

const maybe = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(one, { nil: undefined });
const few = fc.nat(4);
const share = fc.oneof(fc.integer({ min: 1, max: 4 }), fc.constantFrom("10%", "25%", "50%", "100%"));
const seconds = fc.constantFrom(0, 1, 5, 30);
const app = fc.constantFrom("a", "b", "c");

const container = fc
  .record({
    requests: maybe(fc.constantFrom({ cpu: "50m" }, { cpu: "100m", memory: "64Mi" }, { "ephemeral-storage": "1Gi" })),
    limits: maybe(fc.constantFrom({ cpu: "200m", memory: "128Mi", "ephemeral-storage": "2Gi" })),
    probe: maybe(
      fc.record({
        periodSeconds: fc.constantFrom(1, 5),
        initialDelaySeconds: seconds,
        failureThreshold: fc.constantFrom(1, 3),
      }),
    ),
    port: maybe(fc.integer({ min: 1, max: 65_535 })),
  })
  .map(({ requests, limits, probe, port }) =>
    fields({
      name: "app",
      image: "app:1",
      resources: fields({ requests, limits }),
      readinessProbe: probe === undefined ? undefined : { tcpSocket: { port: 80 }, ...probe },
      ports: port === undefined ? undefined : [{ containerPort: port }],
    }),
  );

const podSpec = (restartPolicy: string | undefined): fc.Arbitrary<Fields> =>
  fc
    .record({
      one: container,
      isInit: fc.boolean(),
      nodeSelector: fc.option(fc.constantFrom({ disk: "ssd" }), { nil: undefined, freq: 8 }),
      grace: maybe(fc.constantFrom(0, 1, 30)),
      spread: maybe(fc.constantFrom("DoNotSchedule", "ScheduleAnyway")),
      name: app,
    })
    .map(({ one, isInit, nodeSelector, grace, spread, name }) =>
      fields({
        containers: [one],
        initContainers: isInit ? [{ name: "init", image: "init:1", restartPolicy: "Always" }] : undefined,
        nodeSelector,
        terminationGracePeriodSeconds: grace,
        restartPolicy,
        topologySpreadConstraints:
          spread === undefined
            ? undefined
            : [
                {
                  maxSkew: 1,
                  topologyKey: "kubernetes.io/hostname",
                  whenUnsatisfiable: spread,
                  labelSelector: { matchLabels: { app: name } },
                },
              ],
      }),
    );

function workload(kind: string, own: fc.Arbitrary<Fields>, apiVersion = "apps/v1"): fc.Arbitrary<Fields> {
  return fc
    .record({ name: app, spec: podSpec(undefined), own, isSet: fc.boolean() })
    .map(({ name, spec, own: more, isSet }) => {
      const labels = { app: name, kind: kind.toLowerCase() };
      const expression = {
        matchExpressions: [
          { key: "app", operator: "In", values: [name, "x"] },
          { key: "kind", operator: "Exists" },
        ],
      };
      const selector = apiVersion === "v1" ? labels : isSet ? expression : { matchLabels: labels };
      const template = { metadata: { labels }, spec };
      return {
        apiVersion,
        kind,
        metadata: { name: `${kind.toLowerCase()}-${name}` },
        spec: { selector, template, ...fields(more) },
      };
    });
}

const deploymentSpec = fc
  .record({
    replicas: maybe(few),
    minReadySeconds: maybe(seconds),
    revisionHistoryLimit: maybe(fc.nat(3)),
    progressDeadlineSeconds: maybe(fc.constantFrom(60, 600)),
    paused: maybe(fc.boolean()),
    strategy: maybe(
      fc.oneof(
        fc.constant({ type: "Recreate" }),
        fc
          .record({ maxSurge: share, maxUnavailable: share })
          .map((rollingUpdate) => ({ type: "RollingUpdate", rollingUpdate })),
      ),
    ),
  })
  .map(fields);

const statefulSpec = fc
  .record({
    replicas: maybe(few),
    serviceName: fc.constant("svc"),
    podManagementPolicy: maybe(fc.constantFrom("OrderedReady", "Parallel")),
    minReadySeconds: maybe(seconds),
    updateStrategy: maybe(
      fc.oneof(
        fc.constant({ type: "OnDelete" }),
        fc.record({ partition: fc.nat(5) }).map((rollingUpdate) => ({ type: "RollingUpdate", rollingUpdate })),
      ),
    ),
    ordinals: maybe(fc.record({ start: fc.nat(3) })),
  })
  .map(fields);

const daemonSpec = fc
  .record({
    minReadySeconds: maybe(seconds),
    updateStrategy: maybe(
      fc.constantFrom(
        { type: "OnDelete" },
        { type: "RollingUpdate", rollingUpdate: { maxUnavailable: "30%" } },
        { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
      ),
    ),
  })
  .map(fields);

const jobSpec = fc
  .record({
    template: fc.constantFrom("Never", "OnFailure").chain((policy) => podSpec(policy).map((spec) => ({ spec }))),
    completions: maybe(fc.nat(4)),
    parallelism: maybe(few),
    backoffLimit: maybe(fc.nat(3)),
    activeDeadlineSeconds: maybe(fc.constantFrom(1, 60)),
    ttlSecondsAfterFinished: maybe(seconds),
    suspend: maybe(fc.boolean()),
    isIndexed: fc.boolean(),
  })
  .map(({ isIndexed, ...spec }) =>
    fields({ ...spec, ...(isIndexed && spec.completions !== undefined ? { completionMode: "Indexed" } : {}) }),
  );

const job = fc.record({ name: app, spec: jobSpec }).map(({ name, spec }) => ({
  apiVersion: "batch/v1",
  kind: "Job",
  metadata: { name: `job-${name}` },
  spec,
}));

const cronJob = fc
  .record({
    schedule: fc.constantFrom("* * * * *", "*/2 * * * *", "@hourly", "0 0 30 2 *"),
    concurrencyPolicy: maybe(fc.constantFrom("Allow", "Forbid", "Replace")),
    startingDeadlineSeconds: maybe(fc.constantFrom(1, 100)),
    successfulJobsHistoryLimit: maybe(fc.nat(2)),
    suspend: maybe(fc.boolean()),
    spec: jobSpec,
  })
  .map(({ spec, ...own }) => ({
    apiVersion: "batch/v1",
    kind: "CronJob",
    metadata: { name: "cron" },
    spec: { ...fields(own), jobTemplate: { spec } },
  }));

const budget = fc
  .record({ name: app, amount: fc.oneof(fc.nat(3), fc.constantFrom("0%", "50%", "100%")), isLeast: fc.boolean() })
  .map(({ name, amount, isLeast }) => ({
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: { name: `pdb-${name}` },
    spec: { selector: { matchLabels: { app: name } }, [isLeast ? "minAvailable" : "maxUnavailable"]: amount },
  }));

const autoscaler = fc
  .record({
    name: app,
    kind: fc.constantFrom("Deployment", "StatefulSet", "ReplicaSet"),
    min: maybe(fc.integer({ min: 1, max: 3 })),
    more: fc.nat(4),
    target: fc.constantFrom(
      { type: "Utilization", averageUtilization: 50 },
      { type: "AverageValue", averageValue: "60m" },
    ),
    behavior: maybe(
      fc.record({
        stabilizationWindowSeconds: fc.constantFrom(0, 60),
        selectPolicy: fc.constantFrom("Max", "Min", "Disabled"),
      }),
    ),
  })
  .map(({ name, kind, min, more, target, behavior }) => ({
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata: { name: `hpa-${name}` },
    spec: fields({
      scaleTargetRef: { apiVersion: "apps/v1", kind, name: `${kind.toLowerCase()}-${name}` },
      minReplicas: min,
      maxReplicas: (min ?? 1) + more,
      metrics: [{ type: "Resource", resource: { name: "cpu", target } }],
      behavior: behavior === undefined ? undefined : { scaleDown: behavior },
    }),
  }));

const service = fc
  .record({
    name: app,
    type: maybe(fc.constantFrom("ClusterIP", "NodePort", "LoadBalancer")),
    port: fc.integer({ min: 1, max: 65_535 }),
    sessionAffinity: maybe(fc.constantFrom("None", "ClientIP")),
    isHeadless: fc.boolean(),
  })
  .map(({ name, type, port, sessionAffinity, isHeadless }) => ({
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: `svc-${name}` },
    spec: fields({
      type,
      selector: { app: name },
      ports: [{ port }],
      sessionAffinity,
      clusterIP: isHeadless && (type ?? "ClusterIP") === "ClusterIP" ? "None" : undefined,
    }),
  }));

const quota = fc
  .record({ pods: maybe(fc.nat(12)), cpu: maybe(fc.constantFrom("1", "500m", "0")) })
  .map(({ pods, cpu }) => ({
    apiVersion: "v1",
    kind: "ResourceQuota",
    metadata: { name: "quota" },
    spec: { hard: fields({ pods: pods === undefined ? undefined : String(pods), "requests.cpu": cpu }) },
  }));

const limitRange = fc
  .constantFrom(
    { type: "Container", default: { cpu: "200m" }, defaultRequest: { cpu: "50m" } },
    { type: "Container", max: { memory: "256Mi" }, min: { memory: "16Mi" } },
    { type: "Pod", max: { cpu: "1" } },
  )
  .map((limit) => ({
    apiVersion: "v1",
    kind: "LimitRange",
    metadata: { name: "limits" },
    spec: { limits: [limit] },
  }));

const ONE: fc.Arbitrary<Fields> = fc.oneof(
  workload("Deployment", deploymentSpec),
  workload("ReplicaSet", fc.record({ replicas: maybe(few), minReadySeconds: maybe(seconds) }).map(fields)),
  workload("ReplicationController", fc.record({ replicas: maybe(few) }).map(fields), "v1"),
  workload("StatefulSet", statefulSpec),
  workload("DaemonSet", daemonSpec),
  job,
  cronJob,
  budget,
  autoscaler,
  service,
  quota,
  limitRange,
);

/** A few valid manifests, no two of one kind and name. */
export function validManifests(): fc.Arbitrary<readonly object[]> {
  return fc.uniqueArray(ONE, {
    minLength: 1,
    maxLength: 9,
    selector: (one) => `${String(one.kind)}/${(one.metadata as { name: string }).name}`,
  });
}

const NASTY = fc.constantFrom<unknown>(
  null,
  -1,
  0,
  1.5,
  1e15,
  true,
  "",
  "x y",
  "-1",
  "1Q",
  "150%",
  "\u0000",
  "a".repeat(300),
  [],
  [null],
  {},
  { a: { b: [] } },
  "__proto__",
);

/** A manifest in which one value is another, is gone, or has got a field beside it that does not belong there. */
export function brokenManifest(): fc.Arbitrary<object> {
  return fc
    .record({ manifest: ONE, place: fc.nat(1000), value: NASTY, how: fc.constantFrom("set", "set", "remove", "add") })
    .map(({ manifest, place, value, how }) => {
      const copy = structuredClone(manifest) as Record<string, unknown>;
      const places = placesOf(copy, []);
      const { owner, key } = places[place % places.length] as (typeof places)[number];
      if (how === "remove") delete owner[key];
      else owner[how === "add" ? `${key}s` : key] = value;
      return copy;
    });
}

interface Spot {
  readonly owner: Record<string, unknown>;
  readonly key: string;
}

function placesOf(value: unknown, found: Spot[]): Spot[] {
  if (typeof value !== "object" || value === null) return found;
  for (const [key, inner] of Object.entries(value)) {
    found.push({ owner: value as Record<string, unknown>, key });
    placesOf(inner, found);
  }
  return found;
}
