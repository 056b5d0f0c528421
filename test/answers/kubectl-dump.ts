/** What `kubectl get … -A -o yaml` prints of a cluster of 40 nodes and some 400 pods, with all that servers and kubelets write. */

type Json = Record<string, unknown>;

const CREATED = "2026-11-01T08:00:00Z";
const ZONES = ["eu-1a", "eu-1b", "eu-1c"];

const uidOf = (name: string): string => {
  let hash = 7;
  for (const character of name) hash = (hash * 31 + character.charCodeAt(0)) % 4294967296;
  return `${hash.toString(16).padStart(8, "0")}-0000-4000-8000-${name.length.toString(16).padStart(12, "0")}`;
};

function meta(name: string, namespace: string | null, more: Json = {}): Json {
  return {
    creationTimestamp: CREATED,
    name,
    ...(namespace === null ? {} : { namespace }),
    resourceVersion: String(1000 + name.length),
    uid: uidOf(`${namespace}/${name}`),
    ...more,
    managedFields: [
      { manager: "kubelet", operation: "Update", apiVersion: "v1", fieldsType: "FieldsV1", fieldsV1: {} },
    ],
  };
}

const condition = (type: string, status: string, more: Json = {}): Json => ({
  ...{ type, status, lastTransitionTime: CREATED, lastProbeTime: null },
  ...more,
});

function node(index: number): Json {
  const [isControlPlane, isLarge] = [index < 3, index >= 34];
  const name = isControlPlane ? `cp-${index + 1}` : `ip-10-0-${Math.floor(index / 10)}-${index}.internal`;
  const zone = ZONES[index % 3];
  const [cpu, allocatable] = isLarge ? ["16", "15890m"] : ["4", "3920m"];
  const [memory, usable] = isLarge ? ["65843212Ki", "63212044Ki"] : ["16231896Ki", "15098328Ki"];
  const taints = isControlPlane
    ? [{ effect: "NoSchedule", key: "node-role.kubernetes.io/control-plane" }]
    : isLarge
      ? [{ effect: "NoSchedule", key: "dedicated", value: "memory" }]
      : [];
  const labels = {
    "beta.kubernetes.io/arch": "amd64",
    "kubernetes.io/arch": "amd64",
    "kubernetes.io/hostname": name,
    "kubernetes.io/os": "linux",
    "node.kubernetes.io/instance-type": isLarge ? "r5.2xlarge" : "m5.xlarge",
    ...(isControlPlane ? { "node-role.kubernetes.io/control-plane": "" } : {}),
    "topology.kubernetes.io/region": "eu-1",
    "topology.kubernetes.io/zone": zone,
  };
  const conditions = ["MemoryPressure", "DiskPressure", "PIDPressure"].map((type) =>
    condition(type, "False", { lastHeartbeatTime: CREATED, reason: `KubeletHasNo${type}`, message: "ok" }),
  );
  conditions.push(condition("Ready", "True", { lastHeartbeatTime: CREATED, reason: "KubeletReady", message: "ok" }));
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: meta(name, null, { annotations: { "node.alpha.kubernetes.io/ttl": "0" }, labels }),
    spec: {
      ...{
        podCIDR: `10.244.${index}.0/24`,
        podCIDRs: [`10.244.${index}.0/24`],
        providerID: `aws:///${zone}/i-0${index}`,
      },
      ...(taints.length === 0 ? {} : { taints }),
    },
    status: {
      addresses: [
        { address: `10.0.0.${index}`, type: "InternalIP" },
        { address: name, type: "Hostname" },
      ],
      allocatable: {
        cpu: allocatable,
        "ephemeral-storage": "47233297124",
        "hugepages-1Gi": "0",
        "hugepages-2Mi": "0",
        memory: usable,
        pods: "58",
      },
      capacity: {
        cpu,
        "ephemeral-storage": "52416492Ki",
        "hugepages-1Gi": "0",
        "hugepages-2Mi": "0",
        memory,
        pods: "58",
      },
      conditions,
      daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
      images: [{ names: ["registry/web@sha256:abc", "registry/web:1"], sizeBytes: 152043520 }],
      nodeInfo: {
        architecture: "amd64",
        kubeletVersion: "v1.37.2",
        operatingSystem: "linux",
        containerRuntimeVersion: "containerd://2.1.0",
      },
    },
  };
}

