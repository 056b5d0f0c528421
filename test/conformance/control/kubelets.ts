import type { Engine } from "../../../src/engine/index.ts";
import { type ContainerStatus, PHASE } from "../../../src/kube/index.ts";
import {
  CHANGE,
  CONDITION,
  type Cursor,
  POD_PHASE,
  type PodStatusChange,
  type Store,
} from "../../../src/store/index.ts";
import { type Micros, millis, seconds } from "../../../src/units/index.ts";
import type { KubeletConfig, PodBehavior } from "./scenario.ts";

const STAGGER_MILLIS = 20;

/** What the fake kubelets remember of a pod: its number among its owner's pods, and its owner's number. */
interface Place {
  readonly ordinal: number;
  readonly ownerIndex: number;
}

/** All kubelets of a scenario's cluster, and the round-robin binder (FORMAT.md, "kubelet"). */
export class Kubelets {
  readonly #store: Store;
  readonly #engine: Engine;
  readonly #config: KubeletConfig;
  readonly #precedes: (node: string, at: Micros) => boolean;
  readonly #cursor: Cursor;
  readonly #down = new Set<string>();
  /** By serial number of the pod. */
  readonly #places = new Map<number, Place>();
  readonly #isReady = new Map<number, boolean>();
  readonly #admitted = new Set<number>();
  readonly #killed = new Set<number>();
  readonly #owners = new Map<string, { readonly index: number; made: number; pick: number }>();
  #ipCount = 0;
  readonly #kinds: Readonly<Record<"bind" | "admit" | "run" | "ready" | "exit" | "kill", number>>;

