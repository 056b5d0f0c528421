import {
  KEPT_KIND,
  kindShape,
  LABEL_SELECTOR,
  listOf,
  METADATA,
  type ObjectShape,
  QUANTITIES,
  type Shape,
  STRING_MAP,
  STRINGS,
  shape,
} from "./schema.ts";
import { POD_SPEC, POD_TEMPLATE } from "./schema-pod.ts";
import { CLAIM_SPEC, STORAGE_SCHEMAS } from "./schema-storage.ts";

/** The fields of a kind in its served version; of kinds without a table only the metadata. */
export function schemaOf(apiVersion: string, kind: string): ObjectShape {
  return SCHEMAS.get(`${apiVersion} ${kind}`) ?? KEPT_KIND;
}

const SCALE_TARGET = shape({ string: "apiVersion kind name" });
const METRIC_TARGET = shape({ string: "type", integer: "averageUtilization", quantity: "averageValue value" });
const METRIC_NAME = shape({ string: "name" }, { selector: LABEL_SELECTOR });
const METRIC = shape(
  { string: "type" },
  {
    resource: shape({ string: "name" }, { target: METRIC_TARGET }),
    containerResource: shape({ string: "name container" }, { target: METRIC_TARGET }),
    pods: shape({}, { metric: METRIC_NAME, target: METRIC_TARGET }),
    object: shape({}, { describedObject: SCALE_TARGET, metric: METRIC_NAME, target: METRIC_TARGET }),
    external: shape({}, { metric: METRIC_NAME, target: METRIC_TARGET }),
  },
);
const SCALING_RULES = shape(
  { integer: "stabilizationWindowSeconds", string: "selectPolicy", quantity: "tolerance" },
  { policies: listOf(shape({ string: "type", integer: "value periodSeconds" })) },
);

const JOB_SPEC = shape(
  {
    integer:
      "parallelism completions activeDeadlineSeconds backoffLimit backoffLimitPerIndex maxFailedIndexes ttlSecondsAfterFinished",
    string: "completionMode podReplacementPolicy managedBy",
    boolean: "suspend manualSelector",
    any: "podFailurePolicy successPolicy",
  },
  { selector: LABEL_SELECTOR, template: POD_TEMPLATE },
);

function workload(leaves: Parameters<typeof shape>[0], nested: Readonly<Record<string, Shape>> = {}): ObjectShape {
  return kindShape({ spec: shape(leaves, { selector: LABEL_SELECTOR, template: POD_TEMPLATE, ...nested }) });
}

const ROLLING_UPDATE = shape({ intOrString: "maxSurge maxUnavailable" });

