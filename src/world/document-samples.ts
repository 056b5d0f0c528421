import type { KubeObject } from "../kube/index.ts";
import type { DocumentTable } from "../store/index.ts";
import type { Gauge, Labels, Measures } from "./measures.ts";

/** What is seen of a document at a sample. */
export interface Look {
  readonly labels: Labels;
  /** One a metric; undefined: not worth anything now. */
  readonly values: readonly (number | undefined)[];
  /** Its row of the series. */
  readonly row: Readonly<Record<string, string | number>>;
}

export interface SampleOptions {
  /**
   * For a kind whose status is rendered when somebody reads it (`DocumentTable.renderBy`): what is seen with another figure
   * (`DocumentTable.figureOf`). Every document is looked at at every sample, and none is rendered for it.
   */
  readonly withFigure?: (look: Look, figure: number) => Look;
}

interface Sampled<T> {
  readonly serial: number;
  document: T;
  /** The figure that is seen in place of the document's. */
  figure: number | undefined;
  /** Undefined for a document that is not sampled as it stands. */
  look: Look | undefined;
  gauges: readonly Gauge[];
  /** The reading of the table that saw it last. */
  reading: number;
}

/**
 * The gauges and rows of the documents of a kind. A document is looked at when it has changed, and the table when something was
 * written in it; what is seen stands until then. Reads only; all of it is derived.
 */
export class DocumentSamples<T extends KubeObject> {
  readonly #table: DocumentTable<T>;
  readonly #measures: Measures;
  readonly #metrics: readonly string[];
  readonly #lookAt: (document: T) => Look | undefined;
  readonly #withFigure: SampleOptions["withFigure"];
  #byRow: (Sampled<T> | undefined)[] = [];
  /** In the order of the table. */
  #present: Sampled<T>[] = [];
  #reading = 0;
  #version = -1;
  /** The load of the measures in which all values have been told; -1 while there is something to tell. */
  #toldIn = -1;
  #areHeld = true;

  constructor(
    table: DocumentTable<T>,
    measures: Measures,
    metrics: readonly string[],
    lookAt: (document: T) => Look | undefined,
    options: SampleOptions = {},
  ) {
    this.#table = table;
    this.#measures = measures;
    this.#metrics = metrics;
    this.#lookAt = lookAt;
    this.#withFigure = options.withFigure;
  }

  /** Tells the measures what the documents are worth at this sample. To be called at every sample from the first one measured on. */
  measure(): void {
    this.#read();
    const { epoch } = this.#measures;
    const isTold = this.#toldIn === epoch;
    if (isTold && this.#areHeld) return;
    this.#toldIn = epoch;
    for (const { look, gauges } of this.#present) {
      if (look === undefined) continue;
      for (let i = 0; i < gauges.length; i++) {
        const gauge = gauges[i] as Gauge;
        if (isTold && gauge.isHeld) continue;
        this.#measures.sample(gauge, look.values[i] ?? Number.NaN);
      }
    }
  }

  /** Rows of the series, in the order of the table. */
  rows(): Look["row"][] {
    this.#read();
    const rows: Look["row"][] = [];
    for (const { look } of this.#present) if (look !== undefined) rows.push(look.row);
    return rows;
  }

  #read(): void {
    const table = this.#table;
    if (this.#withFigure === undefined && table.version === this.#version) return;
    this.#version = table.version;
    this.#toldIn = -1;
    this.#reading++;
    const before = this.#present;
    this.#present = [];
    for (let row = table.first(); row !== -1; row = table.after(row)) this.#present.push(this.#sampledOf(row));
    for (const sampled of before) if (sampled.reading !== this.#reading) this.#release(sampled);
  }

  #sampledOf(row: number): Sampled<T> {
    const document = this.#table.peek(row);
    const serial = this.#table.serial.get(row);
    let sampled = this.#byRow[row];
    if (sampled?.serial !== serial) {
      sampled = { serial, document, figure: undefined, look: this.#lookAt(document), gauges: [], reading: 0 };
      this.#byRow[row] = sampled;
    } else if (sampled.document !== document) {
      sampled.document = document;
      sampled.figure = undefined;
      sampled.look = this.#lookAt(document);
      if (sampled.look === undefined) this.#release(sampled);
    }
    if (this.#withFigure !== undefined && sampled.look !== undefined) {
      const figure = this.#table.figureOf(row);
      if (figure !== undefined && figure !== sampled.figure) {
        sampled.figure = figure;
        sampled.look = this.#withFigure(sampled.look, figure);
      }
    }
    const { look } = sampled;
    if (look !== undefined && sampled.gauges.length === 0) {
      sampled.gauges = this.#metrics.map((metric) => this.#measures.gauge(metric, look.labels));
      this.#areHeld &&= sampled.gauges.every((gauge) => gauge.isHeld);
    }
    sampled.reading = this.#reading;
    return sampled;
  }

  /** The document is worth nothing any more. */
  #release({ gauges }: Sampled<T>): void {
    for (const gauge of gauges) this.#measures.sample(gauge, Number.NaN);
  }
}
