import { LABEL_SELECTOR, listOf, METADATA, mapOf, QUANTITIES, STRING_MAP, STRINGS, shape } from "./schema.ts";

const EXEC = shape({}, { command: STRINGS });
const HTTP_GET = shape(
  { string: "path scheme host", intOrString: "port" },
  { httpHeaders: listOf(shape({ string: "name value" })) },
);
const TCP_SOCKET = shape({ string: "host", intOrString: "port" });

const PROBE = shape(
  {
    integer:
      "initialDelaySeconds timeoutSeconds periodSeconds successThreshold failureThreshold terminationGracePeriodSeconds",
  },
  { exec: EXEC, httpGet: HTTP_GET, tcpSocket: TCP_SOCKET, grpc: shape({ integer: "port", string: "service" }) },
);

const LIFECYCLE_HANDLER = shape(
  {},
  { exec: EXEC, httpGet: HTTP_GET, tcpSocket: TCP_SOCKET, sleep: shape({ integer: "seconds" }) },
);

export const RESOURCES = shape(
  {},
  {
    requests: QUANTITIES,
    limits: QUANTITIES,
    claims: listOf(shape({ string: "name request" })),
  },
);

const KEY_REFERENCE = shape({ string: "name key", boolean: "optional" });
const FIELD_REFERENCE = shape({ string: "apiVersion fieldPath" });
const RESOURCE_FIELD_REFERENCE = shape({ string: "containerName resource", quantity: "divisor" });
const ENV = shape(
  { string: "name value" },
  {
    valueFrom: shape(
      { any: "fileKeyRef" },
      {
        fieldRef: FIELD_REFERENCE,
        resourceFieldRef: RESOURCE_FIELD_REFERENCE,
        configMapKeyRef: KEY_REFERENCE,
        secretKeyRef: KEY_REFERENCE,
      },
    ),
  },
);
const OPTIONAL_NAME = shape({ string: "name", boolean: "optional" });

const SECURITY_CONTEXT = shape(
  {
    boolean: "privileged allowPrivilegeEscalation readOnlyRootFilesystem runAsNonRoot",
    integer: "runAsUser runAsGroup",
    string: "procMount",
    any: "seLinuxOptions windowsOptions seccompProfile appArmorProfile",
  },
  { capabilities: shape({}, { add: STRINGS, drop: STRINGS }) },
);

const CONTAINER = shape(
  {
    string: "name image imagePullPolicy workingDir restartPolicy terminationMessagePath terminationMessagePolicy",
    boolean: "stdin stdinOnce tty",
    any: "restartPolicyRules",
  },
  {
    command: STRINGS,
    args: STRINGS,
    ports: listOf(shape({ string: "name hostIP protocol", integer: "containerPort hostPort" })),
    env: listOf(ENV),
    envFrom: listOf(shape({ string: "prefix" }, { configMapRef: OPTIONAL_NAME, secretRef: OPTIONAL_NAME })),
    resources: RESOURCES,
    resizePolicy: listOf(shape({ string: "resourceName restartPolicy" })),
    volumeMounts: listOf(
      shape({
        string: "name mountPath subPath subPathExpr mountPropagation recursiveReadOnly",
        boolean: "readOnly",
      }),
    ),
    volumeDevices: listOf(shape({ string: "name devicePath" })),
    livenessProbe: PROBE,
    readinessProbe: PROBE,
    startupProbe: PROBE,
    lifecycle: shape({ string: "stopSignal" }, { preStop: LIFECYCLE_HANDLER, postStart: LIFECYCLE_HANDLER }),
    securityContext: SECURITY_CONTEXT,
  },
);