export interface Made {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly cpu: string;
  readonly memory: string;
}

interface PodParts {
  readonly owner: { readonly kind: string; readonly name: string } | null;
  readonly labels: Json;
  readonly nodeName: string | null;
  readonly more?: Json;
  readonly spec?: Json;
}

function container(name: string, cpu: string, memory: string): Json {
  return {
    ...{ name, image: `registry/${name}:1`, imagePullPolicy: "IfNotPresent" },
    resources: { limits: { memory }, requests: { cpu, memory } },
    ...{ terminationMessagePath: "/dev/termination-log", terminationMessagePolicy: "File" },
  };
}

const TOKEN_MOUNT = {
  ...{ mountPath: "/var/run/secrets/kubernetes.io/serviceaccount", name: "kube-api-access-x1y2z", readOnly: true },
};

const templateSpec = (containers: readonly Json[], more: Json = {}): Json => ({
  ...{ containers, dnsPolicy: "ClusterFirst", restartPolicy: "Always", schedulerName: "default-scheduler" },
  ...{ securityContext: {}, terminationGracePeriodSeconds: 30, ...more },
});

function pod({ kind, namespace, name, cpu, memory }: Made, parts: PodParts): Json {
  const { owner, labels, nodeName, more = {}, spec = {} } = parts;
  const app = String(labels.app ?? name);
  const isPending = nodeName === null;
  const ownerReferences =
    owner === null
      ? {}
      : {
          ownerReferences: [
            {
              apiVersion: owner.kind === "Node" ? "v1" : "apps/v1",
              blockOwnerDeletion: true,
              controller: true,
              kind: owner.kind,
              name: owner.name,
              uid: uidOf(`${namespace}/${owner.name}`),
            },
          ],
        };
  const statuses = [
    {
      containerID: "containerd://0f",
      image: `registry/${app}:1`,
      imageID: "sha256:1",
      lastState: {},
      name: app,
      ready: true,
      restartCount: 2,
      started: true,
      state: { running: { startedAt: CREATED } },
    },
  ];
  return {
    apiVersion: "v1",
    kind,
    metadata: meta(name, namespace, { generateName: `${name.slice(0, -5)}`, labels, ...ownerReferences, ...more }),
    spec: {
      ...templateSpec([{ ...container(app, cpu, memory), volumeMounts: [TOKEN_MOUNT] }]),
      ...{ enableServiceLinks: true, preemptionPolicy: "PreemptLowerPriority", priority: 0 },
      ...(nodeName === null ? {} : { nodeName }),
      ...{ serviceAccount: "default", serviceAccountName: "default" },
      tolerations: ["not-ready", "unreachable"].map((key) => ({
        effect: "NoExecute",
        key: `node.kubernetes.io/${key}`,
        operator: "Exists",
        tolerationSeconds: 300,
      })),
      volumes: [
        {
          name: "kube-api-access-x1y2z",
          projected: {
            defaultMode: 420,
            sources: [{ serviceAccountToken: { expirationSeconds: 3607, path: "token" } }],
          },
        },
      ],
      ...spec,
    },
    status: isPending
      ? {
          conditions: [
            condition("PodScheduled", "False", {
              reason: "Unschedulable",
              message: "0/40 nodes are available: 40 Insufficient cpu.",
            }),
          ],
          ...{ phase: "Pending", qosClass: "Burstable" },
        }
      : {
          conditions: ["Initialized", "Ready", "ContainersReady", "PodScheduled"].map((type) =>
            condition(type, "True"),
          ),
          ...{
            containerStatuses: statuses,
            hostIP: "10.0.0.1",
            phase: "Running",
            podIP: "10.244.1.2",
            podIPs: [{ ip: "10.244.1.2" }],
          },
          ...{ qosClass: "Burstable", startTime: CREATED },
        },
  };
}

const NAMESPACES = ["kube-system", "shop", "data"];

export interface Dump {
  /** Of `kubectl get nodes,pods -A`. */
  readonly small: readonly Json[];
  /** With workloads, budgets, services and volumes. */
  readonly whole: readonly Json[];
}

