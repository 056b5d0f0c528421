import { CONDITION, type ConditionText, POD_PHASE, type PodConditionType } from "../store/index.ts";
import { isPlainInit, isRestartable, isSidecar, type PodShape, UNIT, type Unit } from "./unit.ts";

/** The code with which the unit ended last; undefined when it runs or has never run. */
function endedWith(unit: Unit): number | undefined {
  if (unit.state === UNIT.running) return undefined;
  return (unit.ending ?? unit.lastEnding)?.exitCode;
}

/**
 * The phase of a pod from its containers. `isStopped` says that the kubelet has ended the pod for good.
 * @source kubernetes 1.37 pkg/kubelet/kubelet_pods.go getPhase
 */
export function podPhase(shape: PodShape, units: readonly Unit[], isStopped: boolean): number {
  let isInitPending = false;
  let hasRegularStarted = false;
  let areSidecarsStarted = true;
  const counts = { running: 0, waiting: 0, stopped: 0, succeeded: 0, restartable: 0 };
  for (const [index, unit] of units.entries()) {
    const code = endedWith(unit);
    if (isPlainInit(shape, index)) {
      if (code === 0) continue;
      if (code !== undefined && !isRestartable(shape, index, code)) return POD_PHASE.failed;
      isInitPending = true;
      continue;
    }
    const sidecar = isSidecar(shape, index);
    if (sidecar && !unit.isStarted) areSidecarsStarted = false;
    if (!sidecar && unit.instance > 0) hasRegularStarted = true;
    if (unit.state === UNIT.running) counts.running++;
    else if (code === undefined) counts.waiting++;
    else if (!sidecar) {
      counts.stopped++;
      if (code === 0) counts.succeeded++;
      if (isRestartable(shape, index, code)) counts.restartable++;
    }
  }
  if (!isStopped) {
    if (isInitPending || (!areSidecarsStarted && !hasRegularStarted) || counts.waiting > 0) return POD_PHASE.pending;
    if (counts.running > 0) return POD_PHASE.running;
    if (counts.stopped > 0 && counts.restartable > 0) return POD_PHASE.running;
  }
  if (counts.stopped === 0) return isStopped ? POD_PHASE.failed : POD_PHASE.pending;
  const isSuccess = !isInitPending && counts.waiting === 0 && counts.succeeded === counts.stopped;
  return isSuccess ? POD_PHASE.succeeded : POD_PHASE.failed;
}

export interface PodConditions {
  readonly conditions: Partial<Record<PodConditionType, number>>;
  readonly texts: Partial<Record<PodConditionType, ConditionText | null>>;
}

/** Conditions by what they depend on: derived, hence no state. Pods of one spec share them. */
const known = new WeakMap<PodShape, Map<number, PodConditions>>();
const UNIT_VARIANTS = 36;
const UNITS_MAX = 9;

/** `podConditions`, remembered. The same object for the same circumstances. hot: several times a pod's life */
export function sharedConditions(
  shape: PodShape,
  units: readonly Unit[],
  phase: number,
  hasSandbox: boolean,
): PodConditions {
  if (units.length > UNITS_MAX) return podConditions(shape, units, phase, hasSandbox);
  let key = phase * 2 + (hasSandbox ? 1 : 0);
  for (const unit of units) key = key * UNIT_VARIANTS + variantOf(unit);
  let conditions = known.get(shape);
  if (conditions === undefined) {
    conditions = new Map();
    known.set(shape, conditions);
  }
  let found = conditions.get(key);
  if (found === undefined) {
    found = podConditions(shape, units, phase, hasSandbox);
    conditions.set(key, found);
  }
  return found;
}

/** All that conditions depend on of a unit, as a number. */
function variantOf(unit: Unit): number {
  const code = endedWith(unit);
  const ended = code === undefined ? 0 : code === 0 ? 1 : 2;
  const begun = unit.instance > 0 ? 2 : unit.lastEnding !== null ? 1 : 0;
  return ((ended * 3 + begun) * 2 + (unit.isReady ? 1 : 0)) * 2 + (unit.isStarted ? 1 : 0);
}

/**
 * The conditions the kubelet writes, of a pod in the given phase.
 * @source kubernetes 1.37 pkg/kubelet/status/generate.go
 */
function podConditions(shape: PodShape, units: readonly Unit[], phase: number, hasSandbox: boolean): PodConditions {
  const incomplete: string[] = [];
  const unready: string[] = [];
  for (const [index, unit] of units.entries()) {
    const name = shape.containers[index]?.name ?? "";
    if (isPlainInit(shape, index)) {
      if (endedWith(unit) !== 0) incomplete.push(name);
      continue;
    }
    if (isSidecar(shape, index) && !unit.isStarted) incomplete.push(name);
    if (!unit.isReady) unready.push(name);
  }
  const ending = phase === POD_PHASE.succeeded ? "PodCompleted" : phase === POD_PHASE.failed ? "PodFailed" : "";
  const hasStarted = shape.containers.every((_, i) => i < shape.initCount || (units[i]?.instance ?? 0) === 0) === false;
  const isInitialized = phase === POD_PHASE.succeeded || incomplete.length === 0 || hasStarted;
  const notReady =
    ending !== ""
      ? { reason: ending }
      : unready.length === 0
        ? null
        : { reason: "ContainersNotReady", message: `containers with unready status: [${unready.join(" ")}]` };
  const ready = notReady === null ? CONDITION.true : CONDITION.false;
  return {
    conditions: {
      PodReadyToStartContainers: hasSandbox ? CONDITION.true : CONDITION.false,
      Initialized: isInitialized ? CONDITION.true : CONDITION.false,
      Ready: ready,
      ContainersReady: ready,
      PodScheduled: CONDITION.true,
    },
    texts: {
      PodReadyToStartContainers: hasSandbox ? null : sandboxText(units),
      Initialized: initializedText(isInitialized, phase, incomplete),
      Ready: notReady,
      ContainersReady: notReady,
    },
  };
}

function sandboxText(units: readonly Unit[]): ConditionText {
  const hadSandbox = units.some((unit) => unit.instance > 0 || unit.lastEnding !== null);
  return { reason: "PodSandboxNotReady", message: hadSandbox ? "pod sandbox is not ready" : "no pod sandbox exists" };
}

function initializedText(isTrue: boolean, phase: number, incomplete: readonly string[]): ConditionText | null {
  if (phase === POD_PHASE.succeeded) return { reason: "PodCompleted" };
  if (isTrue) return null;
  return {
    reason: "ContainersNotInitialized",
    message: `containers with incomplete status: [${incomplete.join(" ")}]`,
  };
}
