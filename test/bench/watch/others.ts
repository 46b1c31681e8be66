import { join } from "node:path";
import { parse, stringify } from "yaml";
import { standInCommand } from "../../../harness/abra/standIn.ts";
import type { Throwaway } from "../../../harness/swarm/ephemeral/start.ts";
import { waitFor } from "../../../harness/base/wait.ts";
import { webImage } from "./stack.ts";

/** What people wait with today, on the same Swarm: abra's own wait (the stand-in's) and the docker client's. */

/** Both would wait for up to TIMEOUT, 1200 s here: they are cut after this many seconds. */
export const cutAfterSeconds = 120;

/** How a wait ended, in words for a cell of the table. */
export type Said = string;

const abraDir = "/var/tmp/bench-abra";

/** A recipe's folder as the node sees it, and what changes in its compose file. */
export interface Recipe {
  readonly dir: string;
  readonly name: string;
  readonly change?: (services: Record<string, Record<string, unknown>>) => void;
}

/** The stand-in in a server's node, where it finds the Swarm at the usual socket. */
export class Others {
  readonly #server: Throwaway;
  readonly #signal: AbortSignal;

  constructor(server: Throwaway, signal: AbortSignal) {
    this.#server = server;
    this.#signal = signal;
  }

  async abra(recipe: Recipe, domain: string): Promise<Said> {
    await this.#place(recipe, domain);
    const ran = await this.#timed(["timeout", String(cutAfterSeconds), standInCommand, "app", "deploy", "-n", "-C", "-o", "--no-domain-checks", domain]);
    const stack = domain.replaceAll(".", "_");
    const running = ran.exitCode === 0 ? await this.#runningAt(`com.docker.stack.namespace=${stack}`) : null;
    await this.#must(["docker", "stack", "rm", stack]);
    await this.#gone(`com.docker.stack.namespace=${stack}`);
    return said(ran, running);
  }

  /** @param flags of `docker service create`, with the image and its command */
  async docker(name: string, flags: readonly string[]): Promise<Said> {
    const label = `bench=${name}`;
    const ran = await this.#timed(["timeout", String(cutAfterSeconds), "docker", "service", "create", "--detach=false", "--quiet", "--name", name, "--label", label, "--container-label", label, ...flags]);
    const running = ran.exitCode === 0 ? await this.#runningAt(label) : null;
    await this.#must(["docker", "service", "rm", name]);
    return said(ran, running);
  }

  async #timed(argv: readonly string[]): Promise<Ended> {
    const started = Date.now();
    const { exitCode } = await this.#exec(argv, (cutAfterSeconds + 60) * 1000);
    return { exitCode, seconds: (Date.now() - started) / 1000, at: Date.now() };
  }

  /** The recipe where abra looks for it, an app of it, and its secrets. */
  async #place({ dir, name, change }: Recipe, domain: string): Promise<void> {
    const tree = join(abraDir, "recipes", name);
    await this.#must(["mkdir", "-p", join(abraDir, "servers/default"), join(abraDir, "recipes"), join(abraDir, "catalogue")]);
    await this.#must(["cp", "-r", dir, tree]);
    // The app's recipe is what its env file says.
    await this.#must(["sed", "-i", `s/^TYPE=.*/TYPE=${name}/`, join(tree, ".env.sample")]);
    await this.#must(["git", "config", "--global", "safe.directory", "*"]);
    await this.#must([standInCommand, "app", "new", "-n", "-C", "-s", "default", "-D", domain, name]);
    const compose = parse(await this.#server.shell.readFile(join(tree, "compose.yml"))) as { services: Record<string, Record<string, unknown>> };
    change?.(compose.services);
    // Without IPVS in the kernel a service's virtual IP never answers.
    if (!this.#server.facts.ipvs) for (const service of Object.values(compose.services)) service.deploy = { ...(service.deploy as object), endpoint_mode: "dnsrr" };
    await this.#server.shell.putFile(join(tree, "compose.yml"), stringify(compose));
    await this.#must(["sed", "-i", "-e", "/^LETS_ENCRYPT_ENV=/d", "-e", "s/^TIMEOUT=.*/TIMEOUT=1200/", join(abraDir, `servers/default/${domain}.env`)]);
    await this.#must([standInCommand, "app", "secret", "generate", "-n", "-C", "-m", "-a", domain]);
  }

  /** When the last of the labelled services' tasks began to run, ms since the epoch. */
  async #runningAt(label: string): Promise<number> {
    const tasks = (await this.#server.docker.listTasks({ filters: { label: [label] } })) as { Status: { State: string; Timestamp: string } }[];
    return Math.max(...tasks.filter(({ Status }) => Status.State === "running").map(({ Status }) => Date.parse(Status.Timestamp)));
  }

  async #gone(label: string): Promise<void> {
    await waitFor(async () => {
      const tasks = await this.#server.docker.listTasks({ filters: { label: [label] } });
      return tasks.length === 0 ? { done: true, value: undefined } : { done: false, saw: `${tasks.length} tasks` };
    }, { what: `${label} to be gone`, timeoutMs: 60_000, signal: this.#signal });
  }

  #exec(argv: readonly string[], timeoutMs: number) {
    const env = { ABRA_DIR: abraDir, HOME: "/root" };
    return this.#server.shell.exec(["env", "-u", "DOCKER_HOST", ...argv], { timeoutMs, signal: this.#signal, env, cwd: "/" });
  }

  async #must(argv: readonly string[]): Promise<void> {
    const { exitCode, stdout, stderr } = await this.#exec(argv, 60_000);
    if (exitCode !== 0) throw new Error(`bench: ${argv.join(" ")} ended with exit code ${exitCode}: ${stderr || stdout}`);
  }
}

interface Ended {
  readonly exitCode: number;
  readonly seconds: number;
  readonly at: number;
}

/** @param running when the last task began to run, where the wait ended well */
function said({ exitCode, seconds, at }: Ended, running: number | null): Said {
  if (exitCode === 124) return `no verdict: cut at ${cutAfterSeconds} s`;
  if (running !== null) return `settled known ${((at - running) / 1000).toFixed(1)} s after the last task's running timestamp`;
  return `exit code ${exitCode} after ${seconds.toFixed(1)} s`;
}

/** What the docker client is given for each scenario. */
export const dockerFlags = {
  loop: [webImage, "sh", "-c", "sleep 1; exit 1"],
  missing: ["nginx:1.27-no-such-tag"],
  gaveUp: ["--restart-condition", "none", webImage, "sh", "-c", "exit 3"],
  healthy: ["--health-cmd", "test -s /run/nginx.pid", "--health-interval", "1s", webImage],
} as const;
