import { createHmac, randomBytes } from "node:crypto";
import type { App, AppResponse } from "recipe-ci/testing";

/** One signed-in user of the server, through the same API that clients use. */
export class MatrixUser {
  readonly id: string;
  readonly #app: App;
  readonly #token: string;

  private constructor(app: App, id: string, token: string) {
    this.#app = app;
    this.id = id;
    this.#token = token;
  }

  /** Makes the account as an operator does, and signs in. @throws Error with the server's words */
  static async create(app: App, name: string, password: string): Promise<MatrixUser> {
    const made = await app.abra.cmd("app", "create_user", [name, password]);
    if (made.exitCode !== 0) throw new Error(`create_user ${name}: exit code ${made.exitCode}: ${made.stdout} ${made.stderr}`);
    return MatrixUser.signIn(app, name, password);
  }

  /** Makes an account that is signed in at once: the server counts sign-ins, and soon allows no more. */
  static async register(app: App, name: string, { admin = false } = {}): Promise<MatrixUser> {
    const path = "/_synapse/admin/v1/register";
    const { nonce } = (await app.fetch(path)).json() as { nonce: string };
    const password = randomBytes(16).toString("hex");
    const mac = createHmac("sha1", await app.secret("registration")).update([nonce, name, password, admin ? "admin" : "notadmin"].join("\0")).digest("hex");
    const answer = await app.fetch(path, { method: "POST", body: { nonce, username: name, password, admin, mac }, timeoutMs: 30_000 });
    if (!answer.ok) throw new Error(`${name} can't be registered: ${answer.status} ${answer.text().slice(0, 300)}`);
    const { user_id, access_token } = answer.json() as { user_id: string; access_token: string };
    return new MatrixUser(app, user_id, access_token);
  }

  static async signIn(app: App, name: string, password: string): Promise<MatrixUser> {
    const body = { type: "m.login.password", identifier: { type: "m.id.user", user: name }, password };
    const answer = await app.fetch("/_matrix/client/v3/login", { method: "POST", body });
    if (!answer.ok) throw new Error(`${name} can't sign in: ${answer.status} ${answer.text().slice(0, 300)}`);
    const { user_id, access_token } = answer.json() as { user_id: string; access_token: string };
    return new MatrixUser(app, user_id, access_token);
  }

  /** @returns the new room's id */
  async createRoom(room: Record<string, unknown>): Promise<string> {
    return (await this.ask<{ room_id: string }>("POST", "/createRoom", room)).room_id;
  }

  /** @param alias without `#` and server. @returns the room's id */
  async roomOf(alias: string): Promise<string> {
    return (await this.ask<{ room_id: string }>("GET", `/directory/room/${encodeURIComponent(`#${alias}:${this.#app.domain}`)}`)).room_id;
  }

  async join(room: string): Promise<void> {
    await this.ask("POST", `/rooms/${encodeURIComponent(room)}/join`, {});
  }

  /** @returns the message's event id */
  async say(room: string, text: string): Promise<string> {
    const transaction = `${Date.now()}-${Math.random()}`;
    const path = `/rooms/${encodeURIComponent(room)}/send/m.room.message/${transaction}`;
    return (await this.ask<{ event_id: string }>("PUT", path, { msgtype: "m.text", body: text })).event_id;
  }

  /** The room's newest messages as this user is given them: who said what, newest first. */
  async messages(room: string): Promise<{ sender: string; text: string }[]> {
    const filter = encodeURIComponent(JSON.stringify({ types: ["m.room.message"] }));
    const answer = await this.ask<{ chunk: { sender: string; content: { body: string } }[] }>("GET", `/rooms/${encodeURIComponent(room)}/messages?dir=b&limit=20&filter=${filter}`);
    return answer.chunk.map(({ sender, content }) => ({ sender, text: content.body }));
  }

  /** @returns the file's mxc address */
  async upload(content: Uint8Array, type: string): Promise<string> {
    const answer = await this.#app.fetch("/_matrix/media/v3/upload", { method: "POST", headers: { authorization: `Bearer ${this.#token}`, "content-type": type }, body: content, timeoutMs: 30_000 });
    if (!answer.ok) throw new Error(`upload: ${answer.status} ${answer.text().slice(0, 300)}`);
    return (answer.json() as { content_uri: string }).content_uri;
  }

  download(mxc: string): Promise<AppResponse> {
    const path = `/_matrix/client/v1/media/download/${mxc.slice("mxc://".length)}`;
    return this.#app.fetch(path, { headers: { authorization: `Bearer ${this.#token}` }, timeoutMs: 30_000 });
  }

  /** @param path below /_matrix/client/v3. @throws Error for a status that is not 2xx */
  ask<T>(method: string, path: string, body?: Record<string, unknown>): Promise<T> {
    return this.#must<T>(method, `/_matrix/client/v3${path}`, body);
  }

  /** As an administrator of the server. @param path below /_synapse/admin */
  administer<T>(method: string, path: string, body?: Record<string, unknown>): Promise<T> {
    return this.#must<T>(method, `/_synapse/admin${path}`, body);
  }

  /** As an administrator: from now on `user` may send as much as it likes. */
  async unlimit(user: MatrixUser): Promise<void> {
    await this.administer("POST", `/v1/users/${encodeURIComponent(user.id)}/override_ratelimit`, { messages_per_second: 0, burst_count: 0 });
  }

  async #must<T>(method: string, path: string, body?: Record<string, unknown>): Promise<T> {
    const answer = await this.#app.fetch(path, { method, headers: { authorization: `Bearer ${this.#token}` }, timeoutMs: 30_000, ...(body ? { body } : {}) });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${answer.text().slice(0, 300)}`);
    return answer.json() as T;
  }
}
