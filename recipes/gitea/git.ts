import { execFile } from "node:child_process";
import { lookup } from "node:dns/promises";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { App } from "recipe-ci/testing";

export interface Account {
  readonly name: string;
  readonly password: string;
}

/** For `app.fetch`: signed in as `account`. */
export function basic({ name, password }: Account): { readonly authorization: string } {
  return { authorization: `Basic ${Buffer.from(`${name}:${password}`).toString("base64")}` };
}

/** Runs `work` in a folder of its own, which is gone afterwards. */
export async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "recipe-ci-gitea-"));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A git that reaches the app as a visitor does: by its domain, at the edge's address, with its own certificate. */
export class Git {
  readonly #env: Record<string, string>;

  private constructor(env: Record<string, string>) {
    this.#env = env;
  }

  /**
   * @param folder takes the certificate; not a repo
   * @param account null: nobody is signed in
   */
  static async at(app: App, folder: string, account: Account | null): Promise<Git> {
    const { edge } = app.context;
    const { address } = await lookup(edge.address);
    const settings: Record<string, string> = { "http.curloptResolve": `${app.domain}:${edge.httpsPort}:${address}`, "user.name": "A Visitor", "user.email": "visitor@example.com" };
    if (edge.trust !== "public") {
      settings["http.sslCAInfo"] = join(folder, "ca.pem");
      await writeFile(join(folder, "ca.pem"), edge.trust.ca);
    }
    // In the environment, not as arguments: other users of this machine see those.
    if (account) settings["http.extraHeader"] = `Authorization: ${basic(account).authorization}`;
    const entries = Object.entries(settings).flatMap(([key, value], index) => [[`GIT_CONFIG_KEY_${index}`, key], [`GIT_CONFIG_VALUE_${index}`, value]] as const);
    return new Git({
      PATH: process.env.PATH ?? "/usr/bin:/bin",
      GIT_CONFIG_GLOBAL: "/dev/null",
      GIT_CONFIG_NOSYSTEM: "1",
      GIT_TERMINAL_PROMPT: "0",
      GIT_AUTHOR_DATE: "2024-01-01T12:00:00Z",
      GIT_COMMITTER_DATE: "2024-01-01T12:00:00Z",
      GIT_CONFIG_COUNT: String(Object.keys(settings).length),
      ...Object.fromEntries(entries),
    });
  }

  /** @returns what it said. @throws Error with git's words where it fails, or takes over 40 s */
  async run(cwd: string, ...argv: string[]): Promise<string> {
    const { stdout } = await promisify(execFile)("git", argv, { cwd, env: this.#env, timeout: 40_000 });
    return stdout.trim();
  }
}

/** Where git finds a repo of the app. */
export function remote(app: App, path: string): string {
  return `https://${app.domain}:${app.context.edge.httpsPort}/${path}.git`;
}
