import { writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

/**
 * One line of a recording. Times are whole milliseconds since its start, by the recorder's monotonic clock: when an answer
 * or a chunk had arrived.
 */
export type Line =
  | { readonly kind: "start"; readonly name: string; readonly stack: string; readonly engine: string; /** The daemon's wall clock at 0. */ readonly anchor: number; readonly told: Told }
  /** Stands before the first answer that has it. Bodies are the exact bytes, as UTF-8. */
  | { readonly kind: "body"; readonly id: number; readonly text: string }
  /** One look: the bodies by number; `nodes` where it asked for them too. */
  | { readonly kind: "look"; readonly asked: number; readonly at: number; readonly tasks: number; readonly services: number; readonly nodes?: number }
  | { readonly kind: "events"; readonly at: number; readonly chunk: string }
  /** /proc/PID/net/tcp and tcp6 of a task's container. */
  | { readonly kind: "sockets"; readonly at: number; readonly task: string; readonly container: string; readonly tcp: string; readonly tcp6: string }
  | { readonly kind: "image"; readonly at: number; readonly ref: string; readonly text: string }
  | { readonly kind: "before"; readonly at: number; readonly name: string }
  | { readonly kind: "after"; readonly at: number; readonly services: readonly string[] }
  | { readonly kind: "disturb"; readonly at: number; readonly targets: readonly string[]; readonly forMs: number; readonly why: string }
  | { readonly kind: "end"; readonly at: number };

/** What a build would tell its watch at the start. */
export interface Told {
  /** As far as dependencies go, what compose says. */
  readonly compose: readonly { readonly name: string; readonly dependsOn: readonly string[]; readonly env: Readonly<Record<string, string>> }[];
  readonly missingImages: readonly string[];
  readonly overlaid: readonly string[];
}

/** Collects the lines of one recording; an answer that was seen before is written by its number. */
export class Tape {
  readonly #lines: Line[] = [];
  readonly #bodies = new Map<string, number>();

  add(line: Line): void {
    this.#lines.push(line);
  }

  look(asked: number, at: number, tasks: string, services: string, nodes: string | null): void {
    const bodies = { tasks: this.#body(tasks), services: this.#body(services), ...(nodes === null ? {} : { nodes: this.#body(nodes) }) };
    this.add({ kind: "look", asked, at, ...bodies });
  }

  get length(): number {
    return this.#lines.length;
  }

  /** @returns bytes written */
  save(path: string): number {
    const packed = gzipSync(`${this.#lines.map((line) => JSON.stringify(line)).join("\n")}\n`, { level: 9 });
    writeFileSync(path, packed);
    return packed.length;
  }

  #body(text: string): number {
    const known = this.#bodies.get(text);
    if (known !== undefined) return known;
    const id = this.#bodies.size;
    this.#bodies.set(text, id);
    this.add({ kind: "body", id, text });
    return id;
  }
}
