import { stringify } from "yaml";
import type { OutputFolder } from "./output.ts";

/** What a row of a trace asks for: rows that ask for the same share a template. Quantities as Kubernetes writes them. */
export interface PodShape {
  readonly requests: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  /** Models of nodes that will do; empty for any. By the label of `nodeLabel`. */
  readonly nodeLabel?: string;
  readonly nodeValues?: readonly string[];
}

/** More than this many kinds of pods are no kinds: a column is numbered, or the requests are measurements. */
const MOST_TEMPLATES = 20_000;

/** Writes the list of pods of a trace as it is read: `pods.csv`, and at the end `templates.yaml`. */
export class PodListWriter {
  readonly #output: OutputFolder;
  readonly #write: (text: string) => Promise<void>;
  readonly #templates = new Map<string, { readonly name: string; readonly shape: PodShape }>();
  count = 0;
  /** Seconds from the start to the last arrival. */
  lastAt = 0;

  constructor(output: OutputFolder) {
    this.#output = output;
    this.#write = output.open("pods.csv");
  }

  get templateCount(): number {
    return this.#templates.size;
  }

  /** False when there are too many kinds of pods. */
  async add(shape: PodShape, atSeconds: number, forSeconds: number | null): Promise<boolean> {
    if (this.count === 0) await this.#write("template,at,for\n");
    const key = JSON.stringify(shape);
    let template = this.#templates.get(key);
    if (template === undefined) {
      if (this.#templates.size === MOST_TEMPLATES) return false;
      template = { name: `pod-${String(this.#templates.size + 1).padStart(3, "0")}`, shape };
      this.#templates.set(key, template);
    }
    this.count++;
    this.lastAt = Math.max(this.lastAt, atSeconds);
    await this.#write(`${template.name},${atSeconds},${forSeconds ?? ""}\n`);
    return true;
  }

  finish(): void {
    const pods = [...this.#templates.values()].map(({ name, shape }) => stringify(podOf(name, shape)));
    this.#output.write("templates.yaml", `# What the pods of pods.csv look like.\n${pods.join("---\n")}`);
  }
}

function podOf(name: string, { requests, labels, nodeLabel, nodeValues = [] }: PodShape): object {
  const affinity =
    nodeLabel === undefined || nodeValues.length === 0
      ? {}
      : {
          affinity: {
            nodeAffinity: {
              requiredDuringSchedulingIgnoredDuringExecution: {
                nodeSelectorTerms: [
                  { matchExpressions: [{ key: nodeLabel, operator: "In", values: [...nodeValues] }] },
                ],
              },
            },
          },
        };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, ...(Object.keys(labels).length === 0 ? {} : { labels }) },
    spec: {
      ...affinity,
      containers: [{ name: "main", image: "workload:trace", resources: extendedAsLimits(requests) }],
    },
  };
}

/** Extended resources are asked for by limits; requests equal them. */
function extendedAsLimits(requests: Readonly<Record<string, string>>): object {
  const limits = Object.fromEntries(Object.entries(requests).filter(([name]) => name.includes("/")));
  return Object.keys(limits).length === 0 ? { requests } : { requests, limits };
}
