import { mkdirSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../harness/base/paths.ts";
import type { Machine } from "../../harness/machine/machine.ts";
import { handOver } from "../../harness/swarm/ephemeral/image.ts";
import { startThrowaway, type Throwaway } from "../../harness/swarm/ephemeral/start.ts";
import { residueOf } from "../../harness/swarm/residue.ts";
import type { Inventory } from "../../harness/swarm/types.ts";
import { newRunId } from "../swarm/host.ts";
import { Lab, standIn } from "../swarm/support/lab.ts";
import { wrongAbra } from "./act/abra.ts";
import { type Armed, killing, nothing, plainly, unknownHere } from "./act/armed.ts";
import type { Case } from "./cases.ts";
import { eventOf, found, type Ground, type Running } from "./ground.ts";
import { newerHarness } from "./newer.ts";
import type { Found } from "./outcome.ts";

/** The node's own: the checkout and the recipes are mounted read-only. */
const [state, home, temporary, hostConfig] = ["/var/tmp/state", "/var/tmp/home", "/var/tmp/tmp", "/var/tmp/host.json"];
const environment = { RECIPE_CI_STATE: state, RECIPE_CI_CACHE: "/var/tmp/cache", HOME: home, TMPDIR: temporary, NODE_COMPILE_CACHE: "/var/tmp/compiled", NO_COLOR: "1" };
const image = "nginx:1.27";
const callMs = 60_000;

/** A Swarm that stays, with recipe-ci beside its engine. One case at a time: what is left is what was not there before. */
export class Server implements Ground {
  readonly #lab: Lab;
  readonly #node: Throwaway;
  readonly #buildMs: number;
  #before: Inventory | null = null;
  #count = 0;

  private constructor(lab: Lab, node: Throwaway, buildMs: number) {
    this.#lab = lab;
    this.#node = node;
    this.#buildMs = buildMs;
  }

  static async start(machine: Machine, buildMs: number, signal: AbortSignal): Promise<Server> {
    const lab = await Lab.open();
    let node: Throwaway | null = null;
    try {
      newerHarness(lab.path("recipes", ".newer"));
      // In a worktree, node_modules may be a link to somewhere else.
      const mounts = [...new Set([packageRoot, realpathSync(join(packageRoot, "node_modules")), lab.path("recipes")])].map((path) => ({ source: path, target: path }));
      node = await startThrowaway({ host: machine.docker, nodeImage: machine.nodeImage, edgeImage: machine.edgeImage, runId: newRunId("faults"), mounts, signal });
      const server = new Server(lab, node, buildMs);
      await handOver(machine.docker, node.docker, image, signal);
      await server.#settings();
      return server;
    } catch (error) {
      await node?.close();
      await lab.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#node.close();
    await this.#lab.close();
  }

  async arm({ action, call = "" }: Case): Promise<Armed> {
    this.#before = await this.#node.inventory();
    switch (action.kind) {
      case "none":
        return nothing;
      case "signal":
        return killing(action.signal);
      case "one-of-two-killed":
        return killing("SIGKILL");
      case "newer-beside":
        return plainly(async (target) => {
          await this.#endGuardians();
          await target.kill("SIGKILL");
        });
      case "abra-hangs":
      case "abra-killed":
      case "abra-garbage": {
        const [program, armed] = [`/var/tmp/abra-${++this.#count}/abra`, `/var/tmp/armed-${this.#count}`];
        await this.#node.shell.putFile(program, wrongAbra({ kind: action.kind, call, real: standIn, armed }), 0o755);
        return plainly(() => this.#node.shell.putFile(armed, ""), { flags: ["--abra", program], relieve: async () => void (await this.#run(["rm", "-f", armed])) });
      }
      default:
        return unknownHere(action.kind, "a Swarm that stays");
    }
  }

  async start(one: Pick<Case, "fixture" | "flags">, armed: Pick<Armed, "flags" | "env">, out: string, onEvent: Parameters<Ground["start"]>[3], harness: string = packageRoot): Promise<Running> {
    const repo = await this.#lab.recipe(one.fixture, `recipes/${++this.#count}`);
    const abra = armed.flags.includes("--abra") ? [] : ["--abra", join(harness, "test/abra/abra")];
    const argv = [join(harness, "bin/recipe-ci"), "run", repo, "--swarm", "local", "--host-config", hostConfig, ...abra, "--out", `/var/tmp/${out}`, "--json", ...one.flags, ...armed.flags];
    const file = `/var/tmp/${out}.pid`;
    await this.#run(["rm", "-rf", `/var/tmp/${out}`]);
    const onLine = (line: string) => {
      const event = eventOf(line);
      if (event) onEvent(event);
    };
    const ran = this.#node.shell.exec(["env", "-u", "DOCKER_HOST", "sh", "-c", 'echo $$ >"$0"; exec "$@"', file, ...argv], { timeoutMs: this.#buildMs, env: { ...environment, ...armed.env }, onLine });
    return {
      kill: async (signal) => void (await this.#run(["sh", "-c", `kill -${signal.slice(3)} "$(cat ${file})"`])),
      ended: ran.then(({ exitCode, stdout, stderr }) => ({ code: exitCode === 137 ? "SIGKILL" : exitCode, output: stdout + stderr })),
    };
  }

  async results(out: string): Promise<Found> {
    return found(await this.#node.shell.readFile(`/var/tmp/${out}/results.json`).catch(() => null));
  }

  async left(): Promise<string[]> {
    if (!this.#before) throw new Error("what is left is asked for before anything began");
    const [inventory, files, processes] = await Promise.all([this.#node.inventory(), this.#lines(listFiles), this.#lines(listProcesses)]);
    return [...residueOf(this.#before, inventory).map(({ kind, name }) => `${kind} ${name}`), ...files.map((file) => `file ${file}`), ...processes.map((one) => `process ${one}`)];
  }

  async sweep(harness: string = packageRoot): Promise<string> {
    const { exitCode, stdout, stderr } = await this.#run([join(harness, "bin/recipe-ci"), "sweep"], 240_000);
    return `${stdout}${stderr}(exit code ${exitCode})`;
  }

  async keep(out: string, to: string): Promise<void> {
    for (const name of ["results.json", "build.log"]) {
      const text = await this.#node.shell.readFile(`/var/tmp/${out}/${name}`).catch(() => null);
      if (text === null) continue;
      mkdirSync(to, { recursive: true });
      writeFileSync(join(to, name), text);
    }
  }

  /** The copy of recipe-ci whose leases are of a later schema. */
  get newer(): string {
    return this.#lab.path("recipes", ".newer");
  }

  /** No build's guardian lives on. */
  async #endGuardians(): Promise<void> {
    await this.#run(["sh", "-c", "for p in /proc/[0-9]*; do tr '\\0' ' ' <$p/cmdline 2>/dev/null | grep -q '[.]newer/bin/recipe-ci.mjs guard' && kill -KILL ${p#/proc/}; done; true"]);
  }

  async #settings(): Promise<void> {
    const { trust, baseDomain } = this.#node.edge;
    if (trust === "public") throw new Error("a throwaway edge has a CA of its own");
    const { shell } = this.#node;
    await this.#run(["mkdir", "-p", home, temporary, state]);
    await shell.putFile("/var/tmp/ca.pem", trust.ca);
    await shell.putFile(hostConfig, JSON.stringify({ baseDomain, edge: { address: "127.0.0.1", httpsPort: 443, httpPort: 80, ca: "/var/tmp/ca.pem" } }));
  }

  async #lines(script: string): Promise<string[]> {
    const { exitCode, stdout, stderr } = await this.#run(["sh", "-c", script]);
    if (exitCode !== 0) throw new Error(`what is left in the node can't be listed: ${stderr.trim()}`);
    return stdout.split("\n").filter(Boolean);
  }

  /** Not ended by an interrupt of the tests: what they began has to be ended in the node. */
  #run(argv: readonly string[], timeoutMs = callMs) {
    return this.#node.shell.exec(["env", "-u", "DOCKER_HOST", ...argv], { timeoutMs, env: { ...environment, RECIPE_CI_STATE: state } });
  }
}

const listFiles = `find ${state}/runs ${state}/kept ${temporary} -mindepth 1 -maxdepth 1 2>/dev/null; true`;

/** Told by the state folder in their environment; those that look do so from a shell that has it too. */
const listProcesses = `for p in /proc/[0-9]*; do
  tr '\\0' '\\n' <$p/environ 2>/dev/null | grep -qx 'RECIPE_CI_RUN=.*' || tr '\\0' ' ' <$p/cmdline 2>/dev/null | grep -q '[r]ecipe-ci.mjs guard' || continue
  line=$(tr '\\0' ' ' <$p/cmdline 2>/dev/null)
  [ -n "$line" ] && echo "\${p#/proc/}: $line"
done; true`;
