import { createPublicKey, type JsonWebKey, randomBytes, verify } from "node:crypto";
import { afterAll, app, beforeAll, expect, test } from "recipe-ci/testing";
import { Administrator, passwordGrant } from "./keycloak.ts";

const realm = `recipe-ci-${randomBytes(4).toString("hex")}`;
const user = { username: "visitor", password: randomBytes(16).toString("hex") };
const grant = { realm, client: "app", ...user };

beforeAll(async () => {
  await (await Administrator.of(app)).createRealm(realm, user);
});

afterAll(async () => {
  await (await Administrator.of(app)).removeRealm(realm);
});

interface Discovery {
  readonly issuer: string;
  readonly jwks_uri: string;
  readonly token_endpoint: string;
}

async function discovery(): Promise<Discovery> {
  const answer = await app.fetch(`/realms/${realm}/.well-known/openid-configuration`);
  expect(answer.status).toBe(200);
  return answer.json() as Discovery;
}

const decoded = (part: string) => JSON.parse(Buffer.from(part, "base64url").toString("utf8")) as Record<string, unknown>;

test("the realm tells every address under the app's own domain", async () => {
  const found = await discovery();
  expect(found.issuer).toBe(`${app.url}/realms/${realm}`);
  for (const address of [found.jwks_uri, found.token_endpoint]) expect(address).toMatch(new RegExp(`^${app.url}/`));
});

test("the password grant gives a token that the realm's published key verifies", async () => {
  const answer = await passwordGrant(app, grant);
  expect(answer.status, answer.text()).toBe(200);
  const token = (answer.json() as { access_token: string }).access_token;
  const [header = "", payload = "", signature = ""] = token.split(".");
  const { alg, kid } = decoded(header);
  expect(alg).toBe("RS256");

  const { issuer, jwks_uri } = await discovery();
  const { keys } = (await app.fetch(jwks_uri)).json() as { keys: (JsonWebKey & { kid: string })[] };
  const key = createPublicKey({ key: keys.find((one) => one.kid === kid) ?? {}, format: "jwk" });
  const holds = (text: string) => verify("sha256", Buffer.from(text), key, Buffer.from(signature, "base64url"));
  expect(holds(`${header}.${payload}`)).toBe(true);
  const forged = Buffer.from(JSON.stringify({ ...decoded(payload), preferred_username: "admin" })).toString("base64url");
  expect(holds(`${header}.${forged}`)).toBe(false);

  const claims = decoded(payload);
  expect(claims).toMatchObject({ iss: issuer, azp: "app", preferred_username: user.username });
  expect(Number(claims.exp)).toBeGreaterThan(Date.now() / 1000);
});

test("a wrong password gives no token", async () => {
  const answer = await passwordGrant(app, { ...grant, password: "wrong" });
  expect(answer.status).toBe(401);
  expect(answer.json()).toMatchObject({ error: "invalid_grant" });
});

test("the sign-in page is the realm's own, under the app's domain", async () => {
  const query = new URLSearchParams({ client_id: "account-console", redirect_uri: `${app.url}/realms/${realm}/account/`, response_type: "code", scope: "openid", code_challenge: "a".repeat(43), code_challenge_method: "S256" });
  const page = await app.fetch(`/realms/${realm}/protocol/openid-connect/auth?${query.toString()}`);
  expect(page.status, page.text().slice(0, 300)).toBe(200);
  expect(page.text()).toContain('name="password"');
});
