import {
  CloudNodeLifecycle,
  CronJobController,
  DaemonSetController,
  DeploymentController,
  DisruptionController,
  EndpointSliceController,
  EndpointsController,
  GarbageCollector,
  HpaController,
  JobController,
  LoadBalancers,
  type MetricsSource,
  NamespaceController,
  NodeLifecycle,
  PodGarbageCollector,
  REPLICA_SET,
  REPLICATION_CONTROLLER,
  ReplicaController,
  ResourceQuotaController,
  StatefulSetController,
  TaintEviction,
  TtlAfterFinished,
  VolumeController,
} from "../control/index.ts";
import type { Service } from "../kube/index.ts";
import type { Store } from "../store/index.ts";
import type { Plan, PlannedObject } from "./plan.ts";

/** kube-controller-manager: the controllers of a world, in the order in which their events are declared. */
export class Controllers {
  readonly cloudNodeLifecycle: CloudNodeLifecycle;
  readonly #nodeLifecycle: NodeLifecycle;
  /** Those that remember what the API server does not have. */
  readonly #remembering: readonly { restart(): void }[];

  constructor(store: Store, metrics: MetricsSource, plan: Plan, isGone: (node: string) => boolean) {
    const { timing, fidelity } = plan;
    new ResourceQuotaController(store);
    new NamespaceController(store);
    new ReplicaController(store, REPLICATION_CONTROLLER);
    new ReplicaController(store, REPLICA_SET);
    new DeploymentController(store);
    new StatefulSetController(store);
    new VolumeController(store, { provision: timing.volumeProvision, remove: timing.volumeDelete });
    new DaemonSetController(store);
    new JobController(store);
    new CronJobController(store);
    new TtlAfterFinished(store);
    new DisruptionController(store);
    const hpa = new HpaController(store, metrics, {
      ...timing,
      hpaFormula: fidelity.hpaFormula,
      hpaStartSpreadMicros: timing.phases === "random" ? timing.hpaSyncMicros : 0,
    });
    this.#nodeLifecycle = new NodeLifecycle(store, {
      monitorPeriodMicros: timing.nodeMonitorPeriodMicros,
      gracePeriodMicros: timing.nodeMonitorGraceMicros,
      startupGraceMicros: timing.nodeStartupGraceMicros,
      evictionRate: timing.nodeEvictionRate,
      secondaryEvictionRate: timing.secondaryNodeEvictionRate,
      largeClusterSizeThreshold: timing.largeClusterSizeThreshold,
      unhealthyZoneThreshold: timing.unhealthyZoneThreshold,
      passMicros: timing.nodeMonitorPassMicros,
    });
    const taintEviction = new TaintEviction(store);
    new EndpointSliceController(store);
    new EndpointsController(store);
    const podGc = new PodGarbageCollector(store, { terminatedThreshold: timing.terminatedPodGcThreshold });
    new GarbageCollector(store);
    this.cloudNodeLifecycle = new CloudNodeLifecycle(store, isGone);
    // The cloud's controller is there where it has something to do: other worlds have no event of it.
    if (wantsLoadBalancers(plan)) {
      new LoadBalancers(store, { ensure: timing.loadBalancerEnsure, remove: timing.loadBalancerDelete });
    }
    this.#remembering = [hpa, this.#nodeLifecycle, taintEviction, podGc];
  }

  /** Starts what runs by the clock; the others wait for the first write. */
  start(): void {
    this.#nodeLifecycle.start();
  }

  /** A new process: what was in memory only is forgotten; what is queued is done when it acts again. */
  restart(): void {
    for (const controller of this.#remembering) controller.restart();
  }
}

/** Whether a Service asks for a load balancer, or may during the run. */
function wantsLoadBalancers({ objects, actions }: Plan): boolean {
  const later = actions.flatMap((action) => ("objects" in action ? action.objects : []));
  const isBalanced = ({ object }: PlannedObject): boolean =>
    object.kind === "Service" && (object as Service).spec.type === "LoadBalancer";
  return (
    [...objects, ...later].some(isBalanced) ||
    actions.some((action) => action.kind === "expose" && action.settings.spec.type === "LoadBalancer") ||
    actions.some((action) => action.kind === "patch" && action.target.kind === "Service")
  );
}
