/** Where the contract is checked: a throwaway node with a Swarm of its own, a binary in it, small recipes for it. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installAbra } from "../../../harness/abra/find.ts";
import { standInCommand, standInMounts } from "../../../harness/abra/standIn.ts";
import { packageRoot } from "../../../harness/base/paths.ts";
import { waitFor } from "../../../harness/base/wait.ts";
import { bringImage } from "../../../harness/swarm/ephemeral/image.ts";
import { type Throwaway, startThrowaway } from "../../../harness/swarm/ephemeral/start.ts";
import type { NodeShell, ShellResult } from "../../../harness/swarm/types.ts";
import { newRunId, testMachine } from "../../swarm/host.ts";
import { type RecipeOptions, makeOrigin } from "./recipe.ts";

/** What the fixtures run. */
const workload = "debian:bookworm-slim";
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
  /** The recipe's tree in the node. */
  readonly dir: string;
  readonly envFile: string;
}

export class World {
  readonly #swarm: Throwaway;
  readonly #binary: string;
  #count = 0;

  /** @param binary abra's path in the node */
  constructor(swarm: Throwaway, binary: string) {
    this.#swarm = swarm;
    this.#binary = binary;
  }

  /** A folder in the node that goes with it. */
  get folder(): string {
    return `${this.#shell.runDir}/contract`;
  }

  get abraDir(): string {
    return `${this.folder}/abra`;
  }

  get #shell(): NodeShell {
    return this.#swarm.shell;
  }

  /** The binary under test, in the node, without a terminal unless `pty`. Output ends without its last newline. */
  async abra(argv: readonly string[], call: Call = {}): Promise<ShellResult> {
    const env = { ABRA_DIR: this.abraDir, LC_ALL: "C", ...call.env };
    const result = await this.#shell.exec([this.#binary, ...argv], { env, cwd: "/", pty: call.pty ?? false, timeoutMs: limitMs });
    return { ...result, stdout: result.stdout.trimEnd(), stderr: result.stderr.trimEnd() };
  }

  /** As `abra`, and it has to succeed. */
  async ok(argv: readonly string[], call: Call = {}): Promise<ShellResult> {
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
    const result = await this.#shell.exec(["bash", "-c", line], { timeoutMs: limitMs });
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
    const dir = `${this.abraDir}/recipes/${recipe}`;
    const origin = `${this.folder}/origin/${recipe}`;
    const local = mkdtempSync(join(tmpdir(), "recipe-ci-contract-"));
    try {
      await makeOrigin(recipe, local, options);
      await this.#shell.putTree(local, origin);
    } finally {
      rmSync(local, { recursive: true, force: true });
    }
    await this.shell(`chown -R 0:0 ${origin} && git clone -q ${origin} ${dir}`);
    return { recipe, domain, dir, stack: domain.replaceAll(".", "_"), envFile: `${this.abraDir}/servers/default/${domain}.env` };
  }

  /** A recipe, an app of it and its secrets; the tree is back at the branch. */
  async app(options: RecipeOptions = {}): Promise<Subject> {
    const subject = await this.recipe(options);
    await this.ok(["app", "new", "-n", "-C", "--server=default", `--domain=${subject.domain}`, subject.recipe]);
    await this.ok(["app", "secret", "generate", "-n", "-C", "-a", subject.domain]);
    return subject;
  }

  /** The usual deployment of the tree as it stands; exit code 0 alone is not believed. */
  async deploy(subject: Subject, ...flags: string[]): Promise<ShellResult> {
    const result = await this.ok(["app", "deploy", "-n", "-C", "-o", "--no-domain-checks", ...flags, subject.domain]);
    await this.shell(`docker service inspect ${subject.stack}_app`);
    return result;
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

  /** Ends what a check left running: crash loops would slow down every later check. The last check leaves no Swarm to ask. */
  async clear(): Promise<void> {
    const line = "docker service ls -q -f label=com.docker.stack.namespace | xargs -r docker service rm";
    await this.#shell.exec(["bash", "-c", line], { timeoutMs: limitMs });
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
 * A throwaway node with a Swarm of its own, and the binary in it. Provisions the machine where the caller agreed to that.
 * @param binary the abra to check, or null for the stand-in
 */
export async function startWorld(binary: string | null, signal: AbortSignal): Promise<{ world: World; stop: () => Promise<void> }> {
  const { docker: host, nodeImage, edgeImage } = await testMachine([], signal);
  const mounts = binary === null ? standInMounts(packageRoot) : [];
  const swarm = await startThrowaway({ host, nodeImage, edgeImage, runId: newRunId("contract"), mounts, waitForEdge: false, signal });
  const stop = async () => {
    assert.deepEqual(await swarm.close(), []);
  };
  try {
    await bringImage(host, swarm.docker, workload, signal);
    const world = new World(swarm, binary === null ? standInCommand : await installAbra(swarm.shell, { path: binary }));
    await world.shell("git config --global user.name recipe-ci && git config --global user.email recipe-ci@example.com");
    return { world, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