  /** `precedes` tells which of several nodes whose timers are due at one instant goes first; the others follow at once. */
  constructor(store: Store, config: KubeletConfig, precedes: (node: string, at: Micros) => boolean) {
    this.#precedes = precedes;
    this.#store = store;
    this.#engine = store.engine;
    this.#config = config;
    const rows = store.pods.rows;
    const define = (name: string, handler: (row: number, arg: number) => void): number =>
      store.engine.define(
        `fake.${name}`,
        PHASE.node,
        (row, arg) => {
          if (store.pods.isPresent(row)) handler(row, arg);
        },
        { rows },
      );
    this.#kinds = {
      bind: define("bind", (row, node) => this.#bind(row, node)),
      admit: define("admit", (row) => this.#admit(row)),
      run: define("run", (row) => this.#run(row)),
      ready: define("ready", (row) => this.setReady(row, true)),
      exit: define("exit", (row) => this.#exit(row)),
      kill: define("kill", (row) => this.#kill(row)),
    };
    this.#cursor = store.watch("fake.kubelets", ["Pod"], () => this.#readChanges());
  }

  #readChanges(): void {
    const { pods } = this.#store;
    while (this.#cursor.next()) {
      const { row, flags } = this.#cursor;
      if (!pods.isPresent(row)) continue;
      const serial = pods.serial.get(row);
      if (!this.#places.has(serial)) this.#place(row, serial);
      if (pods.nodeId.get(row) === -1) continue;
      if (!this.#admitted.has(serial)) {
        this.#admitted.add(serial);
        if (pods.phase.get(row) === POD_PHASE.pending) this.#engine.at(this.#engine.now, this.#kinds.admit, row);
        else this.#isReady.set(serial, pods.isReady(row));
      }
      if (pods.isDeleting(row) && (flags & CHANGE.deleting) !== 0 && !this.#killed.has(serial)) {
        this.#killed.add(serial);
        const grace = seconds(pods.graceSeconds.get(row));
        const term = seconds(this.#behavior(row).term ?? 1);
        this.#engine.after(Math.min(term, grace) + this.#skew(row), this.#kinds.kill, row);
      }
    }
  }

  #place(row: number, serial: number): void {
    const { pods } = this.#store;
    const owner = pods.owner.get(row);
    const key = owner === null ? "" : `${owner.kind}/${owner.name}`;
    let state = this.#owners.get(key);
    if (state === undefined) {
      state = { index: this.#owners.size, made: 0, pick: this.#owners.size };
      this.#owners.set(key, state);
    }
    state.made++;
    this.#places.set(serial, { ordinal: state.made, ownerIndex: state.index });
    const { binder, bindDelay = 0, nodes = [] } = this.#config;
    if (binder !== true || pods.nodeId.get(row) !== -1) return;
    this.#engine.after(seconds(bindDelay), this.#kinds.bind, row, state.pick % nodes.length);
    state.pick++;
  }

  #skew(row: number): number {
    const place = this.#places.get(this.#store.pods.serial.get(row));
    if (place === undefined) return 0;
    return millis(STAGGER_MILLIS * (place.ordinal % 50) + 3 * (place.ownerIndex % 6));
  }

  #behavior(row: number): PodBehavior {
    const { pods } = this.#store;
    const image = pods.templateOf(row).spec.containers[0]?.image ?? "";
    const index = pods.annotationsOf(row)["batch.kubernetes.io/job-completion-index"];
    const { default: base, images = {} } = this.#config;
    return { ...base, ...images[image], ...(index === undefined ? {} : images[`${image}#${index}`]) };
  }

  #isDown(row: number): boolean {
    return this.#down.has(this.#store.pods.nodeNameOf(row));
  }

  #bind(row: number, node: number): void {
    const { pods, podWriter } = this.#store;
    if (pods.nodeId.get(row) !== -1 || pods.isDeleting(row)) return;
    podWriter.bind(row, this.#config.nodes?.[node] ?? "");
  }

  #admit(row: number): void {
    const { pods, podWriter, engine } = this.#store;
    if (this.#isDown(row) || pods.isDeleting(row)) return;
    podWriter.updateStatus(row, {
      startTime: engine.now,
      conditions: { Initialized: CONDITION.true, ...readiness(false), PodScheduled: CONDITION.true },
      texts: this.#notReadyTexts(row),
    });
    engine.after(seconds(this.#behavior(row).start ?? 1) + this.#skew(row), this.#kinds.run, row);
  }

  #run(row: number): void {
    const { pods, podWriter, engine } = this.#store;
    if (pods.isDeleting(row) || this.#isDown(row)) return;
    const { ready = 0, exit } = this.#behavior(row);
    this.#ipCount++;
    const startedAt = this.#store.timestamp(engine.now);
    const containers = pods.templateOf(row).spec.containers.map(
      ({ name, image = "" }): ContainerStatus => ({
        name,
        image,
        imageID: "",
        ready: ready === 0,
        restartCount: 0,
        started: true,
        state: { running: { startedAt } },
      }),
    );
    const change: PodStatusChange = { phase: POD_PHASE.running, ip: 0x0af40000 + this.#ipCount, containers };
    podWriter.updateStatus(row, ready === 0 ? { ...change, ...this.#readinessChange(row, true) } : change);
    if (ready === 0) this.#isReady.set(pods.serial.get(row), true);
    if (ready > 0) engine.after(seconds(ready), this.#kinds.ready, row);
    if (exit !== undefined) engine.after(seconds(exit), this.#kinds.exit, row);
  }

  /** Flips the readiness of a running pod. */
  setReady(row: number, isReady: boolean): void {
    const { pods, podWriter } = this.#store;
    if (pods.phase.get(row) !== POD_PHASE.running) return;
    this.#isReady.set(pods.serial.get(row), isReady);
    if (this.#isDown(row)) return;
    const containers = (pods.containers.get(row) ?? []).map((status) => ({ ...status, ready: isReady }));
    podWriter.updateStatus(row, { ...this.#readinessChange(row, isReady), containers });
  }

  /** Sets the restart count of every container. */
  restart(row: number, restartCount: number): void {
    const { pods, podWriter } = this.#store;
    const containers = (pods.containers.get(row) ?? []).map((status) => ({ ...status, restartCount }));
    podWriter.updateStatus(row, { containers, restarts: restartCount * containers.length });
  }

  /** All containers end now. */
  terminate(row: number, exitCode: number): void {
    const { pods, podWriter, engine } = this.#store;
    const reason = exitCode === 0 ? "Completed" : "Error";
    const finishedAt = this.#store.timestamp(engine.now);
    const containers = (pods.containers.get(row) ?? []).map((status) => {
      const startedAt = status.state?.running?.startedAt;
      const terminated = { exitCode, reason, ...(startedAt === undefined ? {} : { startedAt }), finishedAt };
      return { ...status, ready: false, state: { terminated } };
    });
    const text = { reason: exitCode === 0 ? "PodCompleted" : "PodFailed" };
    podWriter.updateStatus(row, {
      phase: exitCode === 0 ? POD_PHASE.succeeded : POD_PHASE.failed,
      conditions: readiness(false),
      texts: { Ready: text, ContainersReady: text },
      containers,
    });
  }

  nodeDown(node: string): void {
    this.#down.add(node);
  }

  /** The kubelet is back: it kills what is to be deleted, starts what was bound, and posts readiness again. */
  nodeUp(node: string): void {
    const { pods } = this.#store;
    this.#down.delete(node);
    const list = pods.nodeNames.find(node);
    const rows = list === -1 ? [] : pods.byNode.rows(list);
    rows.sort((a, b) => (pods.name.get(a) < pods.name.get(b) ? -1 : 1));
    for (const row of rows) {
      const phase = pods.phase.get(row);
      if (pods.isDeleting(row)) this.#killLate(row, node);
      else if (phase === POD_PHASE.pending) this.#admit(row);
      else if (phase === POD_PHASE.running) {
        this.setReady(row, this.#isReady.get(pods.serial.get(row)) === true);
      }
    }
  }

  /** Kills a pod that was to be deleted while the node was down: without skew, so that kubelets that return together race. */
  #killLate(row: number, node: string): void {
    const at = this.#engine.now + seconds(this.#behavior(row).term ?? 1);
    this.#engine.at(this.#precedes(node, at) ? at : at + 1, this.#kinds.kill, row);
  }

  #exit(row: number): void {
    const { pods } = this.#store;
    if (pods.phase.get(row) !== POD_PHASE.running || pods.isDeleting(row) || this.#isDown(row)) return;
    this.terminate(row, this.#behavior(row).exitCode ?? 0);
  }

  #kill(row: number): void {
    const { pods, podWriter } = this.#store;
    if (this.#isDown(row) || !pods.isDeleting(row)) return;
    const phase = pods.phase.get(row);
    if (phase === POD_PHASE.running) this.terminate(row, 0);
    else if (phase === POD_PHASE.pending) podWriter.updateStatus(row, { phase: POD_PHASE.failed });
    podWriter.requestDeletion(row, 0);
  }

  #readinessChange(row: number, isReady: boolean): PodStatusChange {
    const texts = isReady ? { Ready: null, ContainersReady: null } : this.#notReadyTexts(row);
    return { conditions: readiness(isReady), texts };
  }

  #notReadyTexts(row: number) {
    const names = this.#store.pods
      .templateOf(row)
      .spec.containers.map(({ name }) => name)
      .join(" ");
    const text = { reason: "ContainersNotReady", message: `containers with unready status: [${names}]` };
    return { Ready: text, ContainersReady: text };
  }
}

function readiness(isReady: boolean): { readonly Ready: number; readonly ContainersReady: number } {
  const status = isReady ? CONDITION.true : CONDITION.false;
  return { Ready: status, ContainersReady: status };
}
