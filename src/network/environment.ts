import type { Container, Service } from "../kube/index.ts";

export interface EnvironmentVariable {
  readonly name: string;
  readonly value: string;
}

type OwnVariables = NonNullable<Container["env"]>;

const MASTER_NAMESPACE = "default";
const MASTER_SERVICE = "kubernetes";

/**
 * The variables by which a container finds the Services that exist when it starts: those of its namespace, where its pod
 * has `enableServiceLinks`, and `default/kubernetes` in any case. Headless ones and those without an address have none.
 *
 * @source kubernetes 1.37 pkg/kubelet/kubelet_pods.go getServiceEnvVarMap, pkg/kubelet/envvars
 */
export function serviceEnvironment(
  services: readonly Service[],
  namespace: string,
  hasServiceLinks: boolean,
): EnvironmentVariable[] {
  const linked = new Map<string, Service>();
  for (const service of services) {
    const { name = "", namespace: home = "" } = service.metadata;
    const { clusterIP = "" } = service.spec;
    if (clusterIP === "" || clusterIP === "None") continue;
    const isOwn = home === namespace && hasServiceLinks;
    const isMaster = home === MASTER_NAMESPACE && name === MASTER_SERVICE;
    if (isOwn || (isMaster && !linked.has(name))) linked.set(name, service);
  }
  const variables = new Map<string, string>();
  for (const service of linked.values()) {
    for (const { name, value } of variablesOf(service)) variables.set(name, value);
  }
  return [...variables].map(([name, value]) => ({ name, value })).sort((a, b) => (a.name < b.name ? -1 : 1));
}

function variablesOf({ metadata, spec }: Service): EnvironmentVariable[] {
  const { clusterIP = "", ports = [] } = spec;
  const prefix = wordOf(metadata.name ?? "");
  const [first] = ports;
  const variables: EnvironmentVariable[] = [{ name: `${prefix}_SERVICE_HOST`, value: clusterIP }];
  if (first === undefined) return variables;
  variables.push({ name: `${prefix}_SERVICE_PORT`, value: `${first.port}` });
  for (const { name = "", port } of ports) {
    if (name !== "") variables.push({ name: `${prefix}_SERVICE_PORT_${wordOf(name)}`, value: `${port}` });
  }
  for (const [index, { port, protocol = "TCP" }] of ports.entries()) {
    const scheme = protocol.toLowerCase();
    const url = `${scheme}://${clusterIP.includes(":") ? `[${clusterIP}]` : clusterIP}:${port}`;
    const link = `${prefix}_PORT_${port}_${protocol.toUpperCase()}`;
    if (index === 0) variables.push({ name: `${prefix}_PORT`, value: url });
    variables.push({ name: link, value: url }, { name: `${link}_PROTO`, value: scheme });
    variables.push({ name: `${link}_PORT`, value: `${port}` }, { name: `${link}_ADDR`, value: clusterIP });
  }
  return variables;
}

function wordOf(name: string): string {
  return name.replaceAll("-", "_").toUpperCase();
}

/**
 * What a container sees: its own variables in their order, with `$(NAME)` replaced by what stands before it or comes from a
 * Service, and then those of Services that it does not name itself. Variables with a `valueFrom` are left out.
 *
 * @source kubernetes 1.37 pkg/kubelet/kubelet_pods.go makeEnvironmentVariables, third_party/forked/golang/expansion
 */
export function containerEnvironment(
  own: OwnVariables,
  services: readonly EnvironmentVariable[],
): EnvironmentVariable[] {
  const links = new Map(services.map(({ name, value }) => [name, value]));
  const known = new Map<string, string>();
  for (const { name, value = "", valueFrom } of own) {
    if (valueFrom !== undefined) continue;
    known.set(
      name,
      expanded(value, (word) => known.get(word) ?? links.get(word)),
    );
  }
  const taken = new Set(own.map(({ name }) => name));
  for (const [name, value] of links) if (!taken.has(name)) known.set(name, value);
  return [...known].map(([name, value]) => ({ name, value }));
}

/** `$(NAME)` is replaced where the name is known, `$$` is one dollar, all else stays. */
function expanded(text: string, known: (name: string) => string | undefined): string {
  return text.replaceAll(/\$\$|\$\(([^)]*)\)/g, (found, name: string | undefined) =>
    name === undefined ? "$" : (known(name) ?? found),
  );
}
