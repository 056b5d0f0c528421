import type { Container, IntOrString, Probe } from "../kube/index.ts";
import { ipText } from "../store/index.ts";
import { seconds } from "../units/index.ts";
import { type KubeletContext, STAGE } from "./context.ts";
import { podEvent } from "./events.ts";
import { killUnit, runningUnit, unitArg } from "./exits.ts";
import { publish } from "./pod-status.ts";
import { failedAt, readyAt, startupOutcome } from "./probe-times.ts";
import { isRestartable, isSidecar, type PodShape, UNIT } from "./unit.ts";

// DEVIATION(probe-events): a failing probe reports Unhealthy once, when its result changes, not at every attempt; one that
// fails only while the application warms up reports nothing.

function answersAt(context: KubeletContext, row: number, shape: PodShape, index: number): number {
  const model = context.options.app(row, index < shape.initCount ? -1 - index : index - shape.initCount);
  return (context.unitsOf(row)[index]?.startedAt ?? 0) + (model.readyAfterMicros ?? 0);
}

/**
 * Schedules the changes that probes will find in containers whose start has just become visible: one event at the crossing,
 * none an attempt. Readiness begins with an immediate attempt, startup keeps to the grid of the pod's workers.
 */
export function armProbes(context: KubeletContext, row: number): void {
  const { engine, kinds } = context;
  const shape = context.shapeOf(row);
  for (const [index, unit] of context.unitsOf(row).entries()) {
    if (unit.state !== UNIT.running || unit.probedAt >= 0 || shape.isProbed[index] === false) continue;
    context.putUnit(row, index, { ...unit, probedAt: engine.now });
    const probe = shape.containers[index]?.startupProbe;
    if (probe !== undefined && !unit.isStarted) {
      const attempts = { probe, from: context.probesAt.get(row), startedAt: unit.startedAt };
      const { at } = startupOutcome(attempts, answersAt(context, row, shape, index));
      engine.at(Math.max(at, engine.now), kinds.startup, row, unitArg(unit.instance, index));
    } else armReadiness(context, row, index);
  }
}

function armReadiness(context: KubeletContext, row: number, index: number): void {
  const { engine, kinds } = context;
  const shape = context.shapeOf(row);
  const probe = shape.containers[index]?.readinessProbe;
  const unit = context.unitsOf(row)[index];
  if (probe === undefined || unit === undefined || unit.isReady) return;
  const attempts = { probe, from: unit.probedAt, startedAt: unit.startedAt };
  const at = readyAt(attempts, answersAt(context, row, shape, index));
  engine.at(at, kinds.readiness, row, unitArg(unit.instance, index));
}

/** The startup probe is decided. */
export function onStartup(context: KubeletContext, row: number, arg: number): void {
  const index = runningUnit(context, row, arg);
  if (index === -1 || !context.isAt(row, STAGE.live)) return;
  const shape = context.shapeOf(row);
  const unit = context.unitsOf(row)[index];
  const probe = shape.containers[index]?.startupProbe;
  if (unit === undefined || probe === undefined) return;
  const attempts = { probe, from: context.probesAt.get(row), startedAt: unit.startedAt };
  if (unit.isHung || !startupOutcome(attempts, answersAt(context, row, shape, index)).isPassed) {
    failProbe(context, row, index, "Startup", probe);
    return;
  }
  const isReady = shape.containers[index]?.readinessProbe === undefined;
  context.setUnit(row, index, { isStarted: true, isReady, probedAt: context.engine.now });
  armReadiness(context, row, index);
  publish(context, row);
  // A sidecar that has started lets the next container start.
  if (isSidecar(shape, index)) context.engine.after(0, context.kinds.relist, row);
}

/** The readiness probe has changed its mind: ready, or not any more since the container hangs. */
export function onReadiness(context: KubeletContext, row: number, arg: number): void {
  const index = runningUnit(context, row, arg);
  if (index === -1) return;
  const stage = context.stage.get(row);
  if (!context.isAt(row, STAGE.live) && !context.isAt(row, STAGE.terminating)) return;
  const unit = context.unitsOf(row)[index];
  const isReady = unit?.isHung !== true;
  if (unit?.isReady === isReady || (isReady && stage !== STAGE.live)) return;
  if (unit !== undefined) context.putUnit(row, index, { ...unit, isReady });
  if (!isReady) unhealthy(context, row, index, "Readiness");
  publish(context, row);
}

