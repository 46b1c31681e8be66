import { randomBytes } from "node:crypto";
import { app, beforeAll, expect, test } from "recipe-ci/testing";
import { MatrixUser } from "../matrix.ts";

const run = randomBytes(4).toString("hex");
const shelves = 100;
const changes = 220;
let anna: MatrixUser;
let ben: MatrixUser;
let room: string;

/** Synapse writes a room's whole state again after each hundred changes, however little changed. */
beforeAll(async () => {
  const admin = await MatrixUser.register(app, `admin-${run}`, { admin: true });
  anna = await MatrixUser.register(app, `anna-${run}`);
  ben = await MatrixUser.register(app, `ben-${run}`);
  await admin.unlimit(anna);
  const initial_state = Array.from({ length: shelves }, (_, index) => ({ type: "org.example.shelf", state_key: String(index), content: { label: `Shelf ${index}` } }));
  room = await anna.createRoom({ name: "Store", preset: "public_chat", initial_state });
  await ben.join(room);
  const levels = await anna.ask<{ users: Record<string, number> }>("GET", `/rooms/${encodeURIComponent(room)}/state/m.room.power_levels`);
  await anna.ask("PUT", `/rooms/${encodeURIComponent(room)}/state/m.room.power_levels`, { ...levels, users: { ...levels.users, [ben.id]: 50 } });
  for (let index = 0; index < changes; index += 1) await putShelf(index % 3, `Changed ${index}`);
}, 240_000);

async function putShelf(index: number, label: string): Promise<void> {
  await anna.ask("PUT", `/rooms/${encodeURIComponent(room)}/state/org.example.shelf/${index}`, { label });
}

async function query(sql: string): Promise<string> {
  const ran = await app.exec("db", ["psql", "--username", "synapse", "--tuples-only", "--no-align", "--set", "ON_ERROR_STOP=1", "--set", `room=${room}`], { input: sql });
  expect(ran, sql).toMatchObject({ exitCode: 0 });
  return ran.stdout.trim();
}

const rows = async () => Number(await query("SELECT count(*) FROM state_groups_state WHERE room_id = :'room';"));

/** The state of every group of the room, as Synapse puts it together: a group's own rows before those of the group that it builds on. */
const states = () => query(`
  WITH RECURSIVE chain(start, at, depth) AS (
    SELECT id, id, 0 FROM state_groups WHERE room_id = :'room'
    UNION ALL SELECT start, prev_state_group, depth + 1 FROM chain JOIN state_group_edges ON state_group = at
  ), resolved AS (
    SELECT DISTINCT ON (start, type, state_key) start, type, state_key, event_id
    FROM chain JOIN state_groups_state ON state_group = at ORDER BY start, type, state_key, depth
  )
  SELECT start, count(*), md5(string_agg(type || chr(1) || state_key || chr(1) || event_id, chr(10) ORDER BY type, state_key)) FROM resolved GROUP BY start ORDER BY start;
`);

/** The room's state as a client is given it. */
async function shown(): Promise<readonly unknown[]> {
  const state = await ben.ask<{ event_id: string; type: string; state_key: string; content: unknown }[]>("GET", `/rooms/${encodeURIComponent(room)}/state`);
  return state.map(({ event_id, type, state_key, content }) => ({ event_id, type, state_key, content })).sort((a, b) => (a.event_id < b.event_id ? -1 : 1));
}

test("the compressor leaves fewer rows, and every state that the room ever had", async () => {
  const before = { rows: await rows(), states: await states(), shown: await shown() };
  expect(before.states.split("\n").length).toBeGreaterThan(changes);
  const ran = await app.abra.cmd("compressor", "compress_state");
  expect(ran).toMatchObject({ exitCode: 0 });

  expect(await rows()).toBeLessThan(before.rows * 0.8);
  expect(await states()).toBe(before.states);
  expect(await shown()).toEqual(before.shown);
}, 120_000);

test("the room goes on: state changes, members and power levels count as before", async () => {
  await putShelf(3, "Changed afterwards");
  const shelf = await ben.ask("GET", `/rooms/${encodeURIComponent(room)}/state/org.example.shelf/3`);
  expect(shelf).toEqual({ label: "Changed afterwards" });
  await ben.ask("PUT", `/rooms/${encodeURIComponent(room)}/state/m.room.name`, { name: "Ben may" });
  const carl = await MatrixUser.register(app, `carl-${run}`);
  await carl.join(room);
  await expect(carl.ask("PUT", `/rooms/${encodeURIComponent(room)}/state/m.room.name`, { name: "Carl may not" })).rejects.toThrow("403");
  expect(await carl.ask("GET", `/rooms/${encodeURIComponent(room)}/state/m.room.name`)).toEqual({ name: "Ben may" });
});
