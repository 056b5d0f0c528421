import { ClusterAutoscaler, ServiceAddresses } from "../control/index.ts";
import { type Checkpoint, Engine, type Micros } from "../engine/index.ts";
import { type KubeObject, WORKLOAD_KINDS } from "../kube/index.ts";
import { Housekeeping, MetricsServer, UsageMeter } from "../metrics/index.ts";
import { Kubelets } from "../node/index.ts";
import { guarded, PluginError } from "../plugin/index.ts";
import { drawAt } from "../random/index.ts";
import { Scheduler, WhatIf } from "../scheduler/index.ts";
import { documentKind, type RecordedEvent, Store } from "../store/index.ts";
import { Workload } from "../workload/index.ts";
import { Actions } from "./actions.ts";
import { Arrivals } from "./arrivals.ts";
import { type Cluster, createObjects } from "./bootstrap.ts";
import { ControlPlane } from "./control-plane.ts";
import { Controllers } from "./controllers.ts";
import { CustomMetrics } from "./custom-metrics.ts";
import { eventObject } from "./event-object.ts";
import { Faults } from "./faults.ts";
import { hpaMetrics } from "./hpa-metrics.ts";
import { Measures } from "./measures.ts";
import { nodeCloud, nodeGroupSizes } from "./node-cloud.ts";
import { NodeFleet } from "./node-fleet.ts";
import { Observer } from "./observer.ts";
import { kubeletOptions, nodeRegistration, schedulerOptions, workloadIdle, workloadOptions } from "./options.ts";
import { drawsOf, type PluginModules } from "./own-plugins.ts";
import type { Plan, ResultSink, RunnableWorld, RunSummary } from "./plan.ts";
import { Sampler } from "./sampler.ts";
import { hasVpa, VerticalAutoscaler } from "./vertical-autoscaler.ts";

const NO_PLUGINS: PluginModules = new Map();

/**
 * A plan come to life: all components wired to one engine and one store. Everything it does follows from the plan;
 * a sink only listens.
 *
 * ```ts
 * const world = World.from(plan, sink);
 * world.run();
 * console.log(world.finish().digest);
 * ```
 */
export class World implements RunnableWorld {
  readonly plan: Plan;
  readonly engine: Engine;
  readonly store: Store;
  readonly kubelets: Kubelets;
  readonly fleet: NodeFleet;
  readonly scheduler: Scheduler;
  readonly workload: Workload;
  readonly meter: UsageMeter;
  readonly metricsServer: MetricsServer;
  readonly measures: Measures;
  readonly #controllers: Controllers;
  readonly #controlPlane: ControlPlane;
  readonly #clusterAutoscaler: ClusterAutoscaler | null;
  readonly #vpa: VerticalAutoscaler | null;
  readonly #cluster: Cluster;
  readonly #faults: Faults;
  readonly #actions: Actions;
  readonly #arrivals: Arrivals;
  readonly #customMetrics: CustomMetrics;
  readonly #observer: Observer;
  readonly #sampler: Sampler;
  readonly #sink: ResultSink | undefined;

