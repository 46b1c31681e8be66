import { createHash } from "node:crypto";
import type { App } from "recipe-ci/testing";

export const realm = "people";

/** Somebody with an account in the realm: what hooks and tests, which run in processes of their own, both know comes from keycloak. */
export async function visitor(keycloak: App): Promise<{ readonly username: string; readonly password: string }> {
  const password = createHash("sha256").update(`visitor ${await keycloak.secret("admin_pass")}`).digest("hex");
  await keycloak.mask(password);
  return { username: "visitor", password };
}
