import { formatQuantity, tryParseQuantity } from "../units/index.ts";
import { parseSchedule } from "./cron-schedule.ts";
import { type Problem, problem } from "./problems.ts";
import type { Container, ContainerPort, CronJob, KubeObject, PodSpec } from "./types.ts";

type Path = readonly (string | number)[];

/** What the API server takes with a warning, or ought to. The object has its defaults, and may be one that is refused. */
export function manifestWarnings(object: KubeObject): Problem[] {
  const containers = containersOf(object);
  return [
    ...containers.flatMap(({ container, path }) => byteWarnings(container, path)),
    ...portWarnings(containers),
    ...scheduleWarnings(object),
  ];
}

interface PlacedContainer {
  readonly container: Container;
  readonly path: Path;
}

/** Of a pod, or of the pods that an object makes: init containers first. */
function containersOf(object: KubeObject): PlacedContainer[] {
  const base = podSpecPath(object.kind);
  let value: unknown = object;
  for (const key of base) value = (value as Readonly<Record<string, unknown>> | undefined)?.[key];
  const spec = value as PodSpec | undefined;
  return (["initContainers", "containers"] as const).flatMap((list) =>
    (spec?.[list] ?? []).map((container, i) => ({ container, path: [...base, list, i] })),
  );
}

function podSpecPath(kind: string): readonly string[] {
  if (kind === "Pod") return ["spec"];
  const template = ["spec", "template", "spec"];
  return kind === "CronJob" ? ["spec", "jobTemplate", ...template] : template;
}

/** The API server takes fractions of a byte, with a warning. */
function byteWarnings({ resources }: Container, path: Path): Problem[] {
  return (["requests", "limits"] as const).flatMap((list) =>
    ["memory", "ephemeral-storage"].flatMap((name) => {
      const quantity = tryParseQuantity(resources?.[list]?.[name] ?? "0");
      if ("error" in quantity || quantity.nanos % 1_000_000_000n === 0n) return [];
      const message = `fractional byte value ${JSON.stringify(formatQuantity(quantity))} is invalid, must be an integer`;
      return [problem("W0204", [...path, "resources", list, name], message, { hint: "write 128Mi, not 128m" })];
    }),
  );
}

/** Ports of one number and protocol. @source kubernetes 1.37 pkg/api/pod/warnings.go warningsForOverlappingPorts */
function portWarnings(containers: readonly PlacedContainer[]): Problem[] {
  const seen: { readonly port: ContainerPort; readonly path: Path }[] = [];
  return containers.flatMap(({ container, path }) =>
    (container.ports ?? []).flatMap((port, i) => {
      const here = [...path, "ports", i];
      const found = seen.flatMap((other) => {
        const clash = clashOf(port, other.port);
        if (clash === undefined) return [];
        return [problem("W0245", here, `${clash} port definition with ${textOf(other.path)}`)];
      });
      seen.push({ port, path: here });
      return found;
    }),
  );
}

function clashOf(port: ContainerPort, other: ContainerPort): string | undefined {
  if (port.containerPort !== other.containerPort || port.protocol !== other.protocol) return undefined;
  const [hostPort, otherHostPort] = [port.hostPort ?? 0, other.hostPort ?? 0];
  const [hostIp, otherHostIp] = [port.hostIP ?? "", other.hostIP ?? ""];
  if (hostIp === otherHostIp && hostPort === otherHostPort) return "duplicate";
  if (hostPort === 0 || otherHostPort === 0) return "overlapping";
  const isAmbiguous = hostPort === otherHostPort && (hostIp === "") !== (otherHostIp === "");
  return isAmbiguous ? "dangerously ambiguous" : undefined;
}

/** `spec.containers[0].ports[1]`. */
function textOf(path: Path): string {
  return path
    .map((part) => (typeof part === "number" ? `[${part}]` : `.${part}`))
    .join("")
    .slice(1);
}

/** The API server takes a date that is in no calendar; the CronJob waits for it for ever. */
function scheduleWarnings(object: KubeObject): Problem[] {
  if (object.kind !== "CronJob") return [];
  const { schedule: text = "" } = (object as CronJob).spec;
  const schedule = parseSchedule(text);
  const comes = "error" in schedule || schedule.next(0) !== undefined;
  return comes ? [] : [problem("W0213", ["spec", "schedule"], `schedule ${JSON.stringify(text)} never comes`)];
}
