import { assert, type Engine } from "../engine/index.ts";
import { type KubeObject, PHASE, type Pod, type PodTemplateSpec, podRequests } from "../kube/index.ts";
import { Streams } from "../random/index.ts";
import type { Store } from "../store/index.ts";
import { cpuMilliOf, type Micros, wholeValueOf } from "../units/index.ts";
import { REFUSED } from "./control-plane.ts";
import type { Plan, PlannedArrivals } from "./plan.ts";

/** Digits of the number at the end of a pod's name. */
const DIGITS = 5;

interface Sequence {
  readonly arrivals: PlannedArrivals;
  /** What the pods of each template share. */
  readonly templates: readonly { readonly name: string; readonly namespace: string; readonly pod: PodTemplateSpec }[];
  /** Rows of the list, in the order in which they arrive. */
  readonly rows: Int32Array;
}

/**
 * Pods that come one after the other, as a list says. Which row comes when follows from the plan and its seed alone, so
 * that the only state is the event of the next one.
 */
export class Arrivals {
  readonly #engine: Engine;
  readonly #store: Store;
  readonly #isServing: () => boolean;
  readonly #sequences: readonly Sequence[];
  readonly #arrive: readonly number[];
  readonly #leave: readonly number[];

  constructor(engine: Engine, store: Store, plan: Plan, isServing: () => boolean) {
    this.#engine = engine;
    this.#store = store;
    this.#isServing = isServing;
    const { rows } = store.pods;
    this.#sequences = (plan.arrivals ?? []).map((arrivals) => sequenceOf(arrivals, plan));
    this.#arrive = this.#sequences.map(({ arrivals: { name } }, index) =>
      engine.define(`arrivals.${name}`, PHASE.fault, (position) => this.#play(index, position)),
    );
    this.#leave = this.#sequences.map(({ arrivals: { name } }) =>
      engine.define(`arrivals.${name}.leave`, PHASE.fault, (row) => this.#end(row), { rows }),
    );
  }

  start(): void {
    for (let index = 0; index < this.#sequences.length; index++) this.#schedule(index, 0);
  }

  #schedule(index: number, position: number): void {
    const { rows, arrivals } = this.#sequences[index] as Sequence;
    const row = rows[position];
    if (row === undefined) return;
    const at = arrivals.everyMicros === null ? arrivals.atMicros[row] : position * arrivals.everyMicros;
    this.#engine.at(at as Micros, this.#arrive[index] as number, position);
  }

  #play(index: number, position: number): void {
    const { templates, rows, arrivals } = this.#sequences[index] as Sequence;
    this.#schedule(index, position + 1);
    const row = rows[position] as number;
    const template = templates[arrivals.template[row] as number];
    assert(template !== undefined, () => `arrivals ${arrivals.name}: row ${row} has no template`);
    const name = `${template.name}-${String(position).padStart(DIGITS, "0")}`;
    const refusal = this.#create(template, name);
    if (refusal !== undefined) {
      if (!this.#store.decisions.isEnabled) return;
      const object = `pod/${template.namespace}/${name}`;
      const notable = `${object} refused: ${refusal}`;
      this.#store.decisions.write({ by: "arrivals", what: "refused", object, error: refusal, notable });
      return;
    }
    const lasts = arrivals.lastsMicros[row] ?? null;
    if (lasts === null) return;
    this.#engine.after(lasts, this.#leave[index] as number, this.#store.pods.rowOf(template.namespace, name));
  }

  #create({ namespace, pod }: Sequence["templates"][number], name: string): string | undefined {
    if (!this.#isServing()) return REFUSED;
    const result = this.#store.podWriter.create({ namespace, template: this.#store.templateOf(pod), name });
    return result.ok ? undefined : result.status.message;
  }

  /** Whoever made the pod deletes it. */
  #end(row: number): void {
    if (this.#store.pods.isPresent(row)) this.#store.podWriter.requestDeletion(row);
  }
}

function sequenceOf(arrivals: PlannedArrivals, plan: Plan): Sequence {
  const templates = arrivals.templates.map(({ object }) => {
    const { name = "", namespace = "default", labels, annotations } = object.metadata;
    const metadata = {
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
    };
    const { spec } = object as Pod;
    return { name, namespace, pod: Object.freeze({ metadata: Object.freeze(metadata), spec }) };
  });
  const stream = new Streams(plan.seed, plan.run).stream(`arrivals/${arrivals.name}`);
  const listed = Array.from(arrivals.template, (_template, row) => row);
  if (arrivals.order === "shuffled") stream.shuffle(listed);
  if (arrivals.fill !== null) {
    const { resource, share } = arrivals.fill;
    const requests = arrivals.templates.map(({ object }) => requestOf(object, resource));
    const requestOfRow = (row: number): number => requests[arrivals.template[row] as number] as number;
    const most =
      share * plan.nodes.reduce((sum, { allocatable }) => sum + amountOf(resource, allocatable[resource]), 0);
    assert(
      listed.some((row) => requestOfRow(row) > 0),
      () => `arrivals ${arrivals.name}: nobody asks for ${resource}`,
    );
    let sum = listed.reduce((total, row) => total + requestOfRow(row), 0);
    for (;;) {
      const row = stream.int(arrivals.template.length);
      sum += requestOfRow(row);
      if (sum > most) break;
      listed.push(row);
    }
  }
  return { arrivals, templates, rows: Int32Array.from(listed) };
}

/** What a Pod asks of a resource: milli-CPU, bytes or whole units. */
export function requestOf(pod: KubeObject, resource: string): number {
  const { cpuMilli, memoryBytes, ephemeralStorageBytes, scalars } = podRequests((pod as Pod).spec);
  if (resource === "cpu") return cpuMilli;
  if (resource === "memory") return memoryBytes;
  return resource === "ephemeral-storage" ? ephemeralStorageBytes : (scalars.get(resource) ?? 0);
}

function amountOf(resource: string, quantity = "0"): number {
  return resource === "cpu" ? cpuMilliOf(quantity) : wholeValueOf(quantity);
}
