import { expect, test, vi } from "vitest";
import { Engine } from "../engine/index.ts";
import type { KubeObject } from "../kube/index.ts";
import { Store } from "../store/index.ts";
import { CellRegistry } from "../tables/index.ts";
import { DocumentSamples, type SampleOptions } from "./document-samples.ts";
import { Measures } from "./measures.ts";

type Sized = KubeObject & { readonly spec: { readonly replicas: number }; readonly owned?: boolean };

function samples(options: SampleOptions = {}) {
  const store = new Store(new Engine({ seed: 1 }), { epochMicros: 0 });
  const table = store.documents<Sized>("Deployment");
  const measures = new Measures(new CellRegistry(), []);
  const look = vi.fn(({ metadata: { name = "" }, spec, owned }: Sized) =>
    owned === true ? undefined : { labels: { name }, values: [spec.replicas], row: { name, replicas: spec.replicas } },
  );
  const documents = new DocumentSamples(table, measures, ["workload_replicas"], look, options);
  const make = (name: string, replicas: number): number => {
    const metadata = { name, namespace: "default" };
    const made = store.writer.create({
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata,
      spec: { replicas },
    } as Sized);
    if (!made.ok) throw new Error(made.status.message);
    return made.row;
  };
  const change = (row: number, part: object): void => {
    store.writer.update(table, row, { ...table.get(row), ...part });
  };
  const sample = (): void => {
    measures.beginSample();
    documents.measure();
  };
  return { store, table, measures, look, documents, make, change, sample };
}

const figures = (measures: Measures) =>
  measures.summaries().map(({ labels, count, sum, last }) => [labels.name, count, sum, last]);

test("documents are looked at when they change, and count at every sample", () => {
  const { measures, look, documents, make, change, sample } = samples();
  const a = make("a", 2);
  make("b", 3);
  for (let i = 0; i < 5; i++) sample();
  expect(look).toHaveBeenCalledTimes(2);
  change(a, { spec: { replicas: 4 } });
  sample();
  expect(look).toHaveBeenCalledTimes(3);
  expect(documents.rows()).toEqual([
    { name: "a", replicas: 4 },
    { name: "b", replicas: 3 },
  ]);
  expect(figures(measures)).toEqual([
    ["a", 6, 14, 4],
    ["b", 6, 18, 3],
  ]);
});

test("one that goes counts no more, nor one that is not to be sampled; one of the same name goes on", () => {
  const { store, table, measures, documents, make, change, sample } = samples();
  const a = make("a", 2);
  const b = make("b", 3);
  sample();
  store.writer.remove(table, a);
  change(b, { owned: true });
  sample();
  sample();
  expect(documents.rows()).toEqual([]);
  expect(figures(measures)).toEqual([
    ["a", 1, 2, 2],
    ["b", 1, 3, 3],
  ]);
  make("a", 7);
  change(b, { owned: false });
  sample();
  expect(figures(measures)).toEqual([
    ["a", 2, 9, 7],
    ["b", 2, 6, 3],
  ]);
});

test("measures that were loaded are told anew", () => {
  const { measures, make, sample } = samples();
  make("a", 2);
  sample();
  const saved = measures.save();
  sample();
  measures.load(saved);
  sample();
  expect(figures(measures)).toEqual([["a", 2, 4, 2]]);
});

test("a status that waits to be rendered is seen by its figure, and not rendered for it", () => {
  const { store, table, measures, make, sample } = samples({
    withFigure: ({ labels, row }, figure) => ({ labels, values: [figure], row: { ...row, replicas: figure } }),
  });
  const render = vi.fn((_row: number, object: Sized) => ({ ...object, spec: { replicas: 5 } }));
  table.renderBy(render);
  const a = make("a", 2);
  sample();
  store.writer.statusMeasured(table, a, 9);
  sample();
  sample();
  expect(render).not.toHaveBeenCalled();
  expect(figures(measures)).toEqual([["a", 3, 20, 9]]);
  expect(table.get(a).spec.replicas).toBe(5);
  sample();
  expect(figures(measures)).toEqual([["a", 4, 25, 5]]);
});
