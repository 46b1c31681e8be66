import { realpathSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { packageRoot } from "../../../harness/base/paths.ts";
import { waitFor } from "../../../harness/base/wait.ts";
import { backupBotImage, registryImage } from "../../../harness/machine/catalogue.ts";
import { handOver } from "../../../harness/swarm/ephemeral/image.ts";
import { startThrowaway, type Throwaway } from "../../../harness/swarm/ephemeral/start.ts";
import { type Results, resultsSchema } from "../../../reports/results.ts";
import { newRunId, testMachine } from "../host.ts";
import { Lab, standIn } from "../support/lab.ts";
import type { Canary } from "./canary.ts";
import { makeRecipe } from "./recipe.ts";

/** Images of Docker Hub that canaries run, and the applications beside them. */
const images = ["nginx:1.27", "wordpress:6.1.0-apache", "wordpress:6.1.1-apache", "mariadb:10.11"];
const handedOver = [...images, registryImage, backupBotImage];
const registry = "127.0.0.1:5000";
const buildMs = 240_000;

/**
 * One node that all canaries share, as a maintainer's server: a Swarm with its edge, and a registry of its own that has what
 * exists and says so of what does not. Builds run on it with `--swarm local`, beside each other.
 */
export class CanaryServer {
  readonly #lab: Lab;
  readonly #node: Throwaway;
  readonly #signal: AbortSignal;

  private constructor(lab: Lab, node: Throwaway, signal: AbortSignal) {
    this.#lab = lab;
    this.#node = node;
    this.#signal = signal;
  }

  static async start(signal: AbortSignal): Promise<CanaryServer> {
    const machine = await testMachine(handedOver, signal);
    const lab = await Lab.open();
    await mkdir(lab.path("out"));
    // In a worktree, node_modules may be a link to somewhere else.
    const mounts = [...new Set([packageRoot, realpathSync(join(packageRoot, "node_modules")), lab.path("recipes")])].map((path) => ({ source: path, target: path }));
    const dockerdArgs = [`--registry-mirror=http://${registry}`];
    const node = await startThrowaway({ host: machine.docker, nodeImage: machine.nodeImage, edgeImage: machine.edgeImage, runId: newRunId("canaries"), mounts, dockerdArgs, signal });
    const server = new CanaryServer(lab, node, signal);
    for (const image of handedOver) await handOver(machine.docker, node.docker, image, signal);
    await server.#serveImages();
    await server.#settings();
    await server.#backupBot(await lab.recipe("backup-bot-two"));
    return server;
  }

  async close(): Promise<void> {
    await this.#node.close();
    await this.#lab.close();
  }

  inventory() {
    return this.#node.inventory();
  }

  /** What is in the bot's repository. */
  async snapshots(): Promise<unknown> {
    const restic = "RESTIC_PASSWORD_FILE=/run/secrets/restic_password restic --no-lock snapshots --json";
    const { stdout, stderr } = await this.#run(["sh", "-c", 'docker exec "$(docker ps -q -f label=com.docker.swarm.service.name=bot_app)" sh -c "$1"', "sh", restic], 60_000);
    if (stdout === "") throw new Error(`the bot's repository: ${stderr}`);
    return JSON.parse(stdout) ?? [];
  }

  /** One build of a canary. @throws Error with what the process said where there are no results */
  async build(canary: Canary): Promise<{ results: Results; exitCode: number; said: string }> {
    const repo = canary.fixture ? await this.#lab.recipe(canary.name) : await makeRecipe(canary, this.#lab.path("recipes"));
    for (const [name, head] of Object.entries(canary.beside ?? {})) await makeRecipe({ name, head }, this.#lab.path("recipes"));
    const out = `/var/tmp/canaries/${canary.name}`;
    const argv = [join(packageRoot, "bin/recipe-ci"), "run", repo, "--swarm", "local", "--host-config", hostConfig, "--abra", standIn, "--out", out, "--json", ...(canary.flags ?? [])];
    // A canary's test may want to interrupt the build that runs it.
    const { exitCode, stdout, stderr } = await this.#run(["sh", "-c", `echo $$ > ${out}.pid; exec "$0" "$@"`, ...argv], buildMs);
    const said = stdout + stderr;
    const written = await this.#node.shell.readFile(`${out}/results.json`).catch(() => null);
    if (written === null) throw new Error(`${canary.name}: exit code ${exitCode} and no results\n${said}`);
    return { results: resultsSchema.parse(JSON.parse(written)), exitCode, said };
  }

  #run(argv: readonly string[], timeoutMs: number) {
    return this.#node.shell.exec(["env", "-u", "DOCKER_HOST", ...argv], { timeoutMs, signal: this.#signal, env: environment });
  }

  /** The one that serves the server, as its operator deployed it. */
  async #backupBot(recipe: string): Promise<void> {
    const env = ["STACK_NAME=bot", "RESTIC_REPOSITORY=/backups/restic", "SECRET_RESTIC_PASSWORD_VERSION=v1"];
    await this.#docker(["sh", "-c", "head -c 24 /dev/urandom | base64 | docker secret create bot_restic_password_v1 -"]);
    await this.#docker(["env", ...env, "docker", "stack", "deploy", "--resolve-image", "never", "-c", `${recipe}/compose.yml`, "bot"]);
    await waitFor(async () => {
      const { stdout } = await this.#run(["docker", "service", "ls", "--filter", "name=bot_app", "--format", "{{.Replicas}}"], 10_000);
      return stdout.startsWith("1/1") ? { done: true, value: undefined } : { done: false, saw: stdout };
    }, { what: "the backup bot", timeoutMs: 60_000, signal: this.#signal });
  }

  async #docker(argv: readonly string[]): Promise<void> {
    const { exitCode, stderr } = await this.#run(argv, 60_000);
    if (exitCode !== 0) throw new Error(`${argv.join(" ")}: ${stderr}`);
  }

  /** What Docker Hub is to the node's engine, and to the builds on it. */
  async #serveImages(): Promise<void> {
    const docker = (...argv: string[]) => this.#docker(["docker", ...argv]);
    await docker("run", "--detach", "--network", "host", "--name", "hub", registryImage);
    await waitFor(async () => {
      const { exitCode, stderr } = await this.#run(["bash", "-c", `exec 3<>/dev/tcp/${registry.replace(":", "/")}`], 5000);
      return exitCode === 0 ? { done: true, value: undefined } : { done: false, saw: stderr };
    }, { what: "the node's registry", timeoutMs: 30_000, signal: this.#signal });
    for (const image of images) {
      const there = `${registry}/library/${image}`;
      await docker("tag", image, there);
      await docker("push", "--quiet", there);
      await docker("rmi", there);
      // Now the engine knows it by the digest that the registry gives.
      await docker("pull", "--quiet", image);
    }
  }

  async #settings(): Promise<void> {
    const { trust, baseDomain } = this.#node.edge;
    if (trust === "public") throw new Error("a throwaway edge has a CA of its own");
    const { shell } = this.#node;
    await shell.putFile("/var/tmp/ca.pem", trust.ca);
    await shell.putFile(hostConfig, JSON.stringify({ baseDomain, edge: { address: "127.0.0.1", httpsPort: 443, httpPort: 80, ca: "/var/tmp/ca.pem" }, mirrors: { "registry-1.docker.io": `http://${registry}` } }));
    await this.#run(["mkdir", "-p", "/var/tmp/home", "/var/tmp/tmp", "/var/tmp/canaries"], 10_000);
  }
}

const hostConfig = "/var/tmp/host.json";
const environment = { RECIPE_CI_STATE: "/var/tmp/state", RECIPE_CI_CACHE: "/var/tmp/cache", HOME: "/var/tmp/home", TMPDIR: "/var/tmp/tmp", NO_COLOR: "1" };
