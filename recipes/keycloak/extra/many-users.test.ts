import { randomBytes } from "node:crypto";
import { afterAll, app, beforeAll, expect, test } from "recipe-ci/testing";
import { Administrator, passwordGrant } from "../keycloak.ts";

const realm = `recipe-ci-${randomBytes(4).toString("hex")}`;
const first = { username: "first", password: randomBytes(16).toString("hex") };
const users = Array.from({ length: 200 }, (_, index) => ({ username: `user-${index}`, password: randomBytes(16).toString("hex") }));
const atOnce = 50;

// Passwords of this realm are hashed fast: what is tested is Keycloak, not the processor.
beforeAll(async () => {
  await (await Administrator.of(app)).createRealm(realm, first, { passwordPolicy: "hashAlgorithm(pbkdf2-sha256) and hashIterations(1000)" });
}, 60_000);

afterAll(async () => {
  await (await Administrator.of(app)).removeRealm(realm);
}, 60_000);

interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
}

test("two hundred users are imported, and all are there", async () => {
  const administrator = await Administrator.of(app);
  expect(await administrator.importUsers(realm, users)).toBe(users.length);
  expect(await administrator.countUsers(realm)).toBe(users.length + 1);
}, 90_000);

test("fifty of them sign in at once, each as themselves, until the administrator signs everybody out", async () => {
  const some = users.slice(0, atOnce);
  const answers = await Promise.all(some.map((user) => passwordGrant(app, { realm, client: "app", ...user })));
  expect(answers.filter(({ ok }) => !ok).map((answer) => `${answer.status} ${answer.text().slice(0, 200)}`)).toEqual([]);
  const tokens = answers.map((answer) => answer.json() as Tokens);
  expect(tokens.map(({ access_token }) => nameIn(access_token))).toEqual(some.map(({ username }) => username));

  const refreshed = await Promise.all(tokens.map(({ refresh_token }) => refresh(refresh_token)));
  expect(refreshed.map(({ status }) => status)).toEqual(some.map(() => 200));
  const newest = refreshed.map((answer) => answer.json() as Tokens);
  await (await Administrator.of(app)).signOutAll(realm);
  const refused = await Promise.all(newest.map(({ refresh_token }) => refresh(refresh_token)));
  expect(refused.map(({ status }) => status)).toEqual(some.map(() => 400));
}, 120_000);

function nameIn(token: string): unknown {
  const [, payload = ""] = token.split(".");
  return (JSON.parse(Buffer.from(payload, "base64url").toString("utf8")) as { preferred_username: unknown }).preferred_username;
}

function refresh(token: string) {
  const body = new URLSearchParams({ grant_type: "refresh_token", client_id: "app", refresh_token: token });
  return app.fetch(`/realms/${realm}/protocol/openid-connect/token`, { method: "POST", body, timeoutMs: 30_000 });
}
