import { createHash } from "node:crypto";
import type { App } from "recipe-ci/testing";
import { Administrator, passwordGrant } from "./keycloak.ts";

const realm = "kept";

/** The hooks run in processes of their own: what all of them know comes from the app. */
async function user(app: App): Promise<{ username: string; password: string }> {
  return { username: "keeper", password: createHash("sha256").update(await app.secret("admin_pass")).digest("hex") };
}

/** A realm with a client and a user. */
export async function seed(app: App): Promise<void> {
  await (await Administrator.of(app)).createRealm(realm, await user(app));
}

export async function mutate(app: App): Promise<void> {
  await (await Administrator.of(app)).removeRealm(realm);
}

/** The user of the realm can sign in: realm, client, account, password and signing keys are there. */
export async function verify(app: App): Promise<void> {
  const answer = await passwordGrant(app, { realm, client: "app", ...(await user(app)) });
  if (!answer.ok) throw new Error(`the realm's user can't sign in: ${answer.status} ${answer.text().slice(0, 200)}`);
}
