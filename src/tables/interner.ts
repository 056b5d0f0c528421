import type { Cell, CellRegistry, CellState } from "./registry.ts";

/** Gives each distinct string a small number, in order of first sight, and the string back. */
export class Interner implements Cell {
  readonly name: string;
  #texts: string[] = [];
  #ids = new Map<string, number>();

  constructor(registry: CellRegistry, name: string) {
    this.name = name;
    registry.add(this);
  }

  get count(): number {
    return this.#texts.length;
  }

  idOf(text: string): number {
    let id = this.#ids.get(text);
    if (id === undefined) {
      id = this.#texts.length;
      this.#texts.push(text);
      this.#ids.set(text, id);
    }
    return id;
  }

  /** The number of a string that was seen before; -1 when it was not. */
  find(text: string): number {
    return this.#ids.get(text) ?? -1;
  }

  textOf(id: number): string {
    const text = this.#texts[id];
    if (text === undefined) throw new Error(`"${this.name}" has no string number ${id}`);
    return text;
  }

  save(): CellState {
    return { form: "data", data: this.#texts.slice() };
  }

  load(state: CellState): void {
    this.#texts = (state.data as string[]).slice();
    this.#ids = new Map(this.#texts.map((text, id) => [text, id]));
  }
}
