import type { Engine, Micros } from "../engine/index.ts";
import { PHASE, PROCESS } from "../kube/index.ts";
import type { Kubelets } from "../node/index.ts";
import type { Stream } from "../random/index.ts";
import type { Store } from "../store/index.ts";
import { StateValue } from "../tables/index.ts";
import { seconds } from "../units/index.ts";
import type { ControlPlaneComponent } from "./plan.ts";

/** Leader election of kube-scheduler, kube-controller-manager and the cluster autoscaler.
 *  @source kubernetes 1.37 component-base config/v1alpha1 RecommendedDefaultLeaderElectionConfiguration; JitterFactor of client-go;
 *  cluster-autoscaler 1.37 config/flags, leaderElectionConfiguration */
const LEASE_DURATION = seconds(15);
const RENEW_DEADLINE = seconds(10);
const RETRY_PERIOD = seconds(2);
const RETRY_JITTER = 1.2;

/** What a caller of an API server that is down gets to read. @source kubectl pkg/cmd/util/helpers.go */
export const REFUSED =
  "The connection to the server kube-apiserver:6443 was refused - did you specify the right host or port?";

/** Processes that lead by election: what holds their events, and what they call themselves. */
const ELECTED = ["scheduler", "controllerManager", "clusterAutoscaler"] as const;
const PROCESS_OF = {
  scheduler: PHASE.scheduler,
  controllerManager: PHASE.control,
  clusterAutoscaler: PROCESS.clusterAutoscaler,
} as const;
const NAME_OF = {
  scheduler: "kube-scheduler",
  controllerManager: "kube-controller-manager",
  clusterAutoscaler: "cluster-autoscaler",
} as const;
type Elected = (typeof ELECTED)[number];

/** What a new process of each does; null: the cluster has none. */
export type ElectedProcesses = Readonly<Record<Elected, { restart(): void } | null>>;

interface Outage {
  /** Failures under way, by component. */
  readonly down: Readonly<Record<ControlPlaneComponent, number>>;
  /** Since when the API server has not answered; -1 while it does. */
  readonly lostAt: Micros;
  /** Elections so far: an earlier one that is still to come is void. */
  readonly election: Readonly<Record<Elected, number>>;
}

const WHOLE: Outage = Object.freeze({
  down: Object.freeze({ apiServer: 0, etcd: 0, scheduler: 0, controllerManager: 0, clusterAutoscaler: 0 }),
  lostAt: -1,
  election: Object.freeze({ scheduler: 0, controllerManager: 0, clusterAutoscaler: 0 }),
});

/**
 * The processes of the control plane, and what follows when they are down. Without the API server (or its etcd) nothing is read or
 * written: kubelets run on alone, and the scheduler and the controllers stand still; longer than the renew deadline, and these give up their
 * leadership and start anew. A process that starts waits for the lease of its former life, then knows what the API server
 * has and nothing else.
 *
 * DEVIATION(control-plane-restart): a process that lost its leadership starts when the API server answers again, not by the back-off of its
 * static pod.
 */
export class ControlPlane {
  readonly #engine: Engine;
  readonly #store: Store;
  readonly #kubelets: Kubelets;
  readonly #processes: ElectedProcesses;
  readonly #elected: readonly Elected[];
  readonly #state: StateValue<Outage>;
  readonly #leadKind: number;

  constructor(store: Store, kubelets: Kubelets, processes: ElectedProcesses) {
    const { engine } = store;
    this.#engine = engine;
    this.#store = store;
    this.#kubelets = kubelets;
    this.#processes = processes;
    this.#elected = ELECTED.filter((name) => processes[name] !== null);
    this.#state = new StateValue(engine.cells, "controlPlane.outage", WHOLE);
    this.#leadKind = engine.define("controlPlane.lead", PHASE.fault, (index, election) => this.#lead(index, election));
  }

  /** Whether the API server answers. */
  get isServing(): boolean {
    const { apiServer, etcd } = this.#state.value.down;
    return apiServer + etcd === 0;
  }

  /** These components end now. */
  stop(components: readonly ControlPlaneComponent[]): void {
    const wasServing = this.isServing;
    this.#count(components, 1);
    if (wasServing && !this.isServing) {
      this.#set({ lostAt: this.#engine.now });
      this.#kubelets.setServed(false);
      this.#engine.hold(PROCESS.verticalPodAutoscaler);
      for (const name of this.#elected) this.#engine.hold(PROCESS_OF[name]);
    }
    for (const name of this.#elected) {
      if (!components.includes(name)) continue;
      this.#engine.hold(PROCESS_OF[name]);
      const election = nextOdd(this.#state.value.election[name]);
      this.#set({ election: { ...this.#state.value.election, [name]: election } });
    }
  }

  /** These components start again. One that is held down by another failure stays down. */
  start(components: readonly ControlPlaneComponent[]): void {
    const wasServing = this.isServing;
    this.#count(components, -1);
    if (!this.isServing) return;
    const { lostAt } = this.#state.value;
    if (!wasServing) {
      this.#set({ lostAt: -1 });
      this.#kubelets.setServed(true);
      this.#engine.release(PROCESS.verticalPodAutoscaler);
    }
    const hasLostLease = !wasServing && this.#engine.now - lostAt >= RENEW_DEADLINE;
    for (const name of this.#elected) {
      if (this.#state.value.down[name] > 0) continue;
      const isStarting = components.includes(name) || this.#isWaiting(name);
      if (hasLostLease || isStarting) this.#elect(name);
      else if (!wasServing) this.#engine.release(PROCESS_OF[name]);
    }
  }

  /** Whether there has been no election since the process ended, or the API server was lost during it. */
  #isWaiting(name: Elected): boolean {
    return this.#state.value.election[name] % 2 === 1;
  }

  /** The process asks for the lease every few seconds, and gets it when that of its former life has run out in its own eyes. */
  #elect(name: Elected): void {
    const stream: Stream = this.#engine.streams.stream(`control-plane/election/${name}`);
    let wait = 0;
    while (wait < LEASE_DURATION) wait += RETRY_PERIOD + Math.floor(RETRY_JITTER * RETRY_PERIOD * stream.uniform());
    const election = nextOdd(this.#state.value.election[name]);
    this.#set({ election: { ...this.#state.value.election, [name]: election } });
    this.#engine.after(wait, this.#leadKind, ELECTED.indexOf(name), election);
  }

  #lead(index: number, election: number): void {
    const name = ELECTED[index] as Elected;
    const { down } = this.#state.value;
    if (this.#state.value.election[name] !== election || down[name] > 0 || !this.isServing) return;
    this.#set({ election: { ...this.#state.value.election, [name]: election + 1 } });
    if (name === "controllerManager") {
      this.#processes[name]?.restart();
      this.#engine.release(PROCESS_OF[name]);
    } else {
      this.#engine.release(PROCESS_OF[name], { drop: true });
      this.#processes[name]?.restart();
    }
    if (!this.#store.decisions.isEnabled) return;
    const words = NAME_OF[name];
    this.#store.decisions.write({ by: "control-plane", what: "lead", object: words, notable: `${words} leads again` });
  }

  #count(components: readonly ControlPlaneComponent[], change: 1 | -1): void {
    const down = { ...this.#state.value.down };
    for (const name of components) down[name] += change;
    this.#set({ down: Object.freeze(down) });
  }

  #set(change: Partial<Outage>): void {
    this.#state.value = Object.freeze({ ...this.#state.value, ...change });
  }
}

/** Odd numbers are elections to come or under way, even ones are over. */
function nextOdd(election: number): number {
  return election + (election % 2 === 0 ? 1 : 2);
}
