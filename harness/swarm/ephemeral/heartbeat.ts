import { randomUUID } from "node:crypto";
import type { Duplex } from "node:stream";
import type Docker from "dockerode";
import { splitLines } from "../../base/command.ts";
import { messageOf } from "../../base/errors.ts";
import { bounded, statusOf } from "../bounded.ts";

const beatEveryMs = 4000;
const answerWithinMs = 15_000;

/**
 * Runs in the node: one line in, one state file written, one line out. PID 1 (node.sh) reads the files and does the
 * counting, so that nothing depends on how this process or its stream ends.
 */
const listener = `
mkdir -p /run/recipe-ci && cd /run/recipe-ci || exit 1
while read -r what token seconds; do
  case $what in
    beat) echo "$token" >beat.new && mv beat.new beat ;;
    keep) echo "$seconds $token" >keep.new && mv keep.new keep ;;
  esac && echo "$token"
done`;

/** The build's sign of life to one node: without it the node ends itself within 60 s. */
export interface Heartbeat {
  /**
   * Lets the node live for `ms` from now, heartbeat or not; 0 takes that back.
   * @throws EngineTimeout where the node does not confirm it
   */
  keepFor(ms: number): Promise<void>;
  /** No further beat; the node lives on for the grace period or for as long as it is kept. */
  stop(): void;
}

/**
 * Starts the heartbeat and waits for the node's first answer. A stream that breaks is opened again.
 * @param onLost told once when the node is gone
 */
export async function startHeartbeat(container: Docker.Container, onLost: (why: string) => void): Promise<Heartbeat> {
  const beat = new Beat(container, onLost);
  await beat.say("beat");
  return beat;
}

class Beat implements Heartbeat {
  readonly #container: Docker.Container;
  readonly #onLost: (why: string) => void;
  readonly #waiting = new Map<string, () => void>();
  readonly #timer: NodeJS.Timeout;
  #stream: Promise<Duplex> | null = null;
  #stopped = false;

  constructor(container: Docker.Container, onLost: (why: string) => void) {
    this.#container = container;
    this.#onLost = onLost;
    this.#timer = setInterval(() => void this.say("beat").catch((error: unknown) => this.#missed(error)), beatEveryMs);
    this.#timer.unref();
  }

  /** Sends a line and waits until the node has written it down. */
  async say(what: string): Promise<void> {
    const token = randomUUID();
    const [word, ...rest] = what.split(" ");
    const answered = new Promise<void>((resolve) => this.#waiting.set(token, resolve));
    try {
      const stream = await bounded("opening the heartbeat", (this.#stream ??= this.#open()), answerWithinMs);
      stream.write(`${[word, token, ...rest].join(" ")}\n`);
      await bounded(`heartbeat: ${what}`, answered, answerWithinMs);
    } catch (error) {
      this.#stream = null;
      throw error;
    } finally {
      this.#waiting.delete(token);
    }
  }

  async keepFor(ms: number): Promise<void> {
    await this.say(`keep ${Math.ceil(ms / 1000)}`);
  }

  stop(): void {
    this.#stopped = true;
    clearInterval(this.#timer);
    this.#stream?.then((stream) => stream.destroy()).catch(() => {});
    this.#stream = null;
  }

  async #open(): Promise<Duplex> {
    const exec = await this.#container.exec({ Cmd: ["sh", "-c", listener], AttachStdin: true, AttachStdout: true, AttachStderr: false });
    const stream = await exec.start({ hijack: true, stdin: true });
    // Answers come in Docker's frames; a token is found wherever its line stands.
    stream.on("data", splitLines((line) => this.#waiting.get(line.slice(-36))?.()));
    const forget = () => {
      this.#stream = null;
    };
    stream.on("error", forget);
    stream.on("close", forget);
    if (this.#stopped) stream.destroy();
    return stream;
  }

  #missed(error: unknown): void {
    if (this.#stopped) return;
    // 404: no such container; 409: it is not running. Anything else is tried again with the next beat.
    if (statusOf(error) !== 404 && statusOf(error) !== 409) return;
    this.stop();
    this.#onLost(messageOf(error));
  }
}
