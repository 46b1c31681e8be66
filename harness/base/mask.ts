import { type Reading, readers } from "./readings.ts";
import { secretForms, shortestSecret } from "./secretForms.ts";

const mark = "•••";

/** A stretch of text: from, to. */
type Stretch = readonly [number, number];

/**
 * Covers secret values wherever they stand: plain, in base64, URLs, JSON and HTML, and torn apart by a line's end or the wall of
 * a table's cell. The longest come first, and overlapping ones are covered as one.
 */
export class Mask {
  #forms: string[] = [];
  #slugs: string[] = [];
  readonly #reserved: ReadonlySet<string>;

  /** @param reserved words that are never secret, whoever says so: a report could not be written without them */
  constructor(reserved: Iterable<string> = []) {
    this.#reserved = new Set(reserved);
  }

  /** Values shorter than 6 characters are left alone: they stand in ordinary text by chance. */
  add(value: string): void {
    if (this.#reserved.has(value.trim())) return;
    const forms = secretForms(value);
    this.#forms = [...new Set([...this.#forms, ...forms])].sort((a, b) => b.length - a.length);
    this.#slugs = [...new Set([...this.#slugs, ...forms.map(slug).filter((name) => name.length >= shortestSecret)])];
  }

  text(text: string): string {
    if (this.#forms.length === 0) return text;
    // One after the other: what a simpler way found is gone from what the others read.
    return readers.reduce((masked, read) => {
      const reading = read(masked, this.#wanted);
      return reading ? covered(masked, this.#stretches(reading)) : masked;
    }, text);
  }

  /** As `text`, of lines that follow each other: a value may go on in the next one. There are as many lines afterwards. */
  lines(lines: readonly string[]): string[] {
    if (lines.some((line) => line.includes("\n"))) return lines.map((line) => this.text(line));
    return lines.length === 0 ? [] : this.text(lines.join("\n")).split("\n");
  }

  /** Plain data with every string in it masked; lists of strings as lines. */
  data<T>(value: T): T {
    if (this.#forms.length === 0) return value;
    return JSON.parse(JSON.stringify(value), (_key, one: unknown) => {
      if (typeof one === "string") return this.text(one);
      return isLines(one) ? this.lines(one) : one;
    }) as T;
  }

  /** Where the first secret in a text begins; null where there is none. */
  find(text: string): number | null {
    if (this.#forms.length === 0) return null;
    for (const read of readers) {
      const reading = read(text, this.#wanted);
      const first = reading && this.#stretches(reading)[0];
      if (first) return first[0];
    }
    return null;
  }

  /** Whether a file's name shows a secret, also where only letters and digits are left of it. */
  inName(name: string): boolean {
    const plain = slug(name);
    return this.find(name) !== null || this.#slugs.some((one) => plain.includes(one));
  }

  /** How many characters the longest known form of a secret has. */
  get longest(): number {
    return this.#forms[0]?.length ?? 0;
  }

  readonly #wanted = (text: string): boolean => this.#forms.some((form) => text.includes(form));

  /** What is to be covered of the text that was read, in order, without overlaps. */
  #stretches(reading: Reading): Stretch[] {
    const found: Stretch[] = [];
    for (const form of this.#forms) {
      for (let at = reading.text.indexOf(form); at >= 0; at = reading.text.indexOf(form, at + form.length)) {
        found.push(...pieces(reading, at, at + form.length));
      }
    }
    return merged(found);
  }
}

/** Where in the text that was read a part of a reading stands: in one piece, or in several around breaks. */
function pieces({ starts, ends }: Reading, from: number, to: number): Stretch[] {
  const found: [number, number][] = [];
  for (let index = from; index < to; index += 1) {
    const [start = 0, end = 0] = [starts[index], ends[index]];
    const last = found.at(-1);
    if (last && start <= last[1]) last[1] = Math.max(last[1], end);
    else if (end > start) found.push([start, end]);
  }
  return found;
}

function merged(stretches: readonly Stretch[]): Stretch[] {
  const all: [number, number][] = [];
  for (const [from, to] of stretches.toSorted((a, b) => a[0] - b[0] || b[1] - a[1])) {
    const last = all.at(-1);
    if (last && from < last[1]) last[1] = Math.max(last[1], to);
    else all.push([from, to]);
  }
  return all;
}

/** Line ends stay: what reads line by line finds as many as before. */
function covered(text: string, stretches: readonly Stretch[]): string {
  let from = 0;
  const parts: string[] = [];
  for (const [start, end] of stretches) {
    parts.push(text.slice(from, start), text.slice(start, end).replace(/[^\n]+/g, mark));
    from = end;
  }
  return `${parts.join("")}${text.slice(from)}`;
}

function isLines(value: unknown): value is string[] {
  return Array.isArray(value) && value.length > 1 && value.every((one) => typeof one === "string");
}

/** What a file's name keeps of a text: letters and digits. */
function slug(text: string): string {
  return text.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-").replaceAll(/^-+|-+$/g, "");
}
