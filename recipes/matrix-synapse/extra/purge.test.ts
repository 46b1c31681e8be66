import { randomBytes } from "node:crypto";
import { app, beforeAll, expect, test } from "recipe-ci/testing";
import { MatrixUser } from "../matrix.ts";

const run = randomBytes(4).toString("hex");
const count = 30;
const purged = 20;
const text = (index: number) => `Message ${index} of ${run}`;
const newestFirst = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => text(to - 1 - index));
let admin: MatrixUser;
let anna: MatrixUser;
let ben: MatrixUser;
let room: string;
const ids: string[] = [];

beforeAll(async () => {
  admin = await MatrixUser.register(app, `admin-${run}`, { admin: true });
  anna = await MatrixUser.register(app, `anna-${run}`);
  ben = await MatrixUser.register(app, `ben-${run}`);
  await admin.unlimit(anna);
  room = await anna.createRoom({ name: "History", preset: "public_chat" });
  await ben.join(room);
  for (let index = 0; index < count; index += 1) ids.push(await anna.say(room, text(index)));
}, 90_000);

/** Every message that the server gives to `user`, newest first. */
async function history(user: MatrixUser): Promise<string[]> {
  const texts: string[] = [];
  for (let from: string | undefined = ""; from !== undefined;) {
    const page: Page = await user.ask<Page>("GET", `/rooms/${encodeURIComponent(room)}/messages?dir=b&limit=100${from === "" ? "" : `&from=${encodeURIComponent(from)}`}`);
    texts.push(...page.chunk.flatMap(({ type, content }) => (type === "m.room.message" && content.body !== undefined ? [content.body] : [])));
    from = page.end;
  }
  return texts;
}

interface Page {
  readonly chunk: readonly { readonly type: string; readonly content: { readonly body?: string } }[];
  readonly end?: string;
}

/** How many of the messages' texts the database still holds. */
async function kept(): Promise<number> {
  const sql = `SELECT count(*) FROM event_json WHERE json LIKE '%of ${run}%'`;
  const ran = await app.exec("db", ["psql", "--username", "synapse", "--tuples-only", "--no-align", "--command", sql]);
  expect(ran).toMatchObject({ exitCode: 0 });
  return Number(ran.stdout);
}

test("what is older than the purge is gone from the server, what is newer stays", async () => {
  expect(await history(ben)).toEqual(newestFirst(0, count));
  expect(await kept()).toBe(count);

  const { purge_id } = await admin.administer<{ purge_id: string }>("POST", `/v1/purge_history/${encodeURIComponent(room)}`, { delete_local_events: true, purge_up_to_event_id: ids[purged] });
  await app.eventually(async () => {
    const { status, error } = await admin.administer<{ status: string; error?: string }>("GET", `/v1/purge_history_status/${purge_id}`);
    expect(status, error).not.toBe("failed");
    return status === "complete";
  }, { timeoutMs: 40_000, what: "the end of the purge" });

  expect(await history(ben)).toEqual(newestFirst(purged, count));
  const event = (index: number) => ben.ask<{ content: { body: string } }>("GET", `/rooms/${encodeURIComponent(room)}/event/${encodeURIComponent(ids[index] ?? "")}`);
  expect((await event(purged)).content.body).toBe(text(purged));
  await expect(event(purged - 1)).rejects.toThrow(/404|403/);
  expect(await kept()).toBe(count - purged);
});

test("the room goes on: its name, its members, new ones, and new messages", async () => {
  const state = await ben.ask<{ name: string }>("GET", `/rooms/${encodeURIComponent(room)}/state/m.room.name`);
  expect(state.name).toBe("History");
  const carl = await MatrixUser.register(app, `carl-${run}`);
  await carl.join(room);
  const { joined } = await carl.ask<{ joined: Record<string, unknown> }>("GET", `/rooms/${encodeURIComponent(room)}/joined_members`);
  expect(Object.keys(joined).sort()).toEqual([anna.id, ben.id, carl.id].sort());
  await carl.say(room, text(count));
  expect(await history(anna)).toEqual(newestFirst(purged, count + 1));
});

test("nobody but an administrator can purge", async () => {
  await expect(anna.administer("POST", `/v1/purge_history/${encodeURIComponent(room)}`, { delete_local_events: true, purge_up_to_event_id: ids[count - 1] })).rejects.toThrow("403");
});
