import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { App } from "recipe-ci/testing";

const folder = "/tmp/recipe-ci-second";
const clients = "http://127.0.0.1:8450";

/**
 * A second homeserver in the app's container, which federates with the app's own: without one there is no remote room. The recipe's
 * settings let the app's server go to `localhost`.
 */
export class SecondServer {
  readonly name = "localhost:8449";
  readonly #app: App;
  #token = "";

  private constructor(app: App) {
    this.#app = app;
  }

  /** @throws Error with its last words where it does not come up */
  static async start(app: App): Promise<SecondServer> {
    const second = new SecondServer(app);
    const program = await readFile(join(import.meta.dirname, "second_server.py"), "utf8");
    const script = `rm -rf ${folder} && mkdir ${folder} && cat >${folder}/server.py && (setsid python ${folder}/server.py ${folder} "$1" >${folder}/log 2>&1 </dev/null &)`;
    await second.#must(["sh", "-c", script, "start", app.domain], program);
    try {
      await app.eventually(() => second.#must(["curl", "-fsS", `${clients}/health`]), { timeoutMs: 90_000, what: "the second homeserver" });
    } catch (cause) {
      const log = await app.exec("app", ["tail", "-n", "20", `${folder}/log`]);
      await second.stop();
      throw new Error(`the second homeserver does not come up: ${log.stdout}`, { cause });
    }
    await second.#signIn("host", randomBytes(16).toString("hex"));
    return second;
  }

  /** A room that everybody may join, with this many state events beside those that every room has. */
  async createRoom(stateEvents: number): Promise<string> {
    const initial_state = Array.from({ length: stateEvents }, (_, index) => ({ type: "org.example.shelf", state_key: String(index), content: { label: `Shelf ${index}` } }));
    return (await this.#ask<{ room_id: string }>("POST", "/createRoom", { preset: "public_chat", initial_state })).room_id;
  }

  /** The newest messages of a room: who said what, newest first. */
  async messages(room: string): Promise<{ sender: string; text: string }[]> {
    const filter = encodeURIComponent(JSON.stringify({ types: ["m.room.message"] }));
    const answer = await this.#ask<{ chunk: { sender: string; content: { body: string } }[] }>("GET", `/rooms/${encodeURIComponent(room)}/messages?dir=b&filter=${filter}`);
    return answer.chunk.map(({ sender, content }) => ({ sender, text: content.body }));
  }

  async say(room: string, text: string): Promise<void> {
    await this.#ask("PUT", `/rooms/${encodeURIComponent(room)}/send/m.room.message/${Date.now()}`, { msgtype: "m.text", body: text });
  }

  /** It ends, and nothing of it stays in the container. */
  async stop(): Promise<void> {
    const ended = `[ ! -e /proc/$pid ] || grep -q '^State:.Z' /proc/$pid/status`;
    await this.#must(["sh", "-c", `if pid=$(cat ${folder}/pid); then kill "$pid"; until ${ended}; do sleep 0.1; done; fi; rm -rf ${folder}`]);
  }

  async #signIn(user: string, password: string): Promise<void> {
    await this.#must(["register_new_matrix_user", "--shared-secret", "second", "--no-admin", "--user", user, "--password", password, clients]);
    const body = { type: "m.login.password", identifier: { type: "m.id.user", user }, password };
    this.#token = (await this.#ask<{ access_token: string }>("POST", "/login", body)).access_token;
  }

  async #ask<T>(method: string, path: string, body?: Record<string, unknown>): Promise<T> {
    const said = await this.#must(["curl", "-sS", "--fail-with-body", "-X", method, "-H", `Authorization: Bearer ${this.#token}`, ...(body ? ["--data-binary", "@-"] : []), `${clients}/_matrix/client/v3${path}`], body && JSON.stringify(body));
    return JSON.parse(said) as T;
  }

  async #must(argv: readonly string[], input?: string): Promise<string> {
    const ran = await this.#app.exec("app", argv, input === undefined ? {} : { input });
    if (ran.exitCode !== 0) throw new Error(`at the second homeserver, ${argv[0] ?? ""}: exit code ${ran.exitCode}: ${ran.stdout.slice(-300)} ${ran.stderr.slice(-300)}`);
    return ran.stdout;
  }
}