/** The cluster, always the same. */
export function kubectlDump(): Dump {
  const nodes = Array.from({ length: 40 }, (_, index) => node(index));
  const names = nodes.map(({ metadata }) => String((metadata as Json).name));
  const workers = names.slice(3, 34);
  const pods: Json[] = [];
  const others: Json[] = NAMESPACES.map((name) => ({
    apiVersion: "v1",
    kind: "Namespace",
    metadata: meta(name, null),
    spec: { finalizers: ["kubernetes"] },
    status: { phase: "Active" },
  }));
  const workload = (
    kind: string,
    namespace: string,
    name: string,
    spec: Json,
    status: Json,
    more: Json = {},
  ): Json => ({
    apiVersion: "apps/v1",
    kind,
    metadata: meta(name, namespace, { generation: 3, ...more }),
    spec,
    status: { observedGeneration: 3, ...status },
  });
  for (const [name, cpu] of [
    ["kube-proxy", "50m"],
    ["cni", "100m"],
    ["node-exporter", "20m"],
  ] as const) {
    const labels = { app: name };
    const tolerations = [{ operator: "Exists" }];
    others.push(
      workload(
        "DaemonSet",
        "kube-system",
        name,
        {
          selector: { matchLabels: labels },
          template: { metadata: { labels }, spec: templateSpec([container(name, cpu, "64Mi")], { tolerations }) },
          updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } },
        },
        { desiredNumberScheduled: 40, numberReady: 40 },
      ),
    );
    for (const [index, nodeName] of names.entries()) {
      const made = { kind: "Pod", namespace: "kube-system", name: `${name}-a${index}b2c`, cpu, memory: "64Mi" };
      const affinity = {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchFields: [{ key: "metadata.name", operator: "In", values: [nodeName] }] }],
          },
        },
      };
      pods.push(
        pod(made, {
          owner: { kind: "DaemonSet", name },
          labels: { ...labels, "controller-revision-hash": "7c9", "pod-template-generation": "1" },
          nodeName,
          spec: { affinity, tolerations },
        }),
      );
    }
  }
  for (const nodeName of names.slice(0, 3)) {
    for (const part of ["kube-apiserver", "etcd", "kube-scheduler", "kube-controller-manager"]) {
      const made = { kind: "Pod", namespace: "kube-system", name: `${part}-${nodeName}`, cpu: "200m", memory: "512Mi" };
      const annotations = { "kubernetes.io/config.mirror": "1f", "kubernetes.io/config.source": "file" };
      pods.push(
        pod(made, {
          owner: { kind: "Node", name: nodeName },
          labels: { component: part, tier: "control-plane" },
          nodeName,
          more: { annotations },
          spec: {
            hostNetwork: true,
            priority: 2000001000,
            priorityClassName: "system-node-critical",
            tolerations: [{ effect: "NoExecute", operator: "Exists" }],
          },
        }),
      );
    }
  }
  for (let index = 0; index < 24; index++) {
    const name = `web-${String(index).padStart(2, "0")}`;
    const [labels, hash] = [{ app: name }, `5d${index}f8`];
    const replicas = 10;
    const template = { metadata: { labels }, spec: templateSpec([container(name, "250m", "512Mi")]) };
    others.push(
      workload(
        "Deployment",
        "shop",
        name,
        {
          replicas,
          selector: { matchLabels: labels },
          strategy: { rollingUpdate: { maxSurge: "25%", maxUnavailable: "25%" }, type: "RollingUpdate" },
          template,
        },
        { replicas, readyReplicas: replicas, updatedReplicas: replicas },
        {
          annotations: {
            "deployment.kubernetes.io/revision": "1",
            "kubectl.kubernetes.io/last-applied-configuration": "{}",
          },
        },
      ),
    );
    const hashed = { ...labels, "pod-template-hash": hash };
    others.push(
      workload(
        "ReplicaSet",
        "shop",
        `${name}-${hash}`,
        {
          replicas,
          selector: { matchLabels: hashed },
          template: { metadata: { labels: hashed }, spec: template.spec },
        },
        { replicas },
        {
          annotations: { "deployment.kubernetes.io/desired-replicas": "10", "deployment.kubernetes.io/revision": "1" },
          ownerReferences: [
            {
              apiVersion: "apps/v1",
              blockOwnerDeletion: true,
              controller: true,
              kind: "Deployment",
              name,
              uid: uidOf(`shop/${name}`),
            },
          ],
          labels: hashed,
        },
      ),
    );
    others.push({
      apiVersion: "v1",
      kind: "Service",
      metadata: meta(name, "shop"),
      spec: {
        clusterIP: `10.96.0.${index + 10}`,
        clusterIPs: [`10.96.0.${index + 10}`],
        internalTrafficPolicy: "Cluster",
        ipFamilies: ["IPv4"],
        ipFamilyPolicy: "SingleStack",
        ports: [{ port: 80, protocol: "TCP", targetPort: 80 }],
        selector: labels,
        sessionAffinity: "None",
        type: "ClusterIP",
      },
      status: { loadBalancer: {} },
    });
    for (let replica = 0; replica < replicas; replica++) {
      const made = {
        kind: "Pod",
        namespace: "shop",
        name: `${name}-${hash}-p${replica}x7z`,
        cpu: "250m",
        memory: "512Mi",
      };
      pods.push(
        pod(made, {
          owner: { kind: "ReplicaSet", name: `${name}-${hash}` },
          labels: hashed,
          nodeName: workers[(index * replicas + replica) % workers.length] as string,
        }),
      );
    }
  }
  others.push({
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: meta("web-00", "shop", { generation: 1 }),
    spec: { maxUnavailable: 1, selector: { matchLabels: { app: "web-00" } } },
    status: { currentHealthy: 10, desiredHealthy: 9, disruptionsAllowed: 1, expectedPods: 10, observedGeneration: 1 },
  });
  for (let index = 0; index < 6; index++) {
    const name = `db-${index}`;
    const labels = { app: name };
    const tolerations = [{ effect: "NoSchedule", key: "dedicated", operator: "Equal", value: "memory" }];
    const template = { metadata: { labels }, spec: templateSpec([container(name, "1", "4Gi")], { tolerations }) };
    others.push(
      workload(
        "StatefulSet",
        "data",
        name,
        {
          replicas: 3,
          serviceName: name,
          podManagementPolicy: "OrderedReady",
          selector: { matchLabels: labels },
          template,
          updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 0 } },
        },
        { replicas: 3, currentRevision: `${name}-6d`, updateRevision: `${name}-6d` },
      ),
    );
    for (let replica = 0; replica < 3; replica++) {
      const made = { kind: "Pod", namespace: "data", name: `${name}-${replica}`, cpu: "1", memory: "4Gi" };
      pods.push(
        pod(made, {
          owner: { kind: "StatefulSet", name },
          labels: {
            ...labels,
            "apps.kubernetes.io/pod-index": String(replica),
            "controller-revision-hash": `${name}-6d`,
            "statefulset.kubernetes.io/pod-name": `${name}-${replica}`,
          },
          nodeName: names[34 + ((index + replica * 2) % 6)] as string,
          spec: { tolerations },
        }),
      );
    }
  }
  // Somebody's own pod, one that waits, one that goes, one that has ended.
  pods.push(
    pod(
      { kind: "Pod", namespace: "shop", name: "debug", cpu: "10m", memory: "32Mi" },
      { owner: null, labels: { run: "debug" }, nodeName: workers[0] as string },
    ),
  );
  pods.push(
    pod(
      { kind: "Pod", namespace: "data", name: "huge", cpu: "64", memory: "1Gi" },
      { owner: null, labels: { run: "huge" }, nodeName: null },
    ),
  );
  pods.push(
    pod(
      { kind: "Pod", namespace: "shop", name: "going", cpu: "10m", memory: "32Mi" },
      {
        owner: null,
        labels: { run: "going" },
        nodeName: workers[1] as string,
        more: { deletionTimestamp: CREATED, deletionGracePeriodSeconds: 30 },
      },
    ),
  );
  const ended = pod(
    { kind: "Pod", namespace: "data", name: "backup-28-x1", cpu: "100m", memory: "64Mi" },
    { owner: { kind: "Job", name: "backup-28" }, labels: { job: "backup" }, nodeName: workers[2] as string },
  );
  pods.push({ ...ended, status: { phase: "Succeeded" } });
  return { small: [...nodes, ...pods], whole: [...nodes, ...others, ...pods] };
}

/** As `kubectl get` prints several objects. */
export function asList(items: readonly Json[]): Json {
  return { apiVersion: "v1", items, kind: "List", metadata: { resourceVersion: "" } };
}
