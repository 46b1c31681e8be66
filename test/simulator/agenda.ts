interface Entry {
  readonly at: number;
  readonly order: number;
  readonly act: () => void;
}

/** What happens when: a queue of acts in time, first come first served within the same millisecond. */
export class Agenda {
  now: number;
  #heap: Entry[] = [];
  #order = 0;

  constructor(now: number) {
    this.now = now;
  }

  /** When the next act is due; infinity where there is none. */
  get next(): number {
    return this.#heap[0]?.at ?? Number.POSITIVE_INFINITY;
  }

  after(ms: number, act: () => void): void {
    this.at(this.now + ms, act);
  }

  /** An act at infinity never happens. */
  at(at: number, act: () => void): void {
    if (at === Number.POSITIVE_INFINITY) return;
    const entry = { at: Math.max(at, this.now), order: this.#order++, act };
    let index = this.#heap.push(entry) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!before(entry, this.#heap[parent] as Entry)) break;
      this.#heap[index] = this.#heap[parent] as Entry;
      index = parent;
    }
    this.#heap[index] = entry;
  }

  /** Lets the next act happen. */
  step(): void {
    const first = this.#heap[0];
    const last = this.#heap.pop();
    if (!first || !last) return;
    if (this.#heap.length > 0) this.#sink(last);
    this.now = first.at;
    first.act();
  }

  runUntil(end: number): void {
    while (this.next <= end) this.step();
    this.now = end;
  }

  #sink(entry: Entry): void {
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= this.#heap.length) break;
      if (child + 1 < this.#heap.length && before(this.#heap[child + 1] as Entry, this.#heap[child] as Entry)) child++;
      if (!before(this.#heap[child] as Entry, entry)) break;
      this.#heap[index] = this.#heap[child] as Entry;
      index = child;
    }
    this.#heap[index] = entry;
  }
}

const before = (a: Entry, b: Entry): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);
