/** Where the contract is checked: a throwaway node with a Swarm of its own, a binary in it, small recipes for it. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { type CommandResult, command } from "../../../harness/base/command.ts";
import { waitFor } from "../../../harness/base/wait.ts";
import { standInCommand, standInMounts } from "../../../harness/abra/standIn.ts";
import { type RecipeOptions, makeRecipe } from "./recipe.ts";

const packageRoot = resolve(import.meta.dirname, "../../..");
const image = "recipe-ci/node:bookworm";
/** What the fixtures run; the node gets it from the host's engine. */
export const workload = "debian:bookworm-slim";
const limitMs = 120_000;

export interface Call {
  readonly pty?: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

/** An app made for one check, with its recipe's tree. */
export interface Subject {
  readonly recipe: string;
  readonly domain: string;
  readonly stack: string;
  /** The recipe's tree, the same path on the host and in the node. */
  readonly dir: string;
  readonly envFile: string;
}

export class World {
  readonly container: string;
  readonly folder: string;
  readonly standIn: boolean;
  #count = 0;

  constructor(container: string, folder: string, standIn: boolean) {
    this.container = container;
    this.folder = folder;
    this.standIn = standIn;
  }

  get abraDir(): string {
    return join(this.folder, "abra");
  }

  /** The binary under test, in the node, without a terminal unless `pty`. */
  abra(argv: readonly string[], call: Call = {}): Promise<CommandResult> {
    const env = { ABRA_DIR: this.abraDir, LC_ALL: "C", ...call.env };
    const flags = Object.entries(env).flatMap(([key, value]) => ["-e", `${key}=${value}`]);
    return command(["docker", "exec", ...(call.pty ? ["-t"] : []), "-w", this.folder, ...flags, this.container, "abra", ...argv], { timeoutMs: limitMs });
  }

  /** As `abra`, and it has to succeed. */
  async ok(argv: readonly string[], call: Call = {}): Promise<CommandResult> {
    const result = await this.abra(argv, call);
    assert.equal(result.exitCode, 0, `abra ${argv.join(" ")}: ${result.stderr}${result.stdout}`);
    return result;
  }

  /** As `abra`, and it has to end with 1 and a FATA line. @returns that line, wherever it was printed */
  async refused(argv: readonly string[], pattern: RegExp, call: Call = {}): Promise<string> {
    const result = await this.abra(argv, call);
    const line = `${result.stderr}\n${result.stdout}`.split(/\r?\n/).find((text) => text.includes("FATA")) ?? "";
    assert.equal(result.exitCode, 1, `abra ${argv.join(" ")} ended with ${result.exitCode}: ${result.stderr}${result.stdout}`);
    assert.match(line, pattern);
    return line;
  }

  /** A shell line in the node; it has to succeed. @returns its stdout, trimmed */
  async shell(line: string): Promise<string> {
    const result = await command(["docker", "exec", this.container, "bash", "-c", line], { timeoutMs: limitMs });
    assert.equal(result.exitCode, 0, `${line}: ${result.stderr}`);
    return result.stdout.trim();
  }

  git(subject: Subject, ...args: string[]): Promise<string> {
    return this.shell(`git -c safe.directory='*' -C ${subject.dir} ${args.map((arg) => `'${arg}'`).join(" ")}`);
  }

  /** A recipe of its own, cloned to where abra looks for it, and a domain that no other check uses. */
  async recipe(options: RecipeOptions = {}): Promise<Subject> {
    const recipe = `little${++this.#count}`;
    const domain = `${recipe}.ci.test`;
    const dir = join(this.abraDir, "recipes", recipe);
    await makeRecipe(recipe, join(this.folder, "origin", recipe), dir, options);
    return { recipe, domain, dir, stack: domain.replaceAll(".", "_"), envFile: join(this.abraDir, "servers/default", `${domain}.env`) };
  }