const SCHEMAS: ReadonlyMap<string, ObjectShape> = new Map<string, ObjectShape>([
  ["v1 Pod", kindShape({ spec: POD_SPEC })],
  ["v1 ReplicationController", workload({ integer: "replicas minReadySeconds" }, { selector: STRING_MAP })],
  ["apps/v1 ReplicaSet", workload({ integer: "replicas minReadySeconds" })],
  [
    "apps/v1 Deployment",
    workload(
      { integer: "replicas minReadySeconds revisionHistoryLimit progressDeadlineSeconds", boolean: "paused" },
      { strategy: shape({ string: "type" }, { rollingUpdate: ROLLING_UPDATE }) },
    ),
  ],
  [
    "apps/v1 StatefulSet",
    workload(
      { integer: "replicas minReadySeconds revisionHistoryLimit", string: "serviceName podManagementPolicy" },
      {
        updateStrategy: shape(
          { string: "type" },
          { rollingUpdate: shape({ integer: "partition", intOrString: "maxUnavailable" }) },
        ),
        volumeClaimTemplates: listOf(kindShape({ metadata: METADATA, spec: CLAIM_SPEC })),
        persistentVolumeClaimRetentionPolicy: shape({ string: "whenDeleted whenScaled" }),
        ordinals: shape({ integer: "start" }),
      },
    ),
  ],
  [
    "apps/v1 DaemonSet",
    workload(
      { integer: "minReadySeconds revisionHistoryLimit" },
      { updateStrategy: shape({ string: "type" }, { rollingUpdate: ROLLING_UPDATE }) },
    ),
  ],
  ["batch/v1 Job", kindShape({ spec: JOB_SPEC })],
  [
    "batch/v1 CronJob",
    kindShape({
      spec: shape(
        {
          string: "schedule timeZone concurrencyPolicy",
          integer: "startingDeadlineSeconds successfulJobsHistoryLimit failedJobsHistoryLimit",
          boolean: "suspend",
        },
        { jobTemplate: shape({}, { metadata: METADATA, spec: JOB_SPEC }) },
      ),
    }),
  ],
  [
    "autoscaling/v2 HorizontalPodAutoscaler",
    kindShape({
      spec: shape(
        { integer: "minReplicas maxReplicas" },
        {
          scaleTargetRef: SCALE_TARGET,
          metrics: listOf(METRIC),
          behavior: shape({}, { scaleUp: SCALING_RULES, scaleDown: SCALING_RULES }),
        },
      ),
    }),
  ],
  [
    "autoscaling/v1 HorizontalPodAutoscaler",
    kindShape({
      spec: shape(
        { integer: "minReplicas maxReplicas targetCPUUtilizationPercentage" },
        { scaleTargetRef: SCALE_TARGET },
      ),
    }),
  ],
  [
    "autoscaling.k8s.io/v1 VerticalPodAutoscaler",
    kindShape({
      spec: shape(
        { any: "recommenders startupBoost" },
        {
          targetRef: SCALE_TARGET,
          updatePolicy: shape({ string: "updateMode", integer: "minReplicas", any: "evictionRequirements" }),
          resourcePolicy: shape(
            {},
            {
              containerPolicies: listOf(
                shape(
                  { string: "containerName mode controlledValues", any: "startupBoost oomBumpUpRatio oomMinBumpUp" },
                  { minAllowed: QUANTITIES, maxAllowed: QUANTITIES, controlledResources: STRINGS },
                ),
              ),
            },
          ),
        },
      ),
    }),
  ],
  [
    "v1 Service",
    kindShape({
      spec: shape(
        {
          string:
            "type clusterIP sessionAffinity externalName externalTrafficPolicy internalTrafficPolicy loadBalancerIP loadBalancerClass ipFamilyPolicy trafficDistribution",
          boolean: "publishNotReadyAddresses allocateLoadBalancerNodePorts",
          integer: "healthCheckNodePort",
        },
        {
          selector: STRING_MAP,
          ports: listOf(
            shape({ string: "name protocol appProtocol", integer: "port nodePort", intOrString: "targetPort" }),
          ),
          clusterIPs: STRINGS,
          externalIPs: STRINGS,
          ipFamilies: STRINGS,
          loadBalancerSourceRanges: STRINGS,
          sessionAffinityConfig: shape({}, { clientIP: shape({ integer: "timeoutSeconds" }) }),
        },
      ),
    }),
  ],
  [
    "v1 ResourceQuota",
    kindShape({
      spec: shape(
        {},
        {
          hard: QUANTITIES,
          scopes: STRINGS,
          scopeSelector: shape(
            {},
            { matchExpressions: listOf(shape({ string: "scopeName operator" }, { values: STRINGS })) },
          ),
        },
      ),
    }),
  ],
  [
    "v1 LimitRange",
    kindShape({
      spec: shape(
        {},
        {
          limits: listOf(
            shape(
              { string: "type" },
              {
                max: QUANTITIES,
                min: QUANTITIES,
                default: QUANTITIES,
                defaultRequest: QUANTITIES,
                maxLimitRequestRatio: QUANTITIES,
              },
            ),
          ),
        },
      ),
    }),
  ],
  ["v1 Namespace", kindShape({ spec: shape({}, { finalizers: STRINGS }) })],
  [
    "v1 Node",
    shape(
      { string: "apiVersion kind" },
      {
        metadata: METADATA,
        spec: shape(
          { string: "podCIDR providerID externalID", boolean: "unschedulable", any: "configSource" },
          { podCIDRs: STRINGS, taints: listOf(shape({ string: "key value effect timeAdded" })) },
        ),
        status: shape(
          {
            any: "conditions addresses images nodeInfo daemonEndpoints volumesInUse volumesAttached config runtimeHandlers features declaredFeatures",
            string: "phase",
          },
          { capacity: QUANTITIES, allocatable: QUANTITIES },
        ),
      },
    ),
  ],
  [
    "policy/v1 PodDisruptionBudget",
    kindShape({
      spec: shape(
        { intOrString: "minAvailable maxUnavailable", string: "unhealthyPodEvictionPolicy" },
        { selector: LABEL_SELECTOR },
      ),
    }),
  ],
  [
    "scheduling.k8s.io/v1 PriorityClass",
    shape(
      {
        string: "apiVersion kind description preemptionPolicy",
        integer: "value",
        boolean: "globalDefault",
      },
      { metadata: METADATA },
    ),
  ],
  ...STORAGE_SCHEMAS,
]);
