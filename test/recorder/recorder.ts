import { join } from "node:path";
import { pause } from "../../harness/base/wait.ts";
import type { Throwaway } from "../../harness/swarm/ephemeral/start.ts";
import { Camera } from "./camera.ts";
import type { Engine } from "./engine.ts";
import type { Plot } from "./plots/plot.ts";
import { Stage } from "./stage.ts";
import { Tape } from "./tape.ts";

export interface RecorderOptions {
  readonly swarm: Throwaway;
  readonly nodes: readonly { readonly pid: number; readonly engine: Engine }[];
  readonly out: string;
  readonly signal: AbortSignal;
}

/** What a watch asks for: health checks would fill the stream with events of exec. */
const filters = JSON.stringify({
  type: ["container", "service", "node"],
  event: ["create", "start", "die", "oom", "health_status", "destroy", "update", "remove"],
});

/** Records plots on one Swarm, several at a time. */
export class Recorder {
  readonly #options: RecorderOptions;
  readonly #listeners = new Set<(chunk: string) => void>();
  readonly #listening: Promise<void>;

  constructor(options: RecorderOptions) {
    this.#options = options;
    // One stream for all: the chunks of the others are left out below, those that are kept are whole.
    this.#listening = this.#manager.stream("/events", { filters }, (chunk) => {
      for (const listener of this.#listeners) listener(chunk);
    });
    this.#listening.catch(() => {});
  }

  get #manager(): Engine {
    const [manager] = this.#options.nodes;
    if (!manager) throw new Error("a Swarm of no nodes");
    return manager.engine;
  }

  async record(plot: Plot, delayMs: number): Promise<{ bytes: number; lines: number }> {
    const { swarm, nodes, out } = this.#options;
    await pause(delayMs, this.#options.signal);
    const ended = new AbortController();
    const signal = AbortSignal.any([this.#options.signal, ended.signal]);
    const tape = new Tape();
    const stack = plot.name;
    const asked = performance.now();
    const { SystemTime, ServerVersion } = JSON.parse(await this.#manager.text("/info")) as { SystemTime: string; ServerVersion: string };
    const started = performance.now();
    const now = () => performance.now() - started;
    const told = {
      compose: Object.entries(plot.services).map(([name, { needs = [], env = {} }]) => ({ name, dependsOn: needs, env })),
      missingImages: plot.missingImages ?? [],
      overlaid: plot.overlaid ?? [],
    };
    tape.add({ kind: "start", name: plot.name, stack, engine: ServerVersion, anchor: Math.round(Date.parse(SystemTime) + (started - asked) / 2), told });
    const camera = new Camera({ engine: this.#manager, nodes, stack, tape, now, everyMs: plot.lookEveryMs, signal });
    const hear = keeper(plot, stack, tape, camera, now);
    this.#listeners.add(hear);
    const running = camera.run();
    running.catch(() => {});
    const stage = new Stage({ stack, engines: swarm.nodes.map(({ docker }) => docker), nodes: swarm.nodes.map(({ container }) => container), tape, camera, now, signal });
    try {
      await (plot.play ?? ((s) => s.deploy(plot.services)))(stage);
      await stage.at(plot.seconds);
    } finally {
      this.#listeners.delete(hear);
      ended.abort(new Error("the recording is over"));
      await running;
      await stage.clear();
    }
    tape.add({ kind: "end", at: Math.round(now()) });
    return { bytes: tape.save(join(out, `${plot.name}.jsonl.gz`)), lines: tape.length };
  }
}

/** Keeps whole chunks that have something of the stack or of a node in them. */
function keeper(plot: Plot, stack: string, tape: Tape, camera: Camera, now: () => number): (chunk: string) => void {
  let lost = false;
  return (chunk) => {
    const ours = chunk.includes(`"${stack}_`) || chunk.includes(`"${stack}"`);
    if (lost || !(ours || chunk.includes('"Type":"node"'))) return;
    tape.add({ kind: "events", at: Math.round(now()), chunk });
    if (!ours) return;
    camera.wake();
    lost = plot.loseEvents === true && chunk.includes('"Action":"die"');
  };
}
