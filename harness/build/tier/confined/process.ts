import { infra, messageOf } from "../../../base/errors.ts";
import { within } from "../../../base/wait.ts";
import type { Confined, LimitHit } from "../../../swarm/confined.ts";
import { scratchFolder } from "../../../../tiers/runner/inside.ts";
import type { FromChild, ToChild } from "../../../../tiers/runner/messages.ts";
import { type Ended, readyOrEnded, type TestProcess } from "../../../../tiers/runner/process.ts";
import type { Control } from "./ways.ts";

/** Lines that tests print beyond these are of no use to anybody. */
const mostLines = 2000;
const traceMs = 500;
const hitMs = 5000;
const endedMs = 1000;

/** The process that runs vitest, as the first one of a container. */
export class ConfinedProcess implements TestProcess {
  readonly ended: Promise<Ended>;
  onMessage: (message: FromChild) => void = () => {};
  /** The limit that something in it came to; known once it is killed. */
  hit: LimitHit | null = null;
  readonly #container: Promise<Confined>;
  readonly #control: Control;
  readonly #scratch: string;
  readonly #ready: Promise<void>;
  #lines = 0;
  #traced: (text: string) => void = () => {};
  #killed: Promise<void> | null = null;

  /**
   * @param container as it is being started
   * @param scratch its folder for what is written, as it calls it
   */
  constructor(container: Promise<Confined>, control: Control, log: (line: string) => void, scratch: string = scratchFolder) {
    this.#scratch = scratch;
    this.#container = container;
    this.#control = control;
    const ended = container.then((one) => one.ended, (error: unknown) => messageOf(error));
    // It falls silent a moment before the engine knows how it ended.
    this.ended = Promise.race([ended, control.ended.then(async (why) => (await within(ended, endedMs)) ?? why)]);
    this.#ready = new Promise((resolve) => {
      control.onMessage = (message) => {
        if (message.type === "ready") resolve();
        else if (message.type === "log") this.#print(message.line, log);
        else if (message.type === "trace") this.#traced(message.text);
        else this.onMessage(message);
      };
    });
  }

  async ready(signal: AbortSignal): Promise<void> {
    const how = await readyOrEnded(this, this.#ready, signal);
    if (how !== null) throw infra("test-runner", `the container of the pull request's tests did not start: ${how}`, "see the log, then run it again; --trust data leaves its tests out");
  }

  send(message: ToChild): void {
    this.#control.send(message);
  }

  kill(): Promise<void> {
    return (this.#killed ??= this.#end());
  }

  async #end(): Promise<void> {
    const container = await this.#container.catch(() => null);
    if (!container) return;
    this.hit = await within(container.hit(), hitMs).catch(() => null);
    await container.remove();
  }

  tracePath(run: number): string {
    return `${this.#scratch}/trace-${run}`;
  }

  async trace(run: number): Promise<string> {
    const { promise, resolve } = Promise.withResolvers<string>();
    this.#traced = resolve;
    this.send({ type: "trace", path: this.tracePath(run) });
    return (await within(promise, traceMs)) ?? "";
  }

  /** It goes with the container. */
  async forgetTrace(): Promise<void> {}

  #print(line: string, log: (line: string) => void): void {
    this.#lines += 1;
    if (this.#lines <= mostLines) log(`tests: ${line}`);
    else if (this.#lines === mostLines + 1) log("tests: what they print from here on is left out");
  }
}