  /** A recipe, an app of it and its secrets; the tree is back at the branch. */
  async app(options: RecipeOptions = {}): Promise<Subject> {
    const subject = await this.recipe(options);
    await this.ok(["app", "new", "-n", "-C", "--server=default", `--domain=${subject.domain}`, subject.recipe]);
    await this.ok(["app", "secret", "generate", "-n", "-C", "-a", subject.domain]);
    return subject;
  }

  /** The usual deployment of the tree as it stands. */
  deploy(subject: Subject, ...flags: string[]): Promise<CommandResult> {
    return this.ok(["app", "deploy", "-n", "-C", "-o", "--no-domain-checks", ...flags, subject.domain]);
  }

  /** Labels of the app's main service. */
  async labels(subject: Subject): Promise<Record<string, string>> {
    return JSON.parse(await this.shell(`docker service inspect ${subject.stack}_app --format '{{json .Spec.Labels}}'`));
  }

  readEnv(subject: Subject): Promise<string> {
    return this.shell(`cat ${subject.envFile}`);
  }

  async type(subject: Subject): Promise<string> {
    return /^TYPE=(.*)$/m.exec(await this.readEnv(subject))?.[1] ?? "";
  }

  /** Ends what a check left running: crash loops would slow down every later check. */
  async clear(): Promise<void> {
    await this.shell("docker service ls -q | xargs -r docker service rm");
  }

  /** Polls a shell line in the node until its output matches. */
  async until(line: string, pattern: RegExp, timeoutMs = 60_000): Promise<void> {
    const poll = async () => {
      const saw = await this.shell(line);
      return pattern.test(saw) ? { done: true as const, value: undefined } : { done: false as const, saw };
    };
    await waitFor(poll, { what: line, timeoutMs, signal: new AbortController().signal });
  }
}

/**
 * A node with a one-node Swarm and the binary as `abra` on its PATH.
 * @param binary the abra to check, or null for the stand-in
 */
export async function startWorld(binary: string | null): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), "recipe-ci-contract-"));
  const container = `recipe-ci-contract-${randomBytes(4).toString("hex")}`;
  const mounts = binary ? [{ source: dirname(resolve(binary)), target: "/opt/abra" }] : standInMounts(packageRoot);
  const world = new World(container, folder, binary === null);
  try {
    await host("docker", "run", "-d", "--name", container, "--cap-add", "ALL", "--cap-drop", "SYS_RESOURCE", "--security-opt", "seccomp=unconfined",
      "--security-opt", "apparmor=unconfined", "--cgroupns", "host", "-v", "/sys/fs/cgroup:/sys/fs/cgroup:rw", "-v", `${folder}:${folder}`,
      ...mounts.flatMap(({ source, target }) => ["-v", `${source}:${target}:ro`]), image);
    await ready(world);
    await world.shell("docker swarm init --advertise-addr 127.0.0.1 && git config --global --add safe.directory '*'");
    await world.shell(`ln -s ${binary ? join("/opt/abra", binary.split("/").at(-1) ?? "abra") : standInCommand} /usr/local/bin/abra`);
    await host("bash", "-c", `set -o pipefail; docker save ${workload} | docker exec -i ${container} docker load`);
    return world;
  } catch (error) {
    await stopWorld(world);
    throw error;
  }
}

async function ready(world: World): Promise<void> {
  const poll = async () => {
    const { exitCode, stderr } = await command(["docker", "exec", world.container, "docker", "info"], { timeoutMs: 10_000 });
    return exitCode === 0 ? { done: true as const, value: undefined } : { done: false as const, saw: stderr };
  };
  await waitFor(poll, { what: "the node's engine", timeoutMs: 60_000, signal: new AbortController().signal });
}

async function host(...argv: string[]): Promise<void> {
  const result = await command(argv, { timeoutMs: limitMs });
  assert.equal(result.exitCode, 0, `${argv.join(" ")}: ${result.stderr}`);
}

/** The node, its volumes and the folder are gone after this. */
export async function stopWorld(world: World): Promise<void> {
  await command(["docker", "rm", "-f", "-v", world.container], { timeoutMs: limitMs });
  rmSync(world.folder, { recursive: true, force: true });
}
