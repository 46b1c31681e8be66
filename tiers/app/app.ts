import type { Page } from "playwright-core";
import { inject } from "vitest";
import { waitFor } from "../../harness/base/wait.ts";
import { messageOf } from "../../harness/base/errors.ts";
import type { RecipeVersion, ServiceState, TierContext } from "../context.ts";
import { RpcClient } from "../rpc/client.ts";
import type { Ran } from "../rpc/protocol.ts";
import type { Browsers } from "./browser/launch.ts";
import { type AppResponse, type FetchInit, Visitor } from "./visitor.ts";

export interface RunOptions {
  /** Milliseconds; 60 s unless told. */
  readonly timeoutMs?: number;
  /** Given to the program's stdin. */
  readonly input?: string;
}

/** Time on top of a call's own limit for the build to answer, milliseconds. */
const grace = 5_000;

/** The live app under test. Each public member is a row in the README (reference.ts). Made at its first use, so that a test file can be read without one. */
class App {
  /** Those of this file, for whoever closes them (runner/setup.ts). @internal */
  browsers: Browsers | null = null;
  #visitor: Visitor | null = null;
  #client: RpcClient | null = null;

  /** Everything that the test was given: the members above and below come from it. @internal */
  get context(): TierContext {
    return inject("recipe-ci").context;
  }

  /** The app's name: `tiny-1a2b3c.ci.test`. */
  get domain(): string {
    return this.context.domain;
  }

  /** `https://<domain>` */
  get url(): string {
    return this.context.url;
  }

  /** The app's env file. Secrets are not in it: see `secret`. */
  get env(): Readonly<Record<string, string>> {
    return this.context.env;
  }

  /** The commit under test. */
  get head(): RecipeVersion {
    return this.context.head;
  }

  /** What was upgraded from; null on a fresh installation. */
  get base(): RecipeVersion | null {
    return this.context.base;
  }

  /** The visitor that `fetch` uses: its cookies last for the test file. */
  get visitor(): Visitor {
    return (this.#visitor ??= this.newVisitor());
  }

  /** Another visitor, without cookies. */
  newVisitor(): Visitor {
    return new Visitor(this.context.edge, this.context.url);
  }

  /** A page as a visitor gets it: through the edge over TLS, with cookies, redirects followed on the app's own domain. */
  fetch(path: string, init: FetchInit = {}): Promise<AppResponse> {
    return this.visitor.fetch(path, init);
  }

  /** Runs a program in the running container of `service`. A bad exit code is an answer, not an error. */
  exec(service: string, argv: readonly string[], options: RunOptions = {}): Promise<Ran> {
    const timeoutMs = options.timeoutMs ?? 60_000;
    return this.#rpc.call("exec", { service, argv, input: options.input ?? null, timeoutMs }, timeoutMs + grace);
  }

  /** The newest `lines` lines of a service's log, oldest first. */
  logs(service: string, lines = 200): Promise<readonly string[]> {
    return this.#rpc.call("logs", { service, lines }, 30_000);
  }

  /** The value of a secret, by its name in compose.yml. It is masked wherever the build writes. */
  secret(name: string): Promise<string> {
    return this.#rpc.call("secret", { name }, 30_000);
  }

  /** The stack's services as they are now. */
  services(): Promise<readonly ServiceState[]> {
    return this.#rpc.call("services", {}, 30_000);
  }

  /**
   * A page in a real browser: a new visitor without cookies, `page.goto("/path")` goes to the app. Each step may take 20 s. All pages are
   * closed at the end of the file; one that is open when a test fails is photographed. Where this machine has no browser the test
   * counts as skipped, and the tier is unverified.
   */
  async browser(): Promise<Page> {
    // Loaded where it is asked for: most tests never do, and it takes a while.
    const { Browsers } = await import("./browser/launch.ts");
    return (this.browsers ??= new Browsers()).open(this.context);
  }

  /** A picture of a page for the results, `screenshots/<tier>/<name>.png`; whatever shows a secret is covered. Answers its path there. */
  async screenshot(page: Page, name: string): Promise<string> {
    const { maskedPicture } = await import("./browser/secrets.ts");
    const png = await maskedPicture(page, await this.#rpc.call("secrets", {}, 30_000));
    return this.#rpc.call("picture", { name, png: png.toString("base64") }, 30_000);
  }

  /** From now on the build shows this value to nobody: the password of a user whom a test made. */
  async mask(value: string): Promise<void> {
    await this.#rpc.call("mask", { value }, 30_000);
  }

  readonly abra = {
    /** A function of the recipe's abra.sh in a service's container: `abra app cmd <domain> <service> <command> -- args`. One for the host (service null) is refused: it would have the build's rights. */
    cmd: (service: string | null, command: string, args: readonly string[] = [], options: RunOptions = {}): Promise<Ran> => {
      const timeoutMs = options.timeoutMs ?? 60_000;
      return this.#rpc.call("abraCmd", { service, command, args, timeoutMs }, timeoutMs + grace);
    },
  };

  /**
   * Repeats `check` (at once, then after 100 ms growing to 1 s) until it neither throws nor returns false.
   * @param timeoutMs milliseconds; 20 s unless told. Stay below the test's own limit, so that the last error is told
   * @throws Error with what `check` said last
   */
  async eventually<T>(check: () => T | Promise<T>, options: { timeoutMs?: number; what?: string } = {}): Promise<Exclude<T, false>> {
    return waitFor(
      async () => {
        try {
          const value = await check();
          if (value !== false) return { done: true, value: value as Exclude<T, false> };
          return { done: false, saw: "false" };
        } catch (error) {
          return { done: false, saw: messageOf(error) };
        }
      },
      { what: options.what ?? "the check", timeoutMs: options.timeoutMs ?? 20_000, signal: neverAborts },
    );
  }

  get #rpc(): RpcClient {
    return (this.#client ??= new RpcClient(inject("recipe-ci").socketPath));
  }
}

/** A test's own limit and the end of the tier end the process: there is nothing to abort from inside. */
const neverAborts = new AbortController().signal;

export const app = new App();
export type { App };
