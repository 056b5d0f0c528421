import {
  CronJobController,
  DaemonSetController,
  DeploymentController,
  DisruptionController,
  EndpointSliceController,
  type EndpointSliceSettings,
  EndpointsController,
  HpaController,
  JobController,
  NODE_LIFECYCLE_DEFAULTS,
  NodeLifecycle,
  PodGarbageCollector,
  REPLICA_SET,
  REPLICATION_CONTROLLER,
  ReplicaController,
  StatefulSetController,
  TaintEviction,
  type TieChooser,
  TtlAfterFinished,
} from "../../../src/control/index.ts";
import { Scheduler } from "../../../src/scheduler/index.ts";
import type { Store } from "../../../src/store/index.ts";
import { millis, seconds } from "../../../src/units/index.ts";
import { type RecordedLoad, recordedMetrics } from "../hpa/load.ts";

/** What a controller of a scenario is made from. */
export interface ControllerContext {
  readonly store: Store;
  /** Flags of kube-controller-manager where they differ from the defaults; spans in seconds. */
  readonly flags: Readonly<Record<string, number>>;
  readonly load: RecordedLoad;
  readonly chooseTied: TieChooser;
  /** Takes nodes that get a pod now, among those where the original's choice is arbitrary. */
  readonly chooseNodes: (tied: readonly string[], count: number) => readonly string[];
  /** Order of nodes found in one pass of the node monitor: the original's is arbitrary. */
  readonly compareTiedNodes: (a: string, b: string) => number;
  /** What comes first of things due at one instant. */
  readonly order: Order;
}

/** Orders of what is due at one instant that the original takes at random; absent: as most recordings have it. */
export interface Order {
  /** ReplicaSets of one Deployment rank their pods one after the other, not side by side. */
  readonly deletesInSync?: boolean;
  /** The tainting queues are looked at before the monitor's pass. */
  readonly looksFirst?: boolean;
  /** The pod collector's pass comes before the end of a quarantine. */
  readonly passesFirst?: boolean;
}

/** Makes a controller; what it returns is called once the objects of the start exist. */
type Maker = (context: ControllerContext) => (() => void) | undefined;

/**
 * Every controller that exists, by its name in the recordings. At one instant they react in this order: ReplicaSets before
 * the Deployments that watch them, as the recordings show.
 */
const CONTROLLERS: ReadonlyMap<string, Maker> = new Map<string, Maker>([
  ["nodelifecycle", makeNodeLifecycle],
  ["tainteviction", ({ store }) => started(new TaintEviction(store))],
  ["podgc", ({ store, order }) => started(new PodGarbageCollector(store, order))],
  [
    "replicaset",
    ({ store, chooseTied, order }) => started(new ReplicaController(store, REPLICA_SET, { chooseTied, ...order })),
  ],
  [
    "replicationcontroller",
    ({ store, chooseTied }) => started(new ReplicaController(store, REPLICATION_CONTROLLER, { chooseTied })),
  ],
  ["deployment", ({ store }) => started(new DeploymentController(store))],
  ["daemonset", makeDaemonSet],
  ["job", ({ store }) => started(new JobController(store, { batchOrder: "last-first" }))],
  ["cronjob", ({ store }) => started(new CronJobController(store))],
  ["ttl-after-finished", ({ store }) => started(new TtlAfterFinished(store))],
  ["endpointslice", ({ store, flags }) => started(new EndpointSliceController(store, slicesOf(flags)))],
  ["endpoints", ({ store }) => started(new EndpointsController(store))],
  ["statefulset", ({ store }) => started(new StatefulSetController(store, { batchOrder: "last-first" }))],
  ["disruption", ({ store }) => started(new DisruptionController(store))],
  ["hpa", makeHpa],
  ["scheduler", ({ store }) => started(new Scheduler(store, { startAtMicros: SCHEDULER_START }))],
]);

/** The recorder's scheduler waits for its caches, looks every 100 ms, and finds them filled at the second look. */
const SCHEDULER_START = millis(100);
/**
 * Everything takes no time, but the scheduler answers an uncordon in the instant in which it hears of it, while the taint goes by a
 * work queue and the API: it is written after the scheduler's attempts. Any span below half a millisecond says so.
 */
const TAINT_WRITE = 1;

function makeDaemonSet({ store, chooseTied, chooseNodes }: ControllerContext): undefined {
  new DaemonSetController(store, {
    batchOrder: "last-first",
    chooseTied: { pods: chooseTied, nodes: chooseNodes },
  });
}

/** For a controller that reacts to changes only. */
function started(_controller: object): undefined {
  return undefined;
}

/** In the recordings passes take no time, and writes of node status 7 ms (FORMAT.md, "To be emulated by a test"). */
function makeNodeLifecycle({ store, flags, compareTiedNodes, order }: ControllerContext): () => void {
  const span = (name: string, fallback: number): number =>
    flags[name] === undefined ? fallback : seconds(flags[name]);
  const defaults = NODE_LIFECYCLE_DEFAULTS;
  const controller = new NodeLifecycle(store, {
    monitorPeriodMicros: span("nodeMonitorPeriod", defaults.monitorPeriodMicros),
    gracePeriodMicros: span("nodeMonitorGracePeriod", defaults.gracePeriodMicros),
    startupGraceMicros: span("nodeStartupGracePeriod", defaults.startupGraceMicros),
    evictionRate: flags.nodeEvictionRate ?? defaults.evictionRate,
    secondaryEvictionRate: flags.secondaryNodeEvictionRate ?? defaults.secondaryEvictionRate,
    largeClusterSizeThreshold: flags.largeClusterSizeThreshold ?? defaults.largeClusterSizeThreshold,
    unhealthyZoneThreshold: flags.unhealthyZoneThreshold ?? defaults.unhealthyZoneThreshold,
    passMicros: 0,
    statusWriteMicros: millis(7),
    taintWriteMicros: TAINT_WRITE,
    compareTied: compareTiedNodes,
    looksFirst: order.looksFirst ?? false,
  });
  return () => controller.start();
}

function makeHpa({ store, flags, load }: ControllerContext): undefined {
  const { syncPeriod = 15, tolerance = 0.1, downscaleStabilization = 300 } = flags;
  const { cpuInitializationPeriod = 300, initialReadinessDelay = 30 } = flags;
  new HpaController(store, recordedMetrics(store, load), {
    hpaSyncMicros: seconds(syncPeriod),
    hpaTolerance: tolerance,
    hpaDownscaleStabilizationMicros: seconds(downscaleStabilization),
    hpaCpuInitializationMicros: seconds(cpuInitializationPeriod),
    hpaInitialReadinessDelayMicros: seconds(initialReadinessDelay),
  });
}

function slicesOf({ maxEndpointsPerSlice }: ControllerContext["flags"]): Partial<EndpointSliceSettings> {
  return maxEndpointsPerSlice === undefined ? {} : { maxEndpointsPerSlice };
}

export function isKnownController(name: string): boolean {
  return CONTROLLERS.has(name);
}

/** Makes the named controllers. Call the result when the objects exist. */
export function makeControllers(names: readonly string[], context: ControllerContext): () => void {
  for (const name of names) if (!isKnownController(name)) throw new Error(`there is no controller "${name}"`);
  const starts = [...CONTROLLERS].filter(([name]) => names.includes(name)).map(([, make]) => make(context));
  return () => {
    for (const start of starts) start?.();
  };
}
