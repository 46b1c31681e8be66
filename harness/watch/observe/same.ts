/** What an engine has nothing new to say about should cost a comparison, and no memory. */

/** Puts the chunks of an answer together; as long as they are those of the last answer, nothing is kept. */
export class Gathering {
  readonly #last: Buffer;
  #chunks: Buffer[] | null = null;
  bytes = 0;

  constructor(last: Buffer | null) {
    this.#last = last ?? Buffer.alloc(0);
  }

  add(chunk: Buffer): void {
    const expected = this.#last.subarray(this.bytes, this.bytes + chunk.length);
    if (this.#chunks === null && !expected.equals(chunk)) this.#chunks = [this.#last.subarray(0, this.bytes)];
    this.#chunks?.push(chunk);
    this.bytes += chunk.length;
  }

  /** The whole answer: the very buffer of the last one where it says the same. */
  end(): Buffer {
    if (this.#chunks) return Buffer.concat(this.#chunks, this.bytes);
    return this.bytes === this.#last.length ? this.#last : Buffer.from(this.#last.subarray(0, this.bytes));
  }
}

/**
 * Reads JSON, unless the bytes are those of the last time.
 * @returns the very same value for the same bytes; throws SyntaxError for what is no JSON, and whatever `read` throws
 */
export function unlessSame<T>(read: (answer: unknown) => T): (bytes: Buffer) => T {
  let last: { readonly bytes: Buffer; readonly value: T } | null = null;
  return (bytes) => {
    if (last?.bytes === bytes || last?.bytes.equals(bytes)) return last.value;
    const value = read(JSON.parse(bytes.toString("utf8")));
    last = { bytes, value };
    return value;
  };
}
