import type { App, AppResponse } from "recipe-ci/testing";

export interface Grant {
  readonly realm: string;
  readonly client: string;
  readonly username: string;
  readonly password: string;
}

interface User {
  readonly username: string;
  readonly password: string;
}

/** The password grant of OpenID Connect. A refusal is an answer. */
export function passwordGrant(app: App, { realm, client, username, password }: Grant): Promise<AppResponse> {
  const body = new URLSearchParams({ grant_type: "password", client_id: client, username, password, scope: "openid" });
  return app.fetch(`/realms/${realm}/protocol/openid-connect/token`, { method: "POST", body, timeoutMs: 30_000 });
}

/** What the administrator does in the console, through the same API. */
export class Administrator {
  readonly #app: App;
  readonly #token: string;

  private constructor(app: App, token: string) {
    this.#app = app;
    this.#token = token;
  }

  /** @throws Error where the secret `admin_pass` is not the administrator's password */
  static async of(app: App): Promise<Administrator> {
    const username = app.env.ADMIN_USERNAME ?? "admin";
    const answer = await passwordGrant(app, { realm: "master", client: "admin-cli", username, password: await app.secret("admin_pass") });
    if (!answer.ok) throw new Error(`the administrator was refused: ${answer.status} ${answer.text().slice(0, 200)}`);
    return new Administrator(app, (answer.json() as { access_token: string }).access_token);
  }

  /**
   * A realm with a public client `app` that takes passwords, and one user. A realm of that name that is there already is an error.
   * @param more settings of the realm
   */
  async createRealm(realm: string, user: User, more: Record<string, unknown> = {}): Promise<void> {
    const clients = [{ clientId: "app", publicClient: true, directAccessGrantsEnabled: true }];
    await this.#must("POST", "/admin/realms", { realm, enabled: true, clients, users: [represented(user)], ...more });
  }

  /** Adds users to a realm, as an export of another server is read in. @returns how many were added */
  async importUsers(realm: string, users: readonly User[]): Promise<number> {
    const answer = await this.#must("POST", `/admin/realms/${realm}/partialImport`, { ifResourceExists: "FAIL", users: users.map(represented) });
    return (answer.json() as { added: number }).added;
  }

  async countUsers(realm: string): Promise<number> {
    return (await this.#must("GET", `/admin/realms/${realm}/users/count`)).json() as number;
  }

  /** Everybody is signed out of the realm. */
  async signOutAll(realm: string): Promise<void> {
    await this.#must("POST", `/admin/realms/${realm}/logout-all`);
  }

  /** An app whose users sign in with accounts of the realm. */
  async addClient(realm: string, client: { readonly clientId: string; readonly secret: string; readonly redirectUris: readonly string[] }): Promise<void> {
    await this.#must("POST", `/admin/realms/${realm}/clients`, { ...client, publicClient: false, standardFlowEnabled: true });
  }

  async removeRealm(realm: string): Promise<void> {
    await this.#must("DELETE", `/admin/realms/${realm}`);
  }

  async #must(method: string, path: string, body?: Record<string, unknown>): Promise<AppResponse> {
    const answer = await this.#app.fetch(path, { method, headers: { authorization: `Bearer ${this.#token}` }, timeoutMs: 30_000, ...(body ? { body } : {}) });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${answer.text().slice(0, 300)}`);
    return answer;
  }
}

/** As Keycloak's API takes a user. */
function represented({ username, password }: User): Record<string, unknown> {
  return {
    username,
    email: `${username}@example.com`,
    emailVerified: true,
    firstName: "A",
    lastName: "Visitor",
    enabled: true,
    credentials: [{ type: "password", value: password, temporary: false }],
  };
}
