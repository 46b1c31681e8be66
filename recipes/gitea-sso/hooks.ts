import type { App } from "recipe-ci/testing";
import { Administrator } from "../keycloak/keycloak.ts";
import { realm, visitor } from "./account.ts";

/** A realm with one account in it, this app as its client, and the button in the app that leads there. */
export async function wire(app: App, { keycloak }: { readonly keycloak: App }): Promise<void> {
  const administrator = await Administrator.of(keycloak);
  await administrator.createRealm(realm, await visitor(keycloak));
  await administrator.addClient(realm, { clientId: app.env.OIDC_CLIENT ?? "gitea", secret: await app.secret("oidc_secret"), redirectUris: [`${app.url}/*`] });
  // Gitea asks the realm who it is before it takes it.
  const added = await app.abra.cmd("app", "add_sign_in");
  if (added.exitCode !== 0) throw new Error(`add_sign_in: exit code ${added.exitCode}: ${added.stdout} ${added.stderr}`);
}
