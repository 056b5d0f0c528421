import type { Container, PodSpec } from "../kube/index.ts";
import type { Micros } from "../units/index.ts";

/** How an instance of a container ended. Instants are microseconds. */
export interface Ending {
  readonly exitCode: number;
  readonly reason: string;
  readonly message?: string;
  /** -1 when the instance never ran. */
  readonly startedAt: Micros;
  readonly finishedAt: Micros;
}

export const UNIT = { waiting: 0, running: 1, exited: 2 } as const;

/** What the kubelet knows of one container of a pod ("unit": init containers first, then the regular ones). Immutable. */
export interface Unit {
  readonly state: (typeof UNIT)[keyof typeof UNIT];
  /** Number of the instance among all of the pod: timers of an earlier instance do not match. 0 before the first. */
  readonly instance: number;
  readonly startedAt: Micros;
  /** Why the container does not run now (CrashLoopBackOff, ErrImagePull, …); empty for the usual reasons. */
  readonly waitingReason: string;
  readonly waitingMessage: string;
  /** Of the instance that is in state exited. */
  readonly ending: Ending | null;
  /** Of the instance before the present one. */
  readonly lastEnding: Ending | null;
  readonly restartCount: number;
  readonly isStarted: boolean;
  readonly isReady: boolean;
  /** Does not answer any more, not even SIGTERM. */
  readonly isHung: boolean;
  /** First readiness probe of this instance: its later ones follow from it. */
  readonly probedAt: Micros;
  /** The entry of the crash back-off table; 0 when there is none. */
  readonly backoffMicros: Micros;
  readonly backoffAt: Micros;
  readonly imageBackoffMicros: Micros;
  readonly imageRetryAt: Micros;
  /** When the instance will have stopped, once it is told to, and with what code. -1 when it is not. */
  readonly stopAt: Micros;
  readonly stopCode: number;
}

/** A container that has not been started yet. */
export const NEW_UNIT: Unit = Object.freeze({
  state: UNIT.waiting,
  instance: 0,
  startedAt: -1,
  waitingReason: "",
  waitingMessage: "",
  ending: null,
  lastEnding: null,
  restartCount: 0,
  isStarted: false,
  isReady: false,
  isHung: false,
  probedAt: -1,
  backoffMicros: 0,
  backoffAt: 0,
  imageBackoffMicros: 0,
  imageRetryAt: 0,
  stopAt: -1,
  stopCode: 0,
});

/** The containers of a pod in the order in which they start, as derived from its spec. */
export interface PodShape {
  readonly containers: readonly Container[];
  readonly initCount: number;
  readonly restartPolicy: "Always" | "OnFailure" | "Never";
  /** Whether a container has a readiness or startup probe. */
  readonly isProbed: readonly boolean[];
  /** New units, one a container; shared by all pods of a template. */
  readonly newUnits: readonly Unit[];
}

/** Derived from specs, hence no state. */
const shapes = new WeakMap<PodSpec, PodShape>();

export function shapeOf(spec: PodSpec): PodShape {
  let shape = shapes.get(spec);
  if (shape === undefined) {
    const containers = [...(spec.initContainers ?? []), ...spec.containers];
    shape = Object.freeze({
      containers,
      initCount: spec.initContainers?.length ?? 0,
      restartPolicy: spec.restartPolicy ?? "Always",
      isProbed: containers.map((c) => c.readinessProbe !== undefined || c.startupProbe !== undefined),
      newUnits: Object.freeze(containers.map(() => NEW_UNIT)),
    });
    shapes.set(spec, shape);
  }
  return shape;
}

/** An init container that keeps running beside the regular ones. */
export function isSidecar(shape: PodShape, index: number): boolean {
  return index < shape.initCount && shape.containers[index]?.restartPolicy === "Always";
}

/** An init container that must end before the next one. */
export function isPlainInit(shape: PodShape, index: number): boolean {
  return index < shape.initCount && !isSidecar(shape, index);
}

/**
 * Whether a container that ended with this code is started again. Sidecars always are; plain init containers that
 * failed are unless the pod's policy is Never.
 * @source kubernetes 1.37 pkg/kubelet/container ShouldContainerBeRestarted
 */
// DEVIATION(container-restart-rules): restartPolicy and restartPolicyRules of regular containers are not looked at.
export function isRestartable(shape: PodShape, index: number, exitCode: number): boolean {
  if (isSidecar(shape, index)) return true;
  if (isPlainInit(shape, index)) return exitCode !== 0 && shape.restartPolicy !== "Never";
  return shape.restartPolicy === "Always" || (shape.restartPolicy === "OnFailure" && exitCode !== 0);
}

/** Where events about a container point. */
export function fieldPath(shape: PodShape, index: number): string {
  const list = index < shape.initCount ? "initContainers" : "containers";
  return `spec.${list}{${shape.containers[index]?.name ?? ""}}`;
}
