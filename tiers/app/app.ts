import type { Page } from "playwright-core";
import { inject } from "vitest";
import { waitFor } from "../../harness/base/wait.ts";
import { messageOf } from "../../harness/base/errors.ts";
import type { AppContext, RecipeVersion, ServiceState, TierContext } from "../context.ts";
import { RpcClient } from "../rpc/client.ts";
import type { Ran } from "../rpc/protocol.ts";
import type { Browsers } from "./browser/launch.ts";
import { MissingTool } from "./missing.ts";
import { type AppResponse, type FetchInit, Visitor } from "./visitor.ts";

export interface RunOptions {
  /** Milliseconds; 60 s unless told. */
  readonly timeoutMs?: number;
  /** Given to the program's stdin. */
  readonly input?: string;
}

/** Time on top of a call's own limit for the build to answer, milliseconds. */
const grace = 5_000;

/** One socket and one browser for all apps of a test file. */
class Shared {
  /** For whoever closes them (runner/setup.ts). */
  browsers: Browsers | null = null;
  #client: RpcClient | null = null;

  get context(): TierContext {
    return inject("recipe-ci").context;
  }

  get rpc(): RpcClient {
    return (this.#client ??= new RpcClient(inject("recipe-ci").socketPath));
  }
}

/** The live app under test, or a recipe that it needs. Each public member is a row in the README (reference.ts). Made at its first use, so that a test file can be read without one. */
class App {
  readonly #shared: Shared;
  readonly #need: string | null;
  #visitor: Visitor | null = null;

  constructor(shared: Shared, need: string | null) {
    this.#shared = shared;
    this.#need = need;
  }

  /** Everything that the test was given: the members above and below come from it. @internal */
  get context(): TierContext {
    return this.#shared.context;
  }

  /** The app's name: `tiny-1a2b3c.ci.test`. */
  get domain(): string {
    return this.#own.domain;
  }

  /** `https://<domain>` */
  get url(): string {
    return this.#own.url;
  }

  /** The app's env file. Secrets are not in it: see `secret`. */
  get env(): Readonly<Record<string, string>> {
    return this.#own.env;
  }

  /** The commit under test; of a recipe that is needed, its newest release. */
  get head(): RecipeVersion {
    return this.#own.head;
  }

  /** What was upgraded from; null on a fresh installation. */
  get base(): RecipeVersion | null {
    return this.#need === null ? this.context.base : null;
  }

