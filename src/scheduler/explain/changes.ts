import { CycleState } from "../cycle-state.ts";
import type { Framework } from "../framework.ts";
import type { NodeInfo } from "../node-info.ts";
import { type PodInfo, type TemplateInfo, withTemplate } from "../pod-info.ts";
import { CODE, type Status } from "../status.ts";
import { amountText, shortages } from "./shortages.ts";

/** What would take an obstacle away: texts, and the pod as it would be; without, the cluster would have to change. */
export interface Changes {
  readonly texts: readonly string[];
  readonly template?: TemplateInfo;
}

type Maker = (pod: PodInfo, node: NodeInfo, status: Status, framework: Framework) => Changes;

/** The smallest change to the pod (or else to the cluster) after which the plugin would let the node pass. */
export function changesFor(framework: Framework, pod: PodInfo, node: NodeInfo, status: Status): Changes {
  const maker = MAKERS[status.plugin];
  return (
    maker?.(pod, node, status, framework) ?? {
      texts: [`${node.name} passing ${status.plugin}: ${status.reasons.join(", ")}`],
    }
  );
}

const MAKERS: Readonly<Record<string, Maker>> = {
  NodeUnschedulable: (_pod, { name }) => ({ texts: [`${name} uncordoned`] }),
  TaintToleration: tolerate,
  NodeAffinity: select,
  NodePorts: ({ template }, { name }) => ({
    texts: [`host port ${template.hostPorts.map(({ key }) => key).join(", ")} free on ${name}`],
    template: { ...template, hostPorts: [] },
  }),
  NodeResourcesFit: shrink,
  PodTopologySpread: spread,
  InterPodAffinity: mix,
};

function tolerate({ template }: PodInfo, { hardTaints }: NodeInfo): Changes {
  const missing = hardTaints.filter(
    (taint) =>
      !template.tolerations.some(
        ({ key, operator, value, effect }) =>
          (!effect || effect === taint.effect) &&
          (!key || key === taint.key) &&
          (operator === "Exists" || (value ?? "") === (taint.value ?? "")),
      ),
  );
  return {
    texts: missing.map(({ key, value, effect }) => `a toleration for ${key}${value ? `=${value}` : ""}:${effect}`),
    template: {
      ...template,
      tolerations: [
        ...template.tolerations,
        ...missing.map(({ key, value, effect }) => ({ key, operator: "Equal" as const, value: value ?? "", effect })),
      ],
    },
  };
}

function select({ template }: PodInfo, { name, labels }: NodeInfo, { reasons }: Status): Changes {
  if (reasons[0]?.includes("scheduler-enforced") === true)
    return { texts: [`${name} allowed by the profile's addedAffinity`] };
  const { spec, nodeSelection } = template;
  const missing = Object.entries(spec.nodeSelector ?? {}).filter(([key, value]) => labels[key] !== value);
  return {
    texts:
      missing.length > 0
        ? missing.map(([key, value]) => `label ${key}=${value} on ${name}`)
        : [`required node affinity that ${name} matches`],
    template: { ...template, nodeSelection: { ...nodeSelection, isAny: true, names: null, matches: () => true } },
  };
}

/** Smaller requests where something is left, else room on the node. */
function shrink(pod: PodInfo, node: NodeInfo): Changes {
  const short = shortages(pod, node);
  const isHopeless = short.some(({ resource, free }) => resource === "pods" || free <= 0);
  const texts = short.map(({ resource, free, wanted }) => {
    if (resource === "pods") return `one pod fewer on ${node.name}`;
    if (free > 0) return `requests.${resource} ≤ ${amountText(resource, free)}`;
    return `${amountText(resource, wanted - free)} of ${resource} freed on ${node.name}`;
  });
  if (isHopeless) return { texts };
  const freeOf = new Map(short.map(({ resource, free }) => [resource, free]));
  const { requests } = pod.template;
  const scalars = [...requests.scalars].map(([name, amount]) => [name, freeOf.get(name) ?? amount] as const);
  return {
    texts,
    template: {
      ...pod.template,
      requests: {
        ...requests,
        cpuMilli: freeOf.get("cpu") ?? requests.cpuMilli,
        memoryBytes: freeOf.get("memory") ?? requests.memoryBytes,
        ephemeralStorageBytes: freeOf.get("ephemeral-storage") ?? requests.ephemeralStorageBytes,
        scalars: new Map(scalars),
      },
    },
  };
}

/** A skew that no cluster reaches. */
const ANY_SKEW = 1 << 20;

/** The smallest larger maxSkew; of one constraint if that is enough, else of all. */
function spread(pod: PodInfo, node: NodeInfo, _status: Status, framework: Framework): Changes {
  const { template } = pod;
  const missing = template.hardSpread.filter(({ topologyKey }) => node.labels[topologyKey] === undefined);
  if (missing.length > 0) return { texts: missing.map(({ topologyKey }) => `label ${topologyKey} on ${node.name}`) };
  const raised = (index: number, maxSkew: number): TemplateInfo => ({
    ...template,
    hardSpread: template.hardSpread.map((constraint, at) =>
      at === index || index === -1 ? { ...constraint, maxSkew: Math.max(maxSkew, constraint.maxSkew) } : constraint,
    ),
  });
  const passes = (changed: TemplateInfo) =>
    passesPlugin(framework, "PodTopologySpread", withTemplate(pod, changed), node);
  const index = template.hardSpread.findIndex((_constraint, at) => passes(raised(at, ANY_SKEW)));
  if (!passes(raised(index, ANY_SKEW))) return { texts: [`${node.name} within the default spread constraints`] };
  let [low, high] = [0, ANY_SKEW];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (passes(raised(index, middle))) high = middle;
    else low = middle;
  }
  const over =
    index === -1 || template.hardSpread.length === 1 ? "" : ` over ${template.hardSpread[index]?.topologyKey}`;
  return { texts: [`maxSkew ≥ ${high}${over}`], template: raised(index, high) };
}

function passesPlugin(framework: Framework, name: string, pod: PodInfo, node: NodeInfo): boolean {
  const plugin = framework.filter.find((one) => one.name === name);
  const state = new CycleState();
  const answer = plugin?.preFilter?.(state, pod);
  return answer?.status?.code === CODE.skip || (plugin?.filter(state, pod, node) ?? null) === null;
}

function mix({ template }: PodInfo, { name }: NodeInfo, { reasons }: Status): Changes {
  const reason = reasons[0] ?? "";
  if (reason.includes("existing pods"))
    return { texts: [`no pod near ${name} whose required anti-affinity means this pod`] };
  if (reason.includes("anti-affinity")) {
    return { texts: ["anti-affinity preferred, not required"], template: { ...template, requiredAntiAffinity: [] } };
  }
  return { texts: ["pod affinity preferred, not required"], template: { ...template, requiredAffinity: [] } };
}