const REQUIREMENTS = listOf(shape({ string: "key operator" }, { values: STRINGS }));
export const NODE_TERM = shape({}, { matchExpressions: REQUIREMENTS, matchFields: REQUIREMENTS });
const POD_TERM = shape(
  { string: "topologyKey" },
  {
    labelSelector: LABEL_SELECTOR,
    namespaceSelector: LABEL_SELECTOR,
    namespaces: STRINGS,
    matchLabelKeys: STRINGS,
    mismatchLabelKeys: STRINGS,
  },
);
const POD_AFFINITY = shape(
  {},
  {
    requiredDuringSchedulingIgnoredDuringExecution: listOf(POD_TERM),
    preferredDuringSchedulingIgnoredDuringExecution: listOf(
      shape({ integer: "weight" }, { podAffinityTerm: POD_TERM }),
    ),
  },
);
const AFFINITY = shape(
  {},
  {
    nodeAffinity: shape(
      {},
      {
        requiredDuringSchedulingIgnoredDuringExecution: shape({}, { nodeSelectorTerms: listOf(NODE_TERM) }),
        preferredDuringSchedulingIgnoredDuringExecution: listOf(
          shape({ integer: "weight" }, { preference: NODE_TERM }),
        ),
      },
    ),
    podAffinity: POD_AFFINITY,
    podAntiAffinity: POD_AFFINITY,
  },
);

const KEY_TO_PATH = listOf(shape({ string: "key path", integer: "mode" }));
const VOLUME = shape(
  {
    string: "name",
    any: "awsElasticBlockStore azureDisk azureFile cephfs cinder csi downwardAPI ephemeral fc flexVolume flocker gcePersistentDisk gitRepo glusterfs image iscsi nfs photonPersistentDisk portworxVolume projected quobyte rbd scaleIO storageos vsphereVolume",
  },
  {
    emptyDir: shape({ string: "medium", quantity: "sizeLimit" }),
    hostPath: shape({ string: "path type" }),
    configMap: shape({ string: "name", integer: "defaultMode", boolean: "optional" }, { items: KEY_TO_PATH }),
    secret: shape({ string: "secretName", integer: "defaultMode", boolean: "optional" }, { items: KEY_TO_PATH }),
    persistentVolumeClaim: shape({ string: "claimName", boolean: "readOnly" }),
  },
);

export const POD_SPEC = shape(
  {
    string:
      "restartPolicy dnsPolicy serviceAccountName serviceAccount nodeName hostname subdomain schedulerName priorityClassName preemptionPolicy runtimeClassName hostnameOverride",
    integer: "terminationGracePeriodSeconds activeDeadlineSeconds priority",
    boolean:
      "automountServiceAccountToken hostNetwork hostPID hostIPC hostUsers shareProcessNamespace setHostnameAsFQDN enableServiceLinks",
    any: "dnsConfig os resourceClaims ephemeralContainers workloadRef schedulingGroup",
  },
  {
    containers: listOf(CONTAINER),
    initContainers: listOf(CONTAINER),
    volumes: listOf(VOLUME),
    nodeSelector: STRING_MAP,
    affinity: AFFINITY,
    tolerations: listOf(shape({ string: "key operator value effect", integer: "tolerationSeconds" })),
    topologySpreadConstraints: listOf(
      shape(
        {
          string: "topologyKey whenUnsatisfiable nodeAffinityPolicy nodeTaintsPolicy",
          integer: "maxSkew minDomains",
        },
        { labelSelector: LABEL_SELECTOR, matchLabelKeys: STRINGS },
      ),
    ),
    securityContext: shape(
      {
        integer: "runAsUser runAsGroup fsGroup",
        boolean: "runAsNonRoot",
        string: "fsGroupChangePolicy supplementalGroupsPolicy seLinuxChangePolicy",
        any: "seLinuxOptions windowsOptions seccompProfile appArmorProfile supplementalGroups",
      },
      { sysctls: listOf(shape({ string: "name value" })) },
    ),
    imagePullSecrets: listOf(shape({ string: "name" })),
    hostAliases: listOf(shape({ string: "ip" }, { hostnames: STRINGS })),
    readinessGates: listOf(shape({ string: "conditionType" })),
    schedulingGates: listOf(shape({ string: "name" })),
    overhead: mapOf("quantity"),
    resources: RESOURCES,
  },
);

export const POD_TEMPLATE = shape({}, { metadata: METADATA, spec: POD_SPEC });