  /** The visitor that `fetch` uses: its cookies last for the test file. */
  get visitor(): Visitor {
    return (this.#visitor ??= this.newVisitor());
  }

  /** Another visitor, without cookies: what `fetch` is for the first one, `visitor.fetch(path, init)` is for this one. */
  newVisitor(): Visitor {
    return new Visitor(this.context.edge, this.url);
  }

  /** A page as a visitor gets it: through the edge over TLS, with cookies, redirects followed on the app's own domain. */
  fetch(path: string, init: FetchInit = {}): Promise<AppResponse> {
    return this.visitor.fetch(path, init);
  }

  /** Runs a program in the running container of `service`. A bad exit code is an answer, not an error. */
  exec(service: string, argv: readonly string[], options: RunOptions = {}): Promise<Ran> {
    const timeoutMs = options.timeoutMs ?? 60_000;
    return this.#rpc.call("exec", { need: this.#need, service, argv, input: options.input ?? null, timeoutMs }, timeoutMs + grace);
  }

  /** The newest `lines` lines of a service's log, oldest first. */
  logs(service: string, lines = 200): Promise<readonly string[]> {
    return this.#rpc.call("logs", { need: this.#need, service, lines }, 30_000);
  }

  /** The value of a secret, by its name in compose.yml. It is masked wherever the build writes; a file in the results in which it stands all the same is deleted, and the build unverified. */
  secret(name: string): Promise<string> {
    return this.#rpc.call("secret", { need: this.#need, name }, 30_000);
  }

  /** The stack's services as they are now. */
  services(): Promise<readonly ServiceState[]> {
    return this.#rpc.call("services", { need: this.#need }, 30_000);
  }

  /**
   * A page in a real browser: a new visitor without cookies, `page.goto("/path")` goes to the app. Each step may take 20 s. All pages are
   * closed at the end of the file; one that is open when a test fails is photographed. Where this machine has no browser the test
   * counts as skipped, and the tier is unverified.
   */
  async browser(): Promise<Page> {
    const { noBrowser } = inject("recipe-ci");
    if (noBrowser !== null) throw new MissingTool(noBrowser);
    // Loaded where it is asked for: most tests never do, and it takes a while.
    const { Browsers } = await import("./browser/launch.ts");
    return (this.#shared.browsers ??= new Browsers()).open({ edge: this.context.edge, domain: this.domain, url: this.url });
  }

  /** A picture of a page for the results, `screenshots/<tier>/<name>.png`; whatever shows a secret is covered. Answers its path there. */
  async screenshot(page: Page, name: string): Promise<string> {
    const { maskedPicture } = await import("./browser/secrets.ts");
    const png = await maskedPicture(page, await this.#rpc.call("secrets", {}, 30_000));
    return this.#rpc.call("picture", { name, png: png.toString("base64") }, 30_000);
  }

  /** From now on the build shows this value to nobody: the password of a user whom a test made. Tell it before it can show up anywhere; values under 6 characters are left alone. */
  async mask(value: string): Promise<void> {
    await this.#rpc.call("mask", { value }, 30_000);
  }

  readonly abra = {
    /** A function of the recipe's abra.sh in a service's container: `abra app cmd <domain> <service> <command> -- args`. One for the host (service null) is refused: it would have the build's rights. */
    cmd: (service: string | null, command: string, args: readonly string[] = [], options: RunOptions = {}): Promise<Ran> => {
      const timeoutMs = options.timeoutMs ?? 60_000;
      return this.#rpc.call("abraCmd", { need: this.#need, service, command, args, timeoutMs }, timeoutMs + grace);
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

  /** Closes every page of the file, of whichever app. @internal */
  async closeBrowsers(): Promise<void> {
    await this.#shared.browsers?.close();
    this.#shared.browsers = null;
  }

  /** Every page of the file that is open now. @internal */
  get openPages(): readonly Page[] {
    return this.#shared.browsers?.pages() ?? [];
  }

  /** The answer of the step wire of hooks.ts. @internal */
  async wired(env: Readonly<Record<string, string>>): Promise<void> {
    await this.#rpc.call("wired", { env }, 30_000);
  }

  get #own(): AppContext {
    const { context } = this;
    if (this.#need === null) return context;
    const found = context.needs[this.#need];
    if (found) return found;
    const there = Object.keys(context.needs).join(", ") || "none";
    throw new Error(`there is no ${this.#need} beside the app in this tier (there: ${there}): name it under needs in the recipe's settings; it is there in the recipe's own tests and in wire`);
  }

  get #rpc(): RpcClient {
    return this.#shared.rpc;
  }
}

/** A test's own limit and the end of the tier end the process: there is nothing to abort from inside. */
const neverAborts = new AbortController().signal;

const shared = new Shared();

export const app: App = new App(shared, null);

/** The recipes that this one needs, by the names that its settings give them, each as `app`. */
export type Needs = Readonly<Record<string, App>>;

const made = new Map<string, App>();

export const needs: Needs = new Proxy({}, {
  get: (_, name) => {
    // Promises and printers ask anything for what it has not.
    if (typeof name !== "string" || name === "then" || name === "toJSON") return undefined;
    const need = made.get(name) ?? new App(shared, name);
    made.set(name, need);
    return need;
  },
  has: (_, name) => typeof name === "string" && name in shared.context.needs,
  ownKeys: () => Object.keys(shared.context.needs),
  getOwnPropertyDescriptor: (_, name) => (name in shared.context.needs ? { configurable: true, enumerable: true } : undefined),
});
export type { App };
