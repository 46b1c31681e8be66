import { Buffer } from "node:buffer";
import type { Handlers, Ran } from "../../../../tiers/rpc/protocol.ts";

/** What a pull request's tests may ask of the build, and how much of it. */
export interface Allowance {
  /** Services of the app, or of a recipe that it needs; throws where there is no such recipe. */
  readonly servicesOf: (need: string | null) => readonly string[];
  /** Hides a value in what these tests say, and in their pictures. */
  readonly hide: (value: string) => void;
}

const most = { calls: 5000, atOnce: 4, words: 1000, wordBytes: 128 * 1024, inputBytes: 8 * 1024 ** 2, outputLength: 8 * 1024 ** 2, logLines: 5000, hidden: 100, hiddenBytes: 10_000, variables: 200 } as const;

/**
 * The build's answers for tests of people whom nobody knows: the app's own services, and those of what it needs, by their names in the
 * compose files; its own secrets; bounded in number and size. What they hide is hidden in their own words and pictures alone: it is
 * not theirs to say what the build's reports may show.
 */
export function guarded(handlers: Handlers, allowed: Allowance): Handlers {
  const gate = new Gate();
  const service = (need: string | null, name: string) => {
    const names = allowed.servicesOf(need);
    if (!names.includes(name)) throw new Error(`${need ?? "the app"} has no service ${JSON.stringify(name)}; it has ${names.join(", ")}`);
  };
  let hidden = 0;
  return {
    exec: (params, signal) => gate.pass(() => {
      service(params.need, params.service);
      bounded("words", params.argv.length, most.words);
      bounded("bytes of words", bytes(params.argv), most.wordBytes);
      bounded("bytes of input", Buffer.byteLength(params.input ?? ""), most.inputBytes);
      return handlers.exec(params, signal).then(cut);
    }),
    logs: (params, signal) => gate.pass(() => {
      service(params.need, params.service);
      return handlers.logs({ ...params, lines: Math.min(params.lines, most.logLines) }, signal);
    }),
    secret: (params, signal) => gate.pass(() => handlers.secret(params, signal)),
    abraCmd: (params, signal) => gate.pass(() => {
      // The build itself refuses one for the host, which has no service.
      if (params.service !== null) service(params.need, params.service);
      bounded("words", params.args.length, most.words);
      bounded("bytes of words", bytes(params.args), most.wordBytes);
      return handlers.abraCmd(params, signal).then(cut);
    }),
    secrets: (params, signal) => gate.pass(() => handlers.secrets(params, signal)),
    mask: ({ value }) => gate.pass(async () => {
      hidden += 1;
      bounded("hidden values", hidden, most.hidden);
      bounded("bytes of a hidden value", Buffer.byteLength(value), most.hiddenBytes);
      allowed.hide(value);
      return null;
    }),
    picture: (params, signal) => gate.pass(() => handlers.picture(params, signal)),
    wired: (params, signal) => gate.pass(() => {
      bounded("variables", Object.keys(params.env).length, most.variables);
      bounded("bytes of variables", bytes(Object.entries(params.env).flat()), most.wordBytes);
      return handlers.wired(params, signal);
    }),
    services: (params, signal) => gate.pass(() => handlers.services(params, signal)),
  };
}

/** What a program says beyond it is left out. */
function cut(ran: Ran): Ran {
  return { ...ran, stdout: ran.stdout.slice(0, most.outputLength), stderr: ran.stderr.slice(0, most.outputLength) };
}

/** Counts calls. */
class Gate {
  #calls = 0;
  #now = 0;

  async pass<T>(call: () => Promise<T>): Promise<T> {
    this.#calls += 1;
    bounded("calls", this.#calls, most.calls);
    this.#now += 1;
    try {
      bounded("calls at once", this.#now, most.atOnce);
      return await call();
    } finally {
      this.#now -= 1;
    }
  }
}

function bounded(what: string, asked: number, limit: number): void {
  if (asked > limit) throw new Error(`a pull request's tests may have ${limit} ${what} at most`);
}

function bytes(words: readonly string[]): number {
  return words.reduce((sum, word) => sum + Buffer.byteLength(word), 0);
}