/** The liveness probe has failed often enough. */
export function onLiveness(context: KubeletContext, row: number, arg: number): void {
  const index = runningUnit(context, row, arg);
  const probe = index === -1 ? undefined : context.shapeOf(row).containers[index]?.livenessProbe;
  if (probe !== undefined && context.isAt(row, STAGE.live)) failProbe(context, row, index, "Liveness", probe);
}

/** The container stops answering: its probes fail, and it does not obey SIGTERM. Returns false when it does not run. */
export function hangUnit(context: KubeletContext, row: number, index: number): boolean {
  const { engine, kinds, store } = context;
  const unit = context.unitsOf(row)[index];
  if (!store.pods.isPresent(row) || unit?.state !== UNIT.running) return false;
  if (unit.isHung) return true;
  const { livenessProbe, readinessProbe } = context.shapeOf(row).containers[index] ?? {};
  context.setUnit(row, index, { isHung: true });
  const arg = unitArg(unit.instance, index);
  const { startedAt, probedAt } = unit;
  if (livenessProbe !== undefined && unit.isStarted) {
    const attempts = { probe: livenessProbe, from: context.probesAt.get(row), startedAt };
    engine.at(failedAt(attempts, engine.now), kinds.liveness, row, arg);
  }
  if (readinessProbe !== undefined && probedAt >= 0) {
    engine.at(failedAt({ probe: readinessProbe, from: probedAt, startedAt }, engine.now), kinds.readiness, row, arg);
  }
  return true;
}

function failProbe(
  context: KubeletContext,
  row: number,
  index: number,
  type: "Liveness" | "Startup",
  probe: Probe,
): void {
  const shape = context.shapeOf(row);
  const { spec } = context.store.pods.templateOf(row);
  const name = shape.containers[index]?.name ?? "";
  unhealthy(context, row, index, type);
  const isAgain = isRestartable(shape, index, 1) ? ", will be restarted" : "";
  const message = isSidecar(shape, index)
    ? `Init container ${name} failed ${type.toLowerCase()} probe`
    : `Container ${name} failed ${type.toLowerCase()} probe${isAgain}`;
  const grace = probe.terminationGracePeriodSeconds ?? spec.terminationGracePeriodSeconds ?? 30;
  killUnit(context, row, index, { message, graceMicros: seconds(grace) });
}

function unhealthy(
  context: KubeletContext,
  row: number,
  index: number,
  type: "Liveness" | "Readiness" | "Startup",
): void {
  const container = context.shapeOf(row).containers[index];
  const probes = {
    Liveness: container?.livenessProbe,
    Readiness: container?.readinessProbe,
    Startup: container?.startupProbe,
  };
  const message = `${type} probe failed: ${silenceText(probes[type] ?? {}, container, ipText(context.sandboxIp.get(row)))}`;
  podEvent(context, row, { type: "Warning", reason: "Unhealthy", message, unit: index });
}

/** What a probe says of a container that does not answer. @source kubernetes 1.37 pkg/probe */
function silenceText(probe: Probe, container: Container | undefined, ip: string): string {
  const portOf = (port: IntOrString | undefined): IntOrString =>
    container?.ports?.find(({ name }) => name === port)?.containerPort ?? port ?? 80;
  const { httpGet, tcpSocket, grpc, timeoutSeconds = 1 } = probe;
  if (httpGet !== undefined) {
    const { scheme = "HTTP", host = ip, path = "/" } = httpGet;
    const url = `${scheme.toLowerCase()}://${host}:${portOf(httpGet.port)}${path}`;
    return `Get "${url}": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`;
  }
  if (tcpSocket !== undefined) return `dial tcp ${ip}:${portOf(tcpSocket.port)}: i/o timeout`;
  if (grpc !== undefined) {
    return `timeout: failed to connect service "${ip}:${grpc.port}" within ${timeoutSeconds}s: context deadline exceeded`;
  }
  const command = JSON.stringify((probe.exec?.command ?? []).join(" "));
  return `command timed out: ${command} timed out after ${timeoutSeconds}s`;
}
