import {
  at,
  duplicate,
  type FieldError,
  type FieldPath,
  forbidden,
  invalid,
  ROOT_PATH,
  required,
  unsupported,
} from "./field-errors.ts";
import { dnsLabelProblems, dnsSubdomainProblems, portNameProblems } from "./labels.ts";
import { NODE_PORT_FIRST, NODE_PORT_LAST } from "./release-1-37.ts";
import type { Service, ServicePort } from "./types.ts";
import { validateLabels, validateMetadata, validatePort } from "./validation-common.ts";

const SPEC = at(ROOT_PATH, "spec");
const TYPES: readonly string[] = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
const PROTOCOLS: readonly string[] = ["SCTP", "TCP", "UDP"];
const DISTRIBUTIONS: readonly string[] = ["PreferClose", "PreferSameZone", "PreferSameNode"];
const AFFINITY_SECONDS_MAX = 86_400;

/** Complaints about a defaulted service, port range included. @source kubernetes 1.37 pkg/apis/core/validation ValidateService */
export function validateService({ metadata, spec }: Service): FieldError[] {
  const errors = validateMetadata(metadata, dnsLabelProblems);
  const { type = "ClusterIP", externalName, sessionAffinity = "None", trafficDistribution } = spec;
  const ports = spec.ports ?? [];
  const isHeadless = spec.clusterIP === "None";
  if (ports.length === 0 && !isHeadless && type !== "ExternalName") errors.push(required(at(SPEC, "ports")));
  if (isHeadless && (type === "NodePort" || type === "LoadBalancer")) {
    errors.push(invalid(at(SPEC, "clusterIPs", 0), "None", "may not be set to 'None' for NodePort services"));
  }
  if (type === "ExternalName") {
    if (!externalName) errors.push(required(at(SPEC, "externalName")));
    else
      errors.push(
        ...dnsSubdomainProblems(externalName).map((text) => invalid(at(SPEC, "externalName"), externalName, text)),
      );
  }
  errors.push(...validatePorts(ports, type, at(SPEC, "ports")));
  errors.push(...validateLabels(spec.selector, at(SPEC, "selector")));
  if (sessionAffinity !== "ClientIP" && sessionAffinity !== "None") {
    errors.push(unsupported(at(SPEC, "sessionAffinity"), sessionAffinity, ["ClientIP", "None"]));
  }
  const timeout = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds;
  if (timeout !== undefined && (timeout <= 0 || timeout > AFFINITY_SECONDS_MAX)) {
    const path = at(SPEC, "sessionAffinityConfig", "clientIP", "timeoutSeconds");
    errors.push(invalid(path, timeout, `must be greater than 0 and less than ${AFFINITY_SECONDS_MAX}`));
  }
  if (!TYPES.includes(type)) errors.push(unsupported(at(SPEC, "type"), type, TYPES));
  if (trafficDistribution !== undefined && !DISTRIBUTIONS.includes(trafficDistribution)) {
    errors.push(unsupported(at(SPEC, "trafficDistribution"), trafficDistribution, DISTRIBUTIONS));
  }
  return errors;
}

function validatePorts(ports: readonly ServicePort[], type: string, path: FieldPath): FieldError[] {
  const names = new Set<string>();
  const pairs = new Set<string>();
  const nodePorts = new Set<string>();
  return ports.flatMap((port, i) => {
    const here = at(path, i);
    const errors = validateOnePort(port, ports.length > 1, names, here);
    const { nodePort, protocol = "TCP" } = port;
    if (nodePort && type === "ClusterIP") {
      errors.push(forbidden(at(here, "nodePort"), "may not be used when `type` is 'ClusterIP'"));
    } else if (nodePort && (nodePort < NODE_PORT_FIRST || nodePort > NODE_PORT_LAST)) {
      const rule = `provided port is not in the valid range. The range of valid ports is ${NODE_PORT_FIRST}-${NODE_PORT_LAST}`;
      errors.push(invalid(at(here, "nodePort"), nodePort, rule));
    }
    if (nodePort && nodePorts.has(`${nodePort}/${protocol}`)) errors.push(duplicate(at(here, "nodePort"), nodePort));
    nodePorts.add(`${nodePort}/${protocol}`);
    const pair = `${port.port}/${protocol}`;
    if (pairs.has(pair)) {
      const key = { name: "", protocol, appProtocol: null, port: port.port, targetPort: 0, nodePort: 0 };
      errors.push(duplicate(here, key));
    }
    pairs.add(pair);
    return errors;
  });
}

function validateOnePort(port: ServicePort, needsName: boolean, names: Set<string>, path: FieldPath): FieldError[] {
  const { name, protocol, targetPort } = port;
  const errors: FieldError[] = [];
  if (needsName && !name) errors.push(required(at(path, "name")));
  else if (name) {
    errors.push(...dnsLabelProblems(name).map((text) => invalid(at(path, "name"), name, text)));
    if (names.has(name)) errors.push(duplicate(at(path, "name"), name));
    names.add(name);
  }
  errors.push(...validatePort(port.port, at(path, "port")));
  if (!protocol) errors.push(required(at(path, "protocol")));
  else if (!PROTOCOLS.includes(protocol)) errors.push(unsupported(at(path, "protocol"), protocol, PROTOCOLS));
  const target = at(path, "targetPort");
  if (typeof targetPort === "number") errors.push(...validatePort(targetPort, target));
  else if (targetPort) errors.push(...portNameProblems(targetPort).map((text) => invalid(target, targetPort, text)));
  return errors;
}
