/** What a heap holds; the heap keeps its place in it. Belongs to one heap at a time. */
export interface HeapItem {
  /** Place in the heap's array; -1 outside. */
  heapIndex: number;
  /** Set at insertion: the order of arrival decides between equals. */
  heapSequence: number;
}

/** A binary heap with removal from the middle; equal items leave in the order in which they came. */
export class Heap<T extends HeapItem> {
  readonly items: T[] = [];
  readonly #compare: (a: T, b: T) => number;
  #sequence = 0;

  /** `compare` is negative when `a` leaves first. */
  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare;
  }

  get size(): number {
    return this.items.length;
  }

  get head(): T | undefined {
    return this.items[0];
  }

  push(item: T): void {
    item.heapSequence = this.#sequence++;
    item.heapIndex = this.items.push(item) - 1;
    this.#up(item.heapIndex);
  }

  pop(): T | undefined {
    const head = this.items[0];
    if (head !== undefined) this.remove(head);
    return head;
  }

  remove(item: T): void {
    const index = item.heapIndex;
    const last = this.items.pop();
    item.heapIndex = -1;
    if (last === undefined || last === item) return;
    this.items[index] = last;
    last.heapIndex = index;
    this.#up(index);
    this.#down(last.heapIndex);
  }

  /** All items in the order in which they would leave. */
  sorted(): T[] {
    return [...this.items].sort((a, b) => this.#order(a, b));
  }

  clear(): void {
    this.items.length = 0;
    this.#sequence = 0;
  }

  #order(a: T, b: T): number {
    return this.#compare(a, b) || a.heapSequence - b.heapSequence;
  }

  #up(from: number): void {
    const { items } = this;
    let index = from;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (this.#order(items[index]!, items[parent]!) >= 0) return;
      this.#swap(index, parent);
      index = parent;
    }
  }

  #down(from: number): void {
    const { items } = this;
    let index = from;
    for (;;) {
      let least = 2 * index + 1;
      if (least >= items.length) return;
      const right = least + 1;
      if (right < items.length && this.#order(items[right]!, items[least]!) < 0) least = right;
      if (this.#order(items[least]!, items[index]!) >= 0) return;
      this.#swap(index, least);
      index = least;
    }
  }

  #swap(a: number, b: number): void {
    const { items } = this;
    const moved = items[a]!;
    items[a] = items[b]!;
    items[b] = moved;
    items[a]!.heapIndex = a;
    items[b]!.heapIndex = b;
  }
}