  /** Wires the world of a plan; nothing has happened in it yet. */
  private constructor(plan: Plan, sink: ResultSink | undefined, plugins: PluginModules) {
    this.plan = plan;
    this.#sink = sink;
    this.engine = new Engine({
      seed: plan.seed,
      run: plan.run,
      explicitPeriodic: plan.fidelity.periodic === "explicit",
    });
    const { engine } = this;
    const { apiLatency, watchLatency } = plan.timing;
    this.store = new Store(engine, {
      epochMicros: plan.startEpochMicros,
      admitsStorage: true,
      apiLatency,
      watchLatency,
    });
    const { store } = this;
    this.#listen();
    const { timing } = plan;
    const hasRandomPhases = timing.phases === "random";
    const housekeeping = new Housekeeping(engine.streams.seedOf("metrics/housekeeping"), {
      periodMicros: timing.kubeletHousekeepingMicros,
      jitter: timing.kubeletHousekeepingJitter,
      hasRandomPhase: hasRandomPhases,
    });
    this.meter = new UsageMeter(engine.cells, engine, {
      housekeeping,
      idleMilli: workloadIdle.cpuMilli,
      isPrompt: engine.explicitPeriodic,
    });
    this.workload = new Workload(
      engine,
      store,
      this.meter,
      workloadOptions(plan, (row) => this.#faults.outOfMemory(row)),
    );
    this.kubelets = new Kubelets(
      store,
      kubeletOptions(plan, this.workload, (row) => store.pods.owner.get(row)?.kind === "Job"),
    );
    this.scheduler = new Scheduler(store, {
      schedulerCycle: plan.timing.schedulerCycle,
      bindLatency: plan.timing.bindLatency,
      preemptionLatency: plan.timing.preemptionLatency,
      ...schedulerOptions(plan, plugins, { now: () => engine.now, draw: drawsOf(engine.streams) }),
    });
    const isNodeReachable = (nodeId: number): boolean =>
      this.kubelets.isUp(nodeId) && this.kubelets.isConnected(nodeId);
    this.metricsServer = new MetricsServer(engine, store.pods, this.meter, {
      scrapeMicros: timing.metricsScrapeMicros,
      showsFreshContainers: timing.metricsPipeline === "metrics-server",
      ...(hasRandomPhases && {
        firstScrapeMicros: Math.floor(
          timing.metricsScrapeMicros * drawAt(engine.streams.seedOf("metrics/scrape-phase"), 0, 0),
        ),
      }),
      isNodeReachable,
    });
    this.#customMetrics = new CustomMetrics(plan, {
      engine,
      store,
      meter: this.meter,
      workload: this.workload,
      isNodeReachable,
    });
    const isGone = (name: string): boolean => this.fleet.stateOf(name) === "gone";
    const metrics = hpaMetrics(store, this.meter, this.#customMetrics);
    this.#controllers = new Controllers(store, metrics, plan, isGone);
    this.fleet = new NodeFleet(store, this.kubelets, plan, {
      joined: (name) => this.#faults.joined(name),
      gone: () => this.#controllers.cloudNodeLifecycle.look(),
    });
    const { clusterAutoscaler } = plan;
    this.#clusterAutoscaler =
      clusterAutoscaler === undefined
        ? null
        : new ClusterAutoscaler(store, new WhatIf(store), nodeCloud(engine, this.fleet), clusterAutoscaler);
    this.#vpa = hasVpa(plan) ? new VerticalAutoscaler(store, this.meter) : null;
    this.#controlPlane = new ControlPlane(store, this.kubelets, {
      scheduler: this.scheduler,
      controllerManager: this.#controllers,
      clusterAutoscaler: this.#clusterAutoscaler,
    });
    this.#faults = new Faults(
      engine,
      store,
      { kubelets: this.kubelets, controlPlane: this.#controlPlane, fleet: this.fleet },
      plan,
    );
    this.#cluster = { store, addresses: new ServiceAddresses(store) };
    this.#actions = new Actions(engine, this.#cluster, plan, {
      fleet: this.fleet,
      kubelets: this.kubelets,
      isServing: () => this.#controlPlane.isServing,
    });
    this.#arrivals = new Arrivals(engine, store, plan, () => this.#controlPlane.isServing);
    this.measures = new Measures(engine.cells, plan.assertions);
    const observed = {
      plan,
      meter: this.meter,
      measures: this.measures,
      services: this.workload.services,
      sink,
      plannedNode: (name: string) => this.fleet.planned(name),
      nodeGroups: () => nodeGroupSizes(this.fleet),
      isNodeUp: (nodeId: number) => this.kubelets.isUp(nodeId),
    };
    this.#observer = new Observer(engine, store, observed);
    this.#sampler = new Sampler(engine, store, observed, this.#observer);
  }

  /** A world at instant 0: nodes registered, objects created, everything about to start. */
  static from(plan: Plan, sink?: ResultSink, plugins: PluginModules = NO_PLUGINS): World {
    const world = new World(plan, sink, plugins);
    for (const node of plan.nodes) world.kubelets.registerNode(nodeRegistration(node));
    createObjects(world.#cluster, plan);
    world.#controllers.start();
    world.#clusterAutoscaler?.start();
    world.#vpa?.start();
    world.metricsServer.start();
    world.#customMetrics.start();
    world.workload.start();
    world.#faults.start();
    world.#actions.start();
    world.#arrivals.start();
    world.#sampler.start();
    return world;
  }

  /** A world that goes on from a checkpoint of another one of the same plan, or of one that differs only in what is still to come. */
  static fork(plan: Plan, checkpoint: Checkpoint, sink?: ResultSink, plugins: PluginModules = NO_PLUGINS): World {
    const world = new World(plan, sink, plugins);
    world.engine.restore(checkpoint);
    return world;
  }

  /** Schedules what the plan of a fork has behind the actions and failures of the plan that it was forked from. */
  schedule(known: { readonly actions: number; readonly failures: number }): void {
    this.#faults.start(known.failures);
    this.#actions.start(known.actions);
  }

  /** The object as it is at this instant; undefined when there is none, or when it is a pod. */
  object(kind: string, namespace: string, name: string): KubeObject | undefined {
    if (kind === "Pod") return undefined;
    const isWanted = ({ metadata }: KubeObject): boolean =>
      metadata.name === name && (metadata.namespace ?? "") === namespace;
    return this.store
      .documents(documentKind(kind))
      .list()
      .find((object) => object.kind === kind && isWanted(object));
  }

  /** The state between two events; give it to `fork`. */
  checkpoint(): Checkpoint {
    return this.engine.checkpoint();
  }

  get nowMicros(): Micros {
    return this.engine.now;
  }

  get eventCount(): number {
    return this.engine.eventCount;
  }

  runSlice(untilMicros: Micros, maxEvents: number): boolean {
    return this.#play(() => this.engine.runSlice(untilMicros, maxEvents));
  }

  /** Plays to an instant; to the end of the plan by default. */
  run(untilMicros: Micros = this.plan.durationMicros): void {
    this.#play(() => this.engine.run(untilMicros));
  }

  /** Code that is not ours finds no clock and no chance. */
  #play<T>(work: () => T): T {
    if ((this.plan.scheduler?.plugins.length ?? 0) === 0) return work();
    try {
      return guarded(work);
    } catch (error) {
      // The engine reports whatever a handler throws as its own fault; this one is the user's.
      throw error instanceof Error && error.cause instanceof PluginError ? error.cause : error;
    }
  }

  /** Hands out what is still kept and sums up. The world is over then. */
  finish(): RunSummary {
    const { engine, store } = this;
    this.#observer.finish();
    store.events.finish();
    const workloads = WORKLOAD_KINDS.flatMap((kind) => store.documents(kind).list()).filter(
      (object) => object.metadata.ownerReferences?.some((owner) => owner.controller === true) !== true,
    ).length;
    return {
      endMicros: engine.now,
      eventCount: engine.eventCount,
      digest: engine.digest(),
      unseed: engine.unseed(),
      counts: { nodes: store.documents("Node").count, pods: store.pods.count, workloads },
      metrics: this.measures.summaries(),
      assertions: this.measures.results(),
    };
  }

  #listen(): void {
    const { store, plan } = this;
    const sink = this.#sink;
    if (sink === undefined) {
      store.events.isEnabled = false;
      return;
    }
    store.events.isEnabled = plan.record.events;
    store.events.sink = { final: (event: RecordedEvent) => sink.event(eventObject(store, event)) };
    if (plan.record.decisions) store.decisions.sink = (decision) => sink.decision(decision);
  }
}
