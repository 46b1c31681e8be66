import { randomBytes } from "node:crypto";
import { afterAll, app, beforeAll, expect, test } from "recipe-ci/testing";
import { MatrixUser } from "../matrix.ts";
import { SecondServer } from "./second-server.ts";

const run = randomBytes(4).toString("hex");
/** What Synapse calls a complexity of 1. */
const stateEventsOfOne = 500;
const limit = Number(app.env.LIMIT_REMOTE_ROOMS_COMPLEXITY) * stateEventsOfOne;
let second: SecondServer;
let user: MatrixUser;
let admin: MatrixUser;
const joined: string[] = [];

beforeAll(async () => {
  user = await MatrixUser.register(app, `visitor-${run}`);
  admin = await MatrixUser.register(app, `admin-${run}`, { admin: true });
  second = await SecondServer.start(app);
}, 120_000);

afterAll(async () => {
  // With the rooms goes the app's wish to tell a server that is gone of them.
  for (const room of joined) await admin.administer("DELETE", `/v1/rooms/${encodeURIComponent(room)}`, { purge: true, block: false });
  await second.stop();
}, 60_000);

async function join(who: MatrixUser, room: string): Promise<void> {
  await who.ask("POST", `/join/${encodeURIComponent(room)}?server_name=${second.name}`, {});
  joined.push(room);
}

test("a small room of another server is joined, and messages go both ways", async () => {
  const room = await second.createRoom(1);
  await join(user, room);
  await user.say(room, "Hello from here");
  await app.eventually(async () => (await second.messages(room)).some(({ sender, text }) => sender === user.id && text === "Hello from here"), { what: "our message on the second homeserver" });
  await second.say(room, "Hello from there");
  await app.eventually(async () => (await user.messages(room)).some(({ sender, text }) => sender === `@host:${second.name}` && text === "Hello from there"), { what: "the second homeserver's message here" });
});

test("a room above the complexity limit is refused to users, and an administrator may join it", async () => {
  const room = await second.createRoom(limit + 1);
  await expect(join(user, room)).rejects.toThrow(/400 .*M_RESOURCE_LIMIT_EXCEEDED/);
  await join(admin, room);
  const { joined: members } = await admin.ask<{ joined: Record<string, unknown> }>("GET", `/rooms/${encodeURIComponent(room)}/joined_members`);
  expect(Object.keys(members)).toEqual(expect.arrayContaining([admin.id, `@host:${second.name}`]));
  expect(Object.keys(members)).not.toContain(user.id);
});

test("rooms of this server are as complex as their users like", async () => {
  const initial_state = Array.from({ length: limit + 1 }, (_, index) => ({ type: "org.example.shelf", state_key: String(index), content: {} }));
  const room = await admin.createRoom({ preset: "public_chat", initial_state });
  await user.join(room);
  await admin.administer("DELETE", `/v1/rooms/${encodeURIComponent(room)}`, { purge: true, block: false });
});
