import { randomBytes } from "node:crypto";
import { app, beforeAll, expect, test } from "recipe-ci/testing";
import { MatrixUser } from "./matrix.ts";

const run = randomBytes(4).toString("hex");
let anna: MatrixUser;
let ben: MatrixUser;

beforeAll(async () => {
  anna = await MatrixUser.register(app, `anna-${run}`);
  ben = await MatrixUser.register(app, `ben-${run}`);
});

interface Sync {
  readonly next_batch: string;
  readonly rooms?: {
    readonly invite?: Record<string, unknown>;
    readonly join?: Record<string, { readonly timeline: { readonly events: readonly { type: string; sender: string; content: { body?: string } }[] } }>;
  };
}

test("two users exchange a message", async () => {
  const room = await anna.createRoom({ name: "Kitchen", preset: "private_chat", invite: [ben.id] });
  const before = await app.eventually(async () => {
    const sync = await ben.ask<Sync>("GET", "/sync?timeout=0");
    return sync.rooms?.invite?.[room] ? sync : false;
  }, { what: "Ben's invitation" });
  await ben.join(room);
  await anna.say(room, "Is the soup ready? Grüße");

  // As a client waits for it: a long poll that the edge must not cut.
  const said = await app.eventually(async () => {
    const sync = await ben.ask<Sync>("GET", `/sync?since=${encodeURIComponent(before.next_batch)}&timeout=5000`);
    return sync.rooms?.join?.[room]?.timeline.events.find(({ type }) => type === "m.room.message") ?? false;
  }, { what: "Anna's message at Ben's" });
  expect(said).toMatchObject({ sender: anna.id, content: { body: "Is the soup ready? Grüße" } });

  await ben.say(room, "In a minute.");
  expect(await anna.messages(room)).toEqual([{ sender: ben.id, text: "In a minute." }, { sender: anna.id, text: "Is the soup ready? Grüße" }]);
});

test("accounts carry the app's domain, and strangers can't register or read", async () => {
  expect([anna.id, ben.id]).toEqual([`@anna-${run}:${app.domain}`, `@ben-${run}:${app.domain}`]);
  const room = await anna.createRoom({ preset: "private_chat" });
  await expect(ben.messages(room)).rejects.toThrow("403");
  const register = await app.newVisitor().fetch("/_matrix/client/v3/register", { method: "POST", body: { username: `carl-${run}`, password: "secret", auth: { type: "m.login.dummy" } } });
  expect(register.status).toBe(403);
});

test("other servers are told the version that the recipe names, and a key of this server", async () => {
  const image = app.context.services.find(({ name }) => name === "app")?.image ?? "";
  const version = await app.fetch("/_matrix/federation/v1/version");
  expect(version.json()).toEqual({ server: { name: "Synapse", version: /:v([\d.]+)/.exec(image)?.[1] } });
  const keys = (await app.fetch("/_matrix/key/v2/server")).json() as { server_name: string; verify_keys: Record<string, unknown> };
  expect(keys.server_name).toBe(app.domain);
  expect(Object.keys(keys.verify_keys)).not.toEqual([]);
});

test("a file that is uploaded is downloaded again by somebody else", async () => {
  const content = randomBytes(50_000);
  const asAnna = await anna.upload(content, "image/png");
  expect(asAnna).toMatch(new RegExp(`^mxc://${app.domain}/`));
  const got = await ben.download(asAnna);
  expect(Buffer.from(got.bytes()).equals(content)).toBe(true);
  expect(got.headers.get("content-type")).toBe("image/png");
});
